"""An evaluation, step by step: the questions, their answers, what they came to, and what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from flows.evaluation import runs
from flows.evaluation.held_out import hold_out
from flows.ingestion.progress import tell
from flows.ingestion.run import store_of
from fusion.evaluation import compare_reports, report
from schemas import EmptyCollectionError, GateError, UnreachableError, UsageError
from schemas.answer import SearchResult
from schemas.evaluation import Comparison, EvaluationOptions, EvaluationReport, Gate, Judged, Run
from schemas.search import SearchRequest
from schemas.settings import Settings
from schemas.vectors import DEFAULT_PRESET, PRESET

if TYPE_CHECKING:
    from encoders import EncoderSet
    from store import Store

Searcher = Callable[["Store", "EncoderSet", SearchRequest], SearchResult]
"""Who answers. The flows ask no questions of their own: whoever starts an evaluation says who does."""


@dataclass(slots=True)
class Evaluation:
    """An evaluation under way."""

    store: Store
    asked: Store  # which may be a copy
    encoders: EncoderSet
    settings: Settings
    searcher: Searcher
    options: EvaluationOptions
    judged: Judged
    made: bool  # whether the questions are made from the collection
    run: Run
    seconds: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@contextmanager
def open_evaluation(
    settings: Settings,
    searcher: Searcher,
    *,
    judged: Judged | None = None,
    options: EvaluationOptions | None = None,
    name: str = "",
    wait: bool = False,
) -> Iterator[Evaluation]:
    """Open the collection, and a place for the copy that is asked where the questions are made from it.

    Args:
        settings: name the collection.
        searcher: who answers.
        judged: questions with their right answers, by paths or ids; else they are made.
        options: how.
        name: of the run.
        wait: until the process that holds an embedded store lets go of it.

    Raises:
        EmptyCollectionError: there is nothing to ask.
        StoreError: the store cannot be opened.
    """
    from encoders import load_preset
    from store import open_store

    with store_of(settings, wait=wait) as store:
        if not store.exists():
            raise EmptyCollectionError(f"There is nothing to evaluate in {store.location}: ingest a folder first.")
        preset = settings.encoders.preset or store.metadata().get(PRESET, DEFAULT_PRESET)
        encoders = load_preset(preset, settings=settings.encoders)
        with TemporaryDirectory(prefix="medley-evaluation-") as folder:
            copy = open_store(folder, store.collection) if judged is None else store
            try:
                yield Evaluation(
                    store,
                    copy,
                    encoders,
                    settings,
                    searcher,
                    options or EvaluationOptions(),
                    judged or Judged(),
                    judged is None,
                    Run(name=name or preset),
                )
            finally:
                if copy is not store:
                    copy.close()


def prepare(evaluation: Evaluation) -> int:
    """Make the questions, or find the items that those of a file mean; returns how many there are."""
    if evaluation.made:
        evaluation.judged = hold_out(evaluation.store, evaluation.asked, evaluation.encoders, evaluation.options)
    else:
        evaluation.judged = runs.resolved(evaluation.judged, evaluation.store)
    return len(evaluation.judged.queries)


def ask(evaluation: Evaluation) -> None:
    """Ask every question, as anybody's search is asked."""
    options, queries = evaluation.options, evaluation.judged.queries
    changed = _asked_for(options.ask) | {"limit": options.depth, "group_by": "item", "group_size": 1, "offset": 0}
    for number, query in enumerate(queries):
        tell("ask", number, len(queries))
        request = query.request.model_copy(update=changed | ({"using": own} if (own := query.request.using) else {}))
        began = time.perf_counter()
        try:
            result = evaluation.searcher(evaluation.asked, evaluation.encoders, request)
        except UnreachableError as error:
            evaluation.run.rankings[query.id] = []
            if (note := f"{query.kind}: {error}") not in evaluation.notes:
                evaluation.notes.append(note)
            continue
        evaluation.seconds.append(time.perf_counter() - began)
        evaluation.run.rankings[query.id] = list(dict.fromkeys(hit.item for hit in result.hits))
    tell("ask", len(queries), len(queries))


