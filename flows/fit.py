"""The flow `fit`: read -> learn -> judge -> keep -> put in use; its steps are functions of `flows.learning.steps`."""

from __future__ import annotations

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed

from flows.dashboard.report import fit_as_markdown
from flows.ingestion.lease import leased
from flows.ingestion.run import current_settings, store_of
from flows.learning import steps
from flows.operations.notify import on_trouble
from schemas import UnknownNameError, UsageError
from schemas.fit import FitReport
from schemas.vectors import FUSED

learn = task(name="learn", cache_policy=NO_CACHE)(steps.fit)


@flow(name="fit", flow_run_name="fit {method}", on_failure=[on_trouble], on_crashed=[on_trouble])
def fit(method: str = "attention", store: str | None = None, *, using: list[str] | None = None) -> FitReport:
    """Fit a fusion of the vectors on the collection itself; it is put in use if it wins on what was left out.

    Args:
        method: attention, concatenation or sum; or graph, which tells vectors of words by neighbours.
        store: a folder for the embedded engine, or a server's URL; else that of the settings.
        using: the named vectors to fuse; none: all dense ones. Of graph: the one that is told.
    """
    with store_of(current_settings(store=store), wait=True) as opened, leased(opened, wait=True):
        try:
            report = learn(opened, steps.FitOptions(method, tuple(using or ())))
        except UnknownNameError:
            raise
        except UsageError as error:  # a collection that is too small for it yet is no fault
            return Completed(message=str(error))  # type: ignore[return-value] # Prefect takes it for how the run ended
    create_markdown_artifact(fit_as_markdown(report), key=f"fit-{method}", description=f"The fit of {FUSED}")
    return report
