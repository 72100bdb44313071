"""How much memory a file takes while its segments are drawn."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from readers import read_file


def drawn(path: Path) -> tuple[int, int]:
    """How many segments a file has, and the most bytes that Python held while each was drawn and let go."""
    next(read_file(path).segments)  # what is loaded with the first file is not the file's
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_file(path).segments)
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
