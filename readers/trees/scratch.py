"""Folders for what is fetched: empty at first, deleted at last, also those of processes that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX, LOCK = "medley-fetched-", "lock"
YOUNG = 60.0  # seconds in which a folder that nobody holds may be one that is just being made


class Scratch:
    """A folder among those for temporary files (`TMPDIR`), whose lock tells that its process lives.

    Attributes:
        path: the folder, which holds nothing but that lock.
    """

    def __init__(self) -> None:
        _sweep(Path(tempfile.gettempdir()))
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.path / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Delete it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


@contextmanager
def scratch() -> Iterator[Path]:
    """Such a folder, until the context ends."""
    made = Scratch()
    try:
        yield made.path
    finally:
        made.close()


def _sweep(place: Path) -> None:
    """Delete what processes have left that were killed: it may be whole films."""
    for folder in place.glob(f"{PREFIX}*"):
        with suppress(OSError):  # it is another person's, or somebody else was faster
            if time.time() - folder.stat().st_mtime < YOUNG:
                continue
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)
