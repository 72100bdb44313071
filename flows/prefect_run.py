"""The flow `ingest`, run from this process: what the command line and `Library.ingest(prefect=True)` call.

Prefect is set up before it is imported: its own logging gives way to our bar, and nothing is reported to anybody.
Where no Prefect API is configured, Prefect starts one of its own for the run and keeps its history in ~/.prefect, where
`prefect server start` shows it later.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Unpack

from schemas import MedleyError
from schemas.plan import RunOptions
from schemas.report import IngestReport
from schemas.settings import Settings

SETTINGS = {
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",  # its new database takes a slow machine long
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
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


def prepare() -> None:
    """Set Prefect up; before its first import."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def ingest_as_flow(folder: str | Path, settings: Settings, **options: Unpack[RunOptions]) -> IngestReport:
    """Run the flow here and now.

    Raises:
        MedleyError: as the steps do; or the Prefect API cannot be reached.
    """
    prepare()
    import httpx

    from flows.ingest import ingest
    from flows.run import configured
    from store import shown_location

    try:
        with configured(settings):
            shown = shown_location(settings.store)  # parameters are seen on the dashboard
            return ingest(str(folder), store=shown, **options)
    except (httpx.HTTPError, RuntimeError) as error:
        raise MedleyError(
            f"The Prefect API cannot be reached ({str(error).rstrip('.')}). Start it, unset PREFECT_API_URL, or run "
            "with --no-prefect."
        ) from error
