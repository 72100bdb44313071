"""The content hash: the identity of a file's bytes, whatever its name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from schemas import ReadError


def content_hash(path: Path | str) -> str:
    """The BLAKE3 hash of a file's bytes, as 64 hexadecimal digits.

    The file is read, not mapped: a file that is cut short while it is mapped ends the whole process (SIGBUS).

    Raises:
        ReadError: The file cannot be opened or read.
    """
    from blake3 import blake3

    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # one call a file: pathlib doubles its cost
            return hashlib.file_digest(file, blake3).hexdigest()  # type: ignore[arg-type]  # it has what is asked for
    except OSError as error:
        raise ReadError(f"The file cannot be read: {os_reason(error)}.") from error


def os_reason(error: OSError) -> str:
    """What the operating system says, in its own words: "permission denied"."""
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
