"""One embedded engine, opened: its lock, its files, and what is recorded of it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import qdrant_edge as edge

from schemas.errors import MedleyError, RefusedError, StoreError
from schemas.payload import INDEXES
from store import convert, memory
from store.builder import Builder
from store.files import copy_tree, space_taken
from store.folder import ROOM_TO_CREATE, ROOM_TO_WRITE, CollectionFolder
from store.inventory import indexes, logs, take
from store.loading import CHANGING, CLOSED, FILES, load
from store.lock import FolderLock, Gate
from store.optimizer import INDEX_TYPES
from store.specs import VECTORS, from_json, to_json

if TYPE_CHECKING:
    from types import TracebackType

    from schemas.vectors import VectorSpec

_Op = edge.UpdateOperation
MOST_MISSED = 500  # writes that are remembered while the index is built; beyond that they wait
MOST_MAPPED = 16 << 20  # bytes of files that writing and walking may bring into memory until they are let go of


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
        # Always taken in this order. `_building` while the index is built, and by what changes the vectors or closes.
        self._building, self._gate, self._recording, self._writing = Lock(), Gate(), Lock(), Lock()
        self._builder = Builder()
        # What was written since the copy that the index is built in, each with whether it was refused.
        self._missed: list[tuple[Any, bool]] | None = None
        self._lock: FolderLock | None = None
        self._shard: edge.EdgeShard | None = None
        self._fields: set[str] = set()  # payload fields that are known to have an index
        self._touched = 0  # bytes of files that writing and walking have brought into memory
        self._closed = False
        self._process = os.getpid()
        if self.folder.present():
            self._open()

    @property
    def created(self) -> bool:
        """Whether the collection exists."""
        self.check_open()
        return self._shard is not None

    def use(self) -> _Use:
        """The engine, kept from being closed meanwhile; its errors become ours.

        Raises:
            StoreError: the collection does not exist, or the engine refuses.
        """
        return _Use(self)

    @contextmanager
    def walk(self) -> Iterator[edge.EdgeShard]:
        """`use`, for what comes by many points once: the pages that it brings in are let go of from time to time."""
        before = memory.mapped()
        with self.use() as shard:
            yield shard
        self._touched += max(0, memory.mapped() - before)
        if self._touched > MOST_MAPPED:
            with self._gate.if_free() as free:  # if somebody reads, the next that walks will do
                if free:
                    memory.let_go(self.folder.shard)
                    memory.give_back()  # some milliseconds, and a tenth of what a run over many files has
                    self._touched = 0

    def update(self, operation: Any, *, sync: bool = True) -> None:
        """Write; durably with `sync`: the engine syncs its files at `flush` and at no other time."""
        # Looked at once: the thread that builds takes the list away without asking.
        if (missed := self._missed) is not None and len(missed) >= MOST_MISSED:
            with self._building:  # wait until the index is built
                pass
        with self.walk() as shard:
            self.folder.check_room(ROOM_TO_WRITE)
            self._set_aside(CLOSED)
            self._apply(shard, operation)
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
        """Make the collection, unless it turns out to be there; the payload indexes follow in `add_indexes`.

        They are made in the engine that goes on with them: one that opens them reads all their pages, empty or not, and
        so keeps 60 MB more in memory.
        """
        if self._lock is None:
            self.folder.make()
            self._open()
        if self._shard is not None:
            return
        self.folder.check_room(ROOM_TO_CREATE)
        vectors = {spec.name: spec for spec in wanted}
        with self.folder.guarded("made"), self._errors():
            shard = edge.EdgeShard.create(str(self.folder.draft), convert.to_config(wanted))
            shard.flush()
            shard.close()
        record = {"engine": "qdrant-edge", "metadata": {VECTORS: to_json(vectors)}, FILES: take(self.folder.draft)}
        self.folder.publish(record)
        self._record, self.specs, self._shard = record, vectors, self._load()

    def adopt(self, source: Engine) -> None:
        """Make the collection a copy of another's files, its index and fitted models among them."""
        if self._lock is None:
            self.folder.make()
            self._open()
        if self._shard is not None:
            raise StoreError(f"The {self.where} is there already: copy into one that is not.")
        record = source.copy_into(self.folder)
        self.folder.publish(record)
        self._record, self.specs = record, dict(source.specs)
        self._shard = self._load()

    def copy_into(self, target: CollectionFolder) -> dict[str, Any]:
        """Copy the files into another folder's draft, as they are between two writes, and give their record."""
        with self.use() as shard, self._writing, target.guarded("written"):
            shard.flush()
            target.check_room(ROOM_TO_WRITE + space_taken(self.folder.shard))
            copy_tree(self.folder.shard, target.draft)
            metadata = deepcopy(self._record["metadata"])
        self.folder.copy_artifacts(target)
        with self._errors():  # what a crash would do, so that the copy is a store that was closed in order
            copied = edge.EdgeShard.load(str(target.draft))
            points = copied.info().points_count
            copied.flush()
            copied.close()
        closed = {"points": points, "logs": logs(target.draft), "indexes": indexes(target.draft)}
        return {"engine": "qdrant-edge", "metadata": metadata, FILES: take(target.draft), CLOSED: closed}

    def add_indexes(self, keys: Collection[str]) -> None:
        """Add the indexes of these payload fields that the collection lacks; of fields that are never indexed, none."""
        if self._fields.issuperset(keys):
            return
        with self.use() as shard:
            missing = [key for key in self._unindexed(shard) if key in keys]
            for key in missing:
                self._apply(shard, _Op.create_field_index(key, INDEX_TYPES[INDEXES[key]]))
            if missing:
                shard.flush()
            self._fields |= {key for key in INDEXES if key in keys}

    def add_vector(self, spec: VectorSpec) -> None:
        """Make a named vector, empty on every point. The record speaks of it last, and of the one it replaces no more.

        What bears the name without being recorded is the rest of an interrupted change, so it is dropped first.
        """
        with self._building, self.use() as shard, self._recording:
            self.folder.check_room(ROOM_TO_WRITE)
            others = self._others(spec.name)
            self._record_vectors(others, {CHANGING: spec.name})
            self._apply(shard, _Op.delete_vector_name(spec.name))
            self._apply(shard, convert.to_new_vector(spec))
            shard.flush()
            self._record_vectors({**others, spec.name: spec}, {FILES: take(self.folder.shard)})

    def drop_vector(self, name: str) -> None:
        """Drop a named vector, or the rest of one; the record speaks of it no more before it is gone."""
        with self._building, self.use() as shard, self._recording:
            others = self._others(name)
            self._record_vectors(others, {CHANGING: name})
            self._apply(shard, _Op.delete_vector_name(name))
            shard.flush()
            self._record_vectors(others, {FILES: take(self.folder.shard)})

    def configure(self, spec: VectorSpec) -> None:
        """Keep and index a vector otherwise, from the next `optimize` on."""
        with self._building, self.use(), self._recording:
            vectors = {**self.specs, spec.name: spec}
            self._write_record({**self._record, "metadata": {**self._record["metadata"], VECTORS: to_json(vectors)}})
            self.specs = vectors

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
        """Build the vector index in a process of its own and in a copy; reading and writing go on meanwhile."""
        with self._building:
            try:
                fields = self._copy()
                failure = self._builder.build(self.folder.indexed, fields, self._lock)
                if failure is None:
                    self._take_over()
            finally:
                self._missed = None
                shutil.rmtree(self.folder.indexed, ignore_errors=True)
                memory.give_back()
        if failure is not None:
            self.check_open()
            raise StoreError(
                f"The index of {self.where} could not be built ({failure}): the collection is as it was; "
                "free memory or disk space and try again."
            )

    def _copy(self) -> dict[str, str]:
        """Copy the shard as it is between two writes, and set the copy's vectors up as the record says.

        Returns:
            The payload fields that it has no index of, with their types.
        """
        with self.use() as shard, self._writing, self.folder.guarded("copied"):
            shard.flush()
            self.folder.check_room(ROOM_TO_WRITE + 2 * space_taken(self.folder.shard))  # the copy, and the index anew
            shutil.rmtree(self.folder.indexed, ignore_errors=True)
            copy_tree(self.folder.shard, self.folder.indexed)
            fields = self._unindexed(shard)
            self._missed = []
        if CHANGING not in self._record:  # else the engine has other vectors than the record says
            with self._errors():
                edge.EdgeShard.load(str(self.folder.indexed), convert.to_config(self.specs.values())).close()
            memory.give_back()  # before another process loads as much
        return fields

    def _take_over(self) -> None:
        """Bring the copy up to date and put it in the place of the shard: the one moment in which all wait."""
        with self._gate.alone(), self._errors():
            self.check_open()
            if self._shard is None:
                raise self._absent()
            fresh = edge.EdgeShard.load(str(self.folder.indexed))
            for operation, refused in self._missed or ():
                with suppress(Exception) if refused else nullcontext():  # it may still have been done in part
                    fresh.update(operation)
            fresh.flush()
            same = fresh.info().points_count == self._shard.info().points_count
            fresh.close()
            if not same:
                raise StoreError(
                    f"The index of {self.where} has not all points: the collection is as it was; try again."
                )
            self._shard.flush()
            self._shard.close()
            self._shard = None
            self._set_aside(FILES, CLOSED)
            try:
                self.folder.replace_shard()
            finally:
                self.folder.created()  # takes back what was replaced, if it came to nothing
                self._shard = self._load()
                self._write_record({**self._record, FILES: take(self.folder.shard)})

    def close(self) -> None:
        """Close the engine, then let go of the lock."""
        if self._process != os.getpid():  # a fork's copy: engine and lock are its parent's
            return
        self._builder.end()
        with self._building, self._gate.alone():
            self._closed = True
            try:
                if self._shard is not None:
                    with self._errors():
                        points = self._shard.info().points_count
                        self._shard.flush()
                        self._shard.close()
                    # What was there when it was closed in order is what must be there when it is opened again.
                    shard = self.folder.shard
                    closed = {"points": points, "logs": logs(shard), "indexes": indexes(shard)}
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
        shard, mended = load(self.folder, self._record)
        if mended:
            self._set_aside(CLOSED)
        memory.let_go(self.folder.shard)  # it has touched all pages of its payload indexes: 60 MB, however few points
        return shard

    def _record_vectors(self, vectors: dict[str, VectorSpec], more: dict[str, Any]) -> None:
        record = {name: value for name, value in self._record.items() if name not in (CHANGING, CLOSED, FILES)}
        self._write_record({**record, **more, "metadata": {**record["metadata"], VECTORS: to_json(vectors)}})
        self.specs = vectors

    def _set_aside(self, *keys: str) -> None:
        """Forget what is about to change, durably, so that an interruption is not taken for damage."""
        if self._record.keys().isdisjoint(keys):
            return
        with self._recording:
            self._write_record({name: value for name, value in self._record.items() if name not in keys})

    def _apply(self, shard: edge.EdgeShard, operation: Any) -> None:
        """Write, and remember what the copy in which the index is built does not have."""
        with self._writing:
            refused = True
            try:
                shard.update(operation)
                refused = False
            finally:
                if (missed := self._missed) is not None:
                    missed.append((operation, refused))

    def _unindexed(self, shard: edge.EdgeShard) -> dict[str, str]:
        have = shard.info().payload_schema
        return {key: kind for key, kind in INDEXES.items() if key not in have}

    def _others(self, name: str) -> dict[str, VectorSpec]:
        return {other: spec for other, spec in self.specs.items() if other != name}

    def _write_record(self, record: dict[str, Any]) -> None:
        self.folder.write_record(record)
        self._record = record

    def _absent(self) -> StoreError:
        return StoreError(f"There is no {self.where} yet: ingest a folder first.")

    def _there(self) -> edge.EdgeShard:
        self.check_open()
        if self._shard is None:
            raise self._absent()
        return self._shard

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn the engine's errors into ours."""
        try:
            yield
        except BaseException as error:
            self._raise_ours(error)
            raise

    def _raise_ours(self, error: BaseException) -> None:
        """Raise what is ours for an error of the engine: plain exceptions, with which it refuses, and panics."""
        if isinstance(error, MedleyError | KeyboardInterrupt | SystemExit | GeneratorExit):
            return
        # A panic of the engine is no Exception.
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
        kind = RefusedError if isinstance(error, Exception) else StoreError
        raise kind(
            f"The engine refused what was asked of {self.where} ({reason}): correct the request, "
            "or, if it is sound, check the disk and the store."
        ) from error


class _Use:
    """See `Engine.use`. Written out, for every query passes here: generators would cost as much as its conversion."""

    __slots__ = ("_engine",)

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __enter__(self) -> edge.EdgeShard:
        engine = self._engine
        engine._gate.__enter__()
        try:
            return engine._there()
        except BaseException:
            engine._gate.__exit__(None, None, None)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine._gate.__exit__(kind, error, trace)
        if error is not None:
            self._engine._raise_ours(error)
