"""Which items lack the words of an enricher that runs now: it was switched on, or changed, since they were read.

They are read again, and their words anew; vectors of what has not changed are kept, so that only those made of words
are made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from encoders import fingerprints
from flows.reconciliation.ledger import first_segments
from schemas import Modality, payload
from schemas.payload import State

if TYPE_CHECKING:
    from encoders import Enricher
    from flows.ingestion.run import Run


Lacks = Callable[[Mapping[str, Any]], bool]
"""Whether an enricher has not looked at an indexed item, by its payload."""

FIELDS = [payload.MODALITY, payload.ENCODERS]  # what `Lacks` asks for


def lacks(enrichers: Iterable[Enricher]) -> Lacks:
    """Whether one of these has not looked at an item."""
    some = list(enrichers)
    wanted = {one.value: prints for one in Modality if (prints := fingerprints(some, one))}

    def ask(fields: Mapping[str, Any]) -> bool:
        made_by = fields.get(payload.ENCODERS, {})
        prints = wanted.get(fields[payload.MODALITY], {})
        return any(made_by.get(name) != print_ for name, print_ in prints.items())

    return ask


def unenriched(run: Run) -> set[str]:
    """Paths, as in the payload, of the indexed items that an enricher has not looked at, of those that the run does."""
    from qdrant_client import models

    kinds = sorted({modality.value for enricher in run.enrichers for modality in enricher.modalities})
    if not kinds or not run.store.exists():
        return set()
    items = first_segments(run.source, State.INDEXED, run.scope)
    kind = models.FieldCondition(key=payload.MODALITY, match=models.MatchAny(any=kinds))
    looked_at = models.Filter(must=[*(items.must or ()), kind])
    ask = lacks(run.enrichers)
    records = run.store.scroll_all(looked_at, with_payload=[payload.PATH, *FIELDS])
    return {str(fields[payload.PATH]) for record in records if ask(fields := record.payload or {})}
