"""Memory that a child shares with this process: decoded media are written there once, and never copied on.

The arena is a row of slots with a flag each. Only the child takes slots (0 -> 1), only this process gives them back
(1 -> 0), so that no lock is needed. What finds no room goes through the pipe instead: an encoder that waits for more
pictures than the arena holds must not wait for ever. Beside the flags stands the number of the job that the child is
at, which outlives the child.
"""

from __future__ import annotations

import mmap
import os
import tempfile
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOTS = 256
SLOT = 1 << 18  # bytes
_HEADER = mmap.PAGESIZE
_MARK = slice(SLOTS, SLOTS + 4)
_NONE = 0xFFFFFFFF
SIZE = _HEADER + SLOTS * SLOT
SMALLEST = 1 << 14  # bytes; less is as fast through the pipe


def make() -> int:
    """A file descriptor of memory of `SIZE` bytes, all zeros; nothing of it takes room until it is used."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("medley")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, SIZE)
    return descriptor


class Writer:
    """The child's side: takes slots."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)

    def mark(self, number: int | None) -> None:
        """Note which job is being done."""
        self._memory[_MARK] = (_NONE if number is None else number).to_bytes(4, "little")

    def put(self, array: NDArray[Any]) -> tuple[int, tuple[int, ...], str] | None:
        """Copy an array into free slots; returns what `Reader.get` wants, or None if there is no room for it."""
        count = -(-array.nbytes // SLOT)
        at = self._memory.find(bytes(count), 0, SLOTS)
        if at < 0:
            return None
        self._memory[at : at + count] = b"\1" * count
        _view(self._memory, at, array.shape, array.dtype.str)[...] = array
        return at, array.shape, array.dtype.str


class Reader:
    """This side: gives slots back when the last array in them is gone."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, SIZE)

    @property
    def marked(self) -> int | None:
        """The job that the child is at, or was at when it died."""
        number = int.from_bytes(self._memory[_MARK], "little")
        return None if number == _NONE else number

    def get(self, place: tuple[int, tuple[int, ...], str]) -> NDArray[Any]:
        """The array that the child put there; nobody else writes to it while it lives."""
        at, shape, dtype = place
        array = _view(self._memory, at, shape, dtype)
        weakref.finalize(array, self._free, at, -(-array.nbytes // SLOT)).atexit = False
        return array

    def _free(self, at: int, count: int) -> None:
        self._memory[at : at + count] = bytes(count)


def array_type() -> type[NDArray[Any]]:
    """The type of arrays; numpy is loaded with the first of them."""
    import numpy as np

    return np.ndarray


def _view(memory: mmap.mmap, at: int, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    return array_type()(shape, dtype, memory, _HEADER + at * SLOT)
