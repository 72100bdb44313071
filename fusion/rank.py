"""Learning to rank: what judged questions teach of the order of hits, from all that is known of each.

LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART: An Overview", Microsoft Research 2010), as LightGBM has
it: trees that are boosted by the gradient of nDCG. It sees what a weighted sum cannot: that a vector's score counts for
little where another agrees, or that a name tells much of sounds and little of pictures. It is small on purpose, for
judgements are few; and it is taken only where it is better on questions that were left out, and not by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation import compare, measure_scores
from schemas import UsageError
from schemas.evaluation import Comparison

if TYPE_CHECKING:
    from lightgbm import Booster

LEAST = 40
"""Judged questions below which nothing is learnt: a handful of weights is what fewer can tell (`fusion.weights`)."""

FOLDS = 5
ROUNDS = 120
PARAMETERS: dict[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "learning_rate": 0.06,
    "num_leaves": 7,
    "min_data_in_leaf": 15,
    "min_sum_hessian_in_leaf": 1e-3,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "max_bin": 63,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}
MEASURE = "ndcg@10"


@dataclass(frozen=True, eq=False)
class Listed:
    """The hits of one question, in the order in which they were found.

    Attributes:
        features: float64 (hits, features); NaN: not known.
        grades: int (hits,): 0 is wrong.
        group: the content group of the question: those of one are never in what is learnt from and left out at once.
        missed: right answers that are not among the hits: they are counted as not found.
    """

    features: NDArray[np.float64]
    grades: NDArray[np.intp]
    group: str = ""
    missed: int = 0


@dataclass(frozen=True, eq=False)
class Ranker:
    """A fitted order.

    Attributes:
        features: names of the columns.
        model: LightGBM's own text.
        questions: how many were judged.
    """

    features: tuple[str, ...]
    model: str
    questions: int = 0

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """The score of each hit (hits,), higher is better.

        Raises:
            UsageError: LightGBM is not installed, or there are other features than those it was fitted on.
        """
        return np.asarray(self._booster(features).predict(features, num_threads=1), np.float64)

    def reasons(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """What each feature gives to each score (hits, features), by TreeSHAP.

        A row and what all hits have in common add up to the score (Lundberg et al., Nature Machine Intelligence 2020).
        """
        given = np.asarray(self._booster(features).predict(features, pred_contrib=True, num_threads=1), np.float64)
        return given[:, :-1]

    def _booster(self, features: NDArray[np.float64]) -> Booster:
        if features.shape[1] != len(self.features):
            raise UsageError(
                f"The learned order takes {len(self.features)} features, and {features.shape[1]} are given: fit it "
                "anew with `medley fit ranker`."
            )
        if self.model not in _loaded:
            _loaded.clear()
            _loaded[self.model] = _lightgbm().Booster(model_str=self.model)
        booster: Booster = _loaded[self.model]
        return booster


_loaded: dict[str, Any] = {}  # the one in use: to parse it takes longer than to use it


def fit_ranker(listed: Sequence[Listed], names: Sequence[str]) -> tuple[Ranker, Comparison]:
    """Fit the order of hits, and tell whether it is better than the one in which they were found.

    Args:
        listed: the judged questions; those without a right answer among their hits teach nothing, and count.
        names: of the features.

    Returns:
        The ranker, fitted on all questions; and how one that was fitted without them orders the hits of each fifth.

    Raises:
        UsageError: there are too few questions, or LightGBM is not installed.
    """
    teaching = [one for one in listed if one.grades.any() and not one.grades.all()]
    if len(teaching) < LEAST:
        raise UsageError(
            f"An order is learnt from {LEAST} judged questions or more that have right and wrong hits: there are "
            f"{len(teaching)}."
        )
    groups = [one.group or f"question {n}" for n, one in enumerate(listed)]
    folds = {group: n % FOLDS for n, group in enumerate(np.random.default_rng(0).permutation(sorted(set(groups))))}
    before, after = np.zeros(len(listed)), np.zeros(len(listed))
    for fold in range(FOLDS):
        rest = [one for one, group in zip(listed, groups, strict=True) if folds[group] != fold]
        ranker = _fit(rest, names)
        for n, one in enumerate(listed):
            if folds[groups[n]] == fold and len(one.grades):
                before[n] = _worth(-np.arange(len(one.grades), dtype=np.float64), one)
                after[n] = _worth(ranker.scores(one.features), one) if ranker is not None else before[n]
    fitted = _fit(listed, names)
    if fitted is None:
        raise UsageError("Nothing can be learnt: all hits that were judged are alike.")
    return fitted, compare(before, after, groups, measure=MEASURE)


def _fit(listed: Sequence[Listed], names: Sequence[str]) -> Ranker | None:
    lightgbm = _lightgbm()
    teaching = [one for one in listed if one.grades.any() and not one.grades.all()]
    if not teaching:
        return None
    data = lightgbm.Dataset(
        np.concatenate([one.features for one in teaching]),
        label=np.concatenate([np.minimum(one.grades, MOST_GRADE) for one in teaching]),
        group=[len(one.grades) for one in teaching],
        feature_name=[f"f{n}" for n in range(len(names))],  # LightGBM takes no names with blanks
        free_raw_data=False,
    )
    booster = lightgbm.train(PARAMETERS, data, num_boost_round=ROUNDS)
    return Ranker(tuple(names), str(booster.model_to_string()), len(teaching))


MOST_GRADE = 30  # LightGBM's table of gains ends there


def _worth(scores: NDArray[np.float64], one: Listed) -> float:
    right = np.concatenate([one.grades, np.ones(one.missed, np.intp)])
    known = np.concatenate([scores, np.full(one.missed, -np.inf)])
    return float(measure_scores(known[None], right[None], [MEASURE])[MEASURE][0])


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        raise UsageError("Learning to rank needs LightGBM: pip install 'medley[rank]'.") from error
    return lightgbm
