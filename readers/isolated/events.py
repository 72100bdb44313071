"""What goes to a child that reads, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from schemas import FoundFile, Modality, ReadError, Segment


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read: where it lies, as the crawl found it, and its content hash where that is known already."""

    path: str
    found: FoundFile
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """The first event of a file that can be read: what it is, and its content hash."""

    hash: str
    modality: Modality
    mime: str
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Closed:
    """The last event of a file that was read to its end."""


@dataclass(frozen=True, slots=True)
class Working:
    """A sign of life from a file that takes long; nobody but the clock needs it."""


Event = Opened | Segment | Closed | ReadError
"""`Opened`, segments and `Closed`; or, at any moment, the error that ends the file."""
