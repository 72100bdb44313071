"""Weights of vectors, fitted from a few judged questions.

Where a fused score is a weighted sum of shares, as by evidence, other weights only scale the shares: the hits of a
judged question can be put in order again without asking it again. Coordinate ascent (Metzler & Croft, "Linear
Feature-Based Models for Information Retrieval", Information Retrieval 2007) climbs the mean reciprocal rank; it needs
no derivative, and a handful of weights no more than that. Weights stay 1 unless others are better on questions that
were left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
LEAST = 5  # judged questions below which nothing is fitted
ROUNDS = 3
FOLDS = 5
PULL = 0.002  # of the mean reciprocal rank, for each weight that is not 1: few questions must not make odd weights


@dataclass(frozen=True, eq=False)
class Judged:
    """The hits of one question.

    Attributes:
        shares: (hits, vectors): what each vector gives to each hit at weight 1.
        right: (hits,): which are right answers.
    """

    shares: NDArray[np.float64]
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class Fitted:
    """Weights, and what they are worth.

    Attributes:
        weights: by vector.
        before: mean reciprocal rank with weights of 1.
        after: the same with fitted weights, on questions that were left out of the fit.
        questions: how many were judged.
    """

    weights: dict[str, float]
    before: float
    after: float
    questions: int


def fit_weights(judged: Sequence[Judged], names: Sequence[str]) -> Fitted:
    """The best weights.

    Args:
        judged: the questions.
        names: of the vectors, in the order of the columns.

    Raises:
        UsageError: there are too few questions.
    """
    if len(judged) < LEAST:
        raise UsageError(f"Weights are fitted on {LEAST} judged questions or more: there are {len(judged)}.")
    equal = np.ones(len(names))
    before = mean_reciprocal_rank(judged, equal)
    folds = [list(range(i, len(judged), FOLDS)) for i in range(min(FOLDS, len(judged)))]
    ranks = []
    for fold in folds:
        rest = [one for i, one in enumerate(judged) if i not in set(fold)]
        found = _climb(rest, len(names))
        ranks += [reciprocal_rank(judged[i], found) for i in fold]
    after = float(np.mean(ranks))
    best = _climb(judged, len(names)) if after > before else equal
    weights = {name: float(weight) for name, weight in zip(names, best, strict=True)}
    return Fitted(weights, before, max(after, before), len(judged))


def reciprocal_rank(one: Judged, weights: NDArray[np.float64]) -> float:
    """1 / the place of the first right answer, 0 where there is none; wrong ones that score the same stand before it.

    Were they to stand after it, a weight of 0 that makes all equal would be the best of all weights.
    """
    if not one.right.any():
        return 0.0
    scores = one.shares @ weights
    first = scores[one.right].max()
    return 1.0 / (1.0 + float((scores[~one.right] >= first).sum()))


def mean_reciprocal_rank(judged: Sequence[Judged], weights: NDArray[np.float64]) -> float:
    """The mean over questions."""
    return float(np.mean([reciprocal_rank(one, weights) for one in judged]))


def _climb(judged: Sequence[Judged], count: int) -> NDArray[np.float64]:
    weights = np.ones(count)

    def worth(tried: NDArray[np.float64]) -> float:
        return mean_reciprocal_rank(judged, tried) - PULL * float((tried != 1.0).sum())

    best = worth(weights)
    for _ in range(ROUNDS):
        gained = False
        for column in range(count):
            for step in STEPS:
                tried = weights.copy()
                tried[column] = step
                if tried.any() and (found := worth(tried)) > best + 1e-12:
                    weights, best, gained = tried, found, True
        if not gained:
            break
    return weights
