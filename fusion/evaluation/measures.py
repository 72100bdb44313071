"""What each ranking is worth. The arithmetic is trec_eval's, through ir-measures, so that it is everybody's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError
from schemas.evaluation import MEASURES

DEPTH = 1000
"""Places that are looked at: what stands behind them is not found. The measures' own depths are ten, or all."""

Values = dict[str, NDArray[np.float64]]
"""By measure, one value a question, in the order of the questions."""


def measure_scores(scores: NDArray[Any], right: NDArray[Any], measures: Sequence[str] = MEASURES) -> Values:
    """Measure the rankings that scores make.

    Where scores are equal, what is wrong is put before what is right: a model that says nothing finds nothing.

    Args:
        scores: (questions, items), higher is better; -inf or NaN: not found.
        right: (questions, items): bool, or grades, 0 for wrong.
        measures: names of `schemas.evaluation.MEASURES`.

    Returns:
        By measure, float64 (questions,). A question without a right answer has 0 in all.

    Raises:
        UsageError: the shapes differ, or there is no such measure.
    """
    given, grades = np.atleast_2d(np.asarray(scores, np.float64)), np.atleast_2d(np.asarray(right, np.int64))
    if given.shape != grades.shape:
        raise UsageError(f"Scores of shape {given.shape} are judged by an array of shape {grades.shape}.")
    given = np.where(np.isnan(given), -np.inf, given)
    rankings: dict[str, list[str]] = {}
    judgements: dict[str, dict[str, int]] = {}
    for row, (marks, grade) in enumerate(zip(given, grades, strict=True)):
        order = np.lexsort((grade, -marks))[:DEPTH]
        rankings[str(row)] = [str(item) for item in order if marks[item] > -np.inf]
        judgements[str(row)] = {str(item): int(grade[item]) for item in np.flatnonzero(grade)}
    found = measure_rankings(rankings, judgements, measures)
    return {name: np.array([values[str(row)] for row in range(len(given))]) for name, values in found.items()}


def measure_rankings(
    rankings: Mapping[str, Sequence[str]],
    judgements: Mapping[str, Mapping[str, int]],
    measures: Sequence[str] = MEASURES,
) -> dict[str, dict[str, float]]:
    """Measure rankings.

    Args:
        rankings: by question, ids, best first, each once.
        judgements: by question, the grade of each judged id, 1 and more: right. Its questions are those measured.
        measures: names of `schemas.evaluation.MEASURES`.

    Returns:
        By measure and question. A question without a ranking, or without a right answer, has 0 in all.

    Raises:
        UsageError: there is no such measure.
    """
    import ir_measures

    named = {name: _measure(name) for name in measures}
    back = {str(made): name for name, made in named.items()}
    # Places stand for scores: trec_eval orders by score and, where those are equal, by id.
    run = {
        question: {id_: float(-place) for place, id_ in enumerate(rankings.get(question, ())[:DEPTH])}
        for question in judgements
    }
    # trec_eval passes over questions that have no judgement, and takes no grade below 0.
    judged = {q: {id_: max(0, grade) for id_, grade in ids.items()} for q, ids in judgements.items() if ids}
    found: dict[str, dict[str, float]] = {name: dict.fromkeys(judgements, 0.0) for name in named}
    if judged:
        for metric in ir_measures.iter_calc(list(named.values()), judged, run):
            found[back[str(metric.measure)]][metric.query_id] = float(metric.value)
    return found


def _measure(name: str) -> Any:
    """The measure of ir-measures that a name of ours stands for."""
    from ir_measures import AP, RR, R, Success, nDCG

    plain = {"mrr": RR, "map": AP}
    cut = {"recall": R, "success": Success, "ndcg": nDCG, "mrr": RR, "map": AP}
    kind, _, depth = name.partition("@")
    if name in plain:
        return plain[name]
    if kind in cut and depth.isdigit() and int(depth) > 0:
        return cut[kind] @ int(depth)
    raise UsageError(f"There is no measure {name!r}: take one of {', '.join(MEASURES)}.")
