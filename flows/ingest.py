"""The flow `ingest`: file -> MediaItem -> Segments -> arrays -> Point.

One flow a run, one task for every ten seconds of work; the work itself is plain functions in `flows.ingestion.steps`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled
from pydantic import Field

from flows.dashboard.artifacts import followed, show_collection, show_report
from flows.dashboard.report import run_name
from flows.ingestion import steps
from flows.ingestion.progress import Stopped
from flows.ingestion.retry import patiently
from flows.ingestion.run import current_settings, open_run
from flows.operations.notify import check_quarantine, on_trouble
from schemas.plan import RunOptions
from schemas.report import IngestReport
from schemas.vectors import RUNS

compare = task(cache_policy=NO_CACHE)(steps.compare)
carry = task(cache_policy=NO_CACHE)(steps.carry)
index = task(cache_policy=NO_CACHE)(steps.index)
forget = task(cache_policy=NO_CACHE)(steps.forget)
reencode = task(cache_policy=NO_CACHE)(steps.reencode)
fit = task(cache_policy=NO_CACHE)(steps.fit)
optimize = task(cache_policy=NO_CACHE)(steps.optimize)
account = task(cache_policy=NO_CACHE)(steps.account)


@flow(name="ingest", flow_run_name=run_name, on_failure=[on_trouble], on_crashed=[on_trouble])
def ingest(
    folder: Annotated[str, Field(min_length=1)],
    store: Annotated[str | None, Field(min_length=1)] = None,
    *,
    source: Annotated[str | None, Field(min_length=1)] = None,
    retry: bool = False,
    force: bool = False,
    verify: bool = False,
    wait: bool = False,
    only: list[str] | None = None,
) -> IngestReport:
    """Make the collection equal to the folder.

    Args:
        folder: the media to make searchable.
        store: a folder for the embedded engine, or a server's URL; else that of the settings.
        source: name of this media root in the collection; else the folder's own.
        retry: try quarantined files again although they have not changed.
        force: delete although most of the source is gone from the folder.
        verify: hash every file, and believe no time stamp.
        wait: until another run over the same collection has ended.
        only: what came, went or changed in the folder; nothing else is looked at.
    """
    settings = current_settings(store=store)

    def run_once() -> IngestReport:
        options = RunOptions(source=source, retry=retry, force=force, verify=verify, wait=wait, only=only)
        with open_run(folder, settings, **options) as run:
            compare(run)
            carry(run)
            while index(run):
                pass
            forget(run)
            while reencode(run):
                pass
            fit(run)
            optimize(run)
            before = run.store.metadata().get(RUNS, {}).get(run.source, {}).get("quarantined", 0)
            report = account(run)
            check_quarantine(report, before, settings.notify)
            show_collection(run.store, settings)
            return report

    try:
        with followed(source or Path(folder).name):
            report = patiently(run_once, get_run_logger().warning)
    except Stopped:
        said = "The run was stopped. What was finished is kept; the next run goes on from there."
        return Cancelled(message=said)  # type: ignore[return-value] # a state in place of a result is how the run ended
    show_report(report, folder, settings)
    return report
