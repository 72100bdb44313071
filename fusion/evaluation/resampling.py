"""How sure a mean is, and whether one is really higher than another: what other questions might have come to.

Both draw whole content groups: five captions of one picture, or the same caption in three splits, are not five or three
witnesses. Intervals are percentiles of the bootstrap; differences are tested by randomisation (Smucker, Allan &
Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError
from schemas.evaluation import Comparison, Interval, Measured

DRAWS = 2000
TRIALS = 9999
LEVEL = 0.95

Groups = Sequence[Hashable] | NDArray[Any] | None
"""One a question; None: each is its own."""


def interval(values: Sequence[float] | NDArray[Any], groups: Groups = None, *, seed: int = 0) -> Interval:
    """The mean over questions, and its bootstrap interval at 95 %.

    Args:
        values: one a question.
        groups: the content group of each.
        seed: of the draws.

    Raises:
        UsageError: there is no question, or not one group a question.
    """
    given = _checked(values)
    totals, counts = _by_group(given, groups)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(totals), np.full(len(totals), 1 / len(totals)), size=DRAWS)
    means = (drawn @ totals) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(mean=float(given.mean()), low=float(low), high=float(high))


def compare(
    before: Sequence[float] | NDArray[Any],
    after: Sequence[float] | NDArray[Any],
    groups: Groups = None,
    *,
    measure: str = "",
    seed: int = 0,
) -> Comparison:
    """Whether `after` is better than `before` on the same questions.

    Args:
        before: one value a question.
        after: the same questions in the same order.
        groups: the content group of each.
        measure: what the values are, for the report.
        seed: of the draws.

    Raises:
        UsageError: there is no question, or the two are not of the same questions.
    """
    from scipy.stats import permutation_test

    old, new = _checked(before), _checked(after)
    if len(old) != len(new):
        raise UsageError(f"Rankings of {len(old)} and of {len(new)} questions cannot be compared in pairs.")
    totals, _ = _by_group(new - old, groups)
    moved = totals[totals != 0]  # to swap what is equal changes nothing, and takes time
    if len(moved) < 2:  # noqa: PLR2004  (one group that differs may do so by either sign)
        p = 1.0
    else:
        tested = permutation_test(
            (moved, np.zeros(len(moved))),
            lambda x, y, axis: x.sum(axis=axis) - y.sum(axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=TRIALS,
            batch=500,
            rng=np.random.default_rng(seed),
        )
        p = float(tested.pvalue)
    return Comparison(
        measure=measure,
        queries=len(new),
        groups=_count(len(new), groups),
        before=float(old.mean()),
        after=float(new.mean()),
        difference=interval(new - old, groups, seed=seed),
        p=p,
    )


def summarize(values: Mapping[str, Sequence[float] | NDArray[Any]], groups: Groups = None) -> Measured:
    """The mean of each measure with its interval.

    Raises:
        UsageError: there is no question.
    """
    count = len(next(iter(values.values()), ()))
    return Measured(
        queries=count,
        groups=_count(count, groups),
        means={name: interval(of, groups) for name, of in values.items()},
    )


def _count(questions: int, groups: Groups) -> int:
    return questions if groups is None else len(set(groups))


def _checked(values: Sequence[float] | NDArray[Any]) -> NDArray[np.float64]:
    given = np.asarray(values, np.float64)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all():
        raise UsageError("There is nothing to measure: give a finite value for each of one question or more.")
    return given


def _by_group(values: NDArray[np.float64], groups: Groups) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The sum of the values of each group, and how many they are."""
    if groups is None:
        return values, np.ones(len(values))
    if len(groups) != len(values):
        raise UsageError(f"{len(values)} questions cannot lie in {len(groups)} groups: name the group of each.")
    places: dict[Hashable, int] = {}
    at = np.array([places.setdefault(group, len(places)) for group in groups])
    counts = np.bincount(at, minlength=len(places)).astype(np.float64)
    return np.bincount(at, values, len(places)).astype(np.float64), counts
