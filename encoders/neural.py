"""What encoders with a pretrained model share: loading, windows of long texts, batches that do not fit."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder, Made
from encoders.contents import Content
from encoders.hub import Source
from encoders.loading import Loaded, load_shared
from encoders.running import Running, free_memory, out_of_memory
from schemas import EncodeError, EncoderSpec, Modality


class ModelEncoder(Encoder[Made]):
    """An encoder over sentence-transformers.

    A text longer than the model's window is cut into windows of like length, encoded apart and put together again by
    `_merge`: nothing is lost silently.

    Subclasses name the class of sentence-transformers that loads the model, and write `_forward` and `_merge`.

    Args:
        spec: what is known of it.
        source: where its weights are.
        running: device, threads, and whom to trust.
    """

    loader: ClassVar[str] = "SentenceTransformer"
    heads: ClassVar[tuple[str, ...]] = ()  # ends of the architectures that have what it runs on; empty: all do
    task: ClassVar[str] = ""  # what those were trained for
    spare: ClassVar[tuple[str, ...]] = ()  # weights that nothing uses
    batch_size = 32

    def __init__(self, spec: EncoderSpec, source: Source, running: Running | None = None) -> None:
        self._running = running or Running()
        super().__init__(threads=self._running.threads)
        self.spec = spec
        self.source = source
        self._loaded_model: Loaded | None = None

    @property
    def model(self) -> Any:
        """The model of sentence-transformers; loads it."""
        self.load()
        return cast("Loaded", self._loaded_model).model

    def _load(self) -> None:
        loaded = load_shared(self.source, self._running, self._make, kind=self.loader, spare=self.spare)
        for modality in self.spec.modalities:
            if not loaded.model.supports(modality.value):
                raise EncodeError(f"The model in {loaded.folder} does not take {modality}: it is of another kind.")
        dim = loaded.model.get_embedding_dimension()
        if not self.spec.sparse and dim != self.spec.dim:
            raise EncodeError(
                f"The model in {loaded.folder} makes vectors of {dim} dimensions, and {self.spec.name} is known for "
                f"{self.spec.dim}: name the right model, or spell the encoder out (docs/encoders.md)."
            )
        self._loaded_model = loaded

    def _make(self, folder: str, device: str, dtype: Any) -> Any:
        import sentence_transformers

        if self.heads and not _has_head(Path(folder), self.heads):
            raise EncodeError(f"The model in {folder} was not trained for {self.task}: it would run on random numbers.")
        made = getattr(sentence_transformers, self.loader)(
            folder,
            device=device,
            local_files_only=True,
            trust_remote_code=self.source.trusted,
            model_kwargs={"dtype": dtype},
        )
        return made.eval()

    def _cost(self, content: Content) -> int:
        return len(content) if isinstance(content, str) else 0

    def _encode(self, contents: Sequence[Content], modality: Modality) -> Any:
        return self._run(contents, modality, query=False)

    def _encode_query(self, contents: Sequence[Content], modality: Modality) -> Any:
        return self._run(contents, modality, query=True)

    def _run(self, contents: Sequence[Content], modality: Modality, *, query: bool) -> list[Any]:
        loaded = cast("Loaded", self._loaded_model)
        with loaded.lock:
            parts = self._all_parts(contents, modality, query=query)
            flat = [part for several in parts for part in several]
            rows = self._fitting(flat, modality, query=query)
        ends = np.cumsum([0, *(len(several) for several in parts)])
        return [
            rows[low] if high - low == 1 else self._merge(rows[low:high], several)
            for (low, high), several in zip(pairwise(ends), parts, strict=True)
        ]

    def _fitting(self, inputs: list[Any], modality: Modality, *, query: bool) -> list[Any]:
        """Encodes at most `batch_size` at a time; where they do not fit in memory, half as many from then on."""
        rows: list[Any] = []
        while len(rows) < len(inputs):
            batch = inputs[len(rows) : len(rows) + self.batch_size]
            try:
                rows.extend(self._forward(batch, modality, query=query))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
                if len(batch) == 1:
                    raise EncodeError(f"{self.spec.name} needs more memory for one item than there is.") from error
                self.batch_size = max(1, len(batch) // 2)
                free_memory()
        return rows

    @abstractmethod
    def _forward(self, inputs: list[Any], modality: Modality, *, query: bool) -> Sequence[Any]:
        """A row for each input, which fits the model's window."""

    @abstractmethod
    def _merge(self, rows: list[Any], parts: list[Any]) -> Any:
        """One row for a content from those of its parts."""

    def _all_parts(self, contents: Sequence[Content], modality: Modality, *, query: bool) -> list[list[Any]]:
        """What each content is given to the model as: texts in windows, unless they are asked; all else by `_parts`."""
        if modality is not Modality.TEXT:
            return [self._parts(content, modality) for content in contents]
        texts = [clean(cast(str, content)) for content in contents]
        if cast("Loaded", self._loaded_model).model.supports("image"):
            marks = marks_of(self._tokenizer())
            texts = [marks.sub(" ", text) for text in texts]
        return [[text] for text in texts] if query else windows(texts, self._tokenizer(), self._window())

    def _parts(self, content: Content, modality: Modality) -> list[Any]:
        """What a picture or a sound is given to the model as."""
        return [picture(content)] if modality is Modality.IMAGE else [content]

    def _tokenizer(self) -> Any:
        return cast("Loaded", self._loaded_model).model.tokenizer

    def _window(self) -> int:
        """Tokens of a text that the model takes at once, its own marks and prompt not counted."""
        longest = int(self.spec.max_tokens or cast("Loaded", self._loaded_model).model.max_seq_length or 0)
        if longest <= 0:
            return 0
        tokenizer = self._tokenizer()
        marks = tokenizer.num_special_tokens_to_add(False)
        prompt = len(tokenizer.tokenize(self.spec.document_prompt)) if self.spec.document_prompt else 0
        return max(1, int(longest - marks - prompt))


