"""Scores of different vectors brought to one scale, 0 to 1, where 1 is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fusion.base import Factor, Ranking, entry_weights

Bounds = tuple[float | None, float | None]
"""The least and the greatest score that a distance allows; None where it sets none."""

THEORY: dict[str, Bounds] = {"cosine": (-1.0, 1.0), "sparse": (0.0, None)}
"""Bounds by distance. Dot product and the distances in the proper sense have none that are of use."""


def stretched(scores: Sequence[float], bounds: Bounds = (None, None)) -> list[float]:
    """Scores stretched so that the lower bound is 0 and the upper 1.

    A bound that is None is that of the scores at hand, which is what is mostly meant by min-max scaling. With bounds
    from theory a poor best stays poor, where min-max makes a 1 of it (Bruch, Gai & Ingber 2023, section 3.1).
    """
    low = min(scores, default=0.0) if bounds[0] is None else bounds[0]
    high = max(scores, default=0.0) if bounds[1] is None else bounds[1]
    if high <= low:  # nothing tells them apart: all were found, and found first
        return [1.0] * len(scores)
    return [min(1.0, max(0.0, (score - low) / (high - low))) for score in scores]


def weighted(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None,
    factor: Factor | None,
    bounds: Mapping[str, Bounds] | None,
) -> dict[str, list[float]]:
    """The stretched scores of each ranking times the weights of its entries; `bounds` by name, else its own."""
    shares = {}
    for name, ranking in rankings.items():
        scores = stretched([score for _, score in ranking], (bounds or {}).get(name, (None, None)))
        given = entry_weights(name, ranking, weights, factor)
        shares[name] = [weight * score for weight, score in zip(given, scores, strict=True)]
    return shares
