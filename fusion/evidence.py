"""Fusion by evidence: how much more often a right answer would score like this than a random one.

Each vector gives an id evidence, ln a + (1 - a) x, where x is the surprise of its score (`fusion.calibration`); by
naive Bayes the evidence of several vectors adds up. So that no share is negative, ln (1 / a) of each is added to all:

    found by r:                           share = w_r (1 - a_r) x_r(d)
    has the vector, but r did not find it: 0
    does not have the vector at all:      benefit = w_r ln (1 / a_r)

An item that lacks a vector is neither punished for it nor compared on it: nothing speaks for it, and nothing against.
Fusions that add up what was found let items with many vectors outvote those with one; docs/query.md has the figures.

The surprise is the mean of two. One measures the score against the null distribution of the collection, and knows a
poor best from a good one; the other is the place, ln (n / place), and knows what is a high score for this question.
Where no null distribution is known, the place speaks alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import heapify, heappop
from math import exp, fsum, log

from fusion.base import Factor, Fused, Ranking, VectorPart, weight_of
from fusion.calibration import DIRECT, Null

Lacks = Callable[[Hashable], Collection[str]]
"""The names of the vectors that an id does not have at all."""

MayLack = Callable[[tuple[str, ...]], Collection[str]]
"""The names of the vectors that an id may lack which these found."""

MOST_ODDS = 500.0  # logarithm of the odds that a confidence is made from
ROUNDING = 1e-9  # two sums of the same numbers differ by less


def evidence(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    nulls: Mapping[str, Null] | None = None,
    lacks: Lacks | None = None,
) -> list[Fused]:
    """Fuses rankings by what they tell of each id.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; multiplies its evidence.
        factor: what a weight is multiplied by for an id.
        nulls: the null distributions, by the ranking's name.
        lacks: the vectors that an id does not have; else all ids have all.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    return list(best_first(rankings, weights, factor=factor, nulls=nulls, lacks=lacks))


def best_first(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    nulls: Mapping[str, Null] | None = None,
    lacks: Lacks | None = None,
    may_lack: MayLack | None = None,
    look: Callable[[Sequence[Hashable]], object] | None = None,
    at_once: int = 10,
) -> Iterator[Fused]:
    """The same one after the other: of ids that cannot be among the best, it is never asked what they lack.

    Args:
        rankings: as of `evidence`.
        weights: likewise.
        factor: likewise.
        nulls: likewise.
        lacks: likewise.
        may_lack: tells more than that it may be any of the vectors that did not find an id.
        look: called with ids before `lacks` is asked of them, so that what tells it is fetched for several together.
        at_once: how many of the best are probably wanted.
    """
    nulls = nulls or {}
    shares = {name: _shares(name, ranking, weights, factor, nulls.get(name)) for name, ranking in rankings.items()}
    doubts = {name: weight_of(name, weights) * log(1.0 / _a(nulls.get(name))) for name in rankings}
    places = {name: {id_: place for place, (id_, _) in enumerate(ranking)} for name, ranking in rankings.items()}
    found_by: dict[Hashable, tuple[str, ...]] = {}
    kinds: set[tuple[str, ...]] = {(name,) for name in rankings}  # all values that it may have
    least: dict[Hashable, float] = {}  # that each comes to
    for name, own in places.items():
        told = dict(zip(own, shares[name], strict=True))
        again = {id_: ((*found_by[id_], name), least[id_] + told[id_]) for id_ in found_by.keys() & own.keys()}
        found_by |= dict.fromkeys(own, (name,))
        least |= told
        for id_, (names, sum_) in again.items():
            found_by[id_], least[id_] = names, sum_
            kinds.add(names)

    def benefits(names: Iterable[str], id_: Hashable) -> dict[str, float]:
        return {name: doubts[name] if factor is None else doubts[name] * factor(name, id_) for name in names}

    unsure = {found: () if lacks is None else _unsure(found, rankings, may_lack) for found in kinds}
    if factor is None:
        more = {found: sum(doubts[name] for name in names) for found, names in unsure.items()}
        most = {id_: least[id_] + more[found] for id_, found in found_by.items()}
    else:
        most = {id_: least[id_] + sum(benefits(unsure[found], id_).values()) for id_, found in found_by.items()}
    waiting = sorted(most, key=most.__getitem__, reverse=True)
    # What cannot come to as much as so many come to at least is none of them.
    bar = sorted(least.values(), reverse=True)[: max(at_once, 1)]
    together = bisect_right(waiting, ROUNDING - bar[-1], key=lambda id_: -most[id_]) if bar else 0
    known: list[tuple[float, str, Hashable, dict[str, float]]] = []  # a heap: best first, equals by their ids as text
    at = 0
    while known or at < len(waiting):
        if at < len(waiting) and (not known or most[waiting[at]] >= -known[0][0] - ROUNDING):
            some = waiting[at : at + together]
            at, together = at + together, at_once
            if look is not None:
                look(some)
            for id_ in some:
                found = found_by[id_]
                parts = [shares[name][places[name][id_]] for name in found]
                benefit: dict[str, float] = {}
                if lacks is not None and unsure[found]:
                    lacking = lacks(id_)
                    if lost := [name for name in unsure[found] if name in lacking]:
                        benefit = benefits(lost, id_)
                        parts += benefit.values()
                known.append((-fsum(parts), str(id_), id_, benefit))
            heapify(known)
        else:
            score, _, id_, benefit = heappop(known)
            made_of = {
                name: VectorPart(place + 1, float(rankings[name][place][1]), shares[name][place])
                for name in found_by[id_]
                for place in (places[name][id_],)
            }
            yield Fused(id_, -score, made_of, benefit)