def clean(text: str) -> str:
    """What is no Unicode (names of files hold such things) is a question mark to a model."""
    return text.encode("utf-8", "replace").decode("utf-8")


def marks_of(tokenizer: Any) -> re.Pattern[str]:
    """What a tokenizer takes for no words: by such marks a model that sees knows where pictures and turns are.

    A text that spells one would stand for a picture that there is not, and the model would refuse it.
    """
    marks = [str(mark) for mark in tokenizer.added_tokens_decoder.values() if mark.special]
    return re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))) or "(?!)")


def picture(content: Content) -> Any:
    """A picture as the models' own processors take it."""
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(cast("NDArray[np.uint8]", content)))


def windows(texts: Sequence[str], tokenizer: Any, longest: int) -> list[list[str]]:
    """Each text in pieces of at most `longest` tokens, as even as can be; 0: no limit."""
    parts = [[text] for text in texts]
    doubtful = [n for n, text in enumerate(texts) if longest and len(text) > longest]  # no token is without a character
    if not doubtful:
        return parts
    asked = [texts[n] for n in doubtful]
    tokens = tokenizer(asked, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    for n, offsets in zip(doubtful, tokens["offset_mapping"], strict=True):
        count = -(-len(offsets) // longest)
        if count > 1:
            cuts = [offsets[len(offsets) * k // count][0] for k in range(1, count)]
            parts[n] = [texts[n][low:high] for low, high in pairwise([0, *cuts, len(texts[n])])]
    return parts


def weighted_mean(rows: Sequence[Any], parts: Sequence[Any]) -> NDArray[np.float32]:
    """The mean of vectors, each with the length of its part as weight."""
    lengths = np.array([len(part) for part in parts], np.float32)
    return np.asarray(lengths @ np.asarray(rows, np.float32) / lengths.sum(), np.float32)


def _has_head(folder: Path, heads: tuple[str, ...]) -> bool:
    """Whether a folder holds a model with one of these heads; to any other, the library adds one of random numbers."""
    if (folder / "modules.json").is_file():
        return True
    try:
        architectures = json.loads((folder / "config.json").read_text()).get("architectures") or []
    except (OSError, ValueError):
        return False
    return any(name.endswith(heads) for name in architectures)
