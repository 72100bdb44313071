"""Contents that have a vector already, under another path or in another source: it is copied and not made again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from flows.ingestion.points import named_vectors
from flows.reconciliation.ledger import FIELDS, known_file
from flows.reconciliation.plan import Known, content
from schemas import payload
from schemas.media import join_words
from schemas.payload import State, point_id

if TYPE_CHECKING:
    from qdrant_client import models

    from flows.ingestion.run import Run

ASKED = 256  # hashes in a request


class Pair(NamedTuple):
    """An item that lacks vectors, and one of the same content that has them, or will have them soon."""

    item: Known
    donor: Known


def donors(run: Run, hashes: Collection[str], vectors: Iterable[str]) -> dict[str, Known]:
    """Indexed items of any source that have all these named vectors, by their content: see the plan."""
    from qdrant_client import models

    has: list[models.Condition] = [models.HasVectorCondition(has_vector=name) for name in vectors]
    first = models.FieldCondition(key=payload.SEGMENT, match=models.MatchValue(value=0))
    indexed = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))
    found: dict[str, Known] = {}
    wanted = sorted({one for one in hashes if one})
    for start in range(0, len(wanted), ASKED):
        same = models.FieldCondition(key=payload.HASH, match=models.MatchAny(any=wanted[start : start + ASKED]))
        condition = models.Filter(must=[first, indexed, same, *has])
        for record in run.store.scroll_all(condition, with_payload=[*FIELDS, payload.SOURCE]):
            told = record.payload or {}
            item = known_file(told)._replace(source=told[payload.SOURCE])
            found[content(item.path, item.hash)] = item
    return found


def paired(run: Run, lacking: Mapping[str, tuple[Known, set[str]]]) -> tuple[list[Known], list[Pair]]:
    """Items that lack vectors, parted: one of each content to encode, and those that are given what it has or gets.

    Args:
        run: the run.
        lacking: items by path, with the named vectors that they lack.
    """
    groups: dict[frozenset[str], list[Known]] = {}
    for item, vectors in lacking.values():
        groups.setdefault(frozenset(vectors), []).append(item)
    todo: list[Known] = []
    pairs: list[Pair] = []
    for names, items in groups.items():
        have = donors(run, {item.hash for item in items}, names)
        for item in items:
            donor = have.get(content(item.path, item.hash))
            if donor is not None and donor.segments == item.segments:
                pairs.append(Pair(item, donor))
            else:
                todo.append(item)
                have.setdefault(content(item.path, item.hash), item)
    return todo, pairs


def vectors_of(run: Run, items: Iterable[Known], names: Sequence[str]) -> dict[str, models.Record]:
    """The points of items by id, with these vectors and the words that they were made of."""
    ids = [point_id(item.source or run.source, item.path, n) for item in items for n in range(item.segments)]
    records = run.store.retrieve(ids, with_payload=[payload.WORDS], with_vectors=list(names)) if ids else []
    return {str(record.id): record for record in records}


def texts_encoded(run: Run, hashes: Collection[str], vector: str) -> dict[str, Any]:
    """The vectors of texts that items with these contents have already, by text."""
    points = vectors_of(run, donors(run, hashes, [vector]).values(), [vector])
    return {
        join_words((record.payload or {}).get(payload.WORDS, {}), named=False): made[vector]
        for record in points.values()
        if vector in (made := named_vectors(record))
    }
