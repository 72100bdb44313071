"""Files on their way through a folder of this machine: fetched ahead of whoever reads them, and deleted behind him."""

from __future__ import annotations

import shutil
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from readers.trees.base import Here, Wanted
from readers.trees.scratch import Scratch
from schemas import ReadError, SourceUnavailableError

AHEAD = 16
"""Groups that are fetched before they are asked for: a photo each, or some dozens of notes."""

BYTES = 256_000_000
"""What is fetched ahead and not read yet; a file that is larger is fetched when nothing else is there."""

Get = Callable[[Wanted, Path], Here]
"""Fetches a file into an empty folder."""


class Landing:
    """The groups in their order; each is there when it is entered. Close it when all have been left.

    Args:
        get: fetches a file; raises ReadError where it cannot be had.
        groups: what to fetch.
        threads: files that are fetched at once.
    """

    def __init__(self, get: Get, groups: Iterable[Sequence[Wanted]], threads: int) -> None:
        self._get, self._groups, self._threads = get, iter(groups), threads
        self._waiting: deque[Landed] = deque()
        self._room = _Room()
        self._begun = 0
        self._scratch: Scratch | None = None

    def __iter__(self) -> Landing:
        return self

    def __next__(self) -> Landed:
        if self._scratch is None:
            self._scratch = Scratch()
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="fetch")
        while (not self._waiting or (len(self._waiting) < AHEAD and self._room.left())) and self._begin():
            pass
        if not self._waiting:
            raise StopIteration
        return self._waiting.popleft()

    def close(self) -> None:
        """Fetch no more, and delete what is left."""
        if self._scratch is not None:
            self._pool.shutdown(cancel_futures=True)
            self._scratch.close()

    def _begin(self) -> bool:
        """Have the next group fetched, if there is one."""
        group = next(self._groups, None)
        if group is None or self._scratch is None:
            return False
        folder = self._scratch.path / str(self._begun)
        self._waiting.append(Landed(self._pool, self._get, group, folder, self._room))
        self._begun += 1
        return True


class _Room:
    """Counts the bytes that are fetched and not read yet."""

    def __init__(self) -> None:
        self._taken, self._lock = 0, threading.Lock()

    def take(self, size: int) -> None:
        with self._lock:
            self._taken += size

    def left(self) -> bool:
        return self._taken < BYTES


class Landed:
    """A group of files that is being fetched. Entered, it is there; left, it is gone."""

    def __init__(self, pool: ThreadPoolExecutor, get: Get, group: Sequence[Wanted], folder: Path, room: _Room) -> None:
        self._folder, self._room = folder, room
        self._size = sum(wanted.found.size for wanted in group)
        room.take(self._size)
        self._files: list[Future[Here]] = [
            pool.submit(_into, get, wanted, folder / str(number)) for number, wanted in enumerate(group)
        ]

    def __enter__(self) -> list[Here | ReadError]:
        return [_outcome(file) for file in self._files]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._room.take(-self._size)
        shutil.rmtree(self._folder, ignore_errors=True)


def _into(get: Get, wanted: Wanted, folder: Path) -> Here:
    folder.mkdir(parents=True)
    return get(wanted, folder)


def _outcome(file: Future[Here]) -> Here | ReadError:
    try:
        return file.result()
    except SourceUnavailableError:
        raise
    except ReadError as error:
        return error
