"""Which files could not be read or encoded, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas import payload
from schemas.payload import State
from schemas.report import QuarantineEntry

if TYPE_CHECKING:
    from store import Store

_FIELDS = [
    payload.PATH, payload.SOURCE, payload.REASON, payload.AT_FAULT, payload.FIRST_ATTEMPT, payload.LAST_ATTEMPT,
]  # fmt: skip


def quarantined(store: Store, source: str | None = None) -> list[QuarantineEntry]:
    """The quarantined files of a source, or of all, by source and path."""
    if not store.exists():
        return []
    from qdrant_client import models

    wanted = {payload.STATE: State.QUARANTINED.value} | ({payload.SOURCE: source} if source else {})
    condition = models.Filter(
        must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in wanted.items()]
    )
    entries = [
        QuarantineEntry(**{name: (record.payload or {})[name] for name in _FIELDS if name in (record.payload or {})})
        for record in store.scroll_all(condition, with_payload=_FIELDS)
    ]
    return sorted(entries, key=lambda entry: (entry.source, entry.path))
