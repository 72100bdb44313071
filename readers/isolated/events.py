"""What goes to a child that reads, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from schemas import FoundFile, Modality, ReadError, Segment


class Job(NamedTuple):
    """A file to read: where it lies, as the crawl found it, and its content hash where that is known already."""

    path: str
    found: FoundFile
    hash: str = ""


class Opened(NamedTuple):
    """The first event of a file that can be read: what it is, and its content hash."""

    hash: str
    modality: Modality
    mime: str
    info: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event of a file that was read to its end."""


@dataclass(frozen=True, slots=True)
class Working:
    """A sign of life from a file that takes long; nobody but the clock needs it."""


Event = Opened | Segment | Closed | ReadError
"""`Opened`, segments and `Closed`; or, at any moment, the error that ends the file."""
