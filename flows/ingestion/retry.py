"""A run that met a fault which passes by itself is done again from the beginning: nothing is encoded twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from flows.ingestion.progress import tell
from schemas.errors import StoreUnavailableError, TransientReadError

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

ATTEMPTS = 5
FIRST = 15.0
"""Seconds that the first wait may take: each is drawn from 0 to a limit that doubles (full jitter), so that runs that
failed together do not return together. The store itself has tried for a minute by then."""


def passes(error: BaseException) -> bool:
    """Whether a fault may be gone by itself in some minutes: a server that is away; not a key that is refused."""
    if isinstance(error, StoreUnavailableError):
        from store.retry import is_transient

        return error.__cause__ is None or is_transient(error.__cause__)
    return isinstance(error, TransientReadError)


def patiently(
    run: Callable[[], T],
    say: Callable[[str], object],
    *,
    attempts: int = ATTEMPTS,
    first: float = FIRST,
    sleep: Callable[[float], None] | None = None,
) -> T:
    """Do a run, and again where it failed by a fault that passes.

    Args:
        run: the whole of it; it must begin from what the collection says.
        say: is told of each fault, and when the run is tried again.
        attempts: how often to try.
        first: seconds that the first wait takes at most.
        sleep: waits; it may raise to end the waiting.

    Raises:
        MedleyError: as the run does; of the last attempt.
    """
    import tenacity

    def note(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        wait = state.next_action.sleep if state.next_action else 0.0
        say(f"{error} Attempt {state.attempt_number + 1} of {attempts} follows in {wait:.0f} s.")

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(attempts),
        wait=tenacity.wait_random_exponential(multiplier=first),
        retry=tenacity.retry_if_exception(passes),
        before_sleep=note,
        sleep=sleep or _sleep,
        reraise=True,
    )
    return retrying(run)


def _sleep(seconds: float) -> None:
    """Wait, in steps in which a run can be stopped."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        tell("wait", 0)
        time.sleep(min(1.0, left))
