"""Texts to weights of terms that a model has learnt, through sentence-transformers.

Formal et al., "SPLADE: Sparse Lexical and Expansion Model for First Stage Ranking", SIGIR 2021: the weights tell what
matters in a text, and terms that it implies without saying them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from encoders.forms import Sparse, sparse_vector
from encoders.neural import ModelEncoder
from schemas import Modality

if TYPE_CHECKING:
    from qdrant_client import models


class SpladeEncoder(ModelEncoder["list[models.SparseVector]"]):
    """Texts that mean the same share terms, whether they use the same words or not."""

    loader = "SparseEncoder"
    heads: ClassVar[tuple[str, ...]] = ("ForMaskedLM",)
    task = "weights of terms"
    batch_size = 16

    def _forward(self, inputs: list[Any], modality: Modality, *, query: bool) -> Sequence[Any]:
        encode = self.model.encode_query if query else self.model.encode_document
        prompt = self.spec.query_prompt if query else self.spec.document_prompt
        made = encode(
            inputs,
            prompt=prompt or None,
            batch_size=len(inputs),
            show_progress_bar=False,
            convert_to_tensor=True,
            convert_to_sparse_tensor=False,
        )
        return [_terms(row) for row in made.float().cpu().numpy()]

    def _merge(self, rows: list[Any], parts: list[Any]) -> Any:
        return Sparse().pool(rows, self.spec)


def _terms(weights: np.ndarray[Any, Any]) -> models.SparseVector:
    indices = np.flatnonzero(weights)
    return sparse_vector(indices.tolist(), weights[indices].tolist())