def account(evaluation: Evaluation) -> EvaluationReport:
    """Measure the answers, and keep the report."""
    store, options = evaluation.store, evaluation.options
    made = report(
        evaluation.judged,
        evaluation.run,
        about={
            "collection": store.collection,
            "points": store.count(),
            "encoders": {name: spec.fingerprint for name, spec in evaluation.encoders.specs.items()},
            "options": options.model_dump(mode="json"),
            "questions": "made from the collection" if evaluation.made else "given",
        },
        seconds=evaluation.seconds,
        notes=evaluation.notes,
    )
    runs.keep(made, evaluation.settings)
    return made


def evaluate(
    settings: Settings,
    searcher: Searcher,
    *,
    judged: Judged | None = None,
    options: EvaluationOptions | None = None,
    name: str = "",
) -> EvaluationReport:
    """The same as the flow `flows.evaluate`, without Prefect; see `open_evaluation`."""
    with open_evaluation(settings, searcher, judged=judged, options=options, name=name) as evaluation:
        prepare(evaluation)
        ask(evaluation)
        return account(evaluation)


def judged_from(
    questions: str | Path | Judged | None, topics: str | Path | None = None, dataset: str | None = None
) -> Judged | None:
    """Judged questions from a file, from `NAME=PATH` of a public data set, or as they are; None: there are none.

    Raises:
        UsageError: the file is not understood.
    """
    from readers.datasets import read_dataset
    from readers.judged import read_judged

    if dataset is not None:
        name, _, path = dataset.partition("=")
        if questions is not None or not path:
            raise UsageError("A data set is given as NAME=PATH, such as coco=captions_val2017.json, and alone.")
        return read_dataset(name, Path(path).expanduser())
    if questions is None or isinstance(questions, Judged):
        return questions
    return read_judged(Path(questions), Path(topics) if topics else None)


def compared(after: EvaluationReport, against: str, settings: Settings, *, gated: bool = False) -> list[Comparison]:
    """What changed since a run that was kept; nothing, where the latest is meant and there is none.

    Args:
        after: the run at hand.
        against: see `flows.evaluation.runs.earlier`.
        settings: name the collection.
        gated: it is the run that a gate compares with which is meant.

    Raises:
        UsageError: there is no such run, or it asked other questions.
    """
    before = runs.earlier(against, settings, after, gated=gated)
    return compare_reports(before, after) if before is not None else []


def check_gate(after: EvaluationReport, against: str, drops: Mapping[str, float], settings: Settings) -> None:
    """See that no measure fell by more than it may, and keep what came of it with the report.

    The first run of all has nothing to fall from, and passes.

    Raises:
        GateError: one did.
        UsageError: there is no such run or measure.
    """
    before = runs.earlier(against, settings, after, gated=True)
    changes = compare_reports(before, after, list(drops)) if before is not None else []
    fallen = [one for one in changes if one.after < one.before - drops[one.measure]]
    gate = Gate(
        drops=dict(drops),
        against=before.id if before is not None else "",
        passed=not fallen,
        held=all(one.after >= one.before for one in changes),
    )
    for one in fallen[:1]:
        gate.failure = (
            f"{one.measure} fell from {one.before:.3f} ({gate.against}) to {one.after:.3f} on {one.queries} "
            f"questions, by more than {drops[one.measure]:g} (p = {one.p:.3f}): what changed since is to blame."
        )
    after.gate = gate
    runs.keep_gate(after, settings)
    if gate.failure:
        raise GateError(gate.failure)


def _asked_for(ask: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a request that every question has, checked."""
    made = SearchRequest.of(text="-", **ask)
    return {name: getattr(made, name) for name in ask}
