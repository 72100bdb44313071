"""What every fusion of rankings shares."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import fsum, isfinite
from typing import NamedTuple, Protocol

from schemas import UsageError

Ranking = Sequence[tuple[Hashable, float]]
"""Ids with their raw scores, best first, each id once. A higher score is better."""

Factor = Callable[[str, Hashable], float]
"""What the weight of a ranking is multiplied by for one id, such as for hits of one modality."""


class VectorPart(NamedTuple):
    """What one ranking adds to a fused score: rank from 1, raw score, and its share of the fused score."""

    rank: int
    score: float
    share: float


class Fused(NamedTuple):
    """An id with its fused score, and by ranking what it is made of. The shares and benefits add up to the score.

    `benefit`: what it is given for vectors that it lacks, by fusions that do so.
    """

    id: Hashable
    score: float
    parts: dict[str, VectorPart]
    benefit: dict[str, float]


class Fusion(Protocol):
    """Rankings by name and weights by name (1 where none is given) to one ranking, best first."""

    def __call__(
        self,
        rankings: Mapping[str, Ranking],
        weights: Mapping[str, float] | None = None,
        *,
        factor: Factor | None = None,
    ) -> list[Fused]:
        """Fuse.

        Raises:
            UsageError: a weight is negative or not finite.
        """


def weight_of(name: str, weights: Mapping[str, float] | None) -> float:
    """The weight of a ranking.

    Raises:
        UsageError: it is negative or not finite.
    """
    weight = 1.0 if weights is None else float(weights.get(name, 1.0))
    if not isfinite(weight) or weight < 0:
        raise UsageError(f"The weight of {name!r} is {weight}: give a finite number, 0 or more.")
    return weight


def entry_weights(
    name: str, ranking: Ranking, weights: Mapping[str, float] | None, factor: Factor | None
) -> Sequence[float]:
    """The weight of each entry of a ranking."""
    weight = weight_of(name, weights)
    if factor is None:
        return [weight] * len(ranking)
    return [weight * factor(name, id_) for id_, _ in ranking]


def add_up(rankings: Mapping[str, Ranking], shares: Mapping[str, Sequence[float]]) -> list[Fused]:
    """Adds the shares of each id, and orders by the sums.

    Args:
        rankings: the rankings, by name.
        shares: what each entry of each ranking adds, in the ranking's order.

    Returns:
        Best first; equal scores stand in the order of their ids, as text, so that an answer never depends on the order
        in which the rankings came.
    """
    parts: dict[Hashable, dict[str, VectorPart]] = {}
    for name, ranking in rankings.items():
        for rank, ((id_, score), share) in enumerate(zip(ranking, shares[name], strict=True), start=1):
            parts.setdefault(id_, {})[name] = VectorPart(rank, float(score), share)
    # fsum rounds once: the sum, and with it a tie, does not depend on the order of the rankings.
    return in_order(
        Fused(id_, fsum(part.share for part in made_of.values()), made_of, {}) for id_, made_of in parts.items()
    )


def in_order(fused: Iterable[Fused]) -> list[Fused]:
    """Best first, equals by their ids as text."""
    return sorted(fused, key=lambda one: (-one.score, str(one.id)))
