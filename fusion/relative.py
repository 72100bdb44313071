"""Relative score fusion: a convex combination of scores stretched to 0 … 1.

Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", ACM TOIS 2023, equations 2 and 3 (for
rankings of any number, with weights made to add up to 1):

    share(d) = w_r * (score(d) - min_r) / (max_r - min_r)

The minimum and maximum are those of the ranking at hand, or those that theory gives (`fusion.scale`). They found it to
beat reciprocal rank fusion, in domain and out of it, and to depend little on how the scores are normalised: what it
keeps, and ranks lose, is by how far the first is better than the second.
"""

from __future__ import annotations

from collections.abc import Mapping

from fusion.base import Factor, Fused, Ranking, add_up, weight_of
from fusion.scale import Bounds, weighted


def relative(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    bounds: Mapping[str, Bounds] | None = None,
) -> list[Fused]:
    """Fuses rankings by their scores, stretched so that the best of each is 1 and the last 0.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; they are divided by their sum, so that a fused score lies
            between 0 and 1.
        factor: what a weight is multiplied by for an id.
        bounds: what to stretch between, by the ranking's name; else its own least and greatest score.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    total = sum(weight_of(name, weights) for name in rankings) or 1.0
    shares = weighted(rankings, weights, factor, bounds)
    return add_up(rankings, {name: [share / total for share in several] for name, several in shares.items()})
