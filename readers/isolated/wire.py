"""Python objects through a pipe. Their arrays lie in shared memory, or beside the pickle where that has no room.

A frame is a header (length of the pickle, number of buffers, length of each buffer), the pickle, and the buffers, as
PEP 574 sees them. Both ends are this very program: nothing else may write to the pipe.
"""

from __future__ import annotations

import fcntl
import io
import os
import pickle
import struct
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from readers.isolated.arena import SMALLEST, Reader, Writer, array_type

if TYPE_CHECKING:
    from numpy.typing import NDArray

_HEADER = struct.Struct("<II")
_MOST_PARTS = 64  # of one writev
CAPACITY = 1 << 20  # bytes that a pipe holds: a picture passes without waiting for its reader


def make_pipe() -> tuple[int, int]:
    """A pipe (end to read, end to write) of `CAPACITY`, or of what the system allows."""
    ends = os.pipe()
    with suppress(OSError, AttributeError):  # beyond the user's limit, or not on this system
        fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, CAPACITY)
    return ends


@dataclass(frozen=True, slots=True)
class Packed:
    """What was pickled before the rest of its frame, its arrays in the arena; those without room stand beside it."""

    pickled: bytes
    buffers: list[pickle.PickleBuffer]

    def unpack(self, arena: Reader) -> Any:
        """What was packed; its arrays are writable and nobody else's."""
        reader = _Unpickler(io.BytesIO(self.pickled), buffers=self.buffers)
        reader.arena = arena
        return reader.load()


def pack(value: Any, arena: Writer) -> Packed:
    """Put the arrays of a value where the other side sees them, at once: the memory they are in is free for the next.

    A child that held on to them until it sends would have each new one in memory that the system has to clear first,
    and copy it when it is in no cache any more.
    """
    buffers: list[pickle.PickleBuffer] = []
    pickled = io.BytesIO()
    pickler = _Pickler(pickled, protocol=5, buffer_callback=buffers.append)
    pickler.arena, pickler.array = arena, array_type()
    pickler.dump(value)
    return Packed(pickled.getvalue(), buffers)


def send(end: int, value: Any) -> None:
    """Write one frame.

    Raises:
        BrokenPipeError: nobody reads any more.
    """
    buffers: list[pickle.PickleBuffer] = []
    pickled = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    views = [buffer.raw() for buffer in buffers]
    sizes = struct.pack(f"<{len(views)}Q", *(view.nbytes for view in views))
    _write_all(end, [_HEADER.pack(len(pickled), len(views)) + sizes, pickled, *views])


def receive(end: int) -> Any:
    """Read one frame; its arrays are writable and nobody else's.

    Raises:
        EOFError: the writer has gone.
    """
    length, count = _HEADER.unpack(_read(end, _HEADER.size))
    sizes = struct.unpack(f"<{count}Q", _read(end, 8 * count)) if count else ()
    pickled = _read(end, length)
    return pickle.loads(pickled, buffers=[_read(end, size) for size in sizes])  # noqa: S301  # our own child's


class _Pickler(pickle.Pickler):
    arena: Writer
    array: type[NDArray[Any]]

    def persistent_id(self, value: Any) -> Any:
        """Where in the arena an array lies now; None: it is pickled."""
        if isinstance(value, self.array) and value.nbytes >= SMALLEST:
            return self.arena.put(value)
        return None


class _Unpickler(pickle.Unpickler):  # of what our own child has pickled
    arena: Reader

    def persistent_load(self, place: Any) -> Any:
        """The array that lies there."""
        return self.arena.get(place)


def _write_all(end: int, parts: Sequence[bytes | memoryview]) -> None:
    waiting = [memoryview(part) for part in parts if len(part)]
    while waiting:
        written = os.writev(end, waiting[:_MOST_PARTS])
        while waiting and written >= waiting[0].nbytes:
            written -= waiting.pop(0).nbytes
        if written:
            waiting[0] = waiting[0][written:]


def _read(end: int, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view.nbytes:
        got = os.readv(end, [view])
        if not got:
            raise EOFError
        view = view[got:]
    return data
