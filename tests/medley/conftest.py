"""The command line in this process, and media of every format that it has indexed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from medley.cli import app
from tests.media import clip, make_media, picture


def medley(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], prog_name="medley")


def answer(*words: str | Path) -> Any:
    done = medley(*words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDLEY_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MEDLEY_ENCODERS__PRESET", "tiny")
    monkeypatch.setenv("MEDLEY_ENCODERS__OCR", "off")
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Media of every format, indexed once; the tests that use it only read."""
    home = tmp_path_factory.mktemp("library")
    media = home / "media"
    make_media(media)
    for colour in ("red", "green", "blue"):
        picture(media / "drawings" / f"{colour}.png", colour, (120, 80), "square")
        (media / "drawings" / f"{colour}.txt").write_text(f"a {colour} square on paper")
    clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    done = medley("ingest", media, "--store", home / "store", "--preset", "tiny", "--ocr", "off", "--json")
    assert done.exit_code == 0, done.output
    return home
