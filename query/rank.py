"""What each vector found -> hits: rankings fused, segments grouped."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from query.located import shown_place
from schemas import payload
from schemas.answer import Hit, Passage, VectorHit
from schemas.trusted import maker

if TYPE_CHECKING:
    import fusion

_NAMES = (str, int)  # types of what names a group
_hit, _vector_hit = maker(Hit), maker(VectorHit)

Fuse = Callable[[Mapping[str, "fusion.Ranking"], Mapping[str, float]], "Iterable[fusion.Fused]"]


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


class Fields(dict[Any, Mapping[str, Any]]):
    """The payload of segments by their id.

    Args:
        known: what came with the answer.
        fetch: gives the payload of others, as far as they are still there.
    """

    def __init__(
        self, known: Mapping[Any, Mapping[str, Any]], fetch: Callable[[Sequence[Any]], Mapping[Any, Mapping[str, Any]]]
    ) -> None:
        super().__init__(known)
        self._fetch = fetch

    def prepare(self, ids: Sequence[Any]) -> None:
        """Fetch what is missing of these, in one request."""
        if missing := [id_ for id_ in ids if id_ not in self]:
            self.update(self._fetch(missing))


def rank(
    rankings: Mapping[str, fusion.Ranking],
    fields: Fields,
    fusing: Callable[[], Fuse],
    weights: Mapping[str, float],
    turned: Collection[str],
    *,
    at_once: int,
) -> Iterator[Ranked]:
    """The segments that were found, best first: as the one vector ranked them, or fused.

    Args:
        rankings: ids and scores by vector; one by the name "" was fused by Qdrant.
        fields: their payloads.
        fusing: makes the fusion, where there are several.
        weights: by vector.
        turned: vectors whose best score is the lowest.
        at_once: of how many the payload is fetched together.
    """
    if len(rankings) == 1:
        [(name, answer)] = rankings.items()
        for start in range(0, len(answer), at_once):
            some = answer[start : start + at_once]
            fields.prepare([id_ for id_, _ in some])
            for n, (id_, score) in enumerate(some, start=start + 1):
                if id_ in fields:
                    yield Ranked(id_, fields[id_], score, {name: (n, score, score)} if name else {})
        return
    signs = {name: -1.0 if name in turned else 1.0 for name in rankings}
    if turned:
        rankings = {name: [(id_, signs[name] * score) for id_, score in answer] for name, answer in rankings.items()}
    fused = iter(fusing()(rankings, weights))
    while together := list(islice(fused, at_once)):
        fields.prepare([one.id for one in together])
        for one in together:
            if one.id in fields:
                found: Mapping[str, tuple[int, float, float]] = one.parts
                if turned:
                    found = {name: (n, signs[name] * score, share) for name, (n, score, share) in found.items()}
                yield Ranked(one.id, fields[one.id], one.score, found, one.benefit)


def grouped(ranked: Iterable[Ranked], key: str | None, size: int, enough: int | None = None) -> dict[Any, list[Ranked]]:
    """The best `size` segments of each group, the group with the best segment first.

    A segment belongs to the group of every value that its field has, and to none if it has none.

    Args:
        ranked: segments, best first.
        key: the field; None: each is by itself.
        size: of a group.
        enough: no more segments are looked at once there are as many groups.
    """
    groups: dict[Any, list[Ranked]] = {}
    steps = () if key is None else key.split(".")
    for number, one in enumerate(ranked):
        for value in [number] if key is None else values(one.fields, steps):
            members = groups.setdefault(value, [])
            if len(members) < size:
                members.append(one)
        if enough is not None and len(groups) >= enough:
            break
    return groups


def values(fields: Mapping[str, Any], steps: Sequence[str]) -> Sequence[str | int]:
    """What the field at a path holds that a group can be named by: words and whole numbers, one or a list."""
    found: Any = fields
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, _NAMES):
        return (found,)
    if isinstance(found, list):
        return list(dict.fromkeys(value for value in found if isinstance(value, _NAMES)))
    return ()


def to_hit(
    one: Ranked, group: str | int | None, confidence: float | None, passages: list[Passage], folder: str | None
) -> Hit:
    """A hit, of which nothing is checked, for all comes from the store.

    Args:
        one: the segment.
        group: the value that it was grouped by.
        confidence: how sure it is.
        passages: with the words that were asked for.
        folder: of its source, where that is known.
    """
    fields = one.fields
    hit: Hit = _hit(
        {
            "item": fields[payload.ITEM],
            "source": fields[payload.SOURCE],
            "path": fields[payload.PATH],
            "modality": fields[payload.MODALITY],
            "score": one.score,
            "start": fields.get(payload.START),
            "end": fields.get(payload.END),
            "page": fields.get(payload.PAGE),
            "characters": None if (found := fields.get(payload.CHARACTERS)) is None else (found[0], found[1]),
            "segment": fields[payload.SEGMENT],
            "group": group,
            "confidence": confidence,
            "vectors": {
                name: _vector_hit({"rank": rank, "score": score, "share": share})
                for name, (rank, score, share) in one.vectors.items()
            },
            "benefit": one.benefit,
            "closer": one.closer,
            "reasons": one.reasons,
            "passages": passages,
            "words": fields.get(payload.WORDS, {}),
            "info": fields.get(payload.INFO, {}),
            "file": None if folder is None else shown_place(folder, fields[payload.PATH]),
        }
    )
    return hit
