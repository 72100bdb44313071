"""Which of the engine's files a shard cannot lose, so that a loss is seen before the engine hides it.

The engine opens a shard whose points, vectors or whole segments are gone as if they had never been there. And one whose
log of writes is gone, it opens too, and then takes every new write for one that it has already done. So the sizes of
these files are recorded when the shard is closed, and compared before it is loaded. They only grow, except where a
vector is dropped or the index is built, and there the record is set aside first. The state of a segment alone is
written anew each time, now longer and now shorter; what is left of a damaged one, the engine refuses.
"""

from __future__ import annotations

import shutil
from pathlib import Path

_STATE = "segment.json"
_NEEDED = (_STATE, "version.info", "*id_tracker*", "page_*.dat", "chunk_*.mmap", "matrix*.dat")
_REBUILT = "payload_index"  # made again from the payloads


def take(shard: Path) -> dict[str, int]:
    """Sizes in bytes of the needed files, by their path within the shard."""
    segments = shard / "segments"
    return {
        str(file.relative_to(shard)): file.stat().st_size
        for pattern in _NEEDED
        for file in sorted(segments.rglob(pattern))
        if _REBUILT not in file.parts
    }


def logs(shard: Path) -> list[str]:
    """Names of the files of the log of writes. They come and go with the writes."""
    folder = shard / "wal"
    return sorted(file.name for file in folder.iterdir()) if folder.is_dir() else []


def indexes(shard: Path) -> dict[str, int]:
    """How much there is of the indexes of payload fields, by segment: bytes, and one more for each file.

    They are worth less than their points: where some is lost, all are dropped and made again.
    """
    return {
        folder.parent.name: sum(1 + file.stat().st_size for file in folder.rglob("*") if file.is_file())
        for folder in sorted((shard / "segments").glob(f"*/{_REBUILT}"))
    }


def drop_indexes(shard: Path) -> None:
    """Remove the indexes of payload fields; the engine loads without, and is told to make them again."""
    for folder in (shard / "segments").glob(f"*/{_REBUILT}"):
        shutil.rmtree(folder)


def loss(shard: Path, recorded: dict[str, int]) -> str | None:
    """The first file that is missing or has become shorter, in words, or None."""
    for name, size in recorded.items():
        try:
            now = (shard / name).stat().st_size
        except FileNotFoundError:
            return f"shard/{name} is missing"
        if now < size and not name.endswith(_STATE):
            return f"shard/{name} has {now:,} bytes and had {size:,}"
    return None
