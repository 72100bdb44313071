"""The content hash: the identity of a file's bytes, whatever its name."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from schemas import FileChangedError, ReadError, TransientReadError

T = TypeVar("T")

WAITS = (0.1, 0.5, 2.0)
"""Seconds before a folder or a file is looked at again."""

TRANSIENT = frozenset(
    (
        *(errno.EIO, errno.ESTALE, errno.EINTR, errno.EAGAIN, errno.EBUSY, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
        *(errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH),
        *(errno.ECONNRESET, errno.ECONNABORTED, errno.ENOTCONN),
    )
)
"""Error numbers that speak of the disk, the network or the machine, and not of the file."""

_FIRST, _PIECE = 1 << 16, 1 << 20  # bytes read at a time: most files are small


def content_hash(path: Path | str, progress: Callable[[], object] | None = None) -> str:
    """The BLAKE3 hash of a file's bytes, as 64 hexadecimal digits; `progress` is called after each MB.

    The file is read, not mapped: a file that is cut short while it is mapped ends the whole process (SIGBUS).

    Raises:
        ReadError: The file cannot be opened or read.
    """
    from blake3 import blake3

    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # for a small file, twice as fast as `open`
        try:
            hasher = blake3(os.read(file, _FIRST))
            while piece := os.read(file, _PIECE):
                hasher.update(piece)
                if progress is not None:
                    progress()
            return hasher.hexdigest()
        finally:
            os.close(file)
    except OSError as error:
        raise unreadable(error) from error


def again(look: Callable[[], T]) -> T:
    """What `look` gives; it is called again, a few times, where it meets a fault that may pass."""
    for wait in WAITS:
        try:
            return look()
        except (OSError, TransientReadError) as error:
            if isinstance(error, FileChangedError) or (isinstance(error, OSError) and error.errno not in TRANSIENT):
                raise
            time.sleep(wait)
    return look()


def unreadable(error: OSError) -> ReadError:
    """The error to raise for a file that the operating system does not give us: whether to try again is its kind."""
    sentence = f"The file cannot be read: {os_reason(error)}."
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return FileChangedError(sentence)
    return TransientReadError(sentence) if error.errno in TRANSIENT else ReadError(sentence)


def os_reason(error: OSError) -> str:
    """What the operating system says, in its own words: "permission denied"."""
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
