"""What the collection knows of a source's files, read by scrolling payloads: there is no second database."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

from flows.reconciliation.plan import Known
from schemas import payload
from schemas.payload import State, payload_path
from schemas.scope import Scope
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

FIELDS = [
    payload.PATH,
    payload.STATE,
    payload.SIZE,
    payload.MTIME_NS,
    payload.HASH,
    payload.SEGMENTS,
    payload.SIDECARS,
    payload.REASON,
    payload.AT_FAULT,
    payload.FIRST_ATTEMPT,
    payload.LAST_ATTEMPT,
]

ASKED = 256  # hashes in a request

STATES = {state.value: state for state in State}


def known_files(store: Store, source: str, scope: Scope | None = None) -> dict[str, Known]:
    """All files of a source that the collection knows, by their path in the payload; or those in a scope."""
    known: dict[str, Known] = {}
    for record in store.scroll_all(first_segments(source, scope=scope), with_payload=FIELDS):
        item = known_file(record.payload or {})
        if scope is None or scope.covers(item.path.rpartition("/")[0]):
            known[item.path] = item
    return known


def _in_folders(folders: Collection[str]) -> models.Condition:
    from qdrant_client import models

    named = [payload_path(folder) for folder in sorted(folders)]
    return models.FieldCondition(key=payload.FOLDER, match=models.MatchAny(any=named))


def files_elsewhere(store: Store, source: str, sizes: Collection[int]) -> Iterator[tuple[Known, dict[str, Any]]]:
    """Indexed files of other sources that have one of these sizes, with their payloads."""
    from qdrant_client import models

    if not sizes or not store.exists() or not store.metadata().get(SOURCES, {}).keys() - {source}:
        return
    of_size = models.FieldCondition(key=payload.SIZE, range=models.Range(gte=min(sizes), lte=max(sizes)))
    own = models.FieldCondition(key=payload.SOURCE, match=models.MatchValue(value=source))
    for item, fields in _indexed(store, of_size, own):
        if item.size in sizes:
            yield item, fields


def same_contents(
    store: Store, source: str, hashes: Collection[str], scope: Scope
) -> Iterator[tuple[Known, dict[str, Any]]]:
    """Indexed files that have one of these contents, with their payloads: of other sources, or out of the scope."""
    from qdrant_client import models

    wanted = sorted(hashes) if store.exists() else []
    for start in range(0, len(wanted), ASKED):
        some = models.FieldCondition(key=payload.HASH, match=models.MatchAny(any=wanted[start : start + ASKED]))
        for item, fields in _indexed(store, some):
            if item.source != source or not scope.covers(fields[payload.FOLDER]):  # else it is among the known
                yield item, fields


def _indexed(
    store: Store, condition: models.Condition, but: models.Condition | None = None
) -> Iterator[tuple[Known, dict[str, Any]]]:
    from qdrant_client import models

    first = models.FieldCondition(key=payload.SEGMENT, match=models.MatchValue(value=0))
    indexed = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))
    wanted = models.Filter(must=[first, indexed, condition], must_not=None if but is None else [but])
    fields = [*FIELDS, payload.SOURCE, payload.FOLDER, payload.MODALITY, payload.ENCODERS]
    for record in store.scroll_all(wanted, with_payload=fields):
        told = record.payload or {}
        yield known_file(told)._replace(source=told[payload.SOURCE]), told


def first_segments(source: str, state: State | None = None, scope: Scope | None = None) -> models.Filter:
    """The points that speak for their items: segment 0 of each, of one source, perhaps in one state.

    Those of a scope are among them, and others too where it has whole trees, which no index knows.
    """
    from qdrant_client import models

    must: list[models.Condition] = [
        models.FieldCondition(key=payload.SEGMENT, match=models.MatchValue(value=0)),
        models.FieldCondition(key=payload.SOURCE, match=models.MatchValue(value=source)),
    ]
    if state is not None:
        must.append(models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=state.value)))
    if scope is not None and not scope.trees:
        must.append(_in_folders(scope.folders))
    return models.Filter(must=must)


def known_file(fields: dict[str, Any]) -> Known:
    """What the payload of a segment 0 tells of its file."""
    get = fields.get
    return Known(
        fields[payload.PATH],
        STATES[fields[payload.STATE]],
        fields[payload.SIZE],
        fields[payload.MTIME_NS],
        get(payload.HASH, ""),
        get(payload.SEGMENTS, 1),
        get(payload.SIDECARS, ""),
        get(payload.REASON, ""),
        get(payload.AT_FAULT, "reader"),
        get(payload.FIRST_ATTEMPT, ""),
        get(payload.LAST_ATTEMPT, ""),
    )
