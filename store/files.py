"""Writing files so that a crash leaves the old or the new one, never half of one."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_CHUNK = 1 << 20


def write_atomically(path: Path, data: bytes) -> None:
    """Replace a file by `data`, durably: it is on disk under its name when this returns."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with draft.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a rename is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_tree(source: Path, target: Path) -> None:
    """Copy a folder, and leave the holes of its files holes: most of an engine's files is one.

    Raises:
        OSError: something is there already, or cannot be read or written.
    """
    shutil.copytree(source, target, copy_function=_copy_data)


def space_taken(folder: Path) -> int:
    """Bytes that the files of a folder take on disk, without their holes."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())


def _copy_data(source: str, target: str) -> None:
    with Path(source).open("rb", buffering=0) as old, Path(target).open("wb", buffering=0) as new:
        size, end = os.fstat(old.fileno()).st_size, 0
        os.ftruncate(new.fileno(), size)
        while end < size:
            try:
                start = os.lseek(old.fileno(), end, os.SEEK_DATA)
            except OSError:  # nothing but a hole up to the end
                return
            end = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            _copy_range(old, new, start, end)


def _copy_range(old: BinaryIO, new: BinaryIO, start: int, end: int) -> None:
    old.seek(start)
    new.seek(start)
    while start < end:
        data = old.read(min(_CHUNK, end - start))
        if not data:
            raise OSError(f"only {start} of {end} bytes could be copied")  # it has become shorter meanwhile
        new.write(data)
        start += len(data)