def _unsure(found: tuple[str, ...], rankings: Mapping[str, Ranking], may_lack: MayLack | None) -> Sequence[str]:
    """The rankings that may not hold an id which these found, because it lacks their vector."""
    return [
        name for name in (rankings if may_lack is None else may_lack(found)) if name in rankings and name not in found
    ]


def _shares(
    name: str, ranking: Ranking, weights: Mapping[str, float] | None, factor: Factor | None, null: Null | None
) -> list[float]:
    told = weight_of(name, weights) * (1.0 - _a(null))
    if factor is None:
        return [told * one for one in surprises(ranking, null)]
    return [told * factor(name, id_) * one for (id_, _), one in zip(ranking, surprises(ranking, null), strict=True)]


def surprises(ranking: Ranking, null: Null | None) -> list[float]:
    """The surprise of each entry: by its score and its place, or by its place alone."""
    count = len(ranking) if null is None else max(null.points, len(ranking))
    by_place = _by_place(len(ranking), count)
    if null is None:
        return by_place
    by_score = null.surprises([score for _, score in ranking])
    return [(one + other) / 2 for one, other in zip(by_place, by_score, strict=True)]


@lru_cache(maxsize=16)
def _by_place(places: int, count: int) -> list[float]:
    return [log((count + 0.5) / (place + 0.5)) for place in range(places)]


def confidences(
    scores: Sequence[Mapping[str, float]],
    lacking: Sequence[Collection[str]],
    nulls: Mapping[str, Null],
    points: int,
) -> list[float]:
    """How probable it is that segments are right answers, from their raw scores alone.

    Naive Bayes over the vectors' evidence, with one right answer expected among the `points` of the collection.

    Args:
        scores: of each segment by vector, those that found it; higher is better.
        lacking: the vectors that each does not have.
        nulls: by vector; one without is left out.
        points: segments that are searched.

    Returns:
        0 to 1 for each segment.
    """
    totals = [-log(max(points, 1))] * len(scores)
    for name, null in nulls.items():
        doubt = log(null.a)
        for i, one in enumerate(scores):
            if name in one:
                totals[i] += doubt + (1.0 - null.a) * null.surprise_of(one[name])
            elif name not in lacking[i]:
                totals[i] += doubt
    return [1.0 / (1.0 + exp(-min(max(one, -MOST_ODDS), MOST_ODDS))) for one in totals]


def _a(null: Null | None) -> float:
    return DIRECT if null is None else null.a
