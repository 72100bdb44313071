"""`medley feedback` and `medley fit ranker`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import medley as package
from medley.cli import app
from tests.media import picture


def medley(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A collection of eight captioned drawings."""
    for colour in ("red", "green", "blue", "yellow"):
        for shape in ("circle", "square"):
            picture(tmp_path / "media" / f"{colour}-{shape}.png", colour, (60, 40), shape)
            (tmp_path / "media" / f"{colour}-{shape}.txt").write_text(f"one {colour} {shape}")
    for name, value in (("STORE", str(tmp_path / "store")), ("ENCODERS__PRESET", "tiny"), ("ENCODERS__OCR", "off")):
        monkeypatch.setenv(f"MEDLEY_{name}", value)
    with package.open() as library:
        library.ingest(tmp_path / "media")
    return tmp_path / "store"


def test_judgements_are_noted_and_too_few_of_them_fit_weights(store: Path) -> None:
    noted = medley("feedback", "red", "square", "--right", "red-square.png", "--wrong", "red-circle.png")
    clicked = medley("feedback", "blue square", "--click", "blue-square.png", "--json")

    assert noted.stdout == "Noted: 1 right, 1 wrong.\n"
    assert json.loads(clicked.stdout)["judged"]["blue-square.png"] == 1
    lines = (store / ".records" / "medley" / "feedback.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["judged", "click"]

    assert "5 judged questions or more: there are 2" in medley("fit", "ranker").stderr
    for colour in ("green", "yellow", "blue"):
        medley("feedback", colour, "circle", "--right", f"{colour}-circle.png")
    fitted = medley("fit", "ranker")
    assert fitted.exit_code == 0, fitted.output
    assert "5 judged questions are too few to learn an order from: weights were fitted." in fitted.stdout

    found = medley("search", "red circle", "--rerank", "learned", "--json")
    assert "No order of hits has been learnt" in json.loads(found.stdout)["notes"][-1]


def test_wrong_usage_is_one_sentence(store: Path) -> None:
    for words, said in (
        (["red"], "Tell at least one right answer"),
        (["red", "--click", "nothing.png"], "'nothing.png' is not among the first 8 hits"),
        ([], "A question needs words"),
    ):
        done = medley("feedback", *words)
        assert done.exit_code == 2
        assert said in done.stderr
