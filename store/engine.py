"""One embedded engine, opened: its lock, its files, and what is recorded of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge

from schemas.errors import MedleyError, RefusedError, StoreError
from schemas.payload import INDEXES
from store import convert
from store.folder import ROOM_TO_CREATE, ROOM_TO_OPEN, ROOM_TO_WRITE, CollectionFolder
from store.inventory import logs, loss, take
from store.lock import FolderLock, Gate
from store.specs import VECTORS, from_json, to_json

if TYPE_CHECKING:
    from schemas.vectors import VectorSpec

_Op = edge.UpdateOperation
# Keys of the record, besides the metadata.
FILES = "files"  # sizes of the files that must be there: see `store.inventory`
CLOSED = "closed"  # how many points, and which logs, there were when it was closed in order; gone with the first write
CHANGING = "changing"  # the vector that is being added or dropped


class Engine:
    """The engine of one collection. It need not exist yet: then there is nothing but its name.

    Attributes:
        folder: its files.
        where: what to call it in an error.
        specs: its named vectors.
    """

    def __init__(self, store: Path, collection: str) -> None:
        self.folder = CollectionFolder(store, collection)
        self.where = f"collection {collection!r} in {store}"
        self.specs: dict[str, VectorSpec] = {}
        self._record: dict[str, Any] = {}
        self._gate, self._recording = Gate(), Lock()  # always taken in this order
        self._lock: FolderLock | None = None
        self._shard: edge.EdgeShard | None = None
        self._closed = False
        self._process = os.getpid()
        if self.folder.present():
            self._open()

    @property
    def created(self) -> bool:
        """Whether the collection exists."""
        self.check_open()
        return self._shard is not None

    @contextmanager
    def use(self) -> Iterator[edge.EdgeShard]:
        """The engine, kept from being closed meanwhile; its errors become ours.

        Raises:
            StoreError: the collection does not exist, or the engine refuses.
        """
        with self._gate.shared():
            self.check_open()
            if self._shard is None:
                raise self._absent()
            with self._errors():
                yield self._shard

    def update(self, operation: Any, *, sync: bool = True) -> None:
        """Write; durably with `sync`: the engine syncs its files at `flush` and at no other time."""
        with self.use() as shard:
            self.folder.check_room(ROOM_TO_WRITE)
            if CLOSED in self._record:
                self._set_aside(CLOSED)
            shard.update(operation)
            if sync:
                shard.flush()

    def sync(self) -> None:
        """Sync what was written without."""
        with self.use() as shard:
            shard.flush()

    def announce(self, url: str) -> None:
        """Hold the folder, collection or none, and tell others where to ask instead."""
        self.check_open()
        if self._lock is None:
            self.folder.make()
            self._open()
        if self._lock is not None:
            self._lock.announce(url)

    def create(self, wanted: Sequence[VectorSpec]) -> None:
        """Make the collection, unless it turns out to be there."""
        if self._lock is None:
            self.folder.make()
            self._open()
        if self._shard is not None:
            return
        self.folder.check_room(ROOM_TO_CREATE)
        vectors = {spec.name: spec for spec in wanted}
        with self.folder.guarded("made"), self._errors():
            config = edge.EdgeConfig(
                vectors={name: convert.to_params(spec) for name, spec in vectors.items() if not spec.sparse},
                sparse_vectors={name: convert.to_sparse_params(spec) for name, spec in vectors.items() if spec.sparse},
            )
            shard = edge.EdgeShard.create(str(self.folder.draft), config)
            for key, kind in INDEXES.items():
                shard.update(_Op.create_field_index(key, convert.INDEX_TYPES[kind]))
            shard.flush()
            shard.close()
        record = {"engine": "qdrant-edge", "metadata": {VECTORS: to_json(vectors)}, FILES: take(self.folder.draft)}
        self.folder.publish(record)
        self._record, self.specs, self._shard = record, vectors, self._load()

    def add_indexes(self) -> None:
        """Add the payload indexes that an older collection lacks."""
        with self.use() as shard:
            missing = INDEXES.keys() - shard.info().payload_schema.keys()
            for key in missing:
                shard.update(_Op.create_field_index(key, convert.INDEX_TYPES[INDEXES[key]]))
            if missing:
                shard.flush()

    def add_vector(self, spec: VectorSpec) -> None:
        """Make a named vector, empty on every point. The record speaks of it last, and of the one it replaces no more.

        What bears the name without being recorded is the rest of an interrupted change, so it is dropped first.
        """
        with self.use() as shard, self._recording:
            self.folder.check_room(ROOM_TO_WRITE)
            others = {name: other for name, other in self.specs.items() if name != spec.name}
            self._record_vectors(others, {CHANGING: spec.name})
            shard.update(_Op.delete_vector_name(spec.name))
            shard.update(convert.to_new_vector(spec))
            shard.flush()
            self._record_vectors({**others, spec.name: spec}, {FILES: take(self.folder.shard)})

    def metadata(self) -> dict[str, Any]:
        """The metadata, without the vectors."""
        self.check_open()
        return {key: deepcopy(value) for key, value in self._record.get("metadata", {}).items() if key != VECTORS}

    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Merge values at the top level, durably; None removes a key."""
        with self.use(), self._recording:
            merged = {**self._record["metadata"], **deepcopy(dict(metadata))}
            kept = {key: value for key, value in merged.items() if value is not None}
            self._write_record({**self._record, "metadata": kept})

    def optimize(self) -> None:
        """Build the vector index in a process of its own, while every thread here waits."""
        with self._gate.alone():
            self.check_open()
            if self._shard is None or self._lock is None:
                raise self._absent()
            self.folder.check_room(ROOM_TO_WRITE + sum(take(self.folder.shard).values()))  # it writes all of it anew
            with self._errors():
                self._shard.flush()
                self._shard.close()
            self._shard = None
            self._set_aside(FILES)
            try:
                failure = _build_index(self.folder.shard, self._lock.descriptor)
            finally:
                self._shard = self._load()
                self._write_record({**self._record, FILES: take(self.folder.shard)})
        if failure is not None:
            raise StoreError(
                f"The index of {self.where} could not be built ({failure}): the collection is as it was; "
                "free memory or disk space and try again."
            )

    def close(self) -> None:
        """Close the engine, then let go of the lock."""
        if self._process != os.getpid():  # a fork's copy: engine and lock are its parent's
            return
        with self._gate.alone():
            self._closed = True
            try:
                if self._shard is not None:
                    with self._errors():
                        points = self._shard.info().points_count
                        self._shard.flush()
                        self._shard.close()
                    # What was there when it was closed in order is what must be there when it is opened again.
                    closed = {"points": points, "logs": logs(self.folder.shard)}
                    record = {**self._record, CLOSED: closed, FILES: take(self.folder.shard)}
                    if record != self._record:
                        self._write_record(record)
            finally:
                self._shard = None
                if self._lock is not None:
                    self._lock.release()
                    self._lock = None

    def check_open(self) -> None:
        """Raise `StoreError` if this is closed, or another process's."""
        if self._closed:
            raise StoreError(f"The store {self.folder.path} was closed: open it again.")
        if self._process != os.getpid():
            raise StoreError(f"The store {self.folder.path} was opened before a fork: open it in the new process.")

    def _open(self) -> None:
        """Take the lock, and load the collection if there is one. The lock comes first, always: see `FolderLock`."""
        self._lock = FolderLock(self.folder.lock)
        try:
            if self.folder.created():
                self._record = self.folder.read_record()
                try:
                    self.specs = from_json(self._record["metadata"][VECTORS])
                except (KeyError, TypeError) as error:
                    raise self.folder.torn("collection.json is damaged") from error
                self._shard = self._load()
        except BaseException:
            self._lock.release()
            self._lock = None
            raise

    def _load(self) -> edge.EdgeShard:
        closed = self._record.get(CLOSED, {})
        lost = loss(self.folder.shard, self._record.get(FILES, {}))
        missing = set(closed.get("logs", ())) - set(found_logs := logs(self.folder.shard))
        if lost is None and (missing or not found_logs):
            lost = f"shard/wal/{min(missing, default='')} is missing"
        if lost is not None:
            raise self.folder.torn(lost)
        self.folder.check_room(ROOM_TO_OPEN)
        shard = self._load_or_repair()
        points = shard.info().points_count
        if points != closed.get("points", points):
            shard.close()
            raise self.folder.torn(f"it has {points:,} points and had {closed['points']:,} when it was closed")
        return shard

    def _load_or_repair(self) -> edge.EdgeShard:
        """Load; after an interrupted change of the vectors, if need be, without the engine's list of them.

        The engine writes its list before it changes the segments, and refuses both if it is killed in between. Without
        the list it goes by the segments, which are sound.
        """
        listed, aside = self.folder.shard / "edge_config.json", self.folder.shard / "edge_config.json.old"
        try:
            return edge.EdgeShard.load(str(self.folder.shard))
        except Exception as error:
            torn = self.folder.torn(str(error).splitlines()[0])
            if CHANGING not in self._record or not listed.exists():
                raise torn from error
        with self.folder.guarded("repaired"):
            listed.replace(aside)
        try:
            return edge.EdgeShard.load(str(self.folder.shard))
        except Exception as error:
            with self.folder.guarded("repaired"):
                aside.replace(listed)
            raise torn from error

    def _record_vectors(self, vectors: dict[str, VectorSpec], more: dict[str, Any]) -> None:
        record = {name: value for name, value in self._record.items() if name not in (CHANGING, CLOSED, FILES)}
        self._write_record({**record, **more, "metadata": {**record["metadata"], VECTORS: to_json(vectors)}})
        self.specs = vectors

    def _set_aside(self, key: str) -> None:
        """Forget what is about to change, durably, so that an interruption is not taken for damage."""
        with self._recording:
            if key in self._record:
                self._write_record({name: value for name, value in self._record.items() if name != key})

    def _write_record(self, record: dict[str, Any]) -> None:
        self.folder.write_record(record)
        self._record = record

    def _absent(self) -> StoreError:
        return StoreError(f"There is no {self.where} yet: ingest a folder first.")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the engine's errors into ours: plain exceptions, with which it refuses, and panics."""
        try:
            yield
        except (MedleyError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # a panic of the engine is no Exception
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            kind = RefusedError if isinstance(error, Exception) else StoreError
            raise kind(
                f"The engine refused what was asked of {self.where} ({reason}): correct the request, "
                "or, if it is sound, check the disk and the store."
            ) from error


def _build_index(shard: Path, lock: int) -> str | None:
    """Why not, if it could not be built. The process shares the lock: it may outlive this one, if that is killed."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("optimizer.py")), str(shard)]
    try:
        done = subprocess.run(  # noqa: S603 - our own file
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, pass_fds=(lock,)
        )
    except OSError as error:
        return f"no process can be started: {error.strerror or error}"
    return (done.stderr.strip().splitlines() or ["it was killed"])[-1] if done.returncode else None
