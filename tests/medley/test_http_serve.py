"""`medley serve`: how it begins and ends, whom it refuses, and what it does beside answering."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from qdrant_client import QdrantClient
from typer.testing import CliRunner, Result

import medley
from flows.evaluation import runs
from medley.cli import app
from medley.http.guard import Guard
from medley.http.intake import Intake
from schemas.errors import StoreLockedError, StoreUnavailableError
from schemas.evaluation import EvaluationReport, Interval, Measured
from schemas.settings import HttpSettings, load_settings
from store.lock import server_of
from tests.media import picture
from tests.serving import serving, started
from tests.store.conftest import quick_folder


def album(folder: Path, count: int = 4) -> Path:
    for number in range(count):
        picture(folder / "album" / f"{number}.png", ["red", "green", "blue"][number % 3], (80, 60), "square")
        (folder / "album" / f"{number}.txt").write_text(f"the picture number {number} of a square")
    return folder / "album"


def medley_says(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def until(url: str, wanted: str, field: str = "state") -> Any:
    for _ in range(600):
        found = httpx.get(f"{url}/ingest").json()
        if found[field] == wanted:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def test_it_ingests_while_clients_of_other_processes_ask_and_ends_with_ctrl_c() -> None:
    with quick_folder() as folder:
        store = folder / "store"
        media = album(folder)
        with started("serve", media, "--store", store) as (process, url):
            client = QdrantClient(url=url)  # at once, while files are read
            assert httpx.get(f"{url}/healthz").text == httpx.get(f"{url}/readyz").text == "ok"
            [last] = until(url, "idle")["last"]
            assert (last["error"], last["report"]["indexed"]) == (None, 4)
            assert client.count("medley").count >= 4

            assert server_of(store / "medley" / "lock") == url
            refused = medley_says("ingest", media, "--store", store)
            assert refused.exit_code == 1
            assert f"is held by the server at {url}" in refused.stderr
            assert "POST" in refused.stderr

            picture(media / "new.png", "red", (80, 60), "circle")
            assert httpx.post(f"{url}/ingest", json={"source": "album"}).status_code == 202
            for _ in range(600):
                found = httpx.get(f"{url}/ingest").json()
                if found["state"] == "idle" and found["last"][0]["report"]["found"] > last["report"]["found"]:
                    break
                time.sleep(0.05)
            assert found["last"][0]["report"]["unchanged"] == 4

            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
            assert process.stderr is not None
            assert process.stderr.read() == "Stopped.\n"
            client.close()
        assert server_of(store / "medley" / "lock") is None
        with medley.open(store) as library:
            assert library.status().items == 5


def test_ctrl_c_stops_an_ingestion_that_is_under_way_and_keeps_what_is_whole() -> None:
    with quick_folder() as folder, started("serve", album(folder, 300), "--store", folder / "store") as (process, url):
        for _ in range(600):
            found = httpx.get(f"{url}/ingest").json()
            if found["stage"] == "index" and found["done"] > 5:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        with medley.open(folder / "store") as library:
            assert library.status().items > 5


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with quick_folder() as folder, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = medley_says("serve", "--port", str(port), "--store", folder / "store")
        assert (done.exit_code, done.stderr) == (
            2,
            f"Port {port} on 127.0.0.1 is taken by another program: stop it, or choose another with --port.\n",
        )
        done = medley_says("serve", "--host", "no.such.name.invalid", "--store", folder / "store")
        assert done.exit_code == 2
        assert "no.such.name.invalid" in done.stderr


def test_a_store_that_is_locked_is_one_sentence_and_the_port_is_given_back() -> None:
    with quick_folder() as folder, medley.open(folder / "store") as library, socket.socket() as free:
        library.store.announce("http://127.0.0.1:1")  # holds a store that has no collection yet, too
        with pytest.raises(StoreLockedError):
            medley.open(folder / "store")
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        done = medley_says("serve", "--port", str(port), "--store", folder / "store")
        assert done.exit_code == 1
        assert "already open in this process" in done.stderr
        socket.create_server(("127.0.0.1", port)).close()


def test_a_source_that_nobody_named_is_not_ingested() -> None:
    with quick_folder() as folder, medley.open(folder / "store") as library, serving(library) as url:
        for body in ({"source": "etc"}, {}):
            assert httpx.post(f"{url}/ingest", json=body).status_code == 400
        assert httpx.get(f"{url}/ingest").json()["state"] == "idle"


def test_an_ingestion_that_fails_is_told_and_the_next_goes_on() -> None:
    with quick_folder() as folder:
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        (folder / "empty").mkdir()
        with medley.Library(settings) as library, serving(library, [folder / "empty", album(folder)]) as url:
            found = until(url, "idle")
            first, second = found["last"]
            assert "is empty" in first["error"]
            assert second["report"]["indexed"] == 4


def test_sources_are_taken_in_again_although_the_store_was_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    with quick_folder() as folder:
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        with medley.Library(settings) as library:
            library.ingest(album(folder))
            metadata, asked = library.store.metadata, threading.Semaphore(0)

            def away() -> dict[str, Any]:
                asked.release()
                raise StoreUnavailableError("The server is away.")

            monkeypatch.setattr(library.store, "metadata", away)
            intake = Intake(library, every=0.02)
            intake.start()
            try:
                assert asked.acquire(timeout=30)
                monkeypatch.setattr(library.store, "metadata", metadata)
                for _ in range(600):
                    if intake.status().last:
                        break
                    time.sleep(0.05)
                [last] = intake.status().last
            finally:
                intake.stop()
            assert last.report is not None
            assert last.report.unchanged == 4


def test_metrics_tell_how_well_the_last_evaluation_found_things() -> None:
    with quick_folder() as folder:
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        with medley.Library(settings) as library, serving(library) as url:
            library.ingest(album(folder))
            assert "medley_quality{" not in httpx.get(f"{url}/metrics").text
            interval = Interval(mean=0.625, low=0.5, high=0.75)
            measured = Measured(queries=8, groups=8, means={"mrr": interval})
            runs.keep(EvaluationReport(id="2026-01-01-nightly", name="nightly", overall=measured), settings)
            assert 'medley_quality{measure="mrr"} 0.625' in httpx.get(f"{url}/metrics").text.splitlines()
            assert httpx.get(f"{url}/status").json()["quality"] == {"mrr": 0.625}


def test_metrics_tell_of_requests_and_of_the_collection() -> None:
    with quick_folder() as folder:
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        (album(folder) / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        with medley.Library(settings) as library, serving(library) as url:
            library.ingest(folder / "album")
            httpx.get(f"{url}/collections/medley")
            httpx.get(f"{url}/collections/other")
            httpx.get(f"{url}/whatever/somebody/made/up")
            httpx.request("WHATEVER", f"{url}/search")
            lines = httpx.get(f"{url}/metrics").text.splitlines()
        assert 'medley_requests_total{method="GET",route="/collections/{name}",status="200"} 1.0' in lines
        assert 'medley_requests_total{method="GET",route="/collections/{name}",status="404"} 1.0' in lines
        assert 'medley_requests_total{method="(none)",route="(none)",status="404"} 1.0' in lines
        assert 'medley_requests_total{method="(none)",route="/search",status="405"} 1.0' in lines
        assert not any("WHATEVER" in line for line in lines)
        assert 'medley_items{modality="image"} 4.0' in lines
        assert "medley_quarantined 1.0" in lines
        assert 'medley_run_files{outcome="indexed",source="album"} 4.0' in lines
        assert 'medley_run_files{outcome="quarantined",source="album"} 1.0' in lines
        assert 'medley_run_encoded{source="album",vector="image"} 3.0' in lines
        [took] = [line for line in lines if line.startswith('medley_run_seconds{source="album"}')]
        [work] = [line for line in lines if line.startswith('medley_run_work_seconds{source="album",stage="write"}')]
        assert float(took.split()[1]) > 0 < float(work.split()[1])
        [ended] = [line for line in lines if line.startswith("medley_run_ended_timestamp_seconds")]
        assert abs(float(ended.split()[1]) - time.time()) < 600
        assert 'medley_request_seconds_count{route="/collections/{name}"} 2.0' in lines


# -- whom it refuses --------------------------------------------------------------------------------------------------


@contextmanager
def served(**http: Any) -> Iterator[str]:
    with quick_folder() as folder, medley.open(folder / "store", http=http) as library, serving(library) as url:
        yield url


def test_a_key_is_asked_for_where_one_is_set() -> None:
    with served(api_key="a-long-secret") as url:
        assert httpx.get(f"{url}/healthz").status_code == 200
        for headers in (
            {},
            {"api-key": "wrong"},
            {"authorization": "Bearer wrong"},
            {"authorization": "Basic a-long-secret"},
        ):
            refused = httpx.get(f"{url}/collections", headers=headers)
            assert refused.status_code == 401
            assert "API key" in refused.json()["status"]["error"]
        for headers in ({"api-key": "a-long-secret"}, {"authorization": "Bearer a-long-secret"}):
            assert httpx.get(f"{url}/collections", headers=headers).status_code == 200
        assert httpx.get(f"{url}/metrics").status_code == 401


def test_other_names_of_this_machine_are_refused_so_that_no_page_elsewhere_can_read_it() -> None:
    with served() as url:
        assert httpx.get(f"{url}/collections", headers={"host": "evil.example"}).status_code == 421
        assert httpx.get(f"{url}/collections", headers={"host": "LOCALHOST:1"}).status_code == 200
        assert httpx.get(f"{url}/collections", headers={"host": "[::1]:8707"}).status_code == 200
    with served(hosts=["media.example"]) as url:
        assert httpx.get(f"{url}/collections", headers={"host": "media.example"}).status_code == 200
        assert httpx.get(f"{url}/collections").status_code == 200  # so does the command line
        assert httpx.get(f"{url}/collections", headers={"host": "evil.example"}).status_code == 421


def test_a_body_that_is_too_large_is_refused_whether_its_length_is_told_or_not() -> None:
    with served(max_body=1000) as url:
        path = f"{url}/collections/medley/points/query"
        for content in (b"x" * 2000, iter([b"x" * 600, b"x" * 600])):
            refused = httpx.post(path, content=content, headers={"content-type": "application/json"})
            assert refused.status_code == 413
            assert "1,000 bytes" in refused.json()["status"]["error"]


def test_a_client_that_asks_too_often_is_told_how_long_to_wait() -> None:
    now = 0.0
    guard = Guard(PlainTextResponse("answered"), HttpSettings(rate=2), clock=lambda: now)
    client = TestClient(guard, base_url="http://localhost")

    assert [client.get("/collections").status_code for _ in range(5)] == [200] * 4 + [429]  # two seconds' worth at once
    refused = client.get("/collections")
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["status"]["error"] == "More than 2 requests a second: wait 1 s."
    now = 0.5
    assert [client.get("/collections").status_code for _ in range(2)] == [200, 429]


def test_other_pages_may_ask_only_where_they_are_named() -> None:
    origin = {"origin": "https://app.example"}
    with served() as url:
        assert "access-control-allow-origin" not in httpx.get(f"{url}/collections", headers=origin).headers
    with served(origins=["https://app.example"], api_key="a-long-secret") as url:
        asked = {**origin, "access-control-request-method": "POST", "access-control-request-headers": "api-key"}
        allowed = httpx.options(f"{url}/collections/medley/points/query", headers=asked)
        assert allowed.status_code == 200
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        refused = httpx.get(f"{url}/collections", headers=origin)
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
