"""The folder of an embedded collection, besides the engine's own files.

::

STORE/COLLECTION/
    lock              who holds it
    collection.json   the named vectors with their fingerprints, and the metadata
    artifacts/        fitted models, NAME.safetensors
    shard/            the engine's files
    shard.new/        an engine being made; without meaning until it is renamed
    shard.index/      a copy whose index is being built; without meaning until it is renamed
    shard.old/        the engine that such a copy replaces
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import StoreError, UsageError
from store import artifacts
from store.files import sync_folder, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

FORMAT = 1
KEPT, EARLIER = ".safetensors", ".npz"  # suffixes of fitted models, as they are written and as they were
ROOM_TO_OPEN, ROOM_TO_WRITE, ROOM_TO_CREATE = 32 << 20, 128 << 20, 256 << 20  # bytes that must be free
_OURS = {"lock", "collection.json", "artifacts", "shard", "shard.new", "shard.index", "shard.old"}


class CollectionFolder:
    """Paths and files of one embedded collection."""

    def __init__(self, store: Path, collection: str) -> None:
        self.path = store.expanduser().absolute() / collection
        self.shard = self.path / "shard"
        self.draft = self.path / "shard.new"
        self.indexed = self.path / "shard.index"
        self._replaced = self.path / "shard.old"
        self.lock = self.path / "lock"
        self._sidecar = self.path / "collection.json"
        self._artifacts = self.path / "artifacts"

    def present(self) -> bool:
        """Whether there is a folder that a lock can be taken in.

        Raises:
            UsageError: something else than a collection is there.
        """
        for folder in (self.path.parent, self.path):
            if folder.exists() and not folder.is_dir():
                raise UsageError(f"The store {folder} is a file: name a folder with --store.")
        with self.guarded("read"):
            if not self.path.is_dir():
                return False
            names = {entry.name for entry in self.path.iterdir()}
        strange = sorted(name for name in names - _OURS if not name.startswith("."))
        if strange and not self._sidecar.exists():
            raise UsageError(
                f"The folder {self.path} holds something else than a collection ({', '.join(strange[:3])}): "
                "name another with --store."
            )
        return True

    def make(self) -> None:
        """Make the folder, durably."""
        with self.guarded("made"):
            self.path.mkdir(parents=True, exist_ok=True)
            sync_folder(self.path.parent)

    def created(self) -> bool:
        """Whether the collection is there, whole; an unfinished one is finished or cleared away. Needs the lock.

        The sidecar is written when the draft of the shard is complete, and the draft is renamed after it.

        Raises:
            StoreError: a part of it is missing.
        """
        with self.guarded("read"):
            if self._sidecar.exists() and not self.shard.exists():
                for left in (self._replaced, self.draft):  # what was to be replaced has every point, too
                    if left.exists():
                        left.replace(self.shard)
                        sync_folder(self.path)
                        break
            for rest in (self.draft, self.indexed, self._replaced):
                shutil.rmtree(rest, ignore_errors=True)
            there = (self._sidecar.exists(), self.shard.exists())
        if there[0] != there[1]:
            missing = self._sidecar.name if there[1] else "shard"
            raise self.torn(f"{missing} is missing")
        return all(there)

    def publish(self, record: Mapping[str, Any]) -> None:
        """Make a finished draft of the shard the collection."""
        self.write_record(record)
        with self.guarded("written"):
            self.draft.replace(self.shard)
            sync_folder(self.path)

    def replace_shard(self) -> None:
        """Put the copy that has the index in the place of the shard; killed in between, `created` takes it back."""
        with self.guarded("written"):
            self.shard.replace(self._replaced)
            self.indexed.replace(self.shard)
            sync_folder(self.path)
            shutil.rmtree(self._replaced, ignore_errors=True)

    def read_record(self) -> dict[str, Any]:
        """What `write_record` wrote.

        Raises:
            StoreError: it is damaged, or of a later format.
        """
        with self.guarded("read"):
            data = self._sidecar.read_bytes()
        try:
            record: dict[str, Any] = json.loads(data)
            form = int(record["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise self.torn(f"{self._sidecar.name} is damaged") from error
        if form > FORMAT:
            raise StoreError(f"The store {self.path} was made by a newer Medley (format {form}): upgrade Medley.")
        return record

    def write_record(self, record: Mapping[str, Any]) -> None:
        """Replace the sidecar file, atomically and durably."""
        with self.guarded("written"):
            write_atomically(self._sidecar, json.dumps({"format": FORMAT, **record}, indent=1).encode())

    def write_artifact(self, name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Keep a fitted model."""
        artifacts.check_name(name)
        data = artifacts.pack(name, arrays, meta)
        with self.guarded("written"):
            self._artifacts.mkdir(exist_ok=True)
            write_atomically(self._artifacts / f"{name}{KEPT}", data)
            (self._artifacts / f"{name}{EARLIER}").unlink(missing_ok=True)

    def read_artifact(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """A fitted model, or None."""
        artifacts.check_name(name)
        data = self._artifact(name)
        return None if data is None else artifacts.unpack(name, data, str(self.path))

    def _artifact(self, name: str) -> bytes | None:
        with self.guarded("read"):
            for suffix in (KEPT, EARLIER):
                with suppress(FileNotFoundError):
                    return (self._artifacts / f"{name}{suffix}").read_bytes()
        return None

    def artifact_names(self) -> list[str]:
        """Names of the fitted models, sorted."""
        with self.guarded("read"):
            files = [file.name for suffix in (KEPT, EARLIER) for file in self._artifacts.glob(f"[!.]*{suffix}")]
        return sorted({name.removesuffix(KEPT).removesuffix(EARLIER) for name in files})

    def delete_artifact(self, name: str) -> None:
        """Forget a fitted model."""
        artifacts.check_name(name)
        with self.guarded("written"):
            for suffix in (KEPT, EARLIER):
                (self._artifacts / f"{name}{suffix}").unlink(missing_ok=True)

    def copy_artifacts(self, target: CollectionFolder) -> None:
        """Give another collection the fitted models of this one."""
        for name in self.artifact_names():
            data = self._artifact(name)
            if data is not None:
                with target.guarded("written"):
                    target._artifacts.mkdir(exist_ok=True)
                    write_atomically(target._artifacts / f"{name}{KEPT}", data)

    def check_room(self, needed: int) -> None:
        """Raise `StoreError` if the disk is nearly full.

        The engine writes through memory maps with holes: where the disk cannot fill one, the process dies (SIGBUS).
        """
        free = shutil.disk_usage(self.path).free
        if free < needed:
            raise StoreError(
                f"The disk of the store {self.path} is nearly full ({free >> 20} MB are free, and {needed >> 20} are "
                "needed): free some, then go on; nothing was lost."
            )

    def torn(self, what: str) -> StoreError:
        """The error for a store that lost a part of itself."""
        return StoreError(
            f"The store {self.path} is damaged ({what}): restore it from a backup, "
            "or delete that folder and ingest again."
        )

    @contextmanager
    def guarded(self, verb: str) -> Iterator[None]:
        """Tell of the operating system's errors in one sentence."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            raise StoreError(
                f"The store {self.path} cannot be {verb} ({reason}): free or repair the disk, "
                "make the folder readable and writable, or choose another with --store."
            ) from error
