"""Indexed items that a request names: their segments, ids, and vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from query.vectors import mean
from schemas import NotFoundError, UsageError, payload
from schemas.payload import State, payload_path

if TYPE_CHECKING:
    from qdrant_client import models

    from schemas import VectorSpec
    from store import Store

SEGMENTS = 256
"""Segments of a long item that are asked with."""


def vectors_of_item(
    store: Store, item: str, segment: int | None, names: Sequence[str], specs: Mapping[str, VectorSpec]
) -> tuple[str, dict[str, Any]]:
    """The item's id, and its vectors: the mean over its segments.

    Args:
        store: the store.
        item: its id, or its path in its source.
        segment: the one segment that is meant, or None for all.
        names: the named vectors that are of use.
        specs: the named vector that answers for each name.

    Raises:
        NotFoundError: there is no such item, or it was not indexed.
        UsageError: the path stands for several.
    """
    fields = [payload.ITEM, payload.SOURCE, payload.PATH]
    records = segments_of(store, item, segment, fields, [specs[name].name for name in names])
    found: dict[str, list[Any]] = {}
    for record in records:
        have: Any = record.vector or {}
        for name in names:
            if (vector := have.get(specs[name].name)) is not None:
                found.setdefault(name, []).append(vector if specs[name].sparse else np.asarray(vector, np.float32))
    identity: str = (records[0].payload or {})[payload.ITEM]
    return identity, {name: mean(several, specs[name]) for name, several in found.items()}


def segments_of(
    store: Store, item: str, segment: int | None, fields: Sequence[str], vectors: Sequence[str] = ()
) -> list[models.Record]:
    """The segments of an item that are asked with, at least one.

    Args:
        store: the store.
        item: its id, or its path in its source.
        segment: the one segment that is meant, or None for all.
        fields: what of their payload is wanted, the item's id among it.
        vectors: which of their vectors.

    Raises:
        NotFoundError: there is no such item, or it was not indexed.
        UsageError: the path stands for several.
    """
    from qdrant_client import models

    for key in (payload.ITEM, payload.PATH):
        must: list[models.Condition] = [_matches(payload.STATE, State.INDEXED.value), _matches(key, payload_path(item))]
        if segment is not None:
            must.append(_matches(payload.SEGMENT, segment))
        records, _ = store.scroll(
            models.Filter(must=must), limit=SEGMENTS, with_payload=list(fields), with_vectors=list(vectors) or False
        )
        several = {(record.payload or {})[payload.ITEM] for record in records}
        if len(several) > 1:
            named = ", ".join(sorted(str(one) for one in several)[:5])
            raise UsageError(f"The path {item!r} stands for {len(several)} items: give the id of one ({named}).")
        if records:
            return records
    which = "" if segment is None else f"segment {segment} of "
    raise NotFoundError(f"There is no {which}item {item!r} to search with: give its id, or its path in the source.")


def _matches(key: str, value: str | int) -> models.FieldCondition:
    from qdrant_client import models

    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
