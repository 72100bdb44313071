"""Relative score fusion: a convex combination of scores stretched to 0 … 1.

Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023, equations 2 and 3 (for
rankings of any number, with weights made to add up to 1):

    share(d) = w_r * (score(d) - min_r) / (max_r - min_r)

The minimum and maximum are those of the ranking at hand. They found it to beat reciprocal rank fusion, in domain and
out of it, and to depend little on how the scores are normalised: what it keeps, and ranks lose, is by how far the
first is better than the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fusion.base import Fused, Ranking, add_up, weight_of


def relative(rankings: Mapping[str, Ranking], weights: Mapping[str, float] | None = None) -> list[Fused]:
    """Fuses rankings by their scores, stretched so that the best of each is 1 and the last 0.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; they are divided by their sum, so that a fused score lies
            between 0 and 1.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    given = {name: weight_of(name, weights) for name in rankings}
    total = sum(given.values()) or 1.0
    shares = {}
    for name, ranking in rankings.items():
        weight = given[name] / total
        shares[name] = [weight * score for score in _stretched([score for _, score in ranking])]
    return add_up(rankings, shares)


def _stretched(scores: Sequence[float]) -> list[float]:
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    if high == low:  # nothing tells them apart: all were found, and found first
        return [1.0] * len(scores)
    return [(score - low) / (high - low) for score in scores]
