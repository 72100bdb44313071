"""How far a run has come, told to whoever listens: a bar on a terminal, a log, a dashboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:  # the bar of a command that only asks has no use for a plan, whose model is slow to load
    from schemas.plan import IngestPlan

Listener = Callable[[str, float, int], None]
"""Is told the stage of the run, how many files are done in it, and how many there are (0: not known yet). What is read
of a long file counts as a part of one."""

STAGES = {
    "wait": "Waiting for the collection",
    "scan": "Looking",
    "hash": "Hashing",
    "index": "Reading and encoding",
    "reencode": "Encoding anew",
    "optimize": "Building the index",
}
"""What a run does in each stage, in words."""

Reader: TypeAlias = "Callable[[IngestPlan], None]"
"""Is shown the plan of the run before its work begins."""

_reader: ContextVar[Reader | None] = ContextVar("reader", default=None)
_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextmanager
def listening(listener: Listener | None, reader: Reader | None = None) -> Iterator[None]:
    """Tell `listener` of the progress of what runs inside, and `reader` of its plan.

    They are not parameters of the flow, which must be data.
    """
    tokens = _listener.set(listener), _reader.set(reader)
    try:
        yield
    finally:
        _listener.reset(tokens[0])
        _reader.reset(tokens[1])


class Stopped(BaseException):
    """Raised by a listener to end a run as Ctrl-C does: what is whole is written, and nothing takes it for an error."""


def tell(stage: str, done: float, total: int = 0) -> None:
    """Tell the listener, if there is one.

    Raises:
        Stopped: the run is to end.
    """
    listener = _listener.get()
    if listener is not None:
        listener(stage, done, total)


def listener() -> Listener | None:
    """Who listens, if anybody does."""
    return _listener.get()


def reader() -> Reader | None:
    """Who is shown the plan, if anybody is."""
    return _reader.get()


def tell_plan(plan: Callable[[], IngestPlan]) -> None:
    """Show the plan to whoever wants to see it; it is made only then."""
    reader = _reader.get()
    if reader is not None:
        reader(plan())
