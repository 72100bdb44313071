"""Others of the same folder, day and tags that tell a new segment what it lacks: the edges that a graph has besides.

What is asked grows with the new segments and not with the collection: one request for each folder, day and tag that
they have, all of whose fields have an index, and at most `MOST` segments of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.learning.things import FIELDS, company_of, tags_of
from fusion.graph import MATES, TAGS
from schemas import payload

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

MOST = 64  # segments of one folder, day or tag that tell those of a page


class Key(NamedTuple):
    """What segments share: a "folder" of a source, a "day" or a "tag"."""

    kind: str
    value: str


class Mates:
    """Of new segments, page by page.

    Args:
        store: the store.
        known: which segments can tell.
        names: of the vectors that are read.
    """

    def __init__(self, store: Store, known: models.Filter, names: Sequence[str]) -> None:
        self._store, self._known, self._names = store, known, list(names)
        self._often: dict[str, int] = {}

    def edges(self, page: Sequence[models.Record]) -> Iterator[tuple[int, models.Record]]:
        """The place of a segment in the page, and one that it has something in common with: `MATES` of each key."""
        members: dict[Key, list[int]] = {}
        for row, record in enumerate(page):
            for key in self._keys(record.payload or {}):
                members.setdefault(key, []).append(row)
        for key, rows in members.items():
            first = page[rows[0]]
            found = self._sharing(key, first, min(MATES * len(rows), MOST))
            for at, row in enumerate(rows):
                for step in range(min(MATES, len(found))):
                    yield row, found[(at * MATES + step) % len(found)]

    def _keys(self, fields: dict[str, Any]) -> Iterator[Key]:
        folder, day = company_of(fields)
        if folder is not None:
            yield Key("folder", folder)
        if day is not None:
            yield Key("day", day)
        tags = tags_of(fields)
        rarest = sorted(tags, key=lambda tag: (self._count(tag), tag)) if len(tags) > TAGS else tags
        yield from (Key("tag", tag) for tag in list(rarest)[:TAGS])

    def _count(self, tag: str) -> int:
        """In how many segments a tag is found."""
        from qdrant_client import models

        if tag not in self._often:
            self._often[tag] = self._store.count(models.Filter(must=[_tagged(tag)]))
        return self._often[tag]

    def _sharing(self, key: Key, first: models.Record, most: int) -> list[models.Record]:
        """The next few by their ids, from that of a new segment on, and then from the beginning: ids are hashes."""
        from qdrant_client import models

        must: list[Any] = list(self._known.must or ())
        wanted = models.Filter(must=[*must, *_shares(key, first.payload or {})])
        found: dict[Any, models.Record] = {}
        for offset in (first.id, None):
            records, _ = self._store.scroll(
                wanted, most - len(found), offset, with_payload=list(FIELDS), with_vectors=self._names
            )
            found |= {record.id: record for record in records}
            if len(found) >= most:
                break
        return list(found.values())


def _shares(key: Key, fields: dict[str, Any]) -> list[models.Condition]:
    from qdrant_client import models

    if key.kind == "folder":
        return [
            models.FieldCondition(key=name, match=models.MatchValue(value=str(fields[name])))
            for name in (payload.SOURCE, payload.FOLDER)
        ]
    if key.kind == "day":
        day = date.fromisoformat(key.value)
        times = models.DatetimeRange(gte=str(day), lt=str(day + timedelta(days=1)))  # type: ignore[arg-type] # it parses text
        return [models.FieldCondition(key=payload.TAKEN, range=times)]
    return [_tagged(key.value)]


def _tagged(tag: str) -> models.FieldCondition:
    """A tag counts as the same in small and in capital letters; others are found as they are most often written."""
    from qdrant_client import models

    spelled = list(dict.fromkeys([tag, tag.capitalize(), tag.title(), tag.upper()]))
    return models.FieldCondition(key=f"{payload.INFO}.tags", match=models.MatchAny(any=spelled))
