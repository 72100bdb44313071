"""Whole collections from one store to another: copies between engines, backups, and their return."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import StoreError, UsageError
from schemas.vectors import INDEX
from store import is_server, shown_location
from store.check import COPYING, PAGE

if TYPE_CHECKING:
    from store.base import Store
    from store.check import Progress
    from store.embedded import EmbeddedStore


def copy(source: Store, target: Store, *, progress: Progress | None = None, page: int = PAGE) -> int:
    """Copy a collection with its vectors, payloads, metadata and artifacts into an empty one, on any engine.

    An interrupted copy goes on where it stopped when it is started again with the same stores: the target's metadata
    say how far it got. The source must not be written meanwhile.

    Args:
        source: what to copy.
        target: where to; its collection need not exist yet.
        progress: is told after each page how many points are done, of how many.
        page: points read and written at a time.

    Returns:
        The number of points that the target holds.

    Raises:
        StoreError: there is nothing to copy, the target holds something else, or the source changed meanwhile.
        CollectionMismatchError: the target was made for other vectors.
    """
    from qdrant_client import models

    if not source.exists():
        raise StoreError(f"There is no collection {source.collection!r} in {source.location} to copy.")
    where = source.location if is_server(source.location) else Path(source.location).expanduser().resolve()
    origin = f"{where} {source.collection}"  # the same however it is spelt: an interrupted copy has to know it again
    offset = _where_it_stopped(target, origin)
    target.ensure(list(source.vectors().values()))
    total = source.count()
    done = 0 if offset is None else target.count()
    target.set_metadata({COPYING: {"from": origin, "next": offset}})
    while True:
        records, offset = source.scroll(limit=page, offset=offset, with_vectors=True)
        vectors: Any = [record.vector or {} for record in records]
        target.upsert(
            [
                models.PointStruct.model_construct(id=record.id, vector=vector, payload=record.payload or {})
                for record, vector in zip(records, vectors, strict=True)
            ]
        )
        done += len(records)
        if progress:
            progress(done, total)
        if offset is None:
            break
        target.set_metadata({COPYING: {"from": origin, "next": offset}})
    for name in source.artifacts():
        artifact = source.load_artifact(name)
        if artifact is not None:
            target.save_artifact(name, *artifact)
    if target.count() != source.count():
        raise StoreError(
            f"The collection {source.collection!r} in {source.location} changed while it was copied: "
            "copy it again into an empty collection."
        )
    # The target has no index yet, so that what was measured of the source's says nothing of it.
    target.set_metadata({**source.metadata(), COPYING: None, INDEX: None})
    return target.count()


def check_apart(source: str | Path, target: str | Path) -> None:
    """Raise `UsageError` if both are the same folder or server."""
    if is_server(source) or is_server(target):
        same = str(source).rstrip("/") == str(target).rstrip("/")
    else:
        same = Path(source).expanduser().resolve() == Path(target).expanduser().resolve()
    if same:
        raise UsageError(f"{shown_location(source)} cannot be copied to itself: name two places.")


def backup(store: Store, folder: Path, *, progress: Progress | None = None) -> int:
    """Copy a collection into a folder, as its engine does it best.

    Of an embedded one, the files are copied, the index among them; the folder is then a store that can be opened and
    searched as it is. A server makes its own snapshots, which are fetched: see `store.snapshots`.

    Returns:
        The number of points in it.

    Raises:
        StoreError: see `copy`; the folder holds something already.
    """
    from store import snapshots
    from store.embedded import EmbeddedStore
    from store.server import ServerStore

    if isinstance(store, ServerStore) and store.snapshots is not None:
        return snapshots.save(store, store.snapshots, folder)
    with EmbeddedStore(folder, store.collection) as target:
        return _adopt(store, target) if isinstance(store, EmbeddedStore) else copy(store, target, progress=progress)


def restore(folder: Path, store: Store, *, progress: Progress | None = None) -> int:
    """Copy a backup back into a collection that is empty or not there yet.

    Returns:
        The number of points that the collection holds.

    Raises:
        UsageError: the folder holds no backup, or several and none of this collection's name; or a server's, and the
            store is none.
        StoreError: see `copy`; the backup itself was not finished.
    """
    from store import snapshots
    from store.embedded import EmbeddedStore
    from store.server import ServerStore

    if snapshots.is_backup(folder):
        if isinstance(store, ServerStore) and store.snapshots is not None:
            return snapshots.bring_back(folder, store, store.snapshots)
        raise UsageError(
            f"The backup {folder} is a server's own, and {store.location} is no server: restore it to one "
            "(--store http://...), and use `medley store copy` from there."
        )
    with EmbeddedStore(folder, _only_collection(folder, store.collection)) as source:
        if COPYING in source.metadata():
            raise StoreError(f"The backup in {folder} was not finished: make it again, or take an older one.")
        if isinstance(store, EmbeddedStore) and not store.exists():
            return _adopt(source, store)
        return copy(source, store, progress=progress)


def _adopt(source: EmbeddedStore, target: EmbeddedStore) -> int:
    if not source.exists():
        raise StoreError(f"There is no collection {source.collection!r} in {source.location} to copy.")
    if target.exists():
        raise StoreError(
            f"The collection {target.collection!r} in {target.location} is there already: name an empty folder."
        )
    target.adopt(source)
    return target.count()


def _only_collection(folder: Path, preferred: str) -> str:
    names = sorted(file.parent.name for file in folder.glob("*/collection.json"))
    if preferred in names:
        return preferred
    if len(names) != 1:
        raise UsageError(f"The folder {folder} holds {', '.join(names) or 'no backup'}: name a folder with one backup.")
    return names[0]


def _where_it_stopped(target: Store, origin: str) -> Any:
    """The offset to go on from; None to begin."""
    if not target.exists():
        return None
    begun: dict[str, Any] = target.metadata().get(COPYING) or {}
    if begun.get("from") == origin:
        return begun["next"]
    if begun or target.count():
        raise StoreError(
            f"The collection {target.collection!r} in {target.location} is not empty: copy into one that is, or into "
            "a new one."
        )
    return None
