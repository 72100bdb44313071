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

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from math import fsum, log

import numpy as np
from numpy.typing import NDArray

from fusion.base import Factor, Fused, Ranking, VectorPart, entry_weights, in_order, weight_of
from fusion.calibration import DIRECT, Null

Lacks = Callable[[Hashable], Collection[str]]
"""The names of the vectors that an id does not have at all."""


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
    nulls = nulls or {}
    parts: dict[Hashable, dict[str, VectorPart]] = {}
    for name, ranking in rankings.items():
        null = nulls.get(name)
        told = 1.0 - (DIRECT if null is None else null.a)
        given = np.asarray(entry_weights(name, ranking, weights, factor))
        shares = (given * told * surprises(ranking, null)).tolist()
        for place, ((id_, score), share) in enumerate(zip(ranking, shares, strict=True), start=1):
            parts.setdefault(id_, {})[name] = VectorPart(place, float(score), share)
    doubts = {name: weight_of(name, weights) * log(1.0 / _a(nulls.get(name))) for name in rankings}
    fused = []
    for id_, made_of in parts.items():
        benefit = {
            name: doubts[name] * (1.0 if factor is None else factor(name, id_))
            for name in (lacks(id_) if lacks is not None else ())
            if name in doubts and name not in made_of
        }
        score = fsum([*[part.share for part in made_of.values()], *benefit.values()])
        fused.append(Fused(id_, score, made_of, benefit))
    return in_order(fused)


def surprises(ranking: Ranking, null: Null | None) -> NDArray[np.float64]:
    """The surprise of each entry: by its score and its place, or by its place alone."""
    count = len(ranking) if null is None else max(null.points, len(ranking))
    by_place = np.log((count + 0.5) / (np.arange(len(ranking)) + 0.5))
    if null is None or not len(ranking):
        return np.asarray(by_place)
    return np.asarray((by_place + null.surprise([score for _, score in ranking])) / 2)


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
    totals = np.full(len(scores), -log(max(points, 1)))
    for name, null in nulls.items():
        found = [i for i, one in enumerate(scores) if name in one]
        missed = [i for i, one in enumerate(scores) if name not in one and name not in lacking[i]]
        totals[found] += log(null.a) + (1.0 - null.a) * null.surprise([scores[i][name] for i in found])
        totals[missed] += log(null.a)
    return [float(one) for one in 1.0 / (1.0 + np.exp(-np.clip(totals, -500.0, 500.0)))]


def _a(null: Null | None) -> float:
    return DIRECT if null is None else null.a
