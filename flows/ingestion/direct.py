"""The same run as the flow `flows.ingest`, without Prefect: nothing to start, nothing to reach."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from flows.ingestion import steps
from flows.ingestion.run import open_run
from schemas.plan import IngestPlan, RunOptions
from schemas.report import IngestReport
from schemas.settings import Settings


def ingest(
    folder: str | Path,
    settings: Settings | None = None,
    **options: Unpack[RunOptions],
) -> IngestReport:
    """Make the collection equal to the folder; the arguments are those of the flow."""
    with open_run(folder, settings or Settings(), **options) as run:
        steps.compare(run)
        steps.carry(run)
        while steps.index(run):
            pass
        steps.forget(run)
        while steps.reencode(run):
            pass
        steps.fit(run)
        steps.optimize(run)
        return steps.account(run)


def plan(
    folder: str | Path,
    settings: Settings | None = None,
    **options: Unpack[RunOptions],
) -> IngestPlan:
    """What `ingest` with these arguments would do; nothing is written."""
    with open_run(folder, settings or Settings(), dry=True, **options) as run:
        steps.compare(run)
        return steps.plan_value(run)
