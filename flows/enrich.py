"""Which items lack the words of an enricher that runs now: it was switched on, or changed, since they were read.

They are read again, and their words anew; vectors of what has not changed are kept, so that only those made of words
are made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from encoders import fingerprints
from flows.ledger import first_segments
from schemas import Modality, payload
from schemas.payload import State

if TYPE_CHECKING:
    from flows.run import Run


def unenriched(run: Run) -> set[str]:
    """Paths, as in the payload, of the indexed items that an enricher of this run has not looked at."""
    from qdrant_client import models

    wanted = {one.value: prints for one in Modality if (prints := fingerprints(run.enrichers, one))}
    if not wanted or not run.store.exists():
        return set()
    items = first_segments(run.source, State.INDEXED)
    kinds = models.FieldCondition(key=payload.MODALITY, match=models.MatchAny(any=sorted(wanted)))
    must: list[Any] = list(items.must or ())
    looked_at = models.Filter(must=[*must, kinds])
    fields = [payload.PATH, payload.MODALITY, payload.ENCODERS]
    found: set[str] = set()
    for record in run.store.scroll_all(looked_at, with_payload=fields):
        told = record.payload or {}
        made_by = told.get(payload.ENCODERS, {})
        if any(made_by.get(name) != print_ for name, print_ in wanted[told[payload.MODALITY]].items()):
            found.add(str(told[payload.PATH]))
    return found
