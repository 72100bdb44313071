"""Reciprocal rank fusion: places count, scores do not.

Cormack, Clarke & Büttcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning Methods",
SIGIR 2009, equation 1:

    score(d) = sum over rankings r of 1 / (k + rank_r(d)),   rank from 1, k = 60

Qdrant counts places from 0 and weights the places, not the terms:

    score(d) = sum over rankings r of 1 / ((place_r(d) + 1) / w_r + k - 1),   place from 0, k = 2 by default

With weight 1 that is 1 / (k + place), so Qdrant's k is the paper's k + 1. This module follows Qdrant's formula, so
that a fusion computed here equals one computed by the engine with the same k and weights.
"""

from __future__ import annotations

from collections.abc import Mapping

from fusion.base import Factor, Fused, Ranking, add_up, entry_weights
from schemas import UsageError

K = 60
"""The default. Qdrant's own, 2, lets a first place in one ranking outvote good places in all the others."""


def rrf(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    k: int = K,
) -> list[Fused]:
    """Fuses rankings by the places in them.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; 0 leaves a ranking's ids in the answer with a share of 0. A
            weight divides the place: with weight 2 the tenth counts as the fifth would.
        factor: what a weight is multiplied by for an id.
        k: how little the first places stand out, at least 1, in Qdrant's counting.

    Raises:
        UsageError: a weight is negative or not finite, or k is below 1.
    """
    if k < 1:
        raise UsageError(f"k of reciprocal rank fusion is {k}: give 1 or more.")
    shares = {
        name: [_share(place, w, k) for place, w in enumerate(entry_weights(name, ranking, weights, factor))]
        for name, ranking in rankings.items()
    }
    return add_up(rankings, shares)


def _share(place: int, weight: float, k: int) -> float:
    return 1.0 / ((place + 1.0) / weight + k - 1.0) if weight > 0 else 0.0
