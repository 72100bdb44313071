"""What reading a file that is asked with may take: as much as the settings of whoever asks say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from schemas.limits import ReadLimits

_limits: ContextVar[ReadLimits] = ContextVar("limits", default=ReadLimits())  # noqa: B039  (it is frozen)


@contextmanager
def reading_within(limits: ReadLimits) -> Iterator[None]:
    """Let files inside be read within these limits, however deep in an answer that is."""
    token = _limits.set(limits)
    try:
        yield
    finally:
        _limits.reset(token)


def read_limits() -> ReadLimits:
    """The limits in force."""
    return _limits.get()
