"""The indexes, made at the end of a run: that of vectors anew where the collection has outgrown the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.ingestion.progress import tell
from schemas.errors import StoreError
from schemas.vectors import INDEX

if TYPE_CHECKING:
    from store import Store

LEAST = 10_000
"""Up to so many segments, a scan answers in some milliseconds, and the engine would not index them."""

GROWTH = 2
"""The index is built anew when there are so many times the segments of the last time: each build reads all of them, so
that building at every run would cost more than it gains."""


def index_is_due(store: Store, coming: int = 0) -> bool:
    """Whether the index should be built now, or once so many segments have come; costs one count."""
    from store.recall import searchable

    if store.indexes_itself:
        return False
    points = store.count(searchable()) + coming
    return points > LEAST and points >= GROWTH * store.metadata().get(INDEX, {}).get("points", 0)


def build_index(store: Store) -> str | None:
    """Build it if it is due, and the payload indexes that are lacking; returns what a person should know of it.

    An index that cannot be built is no reason to fail: the collection is whole, and is searched by a scan.

    Raises:
        StoreError: the collection cannot be used any more.
    """
    note = _build(store) if index_is_due(store) else None
    if not store.indexes_itself:
        store.index_payloads()  # all that a run of many files has left, if they came to less or nothing was built
    return note


def _build(store: Store) -> str | None:
    from store import recall

    tell("optimize", 0)
    try:
        measured = recall.optimize(store)
    except StoreError as error:
        if not store.exists():
            raise
        return f"Searches go without an index. {error}"
    if not measured:
        return None
    found = ", ".join(f"{one.vector} {one.recall:.1%} (hnsw_ef {one.hnsw_ef})" for one in measured)
    return f"The index was built; it finds of the ten nearest: {found}."
