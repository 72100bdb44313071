"""Enrichers at work in a run, on a tiny Whisper with random weights."""

from __future__ import annotations

import re
import shutil
import wave
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import medley
from encoders import Enricher
from encoders.ocr import installed
from flows.ingestion.direct import ingest
from flows.ingestion.enrich import unenriched
from flows.ingestion.run import open_run
from schemas import EncodeError, UsageError, WordKind
from schemas.settings import load_settings
from tests.media import picture

if find_spec("sentence_transformers") is None:  # to import it takes seconds, and all workers collect this file
    pytest.skip("pretrained models need sentence-transformers", allow_module_level=True)


@pytest.fixture(scope="module")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.encoders import tiny

    return tiny.whisper(tmp_path_factory.mktemp("models") / "whisper")


def recording(path: Path, seconds: int) -> None:
    samples = (np.random.default_rng(0).normal(0, 0.1, seconds * 16_000) * 32_767).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


def test_what_is_said_is_kept_apart_with_the_fingerprint_of_what_heard_it(tmp_path: Path, whisper: Path) -> None:
    recording(tmp_path / "media" / "talk.wav", 40)
    settings = {"preset": "tiny", "ocr": "off", "transcript": str(whisper), "device": "cpu", "threads": 1}
    with medley.open(tmp_path / "store", encoders=settings) as library:
        report = library.ingest(tmp_path / "media")
        segments = library.show("talk.wav")
    assert (report.indexed, report.quarantined) == (1, 0)
    assert [segment["segment"] for segment in segments] == list(range(len(segments)))
    assert len(segments) > 3
    said = [segment["words"].get("transcript", "") for segment in segments]
    assert any(said)
    assert all(segment["encoders"]["transcript"].startswith("transcript-whisper-") for segment in segments)
    assert all("text" in segment["encoders"] for segment in segments)


def test_model_without_its_weights_fails_the_run_and_blames_no_file(tmp_path: Path, whisper: Path) -> None:
    recording(tmp_path / "media" / "talk.wav", 1)
    broken = Path(shutil.copytree(whisper, tmp_path / "broken"))
    (broken / "model.safetensors").unlink()
    with medley.open(
        tmp_path / "store", encoders={"preset": "tiny", "ocr": "off", "transcript": str(broken)}
    ) as library:
        with pytest.raises(EncodeError, match=re.escape(str(broken))):
            library.ingest(tmp_path / "media")
        assert library.status().quarantined == []


def test_bug_in_an_enricher_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Faulty(Enricher):
        name, kind, fingerprint = "ocr", WordKind.OCR, "faulty-1"

        def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
            raise RuntimeError("the library says no")

    monkeypatch.setattr("encoders.load_enrichers", lambda *_, **__: [Faulty()])
    picture(tmp_path / "media" / "red.png", "red")
    (tmp_path / "media" / "note.txt").write_text("a red boat at sunset")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny"}) as library:
        report = library.ingest(tmp_path / "media")
    assert report.indexed == 1
    assert [(entry.path, entry.reason, entry.at_fault) for entry in report.quarantine] == [
        ("red.png", "RuntimeError: the library says no", "enricher")
    ]


@pytest.mark.parametrize(
    "error", [MemoryError(), EncodeError("It cannot be heard: CUDA out of memory. Tried to allocate 2 GiB.")]
)
def test_file_for_whose_words_there_is_no_memory_is_taken_by_the_next_run(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Starved(Enricher):
        name, kind, fingerprint = "ocr", WordKind.OCR, "starved-1"

        def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
            raise error

    monkeypatch.setattr("encoders.load_enrichers", lambda *_, **__: [Starved()])
    picture(tmp_path / "media" / "red.png", "red")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny"}) as library:
        report = library.ingest(tmp_path / "media")
    assert (report.postponed, report.quarantined) == (1, 0)
    assert report.postponements[0].reason == "There was not enough memory to find its words."


def test_enricher_switched_on_later_takes_old_items_and_touches_no_vector_but_those_of_words(
    tmp_path: Path, whisper: Path
) -> None:
    media, place = tmp_path / "media", tmp_path / "store"
    recording(media / "talk.wav", 40)
    (media / "note.txt").write_text("a red boat at sunset")
    plain = {"preset": "tiny", "ocr": "off", "threads": 1}
    with medley.open(place, encoders=plain) as library:
        assert library.ingest(media).encoded == {"text": 1, "image": 0, "audio": len(library.show("talk.wav"))}
        assert library.ingest(media).unchanged == 2
    with medley.open(place, encoders={**plain, "transcript": str(whisper), "device": "cpu"}) as library:
        report = library.ingest(media)
        segments = library.show("talk.wav")
        said = sum("transcript" in segment["words"] for segment in segments)
        assert (report.indexed, report.unchanged) == (1, 1)
        assert report.encoded == {"text": said, "image": 0, "audio": 0}
        assert said > 0
        assert library.ingest(media).unchanged == 2


def test_run_over_what_changed_asks_only_there_whose_words_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media, settings = tmp_path / "media", load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny"})
    picture(media / "red.png", "red")
    picture(media / "below" / "blue.png", "blue")
    monkeypatch.setattr("encoders.load_enrichers", lambda *_, **__: [])
    ingest(media, settings)

    class Later(Enricher):
        name, kind, fingerprint = "ocr", WordKind.OCR, "later-1"

        def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
            return ["" for _ in frames]

    monkeypatch.setattr("encoders.load_enrichers", lambda *_, **__: [Later()])
    with open_run(media, settings, dry=True, only=["below/blue.png"]) as run:
        assert unenriched(run) == {"below/blue.png"}
    with open_run(media, settings, dry=True) as run:
        assert unenriched(run) == {"red.png", "below/blue.png"}


def test_model_that_is_not_here_ends_the_run_before_it_writes(tmp_path: Path) -> None:
    recording(tmp_path / "media" / "talk.wav", 2)
    settings = {"preset": "tiny", "ocr": "off", "transcript": "./nowhere"}
    with (
        medley.open(tmp_path / "store", encoders=settings) as library,
        pytest.raises(UsageError, match=r"'\./nowhere' is no folder with a model"),
    ):
        library.ingest(tmp_path / "media")


def test_enrichers_chosen_by_hand_are_those_of_the_next_run(tmp_path: Path) -> None:
    media = tmp_path / "media"
    picture(media / "red.png", "red")
    (media / "note.txt").write_text("a red boat at sunset")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off"}) as library:
        library.ingest(media)
    with medley.open(tmp_path / "store") as library:
        assert library.plan(media).empty
        assert library.ingest(media).unchanged == 2
    if not installed():
        pytest.skip("OCR is not installed")
    with medley.open(tmp_path / "store", encoders={"ocr": "always"}) as library:
        value = library.plan(media)
    assert (value.enrich, value.reread, value.unchanged) == (["red.png"], [], 1)
