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

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from functools import lru_cache
from heapq import heapify, heappop
from math import exp, fsum, log

import numpy as np
from numpy.typing import NDArray

from fusion.base import Factor, Fused, Ranking, VectorPart, entry_weights, weight_of
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
    least: dict[Hashable, float] = {}  # that each comes to
    for name, own in places.items():
        told = dict(zip(own, shares[name], strict=True))
        again = {id_: ((*found_by[id_], name), least[id_] + told[id_]) for id_ in found_by.keys() & own.keys()}
        found_by |= dict.fromkeys(own, (name,))
        least |= told
        for id_, (names, sum_) in again.items():
            found_by[id_], least[id_] = names, sum_

    def benefit_of(name: str, id_: Hashable) -> float:
        return doubts[name] if factor is None else doubts[name] * factor(name, id_)

    most = dict(least)
    unsure = {} if lacks is None else _unsure(found_by, rankings, may_lack)
    for id_, open_ in unsure.items():
        for name in open_:
            most[id_] += benefit_of(name, id_)
    waiting = sorted(most, key=most.__getitem__, reverse=True)
    # What cannot come to as much as so many come to at least is none of them.
    bar = sorted(least.values(), reverse=True)[: max(at_once, 1)]
    together = sum(one >= bar[-1] - ROUNDING for one in most.values()) if bar else 0
    known: list[tuple[float, str, Hashable, dict[str, float]]] = []  # a heap: best first, equals by their ids as text
    at = 0
    while known or at < len(waiting):
        if at < len(waiting) and (not known or most[waiting[at]] >= -known[0][0] - ROUNDING):
            some = waiting[at : at + together]
            at, together = at + together, at_once
            if look is not None:
                look(some)
            for id_ in some:
                parts = [shares[name][places[name][id_]] for name in found_by[id_]]
                benefit: dict[str, float] = {}
                if lacks is not None and id_ in unsure:
                    lacking = [name for name in lacks(id_) if name in rankings and name not in found_by[id_]]
                    benefit = {name: benefit_of(name, id_) for name in lacking}
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


def _unsure(
    found_by: Mapping[Hashable, tuple[str, ...]], rankings: Mapping[str, Ranking], may_lack: MayLack | None
) -> dict[Hashable, list[str]]:
    """The rankings that may not hold an id because it lacks their vector, for those ids of which it is not known."""
    open_to = {
        found: [name for name in may if name in rankings and name not in found]
        for found in set(found_by.values())
        for may in (rankings if may_lack is None else may_lack(found),)
    }
    return {id_: names for id_, found in found_by.items() if (names := open_to[found])}


def _shares(
    name: str, ranking: Ranking, weights: Mapping[str, float] | None, factor: Factor | None, null: Null | None
) -> list[float]:
    given = weight_of(name, weights) if factor is None else np.asarray(entry_weights(name, ranking, weights, factor))
    shares: list[float] = (given * (1.0 - _a(null)) * surprises(ranking, null)).tolist()
    return shares


def surprises(ranking: Ranking, null: Null | None) -> NDArray[np.float64]:
    """The surprise of each entry: by its score and its place, or by its place alone."""
    count = len(ranking) if null is None else max(null.points, len(ranking))
    by_place = _by_place(len(ranking), count)
    if null is None or not len(ranking):
        return by_place
    return np.asarray((by_place + null.surprise([score for _, score in ranking])) / 2)


@lru_cache(maxsize=16)
def _by_place(places: int, count: int) -> NDArray[np.float64]:
    return np.asarray(np.log((count + 0.5) / (np.arange(places) + 0.5)))


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
