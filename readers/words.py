"""The words that every segment of a file bears: sidecar, embedded, name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from readers.names import name_words
from readers.sidecar import Sidecar, read_sidecars
from schemas import FoundFile, ReadOptions, WordKind
from schemas.payload import UNREAD_SIDECARS

_KINDS = tuple(WordKind)


class FileWords:
    """What is said of a file as a whole, and its cues."""

    def __init__(self, path: Path, found: FoundFile, options: ReadOptions) -> None:
        self.sidecar = read_sidecars(path, found, options) if found.sidecars else Sidecar()
        self.name = name_words(found.path)
        self._beside = self.sidecar.words

    def kinds(self, **others: str) -> dict[WordKind, str]:
        """Words by kind, without empty ones; `others` are named by kind (embedded=…, subtitle=…)."""
        others["sidecar"], others["name"] = self._beside, self.name
        return {kind: encodable(text) for kind in _KINDS if (text := others.get(kind))}

    def complete(self, info: dict[str, Any], tags: Iterable[str] = ()) -> dict[str, Any]:
        """Add to `info` the tags of the file and of its sidecars, and which sidecars could not be read."""
        if both := list(dict.fromkeys([*tags, *self.sidecar.tags])):
            info["tags"] = [encodable(tag) for tag in both]
        if "title" in info:
            info["title"] = encodable(info["title"])
        if self.sidecar.unread:
            info[UNREAD_SIDECARS] = self.sidecar.unread
        return info


def encodable(text: str) -> str:
    """Halves of surrogate pairs, as broken JSON and PDF hold them, are no characters: no store takes them."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
