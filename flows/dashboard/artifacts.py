"""What Prefect's dashboard shows of a run: how far it is, its plan, its report, what it added, and the collection."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run

from flows.dashboard import overview, report
from flows.dashboard.contact import contact_sheet
from flows.ingestion.progress import Stopped, listener, listening, reader
from schemas.plan import IngestPlan
from schemas.report import IngestReport

if TYPE_CHECKING:
    from schemas.settings import Settings
    from store import Store

EVERY = 3.0  # seconds between two words to the server: a run must not wait for its own dashboard
SHARES = {"scan": (0, 5), "hash": (5, 10), "index": (10, 90), "reencode": (90, 96), "optimize": (96, 100)}
"""Where each stage begins and ends on the bar, percent."""


@contextmanager
def followed(source: str) -> Iterator[None]:
    """Show how far the run inside is, and its plan; and stop it when somebody cancels it there."""
    key = f"progress-{slug(source)}"
    artifact = create_progress_artifact(0.0, key=key, description="Beginning")
    following = _Following(artifact if isinstance(artifact, UUID) else None)
    before, plan_reader = listener(), reader()

    def listen(stage: str, done: float, total: int) -> None:
        following.listen(stage, done, total)
        if before is not None:
            before(stage, done, total)

    def show(plan: IngestPlan) -> None:
        create_markdown_artifact(
            report.plan_as_markdown(plan), key=f"plan-{slug(source)}", description="What the run does"
        )
        if plan_reader is not None:
            plan_reader(plan)

    with listening(listen, show):
        yield
    following.show(100.0, "Done")


class _Following:
    """The bar of one run."""

    def __init__(self, artifact: UUID | None) -> None:
        self._artifact = artifact
        self._said = time.monotonic()
        self._began: dict[str, float] = {}

    def listen(self, stage: str, done: float, total: int) -> None:
        now = time.monotonic()
        began = self._began.setdefault(stage, now)
        if now - self._said < EVERY:
            return
        self._said = now
        if _cancelled():
            raise Stopped
        low, high = SHARES.get(stage, (0, 0))
        share = min(1.0, done / total) if total else 0.0
        self.show(low + share * (high - low), report.progress_line(stage, done, total, now - began))

    def show(self, percent: float, said: str) -> None:
        """Say it; a server that does not answer costs the bar, not the run."""
        if self._artifact is not None:
            with suppress(Exception):
                update_progress_artifact(self._artifact, progress=round(percent, 1), description=said)


def _cancelled() -> bool:
    """Whether somebody cancelled the run on the dashboard."""
    with suppress(Exception), get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(str(flow_run.id))).state
        return state is not None and state.type.value in ("CANCELLING", "CANCELLED")
    return False


def show_report(found: IngestReport, folder: str, settings: Settings) -> None:
    """The report of a run as a page, and small pictures of what it added."""
    key, link = slug(found.source), overview.search_link(settings)
    create_markdown_artifact(
        report.as_markdown(found, link), key=f"ingest-{key}", description=f"What became of {folder}"
    )
    if found.added:
        with suppress(Exception):  # what cannot be drawn is in the report all the same
            if sheet := contact_sheet(folder, found.added, settings.read.limits):
                said = f"{len(found.added)} of the pictures and clips that were added or changed"
                create_image_artifact(sheet, key=f"added-{key}", description=said)


def show_collection(store: Store, settings: Settings) -> None:
    """What the collection holds now."""
    create_markdown_artifact(
        overview.as_markdown(store, settings),
        key=f"collection-{slug(settings.collection)}",
        description="What the collection holds",
    )


def slug(name: str) -> str:
    """A name as the key of an artifact."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "source"
