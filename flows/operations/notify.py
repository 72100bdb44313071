"""Whoever looks after a collection is told what needs a person: in the log, by a webhook, by a block of Prefect's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from flows.ingestion.run import current_settings
from schemas import MedleyError

if TYPE_CHECKING:
    from schemas.report import IngestReport
    from schemas.settings import NotifySettings

log = logging.getLogger("medley.notify")

PATIENCE = 10.0  # seconds that a webhook may take


def notify(subject: str, body: str, settings: NotifySettings) -> None:
    """Say it in the log, and to whoever the settings name. What cannot be sent is logged; no run fails for it."""
    log.warning("%s: %s", subject, body)
    if settings.webhook is not None:
        try:
            _post(settings.webhook.get_secret_value(), subject, body)
        except Exception as error:  # whatever it is, it costs no run
            log.error("The webhook did not take the message: %s", _why(error))  # noqa: TRY400 - it tells the address
    if settings.block is not None:
        try:
            _load(settings.block).notify(body=body, subject=subject)
        except Exception as error:  # as above
            said = _why(error)
            log.error("The block %s did not take the message: %s", settings.block, said)  # noqa: TRY400 - as above


def on_trouble(flow: Any, flow_run: Any, state: Any) -> None:
    """A hook of a flow: its run failed or crashed, or the quality fell by more than it may."""
    try:
        settings = current_settings(store=flow_run.parameters.get("store")).notify
    except MedleyError as error:  # the settings are what is wrong
        log.error("%s: %s", flow_run.name, error)  # noqa: TRY400 - it is a whole sentence
        return
    notify(f"Medley: {flow_run.name} {state.name.lower()}", _sentence(state), settings)


def check_quarantine(report: IngestReport, before: int, settings: NotifySettings) -> None:
    """Tell where a run leaves more files quarantined than may be; once, and again only when they become more.

    Args:
        report: of the run.
        before: how many its source had after the last run.
        settings: how many may be.
    """
    if report.quarantined > max(settings.quarantined, before):
        first = report.quarantine[0] if report.quarantine else None
        such = f", such as {first.path}: {first.reason}" if first else "."
        notify(
            f"Medley: {report.quarantined:,} files of {report.source} are quarantined",
            f"They were {before:,} after the run before{such} `medley quarantine` lists them.",
            settings,
        )


def _post(url: str, subject: str, body: str) -> None:
    import httpx

    told = {"subject": subject, "body": body, "text": f"{subject}\n{body}"}  # what chat programs read is the text
    httpx.post(url, json=told, timeout=PATIENCE, follow_redirects=True).raise_for_status()


def _why(error: Exception) -> str:
    """What went wrong, without the address, which is a secret and which httpx tells."""
    import httpx

    if isinstance(error, httpx.HTTPStatusError):
        return f"it answered {error.response.status_code}."
    if isinstance(error, httpx.HTTPError | httpx.InvalidURL):
        return type(error).__name__
    return str(error)


def _load(name: str) -> Any:
    from prefect.blocks.core import Block

    return Block.load(name)


def _sentence(state: Any) -> str:
    """What a state says, without what Prefect puts before an exception's own words."""
    said = str(state.message or "")
    return said.removeprefix("Flow run encountered an exception: ").strip() or "It says no more."
