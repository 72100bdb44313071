"""Texts to one vector each: models such as BGE, E5, GTE or MiniLM, through sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.neural import ModelEncoder, weighted_mean
from schemas import Modality


class SentenceEncoder(ModelEncoder):
    """Texts of like meaning are near each other; questions are near the passages that answer them.

    Reimers & Gurevych, "Sentence-BERT", EMNLP 2019. Prompts come from the spec, or else from the model's own
    configuration.
    """

    # The pooling of tokens leaves BERT's own pooler and the heads it was trained with unused.
    spare: ClassVar[tuple[str, ...]] = ("pooler.", "cls.", "lm_head.")

    def _forward(self, inputs: list[Any], modality: Modality, *, query: bool) -> Sequence[Any]:
        prompt = self.spec.query_prompt if query else self.spec.document_prompt
        return cast("Sequence[Any]", encode_role(self.model, inputs, prompt, query))

    def _merge(self, rows: list[Any], parts: list[Any]) -> NDArray[np.float32]:
        return weighted_mean(rows, parts)


def encode_role(model: Any, inputs: list[Any], prompt: str, query: bool, **options: Any) -> Any:
    """What a model of sentence-transformers makes of a batch, as questions or as documents.

    Texts are named as such: a bare one that is a link to a picture would be fetched, one that is a path be opened.
    """
    inputs = [{"text": one} if isinstance(one, str) else one for one in inputs]
    encode = model.encode_query if query else model.encode_document
    return encode(
        inputs, prompt=prompt or None, batch_size=len(inputs), show_progress_bar=False, convert_to_numpy=True, **options
    )
