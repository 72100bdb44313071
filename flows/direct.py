"""The same run as the flow `flows.ingest`, without Prefect: nothing to start, nothing to reach."""

from __future__ import annotations

from pathlib import Path

from flows import steps
from flows.run import open_run
from schemas.report import IngestReport
from schemas.settings import Settings


def ingest(
    folder: str | Path,
    settings: Settings | None = None,
    *,
    source: str | None = None,
    retry: bool = False,
    force: bool = False,
) -> IngestReport:
    """Make the collection equal to the folder; the arguments are those of the flow."""
    with open_run(folder, settings or Settings(), source=source, retry=retry, force=force) as run:
        steps.compare(run, steps.scan(run))
        steps.carry(run)
        while steps.index(run):
            pass
        steps.forget(run)
        steps.fit(run)
        steps.optimize(run)
        return steps.account(run)
