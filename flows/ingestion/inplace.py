"""Vectors of points that are there, written so that a crash leaves each item done or to be done again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.reconciliation.migrate import set_encoders
from schemas import payload

if TYPE_CHECKING:
    from qdrant_client import models

    from flows.ingestion.run import Run


def write_told(
    run: Run,
    ids: Sequence[str],
    told: Mapping[str, set[str]],
    made: Mapping[str, Mapping[str, Any]],
    prints: Mapping[str, str],
) -> None:
    """Write the points of items, each with the vectors that its item is told to have."""
    records = run.store.retrieve(ids, with_payload=[payload.ENCODERS]) if ids else []
    for names in {frozenset(names) for names in told.values() if names}:
        some = [record for record in records if told[str(record.id)] == names]
        write(run, some, made, {name: prints[name] for name in names})


def write(
    run: Run, records: Sequence[models.Record], vectors: Mapping[str, Mapping[str, Any]], prints: Mapping[str, str]
) -> None:
    """The fingerprints first, the vectors next, that of each segment 0 last: then it is done."""
    from qdrant_client import models

    if not records:
        return
    set_encoders(run.store, records, lambda encoders: {**encoders, **prints})
    points = [
        models.PointVectors.model_construct(id=str(record.id), vector=dict(vectors[str(record.id)]))
        for record in records
        if vectors.get(str(record.id))
    ]
    if points:
        run.store.update_vectors(points)
