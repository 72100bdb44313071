"""Putting the first hits in order: a cross-encoder reads a question and a text together, or looks at their pictures.

It is far more exact than comparing vectors made apart, and far dearer: it is for some tens of hits, not for a
collection (Nogueira & Cho, "Passage Re-ranking with BERT", 2019). Some are models of vision and language, asked whether
a document answers a question: the score is how much likelier "yes" is than "no" (Li et al., "Qwen3-VL-Embedding and
Qwen3-VL-Reranker", 2026).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.finding import ModelSpec, found_model
from encoders.hub import Source
from encoders.loading import Loaded, load_shared
from encoders.neural import clean, marks_of, picture
from encoders.running import Running, free_memory, out_of_memory
from schemas import EncodeError

NOTHING = "-"
"""What a hit without words is read as: an empty text is no pair."""

SIDE = 1024
"""Pixels of a picture's longer side, at most: a page of print can be read, and no picture takes over a thousand tokens
of 32 x 32 pixels."""

LONGEST = 1024
"""Tokens of the words beside a picture, where nothing says how many the model takes."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What is read and looked at together: words ("" for none) and pictures, uint8 (height, width, 3)."""

    words: str = ""
    pictures: tuple[NDArray[np.uint8], ...] = ()


Readable = str | Shown

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
        ModelSpec(
            "qwen3-vl-reranker",
            "Qwen/Qwen3-VL-Reranker-2B",
            "4bd860ac4f15ad1897a214615cccc700f8f71818",
            "Apache-2.0",
            4_255_140_312,
            max_tokens=1024,
            prompt="Retrieve images or text relevant to the user's query.",
            modalities=("text", "image"),
        ),
    )
}


class Reranker:
    """Scores texts, and pictures if its model sees, by how well they answer a question.

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

    @property
    def sees(self) -> bool:
        """Whether it takes pictures; loads the model, for any may be named in its place.

        Raises:
            EncodeError: it cannot be loaded.
        """
        return bool(self._load().model.supports("image"))

    def score(self, query: Readable, contents: Sequence[Readable]) -> NDArray[np.float32]:
        """How well each content answers the question: float32 (n,) between 0 and 1, higher is better.

        A model that does not see reads the words alone.

        Raises:
            EncodeError: the model cannot be loaded, needs more memory than there is, or does not give one score for a
                pair.
        """
        if not contents:
            return np.empty(0, np.float32)
        loaded = self._load()
        give = _Seen(loaded.model.tokenizer, self.spec.max_tokens or LONGEST) if self.sees else _words
        with loaded.lock:
            asked = give(query)
            pairs = [(asked, give(content)) for content in contents]
            scores = self._fitting(loaded.model, pairs)
        if scores.shape != (len(pairs),) or not np.isfinite(scores).all():
            raise EncodeError(f"The reranker {self.spec.name} made scores of shape {scores.shape}, or no numbers.")
        return scores

    def _fitting(self, model: Any, pairs: list[tuple[Any, Any]]) -> NDArray[np.float32]:
        while True:
            try:
                made = model.predict(
                    pairs, prompt=self.spec.prompt or None, batch_size=self.batch_size, show_progress_bar=False
                )
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

        # Cut by the model, a pair would lose marks that stand for parts of a picture: what sees is given less instead.
        longest = None if "image" in self.spec.modalities else self.spec.max_tokens or None
        made = CrossEncoder(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=self.source.trusted,
            model_kwargs={"dtype": dtype},
            activation_fn=Sigmoid(),
            max_length=longest,
        )
        if made.num_labels != 1:
            raise EncodeError(f"The model in {folder} gives {made.num_labels} scores for a pair: a reranker gives one.")
        return made.eval()


def _words(content: Readable) -> str:
    text = clean(content if isinstance(content, str) else content.words)
    return text if text.strip() else NOTHING


class _Seen:
    """Contents as a model that sees is given them: each part by its name.

    A bare text is anything that the library takes it for: one that is a link to a picture would be fetched, and one
    that is a path be opened. Nor may a text hold the marks by which the model knows where pictures and turns are.

    Args:
        tokenizer: of the model.
        longest: tokens of a text; the rest is cut.
    """

    def __init__(self, tokenizer: Any, longest: int) -> None:
        self._tokenizer, self._longest = tokenizer, longest
        self._marks = marks_of(tokenizer)

    def __call__(self, content: Readable) -> dict[str, Any]:
        pictures = () if isinstance(content, str) else content.pictures
        given: dict[str, Any] = {"image": [_small(one) for one in pictures]} if pictures else {}
        words = self._cut(self._marks.sub(" ", _words(content)).strip() or NOTHING)
        return given if given and words == NOTHING else {**given, "text": words}

    def _cut(self, text: str) -> str:
        if len(text) <= self._longest:  # no token is without a character
            return text
        options = {"truncation": True, "max_length": self._longest, "return_offsets_mapping": True}
        offsets = self._tokenizer(text, add_special_tokens=False, **options)["offset_mapping"]
        return text[: max(end for _, end in offsets)] if offsets else text


def _small(content: NDArray[np.uint8]) -> Any:
    shown = picture(content)
    shown.thumbnail((SIDE, SIDE))
    return shown


def load_reranker(name: str, running: Running | None = None) -> Reranker:
    """A reranker by name, or any cross-encoder by hub id or folder; its weights are loaded when it is first used.

    Raises:
        UnknownNameError: there is none of this name.
        UsageError: the folder named for it is none.
    """
    running = running or Running()
    return Reranker(*found_model("reranker", name, RERANKERS, running), running)
