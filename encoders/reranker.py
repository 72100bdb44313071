"""Putting the first hits in order: a cross-encoder reads a question and a text together.

It is far more exact than comparing vectors made apart, and far dearer: it is for some tens of hits, not for a
collection (Nogueira & Cho, "Passage Re-ranking with BERT", 2019).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.finding import ModelSpec, found_model
from encoders.hub import Source
from encoders.loading import Loaded, load_shared
from encoders.neural import clean
from encoders.running import Running, free_memory, out_of_memory
from schemas import EncodeError

NOTHING = "-"
"""What a hit without words is read as: an empty text is no pair."""


RERANKERS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec(
            "bge-reranker",
            "BAAI/bge-reranker-v2-m3",
            "953dc6f6f85a1b2dbfca4c34a2796e7dde08d41e",
            "Apache-2.0",
            2_271_071_852,
            max_tokens=512,
        ),
        ModelSpec(
            "minilm-reranker",
            "cross-encoder/ms-marco-MiniLM-L6-v2",
            "c5ee24cb16019beea0893ab7796b1df96625c6b8",
            "Apache-2.0",
            90_870_598,
            max_tokens=512,
        ),
    )
}


class Reranker:
    """Scores texts by how well they answer a question.

    Args:
        spec: what is known of it.
        source: where its weights are.
        running: device, threads, and whom to trust.
    """

    batch_size = 32

    def __init__(self, spec: ModelSpec, source: Source, running: Running | None = None) -> None:
        self.spec, self.source = spec, source
        self._running = running or Running()
        self._loaded: Loaded | None = None

    def score(self, query: str, contents: Sequence[str]) -> NDArray[np.float32]:
        """How well each text answers the question: float32 (n,) between 0 and 1, higher is better.

        Raises:
            EncodeError: the model cannot be loaded, needs more memory than there is, or does not give one score for a
                pair.
        """
        if not contents:
            return np.empty(0, np.float32)
        loaded = self._load()
        pairs = [(clean(query), clean(text) if text.strip() else NOTHING) for text in contents]
        with loaded.lock:
            scores = self._fitting(loaded.model, pairs)
        if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
            raise EncodeError(f"The reranker {self.spec.name} made scores of shape {scores.shape}, or no numbers.")
        return scores

    def _fitting(self, model: Any, pairs: list[tuple[str, str]]) -> NDArray[np.float32]:
        while True:
            try:
                made = model.predict(pairs, batch_size=self.batch_size, show_progress_bar=False)
                return np.asarray(made, np.float32)
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if self.batch_size == 1:
                    raise EncodeError(f"{self.spec.name} needs more memory for one pair than there is.") from error
                self.batch_size //= 2
                free_memory()

    def _load(self) -> Loaded:
        if self._loaded is None:
            # A model without a trained head would be given a random one: it lacks weights, which is an error.
            self._loaded = load_shared(self.source, self._running, self._make, kind="CrossEncoder")
        return self._loaded

    def _make(self, folder: str, device: str, dtype: Any) -> Any:
        from sentence_transformers import CrossEncoder
        from torch.nn import Sigmoid

        made = CrossEncoder(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=self.source.trusted,
            model_kwargs={"dtype": dtype},
            activation_fn=Sigmoid(),
            max_length=self.spec.max_tokens or None,
        )
        if made.num_labels != 1:
            raise EncodeError(f"The model in {folder} gives {made.num_labels} scores for a pair: a reranker gives one.")
        return made.eval()


def load_reranker(name: str, running: Running | None = None) -> Reranker:
    """A reranker by name, or any cross-encoder by hub id or folder; its weights are loaded when it is first used.

    Raises:
        UnknownNameError: there is none of this name.
        UsageError: the folder named for it is none.
    """
    running = running or Running()
    return Reranker(*found_model("reranker", name, RERANKERS, running), running)
