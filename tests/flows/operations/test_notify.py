"""Whoever looks after a collection is told, and no run fails because they could not be."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import SimpleNamespace

import pytest

from flows.ingestion.run import configured
from flows.operations.notify import check_quarantine, notify, on_trouble
from schemas.report import IngestReport, QuarantineEntry
from schemas.settings import NotifySettings, load_settings


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The address of a webhook, and what it was sent."""
    taken: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(500 if "refuse" in self.path else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", taken
    server.shutdown()
    server.server_close()


def test_a_failed_run_is_told_with_its_sentence(hook: tuple[str, list[dict[str, str]]]) -> None:
    url, taken = hook
    state = SimpleNamespace(name="Failed", message="Flow run encountered an exception: MedleyError: The disk is full.")
    run = SimpleNamespace(name="ingest photos (schedule)", parameters={})
    with configured(load_settings(notify={"webhook": url})):
        on_trouble(None, run, state)
    [told] = taken
    assert told["subject"] == "Medley: ingest photos (schedule) failed"
    assert told["body"] == "MedleyError: The disk is full."
    assert told["text"] == f"{told['subject']}\n{told['body']}"


def test_a_quarantine_above_the_threshold_is_told_once_until_it_grows(hook: tuple[str, list[dict[str, str]]]) -> None:
    url, taken = hook
    settings = NotifySettings(webhook=url, quarantined=10)  # type: ignore[arg-type]
    broken = [QuarantineEntry(path="a.png", reason="It is damaged.")]

    def after(count: int, before: int) -> int:
        check_quarantine(IngestReport(source="photos", quarantined=count, quarantine=broken), before, settings)
        return len(taken)

    assert after(10, 0) == 0
    assert after(11, 0) == 1
    assert after(11, 11) == 1
    assert after(12, 11) == 2
    assert taken[0]["subject"] == "Medley: 11 files of photos are quarantined"
    assert "such as a.png: It is damaged." in taken[0]["body"]


def test_a_webhook_that_does_not_answer_costs_no_run_and_its_address_stays_secret(
    hook: tuple[str, list[dict[str, str]]], caplog: pytest.LogCaptureFixture
) -> None:
    url, taken = hook
    with caplog.at_level(logging.WARNING):
        notify("subject", "body", NotifySettings(webhook=f"{url}/refuse-s3cret"))  # type: ignore[arg-type]
        notify("subject", "body", NotifySettings(webhook="http://127.0.0.1:1/s3cret"))  # type: ignore[arg-type]
    assert len(taken) == 1
    assert caplog.text.count("subject: body") == 2  # the log has it all the same
    assert "The webhook did not take the message: it answered 500." in caplog.text
    assert "The webhook did not take the message: ConnectError" in caplog.text
    assert "s3cret" not in caplog.text
