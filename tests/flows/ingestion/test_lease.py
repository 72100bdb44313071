"""One run at a time over a collection: the second says so and leaves, or waits."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from flows.ingestion import lease
from flows.ingestion.direct import ingest
from flows.ingestion.lease import leased, open_when_free
from flows.ingestion.progress import listening
from flows.ingestion.run import sharing
from schemas import StoreLockedError, VectorSpec
from schemas.plan import IngestPlan
from schemas.settings import load_settings
from schemas.vectors import LEASE
from store import Store, open_store
from store.server import ServerStore
from tests.media import picture

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> QdrantClient:
    monkeypatch.setattr(lease, "SETTLED", 0.01)
    monkeypatch.setattr(lease, "POLL", 0.01)
    return QdrantClient(":memory:")


@pytest.fixture
def server(client: QdrantClient) -> Iterator[Store]:
    with ServerStore("http://first", "medley", client=client) as store:
        store.ensure([VectorSpec("image", 4, "cosine", "a-1")])
        yield store


def other(client: QdrantClient) -> Store:
    """The same collection as another process would open it."""
    return ServerStore("http://second", "medley", client=client)


def test_second_run_on_a_server_is_told_who_has_the_collection(server: Store, client: QdrantClient) -> None:
    told = f"process {os.getpid()} on {socket.gethostname()}.*--wait"
    with leased(server), pytest.raises(StoreLockedError, match=told), leased(other(client)):
        pass
    with leased(other(client)):
        assert server.metadata()[LEASE]["pid"] == os.getpid()
    assert LEASE not in server.metadata()


def test_second_run_waits_when_asked(server: Store, client: QdrantClient) -> None:
    order: list[str] = []

    def second() -> None:
        with leased(other(client), wait=True):
            order.append("second")

    thread = threading.Thread(target=second)
    with leased(server):
        thread.start()
        time.sleep(0.1)
        order.append("first")
    thread.join(10)

    assert order == ["first", "second"]


@pytest.mark.parametrize(
    "left",
    [
        {"host": "elsewhere", "pid": 1, "until": time.time() - 1},  # nobody prolonged it
        {"host": socket.gethostname(), "pid": 2**22 + 1, "until": time.time() + 60},  # there is no such process
    ],
)
def test_lease_of_a_run_that_was_killed_holds_nobody_up(left: dict[str, Any], server: Store) -> None:
    server.set_metadata({LEASE: {"token": "x", "command": "medley", **left}})

    with leased(server):
        assert server.metadata()[LEASE]["token"] != "x"


def test_of_two_that_begin_in_the_same_instant_one_goes_on(
    server: Store, client: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = {"token": "x", "host": "elsewhere", "pid": 1, "command": "medley ingest", "until": time.time() + 60}
    monkeypatch.setattr(lease.time, "sleep", lambda _: server.set_metadata({LEASE: rival}))

    with pytest.raises(StoreLockedError, match="medley ingest"), leased(server):
        pass
    assert server.metadata()[LEASE] == rival


def test_run_that_was_taken_over_stops(server: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "PROLONGED", 0.01)
    rival = {"token": "x", "host": "elsewhere", "pid": 1, "command": "medley ingest", "until": time.time() + 60}

    with leased(server) as ours:
        ours.check()
        server.set_metadata({LEASE: rival})
        time.sleep(0.3)
        with pytest.raises(StoreLockedError, match="this run stops"):
            ours.check()
    assert server.metadata()[LEASE] == rival


def test_second_run_in_the_same_process_leaves_the_first_alone(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "a.png")
    settings = load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    told: list[str] = []

    def meanwhile(_: IngestPlan) -> None:
        with pytest.raises(StoreLockedError) as error:
            ingest(tmp_path / "media", settings)
        told.append(str(error.value))

    with open_store(settings.store) as store, sharing(store), listening(None, meanwhile):
        report = ingest(tmp_path / "media", settings)

    assert report.indexed == 1
    assert "under way in this process" in told[0]


def test_embedded_store_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "POLL", 0.01)
    settings = load_settings(store=str(tmp_path / "store"))
    held = open_store(settings.store)
    held.ensure([VectorSpec("image", 4, "cosine", "a-1")])
    with pytest.raises(StoreLockedError):
        open_when_free(settings, wait=False)
    threading.Timer(0.2, held.close).start()

    with open_when_free(settings, wait=True) as store:
        assert set(store.vectors()) == {"image"}
