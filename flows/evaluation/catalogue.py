"""The items of a collection, read from their payloads: what questions can be made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas import WordKind, payload
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from store import Store

CAPTION = 300
"""Characters of a caption that stand for it as a question."""

_FIELDS = [
    payload.ITEM, payload.SOURCE, payload.PATH, payload.SEGMENT, payload.MODALITY, payload.HASH, payload.WORDS,
    payload.ENCODERS,
]  # fmt: skip


@dataclass(slots=True)
class Thing:
    """An item.

    Attributes:
        id: of the item.
        source: its name.
        path: in the source.
        modality: of the file.
        hash: of its bytes.
        caption: the first line of what somebody wrote of it, or "".
        vectors: the named vectors that any of its segments has.
        segments: by number, the id of its point and the named vectors that it has.
    """

    id: str
    source: str
    path: str
    modality: str
    hash: str
    caption: str = ""
    vectors: set[str] = field(default_factory=set)
    segments: dict[int, tuple[str, set[str]]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What a question about it is called, the same in every run."""
        return f"{self.source}/{self.path}"


def catalogue(store: Store, most: int) -> tuple[list[Thing], int]:
    """The indexed items, by path, at most so many; and how many there are.

    Ids are hashes, so that the first by id are as good as drawn by lot, and the same in every run.
    """
    from store.recall import searchable

    found: dict[str, Thing] = {}
    there, last = 0, ""
    for record in store.scroll_all(searchable(), with_payload=_FIELDS):
        fields: dict[str, Any] = record.payload or {}
        there += fields[payload.SEGMENT] == 0
        if last and fields[payload.ITEM] > last:
            continue
        thing = found.get(fields[payload.ITEM])
        if thing is None:
            if len(found) >= 2 * most:  # those beyond the first so many are never chosen: memory is bounded
                chosen = sorted(found)[:most]
                found, last = {one: found[one] for one in chosen}, chosen[-1]
                if fields[payload.ITEM] > last:
                    continue
            thing = Thing(
                fields[payload.ITEM],
                fields[payload.SOURCE],
                fields[payload.PATH],
                fields[payload.MODALITY],
                fields.get(payload.HASH, ""),
            )
            found[thing.id] = thing
        have = set(fields.get(payload.ENCODERS, {}))
        thing.vectors |= have
        thing.segments[fields[payload.SEGMENT]] = str(record.id), have
        words = fields.get(payload.WORDS, {})
        if fields[payload.SEGMENT] == 0:
            told = words.get(WordKind.SIDECAR) or words.get(WordKind.EMBEDDED) or ""
            thing.caption = told.strip().partition("\n")[0].strip()[:CAPTION]
    chosen = sorted(found)[:most]
    return sorted((found[one] for one in chosen), key=lambda thing: thing.key), there


def file_of(store: Store, thing: Thing) -> Path | None:
    """Its file, where it lies on this machine."""
    folder = store.metadata().get(SOURCES, {}).get(thing.source)
    path = Path(folder) / thing.path if folder else None
    return path if path is not None and path.is_file() else None
