"""What the collection knows of a source's files, read by scrolling payloads: there is no second database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flows.plan import Known
from schemas import payload
from schemas.payload import State

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
]


def known_files(store: Store, source: str) -> dict[str, Known]:
    """All files of a source that the collection knows, by their path in the payload."""
    records = store.scroll_all(first_segments(source), with_payload=FIELDS)
    return {item.path: item for item in (_known(record.payload or {}) for record in records)}


def first_segments(source: str, state: State | None = None) -> models.Filter:
    """The points that speak for their items: segment 0 of each, of one source, perhaps in one state."""
    from qdrant_client import models

    must: list[models.Condition] = [
        models.FieldCondition(key=payload.SEGMENT, match=models.MatchValue(value=0)),
        models.FieldCondition(key=payload.SOURCE, match=models.MatchValue(value=source)),
    ]
    if state is not None:
        must.append(models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=state.value)))
    return models.Filter(must=must)


def _known(fields: dict[str, Any]) -> Known:
    return Known(
        path=fields[payload.PATH],
        state=State(fields[payload.STATE]),
        size=fields[payload.SIZE],
        mtime_ns=fields[payload.MTIME_NS],
        hash=fields.get(payload.HASH, ""),
        segments=fields.get(payload.SEGMENTS, 1),
        sidecars=fields.get(payload.SIDECARS, ""),
        reason=fields.get(payload.REASON, ""),
        at_fault=fields.get(payload.AT_FAULT, "reader"),
    )
