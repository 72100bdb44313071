"""What a collection holds, and all that it knows of an item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from query.quarantine import quarantined
from schemas import EmptyCollectionError, Modality, NotFoundError, UsageError, payload
from schemas.payload import State, payload_path
from schemas.report import CollectionStatus, IngestReport, VectorStatus
from schemas.vectors import BRIDGE, RUNS, SOURCES

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store


def collection_status(store: Store) -> CollectionStatus:
    """Counts by modality and vector, and the list of quarantined files.

    `items` and `points` count what can be searched; the records of quarantined and excluded files are points without
    vectors, and are not counted.
    """
    if not store.exists():
        return CollectionStatus(items=0, points=0, by_modality={}, quarantined=[], vectors={})
    from qdrant_client import models

    indexed = _matches(payload.STATE, State.INDEXED.value)
    first = _matches(payload.SEGMENT, 0)
    by_modality = {
        modality.value: store.count(models.Filter(must=[indexed, first, _matches(payload.MODALITY, modality.value)]))
        for modality in Modality
    }
    vectors = {
        name: VectorStatus(
            dim=spec.dim,
            distance=spec.distance,
            fingerprint=spec.fingerprint,
            points=store.count(models.Filter(must=[models.HasVectorCondition(has_vector=name)])),
        )
        for name, spec in store.vectors().items()
    }
    return CollectionStatus(
        items=sum(by_modality.values()),
        points=store.count(models.Filter(must=[indexed])),
        by_modality=by_modality,
        quarantined=quarantined(store),
        vectors=vectors,
        sources=store.metadata().get(SOURCES, {}),
        bridges=_bridges(store),
        runs={source: IngestReport.model_validate(run) for source, run in store.metadata().get(RUNS, {}).items()},
    )


def show_item(store: Store, item: str) -> list[dict[str, Any]]:
    """The payloads of an item's segments, in order.

    Args:
        store: the store.
        item: its path in the source, its id, or the end of its path where that is unambiguous.

    Raises:
        EmptyCollectionError: nothing has been ingested yet.
        NotFoundError: there is none.
        UsageError: there are several.
    """
    from qdrant_client import models

    if not store.exists():
        raise EmptyCollectionError(f"There is nothing in {store.location} yet: run `medley ingest FOLDER` first.")
    item = _in_source(payload_path(item.removeprefix("./")), store.metadata().get(SOURCES, {}))
    for key in (payload.ITEM, payload.PATH):
        found = _payloads(store, models.Filter(must=[_matches(key, item)]))
        if found:
            return _one_item(found, item)
    ends = _payloads(store, models.Filter(must=[_matches(payload.SEGMENT, 0)]))
    near = [fields for fields in ends if f"/{fields[payload.PATH]}".endswith(f"/{item}")]
    if not near:
        raise NotFoundError(f"There is no item {item!r} in the collection: give its path relative to the source.")
    _one_item(near, item)
    return _payloads(store, models.Filter(must=[_matches(payload.ITEM, near[0][payload.ITEM])]))


def _in_source(item: str, sources: Mapping[str, str]) -> str:
    """A path on this machine as the path in its source; anything else as it is."""
    for folder in sources.values():
        if item.startswith(f"{folder}/"):
            return item.removeprefix(f"{folder}/")
    return item


def _one_item(found: list[dict[str, Any]], asked: str) -> list[dict[str, Any]]:
    items = {fields[payload.ITEM]: f"{fields[payload.SOURCE]}: {fields[payload.PATH]}" for fields in found}
    if len(items) > 1:
        named = "; ".join(f"{label} ({identity})" for identity, label in sorted(items.items())[:5])
        raise UsageError(f"{asked!r} stands for {len(items)} items: {named}. Give the id of the one you mean.")
    return found


def _payloads(store: Store, condition: models.Filter) -> list[dict[str, Any]]:
    found = [record.payload or {} for record in store.scroll_all(condition, with_payload=True)]
    return sorted(found, key=lambda fields: (fields[payload.PATH], fields[payload.SEGMENT]))


def _matches(key: str, value: str | int) -> models.FieldCondition:
    from qdrant_client import models

    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


def _bridges(store: Store) -> dict[str, str]:
    bridges = {}
    for name in store.artifacts():
        kept = store.load_artifact(name)
        if kept is not None and name.startswith(BRIDGE):
            meta = kept[1]
            recall = meta.get("recall")
            found = "" if recall is None else f", recall@10 {recall:.2f} on left-out ones"
            bridges[name] = f"fitted on {meta['pairs']} captioned items{found}"
    return bridges
