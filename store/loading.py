"""Loading the engine's files, if what was recorded of them is there; what can be mended, is.

The engine opens what it finds, and says nothing of what is gone: see `store.inventory`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge

from schemas.payload import INDEXES
from store.folder import ROOM_TO_OPEN, CollectionFolder
from store.inventory import drop_indexes, indexes, logs, loss
from store.optimizer import INDEX_TYPES

# Keys of the record, besides the metadata.
FILES = "files"  # sizes of the files that must be there: see `store.inventory`
CLOSED = "closed"  # what there was when it was closed in order (points, logs, indexes); gone with the first write
CHANGING = "changing"  # the vector that is being added or dropped


def load(folder: CollectionFolder, record: Mapping[str, Any]) -> tuple[edge.EdgeShard, bool]:
    """Open the shard; whether its payload indexes had to be made again, so that they are not those that were recorded.

    Raises:
        StoreError: something of it is lost, with what to do.
    """
    closed = record.get(CLOSED, {})
    lost = loss(folder.shard, record.get(FILES, {}))
    missing = set(closed.get("logs", ())) - set(found_logs := logs(folder.shard))
    if lost is None and (missing or not found_logs):
        lost = f"shard/wal/{min(missing, default='')} is missing"
    if lost is not None:
        raise folder.torn(lost)
    folder.check_room(ROOM_TO_OPEN)
    there = indexes(folder.shard)
    spoilt = any(there.get(segment, 0) < size for segment, size in closed.get("indexes", {}).items())
    if spoilt:
        with folder.guarded("repaired"):
            drop_indexes(folder.shard)
    shard = _load_or_repair(folder, changing=CHANGING in record)
    points = shard.info().points_count
    if points != closed.get("points", points):
        shard.close()
        raise folder.torn(f"it has {points:,} points and had {closed['points']:,} when it was closed")
    if spoilt:
        for key, kind in INDEXES.items():
            shard.update(edge.UpdateOperation.create_field_index(key, INDEX_TYPES[kind]))
        shard.flush()
    return shard, spoilt


def _load_or_repair(folder: CollectionFolder, *, changing: bool) -> edge.EdgeShard:
    """Load; after an interrupted change of the vectors, if need be, without the engine's list of them.

    The engine writes its list before it changes the segments, and refuses both if it is killed in between. Without the
    list it goes by the segments, which are sound.
    """
    listed, aside = folder.shard / "edge_config.json", folder.shard / "edge_config.json.old"
    try:
        return edge.EdgeShard.load(str(folder.shard))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of the engine is no Exception
        torn = folder.torn((str(error).splitlines() or [type(error).__name__])[0])
        if not changing or not listed.exists():
            raise torn from error
    with folder.guarded("repaired"):
        listed.replace(aside)
    try:
        return edge.EdgeShard.load(str(folder.shard))
    except Exception as error:
        with folder.guarded("repaired"):
            aside.replace(listed)
        raise torn from error
