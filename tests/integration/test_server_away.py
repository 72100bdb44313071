"""A run on a server that goes away in the middle: it is waited for, or the next run completes what was begun."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ingestion.direct import ingest
from flows.ingestion.run import sharing
from schemas.errors import StoreUnavailableError
from schemas.settings import load_settings
from store.check import verify
from store.retry import Backoff
from store.server import ServerStore
from tests.rest import RestServer, hang_up

FILES = 300
SETTINGS = load_settings(store="http://not-asked", encoders={"preset": "tiny", "ocr": "off"})
KEY = "s3cret-key"


@pytest.fixture
def rest() -> Iterator[RestServer]:
    server = RestServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("away")
    for number in range(FILES):
        (folder / f"{number}.txt").write_text(f"Boat {number} lies in the harbour.")
    return folder


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_server_that_is_restarted_in_the_middle_of_a_run_is_waited_for(rest: RestServer, media: Path) -> None:
    patient = Backoff(attempts=100, first=0.05, longest=0.1, patience=30.0)

    def restart() -> None:
        while not any(request.startswith("PUT") and request.endswith("/points") for request in rest.asked):
            threading.Event().wait(0.01)
        rest.restart(after=0.5)

    watcher = threading.Thread(target=restart)
    watcher.start()
    with ServerStore(rest.url, "medley", api_key=KEY, backoff=patient) as store:
        with sharing(store):
            report = ingest(media, SETTINGS)
        watcher.join()
        assert (report.indexed, report.quarantined) == (FILES, 0)
        assert verify(store).sound
        assert store.count() == FILES


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_server_that_stays_away_ends_the_run_and_the_next_one_completes_it(
    rest: RestServer, media: Path, caplog: pytest.LogCaptureFixture
) -> None:
    quick = Backoff(attempts=3, first=0.01, longest=0.02, patience=5.0)
    with ServerStore(rest.url, "medley", api_key=KEY, backoff=quick) as store:

        def leave() -> None:
            while not any(request.startswith("PUT") and request.endswith("/points") for request in rest.asked):
                threading.Event().wait(0.01)
            rest.faults = [hang_up] * 1000

        watcher = threading.Thread(target=leave)
        watcher.start()
        with sharing(store), pytest.raises(StoreUnavailableError, match="does not answer") as caught:
            ingest(media, SETTINGS)
        watcher.join()
        assert KEY not in f"{caught.value!r}{caplog.text}{os.linesep}"
        rest.faults = []
        half = store.count()
        with sharing(store):
            report = ingest(media, SETTINGS)
        assert report.indexed + report.unchanged == FILES
        assert report.quarantined == 0
        assert store.count() == FILES > half
        assert verify(store).sound
