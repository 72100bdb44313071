"""Whole items -> the store, in batches, while the pipeline goes on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from flows.ingestion.points import Item
from flows.ingestion.spent import Spent
from schemas.payload import point_id

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

BATCH = 256  # points in a request

ENOUGH, SOON = 64, 0.5
"""Points that are written while nothing else is, and seconds since the last write after which fewer are. A write costs
a millisecond of its own, and a crash what waits."""


class Writer:
    """Writes items so that a crash at any moment leaves each either as it was, or whole, or to be done again.

    Segments that the new content no longer has are deleted before its points are written, and segment 0, which
    vouches for the others, comes last.
    """

    def __init__(self, store: Store, source: str, spent: Spent | None = None) -> None:
        self._store, self._source, self._spent = store, source, spent or Spent()
        self._items: list[Item] = []
        self._rows = 0  # of the items
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._writing: Future[None] | None = None
        self._since = 0.0  # when the last write began
        self._unsynced = False

    def add(self, item: Item) -> None:
        """Take an item; it is written with its batch."""
        self._items.append(item)
        self._rows += max(1, len(item.rows))
        if self._rows >= BATCH or (self._idle() and self._due()):
            self._write()

    def flush(self, *, wait: bool = True) -> None:
        """Write what is left and sync it.

        Args:
            wait: until the store has it all. Else a sync may still be under way: what was written is safe from the
                death of this process, and what fails is raised by the next call.

        Raises:
            StoreError: it could not be written.
        """
        if self._items:
            self._write()
        if self._unsynced:
            self._wait()
            self._unsynced = False
            self._writing = self._thread.submit(self._sync)
        if wait:
            self._wait()

    def close(self) -> None:
        """Flush, and let the thread go."""
        try:
            self.flush()
        finally:
            self._thread.shutdown()

    def _write(self) -> None:
        self._wait()  # one batch is written while the next is filled, never more
        items, self._items, self._rows = self._items, [], 0
        self._unsynced, self._since = True, time.monotonic()
        self._writing = self._thread.submit(self._write_now, items)

    def _write_now(self, items: Sequence[Item]) -> None:
        """Points are made here, and not where they are encoded, because that thread is the one that all wait for."""
        with self._spent.on("write"):
            points: list[models.PointStruct] = []
            stale: list[str] = []
            for item in items:
                made = item.points(self._source)
                points += made
                stale += [point_id(self._source, item.found.path, n) for n in range(len(made), item.before)]
            if stale:
                self._store.delete(stale, sync=False)
            for start in range(0, len(points), BATCH):
                self._store.upsert(points[start : start + BATCH], sync=False)

    def _sync(self) -> None:
        with self._spent.on("write"):
            self._store.sync()

    def _idle(self) -> bool:
        return self._writing is None or self._writing.done()

    def _due(self) -> bool:
        return self._rows >= ENOUGH or time.monotonic() - self._since > SOON

    def _wait(self) -> None:
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()
