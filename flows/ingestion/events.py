"""What a run does as a log: one line an event, with the run's id, its source, and the file where one is meant.

Nothing is written unless somebody asks (the setting `log`); on Prefect's server a run's events are among its logs.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

ROOT = "medley"
"""The logger above all of ours."""

log = logging.getLogger(f"{ROOT}.run")
log.addHandler(logging.NullHandler())  # without any, Python itself writes warnings to standard error

_run: ContextVar[dict[str, str] | None] = ContextVar("run", default=None)


@contextmanager
def of_run(source: str) -> Iterator[str]:
    """Let the events inside bear the id of a run (Prefect's, where it is one of its) and its source."""
    identity = _flow_run_id() or uuid4().hex
    token = _run.set({"run": identity, "source": source})
    try:
        yield identity
    finally:
        _run.reset(token)


def event(name: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write an event, if anybody reads it.

    Args:
        name: what happened.
        level: how much it matters.
        fields: what else is known; empty ones are left out.
    """
    if log.isEnabledFor(level):
        told = {**(_run.get() or {}), **{key: value for key, value in fields.items() if value not in ("", None)}}
        said = " ".join(f"{key}={_plain(value)}" for key, value in told.items() if key != "run")
        log.log(level, "%s", f"{name} {said}".strip(), extra={"event": name, "fields": told})


def write(how: str, stream: Any = None) -> None:
    """Have events written to standard error, as `text` or `json`; `off`: not.

    Calling it again replaces what was.
    """
    logger = logging.getLogger(ROOT)
    for handler in [one for one in logger.handlers if isinstance(one, _Lines)]:
        logger.removeHandler(handler)
    if how == "off":
        return
    handler = _Lines(stream or sys.stderr)
    handler.setFormatter(_Json() if how == "json" else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


class _Lines(logging.StreamHandler[Any]):
    """Ours, told apart from anybody else's."""


class _Json(logging.Formatter):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", record.name.removeprefix(f"{ROOT}.")),
        }
        told |= getattr(record, "fields", None) or {**(_run.get() or {}), "message": record.getMessage()}
        return json.dumps(told, ensure_ascii=False, default=str)


def _flow_run_id() -> str | None:
    """The id of the Prefect run that this is part of; Prefect is not loaded to find that out."""
    if "prefect.runtime" not in sys.modules:
        return None
    from prefect.runtime import flow_run

    found: str | None = flow_run.id
    return found


def _plain(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or "\n" in text else text
