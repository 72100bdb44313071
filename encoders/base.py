"""What every encoder shares: batches, checks, normalisation and the isolation of a bad item.

An encoder writes one method, `_encode`, and describes itself in a frozen `spec` that can be read without loading
anything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from encoders.threads import thread_count
from schemas import EncodeError, EncoderSpec, Modality

Content = str | NDArray[np.uint8] | NDArray[np.float32]
"""A text; a picture, RGB uint8 (height, width, 3); or a sound, mono float32 (samples,) at 16 kHz."""

Vectors = NDArray[np.float32]

SMALLEST_NORM = 1e-12  # of a vector that still has a direction


class Encoder(ABC):
    """Turns contents of one modality into vectors.

    Subclasses set `spec`, `batch_size` and `parallel`, and write `_encode`; those that load something write `_load`
    too; those whose costs differ by content write `_cost`.

    `encode` may be called from several threads at once: `_load` runs once, under a lock, and `_encode` must not change
    the encoder.

    Args:
        threads: threads the model may use; 0: chosen for the machine (see `encoders.threads`).
    """

    spec: ClassVar[EncoderSpec]
    batch_size: ClassVar[int] = 64
    parallel: ClassVar[bool] = False  # `threads` batches at once; False where the model has threads of its own

    def __init__(self, *, threads: int = 0) -> None:
        self.threads = thread_count(threads)
        self._loaded = False
        self._loading = Lock()

    def load(self) -> None:
        """Loads what the encoder needs, once; `encode` does it where it has not been done.

        Raises:
            EncodeError: what it needs is not installed, or is not what it should be.
        """
        if self._loaded:
            return
        with self._loading:
            if not self._loaded:
                self._load()
                self._loaded = True

    def encode(self, contents: Sequence[Content], modality: Modality) -> Vectors:
        """Encodes contents of one modality.

        Returns:
            float32 (n, dim), row i for content i; rows have length 1 where the distance is cosine.

        Raises:
            EncodeError: the encoder does not take this modality or cannot be loaded, or one of the contents is not
                what the modality asks for or cannot be encoded; nothing is returned then.
        """
        self._check_modality(modality)
        for i, content in enumerate(contents):
            if wrong := _wrong(content, modality):
                raise EncodeError(f"{self.spec.name} cannot encode item {i} of {len(contents)}: {wrong}.")
        self.load()
        vectors = np.empty((len(contents), self.spec.dim), np.float32)

        def run(chosen: list[int]) -> None:
            vectors[chosen] = self._checked([contents[i] for i in chosen], modality)

        self._for_each_batch(run, range(len(contents)), contents)
        return vectors

    def encode_each(self, contents: Sequence[Content], modality: Modality) -> tuple[Vectors, dict[int, str]]:
        """Encodes like `encode`, but a content that cannot be encoded spoils only itself.

        A batch that fails is encoded again one by one.

        Returns:
            Vectors, float32 (n, dim), row i for content i, with zeros in the rows of bad contents; and the reason for
            each bad content by its index. Never store a row whose index has a reason.

        Raises:
            EncodeError: the encoder does not take this modality, or cannot be loaded: that is no item's fault.
        """
        self._check_modality(modality)
        self.load()
        vectors = np.zeros((len(contents), self.spec.dim), np.float32)
        reasons = {i: wrong for i, content in enumerate(contents) if (wrong := _wrong(content, modality))}

        def run(chosen: list[int]) -> None:
            try:
                vectors[chosen] = self._checked([contents[i] for i in chosen], modality)
            except Exception:  # whatever it is, the loop below finds out which item it belongs to
                for i in chosen:
                    try:
                        vectors[i] = self._checked([contents[i]], modality)[0]
                    except Exception as error:
                        reasons[i] = str(error) if isinstance(error, EncodeError) else _sentence(error)

        self._for_each_batch(run, [i for i in range(len(contents)) if i not in reasons], contents)
        return vectors, reasons

    @abstractmethod
    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        """Encodes a batch of at most `batch_size` checked contents into (n, dim) finite floats, of any length."""

    def _load(self) -> None:  # noqa: B027  (most encoders have nothing to load)
        """Loads weights; runs once, under a lock."""

    def _cost(self, content: Content) -> int:
        """What a content costs, in any unit: contents of like cost share a batch. 0: in the order they come."""
        return 0

    def _check_modality(self, modality: Modality) -> None:
        if modality not in self.spec.modalities:
            takes = " and ".join(self.spec.modalities)
            raise EncodeError(f"{self.spec.name} encodes {takes}, not {modality}.")

    def _for_each_batch(
        self, run: Callable[[list[int]], None], indices: Sequence[int], contents: Sequence[Content]
    ) -> None:
        """Calls `run` with the indices of each batch; the rows that it writes are nobody else's."""
        order = sorted(indices, key=lambda i: self._cost(contents[i]))
        batches = [order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size)]
        workers = min(self.threads if self.parallel else 1, len(batches))
        if workers <= 1:
            for batch in batches:
                run(batch)
            return
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(run, batches):
                pass  # draws what a batch raised

    def _checked(self, contents: Sequence[Content], modality: Modality) -> Vectors:
        vectors = np.asarray(self._encode(contents, modality), np.float32)
        if vectors.shape != (len(contents), self.spec.dim):
            raise EncodeError(
                f"{self.spec.name} made an array of shape {vectors.shape}, "
                f"not {(len(contents), self.spec.dim)}: its spec does not describe it."
            )
        if not np.isfinite(vectors).all():
            raise EncodeError(f"{self.spec.name} made a vector that is not finite.")
        if self.spec.distance != "cosine":
            return vectors
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if (norms < SMALLEST_NORM).any():
            raise EncodeError(f"{self.spec.name} made a vector of zeros, which has no direction to compare.")
        return np.asarray(vectors / norms, np.float32)


def _wrong(content: object, modality: Modality) -> str | None:
    """What is wrong with a content of this modality, or None."""
    if modality is Modality.TEXT:
        return _wrong_text(content)
    if modality is Modality.IMAGE:
        return _wrong_picture(content)
    if modality is Modality.AUDIO:
        return _wrong_sound(content)
    return f"{modality} is not encoded as such, but as its pictures, sounds and words"


def _wrong_text(content: object) -> str | None:
    if not isinstance(content, str):
        return f"a text is a str, not {_kind(content)}"
    return None if content.strip() else "the text is empty"


def _wrong_picture(content: object) -> str | None:
    if not isinstance(content, np.ndarray) or content.dtype != np.uint8 or content.shape[2:] != (3,):
        return f"a picture is an array of uint8 (height, width, 3), not {_kind(content)}"
    return None if content.size else f"the picture is empty: {content.shape}"


def _wrong_sound(content: object) -> str | None:
    if not isinstance(content, np.ndarray) or content.dtype != np.float32 or content.ndim != 1:
        return f"a sound is an array of float32 (samples,), not {_kind(content)}"
    if not content.size:
        return "the sound is empty"
    return None if np.isfinite(content).all() else "the sound has samples that are not finite"


def _kind(content: object) -> str:
    if isinstance(content, np.ndarray):
        return f"{content.dtype} {content.shape}"
    return type(content).__name__


def _sentence(error: Exception) -> str:
    """An error of a library, on one line and with its type: its text alone is often only a number or a name."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
