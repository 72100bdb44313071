"""Distribution-based score fusion: scores count, each measured against the spread of its own ranking.

Mazzeschi, "Distribution-Based Score Fusion (DBSF), a new approach to Vector Search Ranking", 2023, as Qdrant
implements it. With the mean m and the sample standard deviation s (n - 1) of a ranking's scores:

    share(d) = (score(d) - (m - 3 s)) / (6 s)

so that a middling score adds one half and scores within three deviations fall between 0 and 1 (they are not clipped).
Where there is nothing to tell the scores apart (one result, or all equal) each adds one half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import fsum, sqrt

from fusion.base import Factor, Fused, Ranking, add_up, entry_weights

DEVIATIONS = 3  # to each side of the mean
MIDDLE = 0.5  # of a score that nothing tells apart


def dbsf(
    rankings: Mapping[str, Ranking], weights: Mapping[str, float] | None = None, *, factor: Factor | None = None
) -> list[Fused]:
    """Fuses rankings by their scores, normalised by mean and deviation.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; multiplies its shares. Qdrant has none: it equals weight 1.
        factor: what a weight is multiplied by for an id.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    shares = {}
    for name, ranking in rankings.items():
        scores = _normalised([score for _, score in ranking])
        shares[name] = [w * s for w, s in zip(entry_weights(name, ranking, weights, factor), scores, strict=True)]
    return add_up(rankings, shares)


def _normalised(scores: Sequence[float]) -> list[float]:
    if len(scores) <= 1:  # one score has no deviation
        return [MIDDLE] * len(scores)
    mean = fsum(scores) / len(scores)
    deviation = sqrt(fsum((score - mean) ** 2 for score in scores) / (len(scores) - 1))
    if deviation == 0:
        return [MIDDLE] * len(scores)
    low, width = mean - DEVIATIONS * deviation, 2 * DEVIATIONS * deviation
    return [(score - low) / width for score in scores]
