"""Memory that the engine has freed or need not keep, given back to the system."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

_DONTNEED = 4  # of Linux: madvise(2)


def give_back() -> None:
    """Have the C library return what it keeps for later: a shard that was closed leaves some 2.5 KB a point with it.

    What was freed below something that is still in use stays, too, until it is told: lists and batches of a run, say.

    Only glibc keeps so much and can be told; elsewhere this does nothing.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def mapped() -> int:
    """Bytes of files that this process has mapped and touched; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_bytes().split()[2]) * os.sysconf("SC_PAGE_SIZE")


def let_go(folder: Path) -> None:
    """Have the pages of mapped files in a folder be the system's again: it keeps them as long as it has room.

    The engine writes its files through memory maps, and the pages that it touched would count as this process's until
    it closes them. What was written is not lost. Nobody may be in the engine meanwhile, lest it unmap one of them.

    Only Linux tells which they are; elsewhere this does nothing.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None, use_errno=True).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    below = os.fsencode(folder.resolve()) + b"/"
    for line in Path("/proc/self/maps").read_bytes().splitlines():
        where, may, *_, file = line.split(maxsplit=5)
        if file.startswith(below) and may.endswith(b"s"):  # of a private one, what was written would be lost
            start, end = (int(address, 16) for address in where.split(b"-"))
            madvise(start, end - start, _DONTNEED)
