"""Is a collection sound? Every point is read and compared with what its collection and its payload promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas import payload
from schemas.errors import StoreError
from schemas.payload import State, point_id
from store.checks import check_vector

if TYPE_CHECKING:
    from qdrant_client import models

    from schemas.vectors import VectorSpec
    from store.base import Store

LISTED = 100  # problems told in words; beyond that they are only counted
PAGE = 256
COPYING = "copying"
"""Key of the metadata that a copy keeps until it is whole: see `store.transfer`."""

Progress = Callable[[int, int], None]
"""Is told how many points are done, of how many."""


@dataclass(slots=True)
class Verification:
    """What `verify` found. `problems` are sentences, at most `LISTED` of the `faults`."""

    points: int = 0
    vectors: dict[str, int] = field(default_factory=dict)  # how many points bear each
    problems: list[str] = field(default_factory=list)
    faults: int = 0

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def report(self, problem: str) -> None:
        """Note one thing that is wrong."""
        self.faults += 1
        if len(self.problems) < LISTED:
            self.problems.append(problem)


def verify(store: Store, *, progress: Progress | None = None) -> Verification:
    """Read every point and check counts, dimensions, finite values, fingerprints and ids; nothing is changed.

    Raises:
        StoreError: the store cannot be read at all.
    """
    found = Verification()
    specs, total = store.vectors(), store.count()
    seen: Counter[str] = Counter()
    segments: Counter[str] = Counter()
    promised: dict[str, int] = {}
    if COPYING in store.metadata():
        found.report("The collection is a copy that was not finished: copy it again.")
    for record in store.scroll_all(page=PAGE, with_vectors=True):
        found.points += 1
        fields = record.payload or {}
        seen.update(_names(record))
        for problem in (*_vector_faults(record, specs, fields), *_payload_faults(record, fields)):
            found.report(f"Point {record.id} ({fields.get(payload.PATH, 'no path')}): {problem}.")
        if fields.get(payload.STATE) == State.INDEXED:
            segments[fields.get(payload.ITEM, "")] += 1
            if fields.get(payload.SEGMENT) == 0:
                promised[str(record.id)] = fields.get(payload.SEGMENTS, 1)
        if progress and not found.points % PAGE:
            progress(found.points, total)
    found.vectors = {name: seen[name] for name in specs}
    for item, count in promised.items():
        if segments[item] != count:
            found.report(f"Item {item} has {segments[item]} segments and should have {count}: ingest its file again.")
    _check_counts(store, total, found)
    _check_artifacts(store, found)
    if progress:
        progress(found.points, total)
    return found


def _names(record: models.Record) -> list[str]:
    return list(record.vector) if isinstance(record.vector, dict) else []


def _vector_faults(record: models.Record, specs: dict[str, VectorSpec], fields: dict[str, Any]) -> Iterator[str]:
    vectors: Any = record.vector or {}
    made_by = fields.get(payload.ENCODERS) or {}
    for name, vector in vectors.items():
        spec = specs.get(name)
        if spec is None:
            yield f"it has a vector {name!r} that the collection does not know"
            continue
        fault = check_vector(vector, spec)
        if fault:
            yield f"its vector {name!r} {fault}"
        inferred = name in (fields.get(payload.INFERRED) or {}) and name not in made_by  # a guess, and marked as one
        if made_by.get(name) != spec.fingerprint and not inferred:
            yield (
                f"its vector {name!r} was made by {made_by.get(name, 'an unknown encoder')} "
                f"and the collection's by {spec.fingerprint}"
            )


def _payload_faults(record: models.Record, fields: dict[str, Any]) -> Iterator[str]:
    missing = [key for key in (payload.SOURCE, payload.PATH, payload.SEGMENT, payload.STATE) if key not in fields]
    if missing:
        yield f"its payload lacks {', '.join(missing)}"
        return
    if str(record.id) != point_id(fields[payload.SOURCE], fields[payload.PATH], fields[payload.SEGMENT]):
        yield "its id is not that of its source, path and segment"


def _check_counts(store: Store, total: int, found: Verification) -> None:
    from qdrant_client import models

    if found.points != total:
        found.report(f"The engine counts {total:,} points and gives {found.points:,}: restore the store from a backup.")
    for name, seen in found.vectors.items():
        counted = store.count(models.Filter(must=[models.HasVectorCondition(has_vector=name)]))
        if counted != seen:
            found.report(f"The engine counts {counted:,} vectors {name!r} and gives {seen:,}: encode them again.")


def _check_artifacts(store: Store, found: Verification) -> None:
    for name in store.artifacts():
        try:
            store.load_artifact(name)
        except StoreError as error:
            found.report(str(error))
