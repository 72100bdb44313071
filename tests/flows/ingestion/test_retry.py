"""Runs that are tried again, and those that are not."""

from __future__ import annotations

from itertools import pairwise

import httpx
import pytest
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from flows.ingestion.progress import Stopped, listening
from flows.ingestion.retry import patiently
from schemas import MedleyError
from schemas.errors import StoreUnavailableError
from store.retry import explain


def away() -> MedleyError:
    cause = ResponseHandlingException(httpx.ConnectError("refused"))
    error = explain(cause, "collection 'medley'")
    assert error is not None
    error.__cause__ = cause
    return error


def test_a_server_that_comes_back_is_waited_for_with_growing_random_waits() -> None:
    faults = [away() for _ in range(4)]
    waits: list[list[float]] = []
    said: list[str] = []
    for _ in range(200):
        left, slept = list(faults), []

        def run(left: list[MedleyError] = left) -> str:
            if left:
                raise left.pop()
            return "done"

        assert patiently(run, said.append, first=1.0, sleep=slept.append) == "done"
        waits.append(slept)
    limits = [max(column) for column in zip(*waits, strict=True)]
    assert all(low < high for low, high in pairwise(limits))  # exponential
    assert len({round(slept[3], 6) for slept in waits}) > 100  # jitter: runs that failed together part
    assert max(limits) <= 8.0
    assert "does not answer" in said[0]
    assert "Attempt 2 of 5 follows" in said[0]


def test_the_last_fault_is_raised() -> None:
    tried: list[int] = []

    def run() -> None:
        tried.append(1)
        raise away()

    with pytest.raises(StoreUnavailableError, match="does not answer"):
        patiently(run, lambda _: None, attempts=3, sleep=lambda _: None)
    assert len(tried) == 3


@pytest.mark.parametrize("error", [MedleyError("Most of the source is gone."), ValueError("a bug"), None])
def test_what_does_not_pass_by_itself_is_not_tried_again(error: Exception | None) -> None:
    tried: list[int] = []
    if error is None:
        cause = UnexpectedResponse(401, "Unauthorized", b"", httpx.Headers())
        error = explain(cause, "collection 'medley'")
        assert isinstance(error, StoreUnavailableError)  # a key that is refused
        error.__cause__ = cause

    def run() -> None:
        tried.append(1)
        raise error

    with pytest.raises(type(error)):
        patiently(run, lambda _: None, sleep=lambda _: None)
    assert len(tried) == 1


def test_a_run_that_waits_can_be_stopped() -> None:
    def stop(stage: str, done: float, total: int) -> None:
        assert stage == "wait"
        raise Stopped

    def run() -> None:
        raise away()

    with listening(stop), pytest.raises(Stopped):
        patiently(run, lambda _: None)
