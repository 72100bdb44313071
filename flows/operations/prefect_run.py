"""The flow `ingest`, run from this process: what the command line and `Library.ingest(prefect=True)` call.

Prefect is set up before it is imported: its own logging gives way to our bar, and nothing is reported to anybody.
Where no Prefect API is configured, Prefect starts one of its own for the run and keeps its history in ~/.prefect, where
`prefect server start` shows it later.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from schemas import MedleyError, UsageError
from schemas.plan import RunOptions
from schemas.report import IngestReport
from schemas.settings import Settings

if TYPE_CHECKING:
    from schemas.evaluation import EvaluationOptions, EvaluationReport

SETTINGS = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",  # its new database takes a slow machine long
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "medley",  # a run's events are among its logs there
}


def api_configured() -> bool:
    """Whether a Prefect API is named by the environment or by the active profile; tells it without Prefect's import."""
    if os.environ.get("PREFECT_API_URL"):
        return True
    home = Path(os.environ.get("PREFECT_HOME", Path.home() / ".prefect"))
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml"))
    try:
        profiles = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError):
        return False
    active = os.environ.get("PREFECT_PROFILE", profiles.get("active", ""))
    return "PREFECT_API_URL" in profiles.get("profiles", {}).get(active, {})


HEARTBEAT = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30"}
"""Seconds between two signs of life of a run. Prefect allows no shorter time; one that gives none has crashed."""


def configured_api() -> str:
    """The URL of the Prefect API that is configured."""
    from prefect.settings import get_current_settings

    return str(get_current_settings().api.url or "")


def prepare() -> None:
    """Set Prefect up; before its first import."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def ingest_as_flow(folder: str | Path, settings: Settings, **options: Unpack[RunOptions]) -> IngestReport:
    """Run the flow here and now.

    Raises:
        MedleyError: as the steps do; or the Prefect API cannot be reached.
    """
    from flows.ingestion.run import configured, media_root

    address = media_root(folder)
    with _prefect():
        from flows.ingest import ingest
        from store import shown_location

        with configured(settings):
            shown = shown_location(settings.store)  # parameters are seen on the dashboard
            return ingest(address, store=shown, **options)


def evaluate_as_flow(
    settings: Settings,
    searcher: str,
    *,
    questions: str | None = None,
    topics: str | None = None,
    options: EvaluationOptions | None = None,
    name: str = "",
) -> EvaluationReport:
    """Run the flow `evaluate` here and now; `searcher` names who answers, as `module:function`.

    Raises:
        MedleyError: as the steps do; or the Prefect API cannot be reached.
    """
    with _prefect():
        from flows.evaluate import evaluate
        from flows.ingestion.run import configured
        from store import shown_location

        with configured(settings):
            shown = shown_location(settings.store)
            report = evaluate(searcher, shown, questions=questions, topics=topics, options=options, name=name)
        if report is None:
            raise UsageError("There is no question to evaluate with: the collection gives none, and no file was given.")
        return report


@contextmanager
def _prefect() -> Iterator[None]:
    """Set Prefect up before it is imported, and tell in one sentence where its API cannot be reached.

    Prefect says that by a `RuntimeError`, as others say other things: so it is asked for its API before the run begins.
    """
    prepare()
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # who runs it here is told otherwise
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import CancelledRun

    try:
        with get_client(sync_client=True) as client:
            client.raise_for_api_version_mismatch()
    except (httpx.HTTPError, RuntimeError) as error:
        raise _away(error) from error
    try:
        yield
    except httpx.HTTPError as error:
        raise _away(error) from error
    except CancelledRun as error:  # on the dashboard
        raise MedleyError(str(error)) from error


def _away(error: Exception) -> MedleyError:
    return MedleyError(
        f"The Prefect API cannot be reached ({str(error).rstrip('.')}). Start it, unset PREFECT_API_URL, or run "
        "with --no-prefect."
    )
