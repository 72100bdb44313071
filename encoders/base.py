"""What every encoder shares: batches, checks, normalisation and the isolation of a bad item.

An encoder writes one method, `_encode`, and describes itself in a frozen `spec` that can be read without loading
anything. One that treats a question otherwise than a document writes `_encode_query` too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, Generic, cast

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypeVar

from encoders.contents import SAMPLE_RATE, Content, resampled, wrong
from encoders.forms import form_of
from encoders.threads import thread_count
from schemas import EncodeError, EncoderSpec, Modality

Made = TypeVar("Made", default=NDArray[np.float32])
"""What an encoder makes of n contents: float32 (n, dim), unless its spec says otherwise (see `encoders.forms`)."""

_Make = Callable[[Sequence[Content], Modality], Any]


class Encoder(ABC, Generic[Made]):
    """Turns contents of one modality into vectors.

    Subclasses set `spec`, `batch_size` and `parallel`, and write `_encode`; those that load something write `_load`
    too; those whose costs differ by content write `_cost`.

    `encode` may be called from several threads at once: `_load` runs once, under a lock, and `_encode` must not change
    the encoder.

    Attributes:
        rate: hertz of the sounds that it is given; it hears them at `spec.sample_rate`.

    Args:
        threads: threads the model may use; 0: chosen for the machine (see `encoders.threads`).
    """

    spec: EncoderSpec
    batch_size: int = 64
    parallel: bool = False  # `threads` batches at once; False where the model has threads of its own

    def __init__(self, *, threads: int = 0) -> None:
        self.threads = thread_count(threads)
        self.rate = SAMPLE_RATE
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

    def encode(self, contents: Sequence[Content], modality: Modality) -> Made:
        """Encodes contents of one modality as they are stored.

        Returns:
            float32 (n, dim), row i for content i; rows have length 1 where the distance is cosine. Where the spec says
            `multivector`, a list of float32 (tokens, dim); where it says `sparse`, a list of sparse vectors.

        Raises:
            EncodeError: the encoder does not take this modality or cannot be loaded, or one of the contents is not
                what the modality asks for or cannot be encoded; nothing is returned then.
        """
        return self._encode_all(self._encode, contents, modality)

    def encode_query(self, contents: Sequence[Content], modality: Modality) -> Made:
        """Encodes contents as questions, comparable with what `encode` made: many models treat the two differently."""
        return self._encode_all(self._encode_query, contents, modality)

    def encode_each(self, contents: Sequence[Content], modality: Modality) -> tuple[Made, dict[int, str]]:
        """Encodes like `encode`, but a content that cannot be encoded spoils only itself.

        A batch that fails is encoded again one by one.

        Returns:
            What `encode` returns, with zeros (or no tokens, or no terms) for bad contents; and the reason for each bad
            content by its index. Never store a row whose index has a reason.

        Raises:
            EncodeError: the encoder does not take this modality, or cannot be loaded: that is no item's fault.
            MemoryError: there is not enough of it for one content alone, which may be nobody's fault either.
        """
        self._check_modality(modality)
        self.load()
        rows: list[Any] = [None] * len(contents)
        reasons = {i: fault for i, content in enumerate(contents) if (fault := wrong(content, modality))}

        def run(chosen: list[int]) -> None:
            try:
                self._fill(rows, chosen, self._encode, contents, modality)
            except Exception:  # whatever it is, the loop below finds out which item it belongs to
                for i in chosen:
                    try:
                        self._fill(rows, [i], self._encode, contents, modality)
                    except MemoryError:
                        raise
                    except Exception as error:
                        reasons[i] = str(error) if isinstance(error, EncodeError) else _sentence(error)

        self._for_each_batch(run, [i for i in range(len(contents)) if i not in reasons], contents)
        return cast("Made", form_of(self.spec).gather(rows, self.spec)), reasons

    def pool(self, vectors: Made) -> Any:
        """One row from those of several contents of one segment, such as the frames of a scene."""
        return form_of(self.spec).pool(vectors, self.spec)

    @abstractmethod
    def _encode(self, contents: Sequence[Content], modality: Modality) -> Any:
        """Encodes a batch of at most `batch_size` checked contents into (n, dim) finite floats, of any length.

        Where the spec says `multivector`, n arrays (tokens, dim); where it says `sparse`, n sparse vectors.
        """

    def _encode_query(self, contents: Sequence[Content], modality: Modality) -> Any:
        """The same for questions."""
        return self._encode(contents, modality)

    def _load(self) -> None:
        """Loads weights; runs once, under a lock."""

    def _cost(self, content: Content) -> int:
        """What a content costs, in any unit: contents of like cost share a batch. 0: in the order they come."""
        return 0

    def _check_modality(self, modality: Modality) -> None:
        if modality not in self.spec.modalities:
            takes = " and ".join(self.spec.modalities)
            raise EncodeError(f"{self.spec.name} encodes {takes}, not {modality}.")

    def _encode_all(self, make: _Make, contents: Sequence[Content], modality: Modality) -> Made:
        self._check_modality(modality)
        for i, content in enumerate(contents):
            if fault := wrong(content, modality):
                raise EncodeError(f"{self.spec.name} cannot encode item {i} of {len(contents)}: {fault}.")
        self.load()
        rows: list[Any] = [None] * len(contents)
        self._for_each_batch(
            lambda chosen: self._fill(rows, chosen, make, contents, modality), range(len(contents)), contents
        )
        return cast("Made", form_of(self.spec).gather(rows, self.spec))

    def _fill(
        self, rows: list[Any], chosen: list[int], make: _Make, contents: Sequence[Content], modality: Modality
    ) -> None:
        """Encodes the chosen contents, checks what was made, and puts it in its rows, which are nobody else's."""
        batch = [contents[i] for i in chosen]
        if modality is Modality.AUDIO and self.rate != self.spec.sample_rate:
            sounds = cast("list[NDArray[np.float32]]", batch)
            batch = [resampled(sound, self.rate, self.spec.sample_rate) for sound in sounds]
        made = form_of(self.spec).rows(make(batch, modality), len(batch), self.spec)
        for i, row in zip(chosen, made, strict=True):
            rows[i] = row

    def _for_each_batch(
        self, run: Callable[[list[int]], None], indices: Sequence[int], contents: Sequence[Content]
    ) -> None:
        """Calls `run` with the indices of each batch."""
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


def _sentence(error: Exception) -> str:
    """An error of a library, on one line and with its type: its text alone is often only a number or a name."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
