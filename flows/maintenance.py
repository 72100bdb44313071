"""The flow `maintenance`: what a collection wants once a night."""

from __future__ import annotations

from typing import Annotated

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from flows.ingestion.run import current_settings, store_of
from flows.operations import maintain
from flows.operations.notify import on_trouble
from schemas.report import MaintenanceReport

retry_quarantined = task(cache_policy=NO_CACHE)(maintain.retry_quarantined)
rebuild_index = task(cache_policy=NO_CACHE)(maintain.rebuild_index)
back_up = task(cache_policy=NO_CACHE)(maintain.back_up)


@flow(name="maintenance", flow_run_name="maintenance", on_failure=[on_trouble], on_crashed=[on_trouble])
def maintenance(
    store: Annotated[str | None, Field(min_length=1)] = None,
    *,
    retry: bool = True,
    optimize: bool = True,
    backups: Annotated[str | None, Field(min_length=1)] = None,
    keep: Annotated[int, Field(ge=1, le=1000)] = 7,
) -> MaintenanceReport:
    """Try quarantined files again, build the vector index, back the collection up.

    Args:
        store: a folder for the embedded engine, or a server's URL; else that of the settings.
        retry: try the quarantined files of every source again.
        optimize: build the vector index anew.
        backups: a folder for backups, each in a folder of its own; without it none is made.
        keep: so many backups are kept; older ones are deleted.
    """
    settings = current_settings(store=store)
    report = MaintenanceReport()
    with store_of(settings, wait=True) as opened:
        if opened.exists():
            if retry:
                retry_quarantined(opened, settings, report)
            if optimize:
                rebuild_index(opened, report)
            if backups:
                back_up(opened, backups, keep, report)
    return report
