"""Enrichers at work in a run, on a tiny Whisper with random weights."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

import medley
from schemas import UsageError

pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")


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


def test_model_that_is_not_here_ends_the_run_before_it_writes(tmp_path: Path) -> None:
    recording(tmp_path / "media" / "talk.wav", 2)
    settings = {"preset": "tiny", "ocr": "off", "transcript": "./nowhere"}
    with (
        medley.open(tmp_path / "store", encoders=settings) as library,
        pytest.raises(UsageError, match=r"'\./nowhere', named as the model of 'nowhere', is no folder"),
    ):
        library.ingest(tmp_path / "media")
