"""What goes to a child that reads, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas import FoundFile, Modality, ReadError, Segment


class Job(NamedTuple):
    """A file to read: where it lies, as the crawl found it, and its content hash where that is known already."""

    path: str
    found: FoundFile
    hash: str = ""


class Draw(NamedTuple):
    """A small picture to make of a file: see `readers.preview`."""

    path: str
    modality: Modality
    start: float | None
    end: float | None
    side: int
    page: int | None


class Drawn(NamedTuple):
    """The small picture, a JPEG; None where there is nothing to be seen."""

    picture: bytes | None


class Opened(NamedTuple):
    """The first event of a file that can be read: what it is, and its content hash."""

    hash: str
    modality: Modality
    mime: str
    info: dict[str, Any]


class Hashed(NamedTuple):
    """The content hash of a file that then turned out not to be readable."""

    hash: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event of a file that was read to its end, and how many seconds its reading and its decoding took."""

    reading: float = field(default=0.0, compare=False)
    decoding: float = field(default=0.0, compare=False)

    def __reduce__(self) -> tuple[type[Closed], tuple[float, float]]:
        """To be made from its fields, which is three times as fast as by the way of dataclasses: one comes a file."""
        return Closed, (self.reading, self.decoding)


@dataclass(frozen=True, slots=True)
class Working:
    """A sign of life from a file that takes long; nobody but the clock needs it."""


ENDS = (Closed, ReadError)
"""The last events of a file."""

Event = Opened | Hashed | Segment | Drawn | Closed | ReadError
"""`Opened`, segments and `Closed`, or `Drawn` and `Closed`; or, at any moment, the error that ends the file, with
`Hashed` before it where nothing was opened."""
