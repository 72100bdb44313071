"""What the answers to judged questions came to, and how two such reports differ."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from fusion.evaluation.measures import measure_rankings
from fusion.evaluation.resampling import compare, summarize
from schemas import UsageError
from schemas.evaluation import MEASURES, SHOWN, Comparison, EvaluationReport, Judged, Measured, Run

FIRST = 10


def report(
    judged: Judged,
    run: Run,
    *,
    about: Mapping[str, Any] | None = None,
    seconds: Sequence[float] = (),
    notes: Sequence[str] = (),
) -> EvaluationReport:
    """Measure a run.

    Args:
        judged: the questions, with their right answers.
        run: the answers.
        about: how it was made.
        seconds: that each question took.
        notes: what a person should know besides.

    Raises:
        UsageError: there is no question.
    """
    if not judged.queries:
        raise UsageError(
            "There is no question to evaluate with: " + (" ".join(judged.notes) or "the file of questions is empty.")
        )
    judgements = {query.id: judged.judgements.get(query.id, {}) for query in judged.queries}
    values = measure_rankings(run.rankings, judgements)
    groups = {query.id: query.group or query.id for query in judged.queries}
    right = {question: {one for one, grade in of.items() if grade > 0} for question, of in judgements.items()}

    def part(questions: Sequence[str]) -> Measured:
        return summarize(
            {name: [values[name][one] for one in questions] for name in MEASURES}, [groups[one] for one in questions]
        )

    kinds = sorted({query.kind for query in judged.queries})
    modalities = sorted(set(judged.modalities.values()))
    of_modality = {
        modality: [q for q, ids in right.items() if any(judged.modalities.get(one) == modality for one in ids)]
        for modality in modalities
    }
    made = datetime.now(UTC)
    return EvaluationReport(
        id=f"{made:%Y%m%dT%H%M%S}-{re.sub('[^a-z0-9]+', '-', run.name.lower()).strip('-') or 'run'}",
        name=run.name,
        made=made,
        about=dict(about or {}),
        overall=part(list(judgements)),
        kinds={kind: part([query.id for query in judged.queries if query.kind == kind]) for kind in kinds},
        modalities={modality: part(questions) for modality, questions in of_modality.items() if questions},
        coverage=_coverage(judged.modalities, right, run),
        unanswered=sum(not run.rankings.get(question) for question in judgements),
        seconds=_percentiles(seconds),
        values=values,
        groups=groups,
        kind_of={query.id: query.kind for query in judged.queries},
        notes=[*judged.notes, *notes],
    )


def compare_reports(
    before: EvaluationReport, after: EvaluationReport, measures: Sequence[str] = SHOWN
) -> list[Comparison]:
    """Compare two reports, question by question, on those that both asked.

    Raises:
        UsageError: they share no question, or one of them lacks a measure.
    """
    found = []
    for name in measures:
        if name not in before.values or name not in after.values:
            raise UsageError(f"There is no measure {name!r} to compare: take one of {', '.join(after.values)}.")
        old, new = before.values[name], after.values[name]
        both = [question for question in new if question in old]
        if not both:
            raise UsageError(f"The runs {before.id} and {after.id} share no question: they cannot be compared.")
        found.append(
            compare(
                [old[one] for one in both],
                [new[one] for one in both],
                [after.groups.get(one, one) for one in both],
                measure=name,
            )
        )
    return found


def _coverage(modalities: Mapping[str, str], right: Mapping[str, set[str]], run: Run) -> dict[str, float]:
    """By modality, the share of the right items that a question which wants them found among the first."""
    wanted: dict[str, set[str]] = {}
    found: dict[str, set[str]] = {}
    for question, ids in right.items():
        first = set(run.rankings.get(question, ())[:FIRST])
        for one in ids:
            if (modality := modalities.get(one)) is not None:
                wanted.setdefault(modality, set()).add(one)
                if one in first:
                    found.setdefault(modality, set()).add(one)
    return {modality: len(found.get(modality, ())) / len(of) for modality, of in sorted(wanted.items())}


def _percentiles(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    median, slow = np.percentile(seconds, [50, 95])
    return {"median": float(median), "p95": float(slow)}
