"""Late interaction: a vector for each token or patch, compared by MaxSim, through sentence-transformers.

Khattab & Zaharia, "ColBERT", SIGIR 2020, for passages; Faysse et al., "ColPali", ICLR 2025, for pictures of pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.neural import ModelEncoder
from encoders.sentence import encode_role
from schemas import Modality


class LateEncoder(ModelEncoder[list[NDArray[np.float32]]]):
    """A question's tokens each find their best match among those of a passage or page.

    The vectors rerank what others found: they are stored without an index.
    """

    loader = "MultiVectorEncoder"
    heads: ClassVar[tuple[str, ...]] = ("HF_ColBERT", "ForRetrieval")
    task = "late interaction"
    spare: ClassVar[tuple[str, ...]] = ("pooler.", "cls.", "lm_head.", "linear.weight")  # the last is read apart
    batch_size = 8

    def _forward(self, inputs: list[Any], modality: Modality, *, query: bool) -> Sequence[Any]:
        prompt = ""
        if modality is Modality.TEXT:
            query = query or modality not in self.spec.stored  # a model of pages takes every text for a question
            prompt = self.spec.query_prompt if query else self.spec.document_prompt
        return cast("Sequence[Any]", encode_role(self.model, inputs, prompt, query))

    def _merge(self, rows: list[Any], parts: list[Any]) -> NDArray[np.float32]:
        return np.concatenate(rows)

    def _window(self) -> int:
        """ColBERT cuts passages at a length of its own, shorter than what its model takes."""
        cut = getattr(self.model[0], "document_length", None)
        longest = super()._window()
        return min(longest or cut, cut - 3) if cut else longest  # two marks at the ends, and that of a passage
