"""In front of a server that misbehaves, every write is done in the end, or fails with one sentence: never half."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreUnavailableError
from store import Store
from store.retry import Backoff
from store.server import BATCH, ServerStore
from tests.rest import Fault, RestServer, cut, hang_up, stall, status

from .conftest import SPECS, make_points, uid

QUICK = Backoff(attempts=5, first=0.01, longest=0.05, patience=10.0)
FAULTS: dict[str, list[Fault | None]] = {
    "hangs up": [hang_up] * 3,
    "cuts its answer": [cut] * 3,
    "stalls": [stall(1.5)],
    "is overloaded": [status(429), status(429, Retry_After="0"), status(429)],
    "is starting": [status(503), status(502), status(504)],
    "does all of it": [hang_up, cut, status(429), status(503)],
    "does it now and then": [None, cut, None, hang_up, hang_up, None, status(503), cut, None, status(429)] * 4,
}


@pytest.fixture
def rest() -> Iterator[RestServer]:
    server = RestServer()
    yield server
    server.stop()


def connect(rest: RestServer, backoff: Backoff = QUICK) -> ServerStore:
    return ServerStore(rest.url, "medley", timeout=1, backoff=backoff)


def work(store: Store) -> None:
    """A run in small: a collection, points, changes, a fitted model."""
    store.ensure(SPECS)
    store.upsert(make_points(20))
    store.update_vectors([models.PointVectors(id=uid(1), vector={"image": [1.0, 2.0, 3.0]})])
    store.set_payload({"state": "excluded"}, [uid(2), uid(3)])
    store.delete_payload(["size"], [uid(4)])
    store.delete([uid(5)])
    store.set_metadata({"sources": {"a": "/a"}})
    store.save_artifact("bridge", {"w": np.eye(3)}, {"n": 1})


def contents(store: Store) -> tuple[object, ...]:
    points = {record.id: (record.payload, rounded(record.vector)) for record in store.scroll_all(with_vectors=True)}
    loaded = store.load_artifact("bridge")
    assert loaded is not None
    return points, store.vectors(), store.metadata(), loaded[0]["w"].tolist(), loaded[1]


def rounded(vectors: Any) -> dict[str, list[float]]:
    """All numbers of each vector in a row; a vector of length 1 that is made one again changes in its last digit."""
    words = {"words": [*vectors["words"].indices, *vectors["words"].values]}
    dense = {name: np.ravel(vector) for name, vector in vectors.items() if name != "words"}
    return {name: np.round(numbers, 5).tolist() for name, numbers in {**dense, **words}.items()}


@pytest.fixture(scope="module")
def expected() -> Iterator[tuple[object, ...]]:
    server = RestServer()
    with connect(server) as store:
        work(store)
        yield contents(store)
    server.stop()


@pytest.mark.parametrize("name", FAULTS)
def test_work_is_done_in_the_end_whatever_the_server_does(
    rest: RestServer, expected: tuple[object, ...], name: str
) -> None:
    with connect(rest) as store:
        store.ensure(SPECS[:1])
        rest.faults = list(FAULTS[name])
        work(store)
        assert not rest.faults
        assert contents(store) == expected


def test_a_server_that_is_restarted_is_waited_for(rest: RestServer, expected: tuple[object, ...]) -> None:
    with connect(rest, Backoff(attempts=50, first=0.05, longest=0.1, patience=20.0)) as store:
        store.ensure(SPECS)
        rest.restart(after=0.5)
        work(store)
        assert contents(store) == expected


def test_what_a_server_left_undone_is_done_by_the_next_run(rest: RestServer, expected: tuple[object, ...]) -> None:
    """It goes away after ever more requests; each run then fails with one sentence, until it is away no more."""
    failed = 0
    for requests in range(100):
        rest.faults = [None] * requests + [hang_up] * QUICK.attempts
        with connect(rest) as store:
            try:
                work(store)
                break
            except StoreUnavailableError as error:
                assert "does not answer" in str(error)
                assert "\n" not in str(error)
                failed += 1
    assert failed > 10
    rest.faults = []
    with connect(rest) as store:
        assert contents(store) == expected


def test_parts_of_a_large_write_are_whole(rest: RestServer) -> None:
    """The parts before the fault are written, those after it are not: no part is half there."""
    points = [models.PointStruct(id=number, vector={"image": [1.0, 2.0, 3.0]}) for number in range(BATCH * 3)]
    with connect(rest) as store:
        store.ensure(SPECS)
        rest.faults = [None, *[status(503)] * QUICK.attempts]
        with pytest.raises(StoreUnavailableError, match="status 503"):
            store.upsert(points)
        assert store.count() == BATCH
        store.upsert(points)
        assert store.count() == BATCH * 3
