"""What each vector found -> hits: rankings fused, segments grouped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas import payload
from schemas.answer import Hit, VectorHit
from schemas.trusted import trusted

if TYPE_CHECKING:
    from qdrant_client import models

    import fusion

Rankings = Mapping[str, Sequence["models.ScoredPoint"]]


Fuse = Callable[[Mapping[str, "fusion.Ranking"], Mapping[str, float]], "list[fusion.Fused]"]


@dataclass(slots=True)
class Ranked:
    """A segment with its final score, and what each vector said of it."""

    id: Any
    fields: Mapping[str, Any]  # of the payload
    score: float
    vectors: Mapping[str, tuple[int, float, float]]  # rank, score, share
    benefit: dict[str, float] = field(default_factory=dict)
    closer: float | None = None  # what a closer look found
    reasons: dict[str, float] = field(default_factory=dict)  # what gave that, where the order was learnt


def rank(
    rankings: Rankings,
    fields: Mapping[Any, Mapping[str, Any]],
    fuse: Fuse,
    weights: Mapping[str, float],
    turned: Collection[str],
) -> list[Ranked]:
    """All segments that were found, best first: as the one vector ranked them, or fused.

    Args:
        rankings: by vector; one by the name "" was fused by Qdrant.
        fields: what was fetched of the payload of each.
        fuse: the fusion.
        weights: by vector.
        turned: vectors whose best score is the lowest.
    """
    if len(rankings) == 1:
        [(name, answer)] = rankings.items()
        return [
            Ranked(point.id, fields[point.id], point.score, {name: (n, point.score, point.score)} if name else {})
            for n, point in enumerate(answer, start=1)
        ]
    signs = {name: -1.0 if name in turned else 1.0 for name in rankings}
    scored = {name: [(point.id, signs[name] * point.score) for point in answer] for name, answer in rankings.items()}
    found = [Ranked(one.id, fields[one.id], one.score, one.parts, one.benefit) for one in fuse(scored, weights)]
    for one in found if turned else ():
        one.vectors = {name: (n, signs[name] * score, share) for name, (n, score, share) in one.vectors.items()}
    return found


def grouped(ranked: Sequence[Ranked], key: str | None, size: int) -> dict[Any, list[Ranked]]:
    """The best `size` segments of each group, the group with the best segment first.

    A segment belongs to the group of every value that its field has, and to none if it has none.
    """
    groups: dict[Any, list[Ranked]] = {}
    for number, one in enumerate(ranked):
        for value in [number] if key is None else values(one.fields, key):
            members = groups.setdefault(value, [])
            if len(members) < size:
                members.append(one)
    return groups


def values(fields: Mapping[str, Any], key: str) -> Sequence[str | int]:
    """What a field holds that a group can be named by: words and whole numbers, one or a list."""
    found: Any = fields
    for step in key.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, str | int):
        return [found]
    if isinstance(found, list):
        return list(dict.fromkeys(value for value in found if isinstance(value, str | int)))
    return []


def to_hit(one: Ranked, group: str | int | None) -> Hit:
    """A hit; nothing is checked, for all comes from the store."""
    fields = one.fields
    return trusted(
        Hit,
        item=fields[payload.ITEM],
        source=fields[payload.SOURCE],
        path=fields[payload.PATH],
        modality=fields[payload.MODALITY],
        score=one.score,
        start=fields.get(payload.START),
        end=fields.get(payload.END),
        page=fields.get(payload.PAGE),
        characters=None if (found := fields.get(payload.CHARACTERS)) is None else (found[0], found[1]),
        segment=fields[payload.SEGMENT],
        group=group,
        confidence=None,
        vectors={
            name: trusted(VectorHit, rank=rank, score=score, share=share)
            for name, (rank, score, share) in one.vectors.items()
        },
        benefit=one.benefit,
        closer=one.closer,
        reasons=one.reasons,
        passages=[],
        words=fields.get(payload.WORDS, {}),
        info=fields.get(payload.INFO, {}),
        file=None,
    )
