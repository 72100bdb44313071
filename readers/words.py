"""The words that every segment of a file bears: sidecar, embedded, name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readers.names import name_words
from readers.sidecar import Sidecar, read_sidecars
from schemas import FoundFile, ReadOptions, WordKind


class FileWords:
    """What is said of a file as a whole, and its cues."""

    def __init__(self, path: Path, found: FoundFile, options: ReadOptions) -> None:
        self.sidecar = read_sidecars(path, found, options) if found.sidecars else Sidecar()
        self.name = name_words(found.path)

    def kinds(self, **others: str) -> dict[WordKind, str]:
        """Words by kind, without empty ones; `others` are named by kind (embedded=…, subtitle=…)."""
        words = {WordKind(kind): text for kind, text in others.items()}
        words[WordKind.SIDECAR] = self.sidecar.words
        words[WordKind.NAME] = self.name
        return {kind: words[kind] for kind in WordKind if words.get(kind)}

    def complete(self, info: dict[str, Any], tags: Iterable[str] = ()) -> dict[str, Any]:
        """Add to `info` the tags of the file and of its sidecars, and which sidecars could not be read."""
        if both := list(dict.fromkeys([*tags, *self.sidecar.tags])):
            info["tags"] = both
        if self.sidecar.unread:
            info["unread_sidecars"] = self.sidecar.unread
        return info
