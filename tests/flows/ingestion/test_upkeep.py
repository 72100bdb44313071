"""At the end of a run the index is built where it is due, and a run never fails for want of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from flows.ingestion import upkeep
from flows.ingestion.direct import ingest
from flows.ingestion.run import sharing
from schemas.payload import INDEXES
from schemas.settings import Settings, load_settings
from store import open_store
from store.server import ServerStore
from tests.media import picture


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(upkeep, "LEAST", 2)
    return load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})


def add(folder: Path, count: int, start: int = 0) -> Path:
    for number in range(start, start + count):
        picture(folder / f"{number}.png", "red", (90 + number, 60))
    return folder


def kept(settings: Settings) -> Any:
    with open_store(settings.store) as store:
        return store.metadata().get("index")


def test_index_is_built_when_the_collection_has_doubled(tmp_path: Path, settings: Settings) -> None:
    media = add(tmp_path / "media", 2)
    ingest(media, settings)
    assert kept(settings) is None

    ingest(add(media, 2, start=2), settings)
    assert kept(settings) == {"points": 4, "vectors": {}}

    ingest(add(media, 3, start=4), settings)
    assert kept(settings)["points"] == 4

    report = ingest(add(media, 1, start=7), settings)
    assert kept(settings)["points"] == 8
    assert not any("index" in note for note in report.notes)  # so few vectors are searched by a scan


def test_run_does_without_an_index_that_cannot_be_built(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = add(tmp_path / "media", 3)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    report = ingest(media, settings)

    assert report.balanced
    assert report.indexed == 3
    assert any("without an index" in note and "no process can be started" in note for note in report.notes)
    assert kept(settings) is None
    monkeypatch.undo()
    monkeypatch.setattr(upkeep, "LEAST", 2)
    ingest(media, settings)
    assert kept(settings)["points"] == 3


KILLED = """
import os, signal, sys
from flows.ingestion import upkeep
from flows.ingestion.direct import ingest
from flows.ingestion.progress import listening
from schemas.settings import load_settings

def listen(stage, done, total):
    if stage == "index" and done >= 3:
        os.kill(os.getpid(), signal.SIGKILL)

upkeep.LEAST = 2
with listening(listen):
    ingest(sys.argv[1], load_settings(store=sys.argv[2], encoders={"preset": "tiny", "ocr": "off"}))
"""


def test_payload_indexes_that_a_killed_run_left_are_made_by_the_next(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of many files leaves them to its end, where the vector index is built."""
    media = add(tmp_path / "media", 8)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(media), settings.store], capture_output=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert payload_indexes(settings) == {"state", "modality"}

    with monkeypatch.context() as patched:
        patched.setattr("flows.ingestion.index.Indexer.advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            ingest(media, settings)
    assert payload_indexes(settings) == {"state", "modality"}

    assert ingest(media, settings).balanced
    assert payload_indexes(settings) == set(INDEXES)


def test_payload_indexes_are_made_where_no_vector_index_can_be_built(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    ingest(add(tmp_path / "media", 3), settings)
    assert payload_indexes(settings) == set(INDEXES)


def test_a_run_of_few_files_makes_its_payload_indexes_as_it_goes(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.ingestion.index.Indexer.advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ingest(add(tmp_path / "media", 2), settings)
    assert payload_indexes(settings) == set(INDEXES)


def interrupted(*_: object) -> bool:
    raise KeyboardInterrupt


def payload_indexes(settings: Settings) -> set[str]:
    with open_store(settings.store) as store:
        return set(store.info().payload_schema)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_a_server_is_left_to_index_by_itself(tmp_path: Path, settings: Settings) -> None:
    with ServerStore("http://in-memory", "medley", client=QdrantClient(":memory:")) as store, sharing(store):
        ingest(add(tmp_path / "media", 3), settings)
        assert "index" not in store.metadata()
