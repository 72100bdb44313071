"""The log of a run: one line an event."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ingestion import direct, events
from schemas.settings import load_settings
from tests.media import picture


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    yield stream
    events.write("off")


def test_every_event_is_a_line_with_the_run_the_source_and_the_file(tmp_path: Path, lines: io.StringIO) -> None:
    picture(tmp_path / "media" / "red.png")
    (tmp_path / "media" / "bro ken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    events.write("json", lines)
    events.write("json", lines)  # again: no line comes twice

    for _ in range(2):
        direct.ingest(tmp_path / "media", settings)

    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [one["event"] for one in told] == ["begun", "quarantined", "ended", "begun", "ended"]
    assert {one["source"] for one in told} == {"media"}
    first, second = told[0]["run"], told[3]["run"]
    assert first != second
    assert [one["run"] for one in told] == [first] * 3 + [second] * 2
    assert told[1]["path"] == "bro ken.png"
    assert told[1]["level"] == "warning"
    assert "damaged" in told[1]["reason"]
    assert (told[2]["indexed"], told[2]["quarantined"], told[4]["unchanged"]) == (1, 1, 1)


def test_text_can_be_read_and_off_is_off(lines: io.StringIO) -> None:
    events.write("text", lines)
    with events.of_run("photos"):
        events.event("quarantined", level=logging.WARNING, path="a b.png", reason="It is\ndamaged.", at_fault="")
    assert lines.getvalue().endswith('WARNING quarantined source=photos path="a b.png" reason="It is\\ndamaged."\n')
    events.write("off")
    events.event("quarantined", level=logging.WARNING)
    assert lines.getvalue().count("\n") == 1


def test_nobody_who_did_not_ask_sees_a_warning() -> None:
    code = "import logging; from flows.ingestion import events; events.event('quarantined', level=logging.WARNING)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr == ""
