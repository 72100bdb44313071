"""The flow `evaluate`: questions -> answers -> what they are worth -> a report, and a gate that it must pass.

The work is plain functions in `flows.evaluation.steps`. A flow asks no questions of its own: `searcher` names who
answers them, as a web server is told the application that it serves. Medley's own is `query:search`.
"""

from __future__ import annotations

from pathlib import Path
from pkgutil import resolve_name

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE

from flows.dashboard.evaluated import as_markdown
from flows.evaluation import steps
from flows.ingestion.run import current_settings
from flows.operations.notify import on_trouble
from readers.judged import read_judged
from schemas.evaluation import EvaluationOptions, EvaluationReport

prepare = task(cache_policy=NO_CACHE)(steps.prepare)
ask = task(cache_policy=NO_CACHE)(steps.ask)
account = task(cache_policy=NO_CACHE)(steps.account)


@flow(name="evaluate", flow_run_name="evaluate", on_failure=[on_trouble], on_crashed=[on_trouble])
def evaluate(
    searcher: str,
    store: str | None = None,
    *,
    questions: str | None = None,
    topics: str | None = None,
    options: EvaluationOptions | None = None,
    name: str = "",
    against: str | None = None,
    gate: dict[str, float] | None = None,
    wait: bool = False,
) -> EvaluationReport | None:
    """Measure how well the collection is searched; fail where that fell by more than it may.

    Args:
        searcher: who answers, as `module:function` of a store, encoders and a request.
        store: a folder for the embedded engine, or a server's URL; else that of the settings.
        questions: a file of judged questions; else they are made from the collection.
        topics: the words of the questions of qrels.
        options: which questions are made, and how they are asked.
        name: of the run.
        against: a run to compare with: its id, or `latest`, which need not be there yet; for a gate, that is the last
            run that passed it without any loss.
        gate: by measure, by how much it may be lower than in the run compared with.
        wait: until the process that holds an embedded store lets go of it.
    """
    settings = current_settings(store=store)
    judged = read_judged(Path(questions), Path(topics) if topics else None) if questions else None
    answers = resolve_name(searcher)
    with steps.open_evaluation(settings, answers, judged=judged, options=options, name=name, wait=wait) as run:
        if not prepare(run):  # a collection without captions, clips or twins is no fault of its searches
            create_markdown_artifact("\n".join(run.judged.notes), key="evaluation", description="Nothing to ask")
            return None
        ask(run)
        report = account(run)
    compared = steps.compared(report, against, settings, gated=bool(gate)) if against else []
    try:
        if against and gate:
            steps.check_gate(report, against, gate, settings)
    finally:
        create_markdown_artifact(as_markdown(report, compared), key="evaluation", description=f"Run {report.id}")
    return report
