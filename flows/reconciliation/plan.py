"""What a run has to do, as `flows.reconciliation.compare` finds it.

These are the working lists, lean because they may be long; `schemas.plan.IngestPlan` is the same as a value.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from flows.reconciliation.packed import Packed
from readers import kind_by_name
from schemas import ExcludedFile, FoundFile
from schemas.media import UnreadableFile
from schemas.payload import State, payload_path
from schemas.plan import Carried, Excluded, IngestPlan
from schemas.report import QuarantineEntry


class Known(NamedTuple):
    """What the collection knows of a file: the payload of its segment 0."""

    path: str  # as in the payload
    state: State
    size: int
    mtime_ns: int
    hash: str = ""
    segments: int = 1
    sidecars: str = ""
    reason: str = ""
    at_fault: str = "reader"
    first_attempt: str = ""
    last_attempt: str = ""
    source: str = ""  # "": that of the run
    poor: bool = False  # an enricher of this run has not looked at it


@dataclass(frozen=True, slots=True)
class Work:
    """A file to read and encode. What `known` already holds of the same content is not encoded again."""

    found: FoundFile
    hash: str = ""  # "" where it is not known yet
    known: Known | None = None  # what stands under the same path

    def __reduce__(self) -> tuple[type[Work], tuple[Any, ...]]:
        """To be made from its fields: see `FoundFile`."""
        return Work, (self.found, self.hash, self.known)

    @property
    def poor(self) -> bool:
        """Whether it has the sidecars that it had: then an enricher of this run has not looked at it."""
        return self.known is not None and self.known.sidecars == self.found.sidecar_stamp


@dataclass(frozen=True, slots=True)
class Carry:
    """A file whose content the collection has under another path: its vectors are carried over."""

    found: FoundFile
    origin: Known
    move: bool  # the content is no longer where the origin was
    twin: bool = False  # the origin is a file of this very run: it must be indexed first
    known: Known | None = None  # what stands under the new path

    @property
    def reread(self) -> bool:
        """Whether its words have to be read once it is carried over: it has other sidecars than its origin, say."""
        return self.origin.poor or self.renamed or self.origin.sidecars != self.found.sidecar_stamp

    @property
    def renamed(self) -> bool:
        """Whether its new name makes it another kind of text."""
        return kind_by_name(self.origin.path) != kind_by_name(self.found.path)


@dataclass(slots=True)
class Plan:
    """Every file found, by what becomes of it; and every item that is known and gone."""

    index: Packed[Work] = field(default_factory=Packed)  # in a first run, all of them
    reread: list[Work] = field(default_factory=list)  # same content, other sidecars or enrichers
    carry: list[Carry] = field(default_factory=list)
    touch: list[Work] = field(default_factory=list)  # same content, another time stamp
    unchanged: int = 0
    quarantined: list[Known] = field(default_factory=list)  # still as they were when they failed
    unreadable: list[tuple[UnreadableFile, Known | None]] = field(default_factory=list)
    excluded: list[ExcludedFile] = field(default_factory=list)
    delete: list[Known] = field(default_factory=list)
    moved: list[Known] = field(default_factory=list)  # old paths, to be removed once they are carried over
    spelled: dict[str, str] = field(default_factory=dict)  # as the system has them: paths that may be no UTF-8

    @property
    def found(self) -> int:
        """How many files were found."""
        lists: tuple[Collection[object], ...] = (
            self.index, self.reread, self.carry, self.touch, self.quarantined, self.unreadable, self.excluded,
        )  # fmt: skip
        return self.unchanged + sum(map(len, lists))

    @property
    def unseen(self) -> tuple[str, ...]:
        """What the paths begin with that could not be looked into: what is known there is not gone."""
        paths = [payload_path(file.path).rstrip("/") for file, _ in self.unreadable]
        return tuple(path and path + "/" for path in paths)  # "": the root itself, which all paths begin with

    def value(self) -> IngestPlan:
        """The same as a value, to be shown."""
        plan = IngestPlan(unchanged=self.unchanged)
        for work in self.index:
            path = payload_path(work.found.path)
            if work.known is None:
                plan.add.append(path)
            elif work.known.state is State.INDEXED:
                plan.change.append(path)
            else:
                plan.retry.append(path)
        for work in self.reread:
            (plan.enrich if work.poor else plan.reread).append(payload_path(work.found.path))
        plan.touch = [payload_path(work.found.path) for work in self.touch]
        for carry in self.carry:
            some = plan.move if carry.move else plan.copies
            path = payload_path(carry.found.path)
            origin = carry.origin
            some.append(Carried(origin=origin.path, source=origin.source, path=path, reread=carry.reread))
        for item in self.delete:
            (plan.delete if item.state is State.INDEXED else plan.forget).append(item.path)
        plan.excluded = [Excluded(path=payload_path(file.path), rule=file.rule) for file in self.excluded]
        plan.quarantined = [entry_of(item) for item in self.quarantined]
        plan.quarantined += [
            QuarantineEntry(path=payload_path(file.path), reason=file.reason) for file, _ in self.unreadable
        ]
        return plan


def content(path: str, digest: str) -> str:
    """What is encoded alike: the bytes, and the kind of picture where the name alone tells it."""
    kind = kind_by_name(path)
    return digest + kind if kind.startswith("image/") else digest


def entry_of(item: Known, source: str = "") -> QuarantineEntry:
    """A quarantined item for people."""
    return QuarantineEntry(
        source=source,
        path=item.path,
        reason=item.reason,
        at_fault=item.at_fault,
        first_attempt=item.first_attempt or None,
        last_attempt=item.last_attempt or None,
    )
