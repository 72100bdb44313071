"""`medley eval`: what it prints, writes and exits with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import medley as package
from medley.cli import app
from tests.media import picture


def medley(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few captioned drawings, and questions about them."""
    home = tmp_path_factory.mktemp("eval")
    for colour in ("red", "green", "blue", "yellow"):
        for shape in ("circle", "square"):
            picture(home / "media" / f"{colour}-{shape}.png", colour, (60, 40), shape)
            (home / "media" / f"{colour}-{shape}.txt").write_text(f"one {colour} {shape}")
    lines = [
        {"query": f"{colour} {shape}", "relevant": [f"{colour}-{shape}.png"]}
        for colour in ("red", "green", "blue", "yellow")
        for shape in ("circle", "square")
    ]
    (home / "judged.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with package.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as library:
        library.ingest(home / "media")
    return home


@pytest.fixture(autouse=True)
def environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MEDLEY_STORE", str(home / "store"))
    monkeypatch.setenv("MEDLEY_ENCODERS__PRESET", "tiny")
    monkeypatch.setenv("MEDLEY_ENCODERS__OCR", "off")
    yield


def test_table_page_and_kept_report_tell_the_same(home: Path, tmp_path: Path) -> None:
    done = medley("eval", home / "judged.jsonl", "--name", "<first>", "--html", tmp_path / "page.html")

    assert done.exit_code == 0, done.output
    assert "recall@10" in done.stdout
    assert "1.000" in done.stdout
    page = (tmp_path / "page.html").read_text()
    assert "How well &lt;first&gt; is searched" in page
    assert page.count('class="measured"') == 4 * 3  # four plots: all, given, answered by image
    [kept] = (home / "store" / ".records" / "medley" / "evaluations").glob("*-first.json")
    assert json.loads(kept.read_text())["overall"]["means"]["mrr"]["mean"] == 1.0


def test_curve_of_a_kind_is_of_its_own_questions(home: Path, tmp_path: Path) -> None:
    lines = [
        {"query": "red square", "relevant": ["red-square.png"], "kind": "easy"},
        {"query": "blue circle", "relevant": ["nothing.png"], "kind": "lost"},
    ]
    (tmp_path / "kinds.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = medley("eval", tmp_path / "kinds.jsonl", "--html", tmp_path / "page.html")

    assert done.exit_code == 0, done.output
    curves = re.findall(r'<polyline[^>]* points="([^"]*)"', (tmp_path / "page.html").read_text())
    top, bottom = "0.0", "230.0"
    assert [{point.split(",")[1] for point in curve.split()} for curve in curves] == [{top}, {bottom}]


def test_json_is_one_document_and_a_run_is_compared_with_an_earlier_one(home: Path) -> None:
    before = json.loads(medley("eval", home / "judged.jsonl", "--name", "before", "--json").stdout)
    after = json.loads(medley("eval", home / "judged.jsonl", "--against", before["id"], "--json").stdout)

    assert before["compared"] == []
    assert [one["p"] for one in after["compared"]] == [1.0] * 6
    assert after["overall"]["queries"] == 8


def test_gate_exits_with_one_where_quality_fell(home: Path, tmp_path: Path) -> None:
    medley("eval", home / "judged.jsonl", "--name", "gate")
    good = medley("eval", home / "judged.jsonl", "--against", "gate", "--gate", "mrr=0")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text((home / "judged.jsonl").read_text().replace("-circle.png", "-nothing.png"))
    bad = medley("eval", wrong, "--against", "gate", "--gate", "mrr=0.1")

    assert good.exit_code == 0, good.output
    assert bad.exit_code == 1
    assert "mrr fell from 1.000" in bad.stderr
    both = medley("eval", wrong, "--against", "gate", "--gate", "mrr=0.1", "--json")
    assert both.exit_code == 1
    assert "mrr fell from 1.000" in json.loads(both.stdout)["failure"]


def test_captions_of_a_data_set_are_asked_with_what_was_published_beside(home: Path, tmp_path: Path) -> None:
    captions = {
        "images": [{"id": 1, "file_name": "red-square.png"}],
        "annotations": [{"image_id": 1, "caption": "one red square"}],
    }
    (tmp_path / "captions_val2017.json").write_text(json.dumps(captions))
    done = medley("eval", "--dataset", f"coco={tmp_path}", "--json")

    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["overall"]["means"]["success@1"]["mean"] == 1.0
    assert {one["dataset"] for one in answer["published"]} == {"coco"}
    assert all(one["source"].startswith("https://") for one in answer["published"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gate", "mrr=0.1"], "--gate compares with a run"),
        (["--against", "latest", "--gate", "speed=1"], "The gate 'speed=1' is not understood"),
        (["--kind", "caption"], "Did you mean 'captions'"),
        (["--dataset", "coco"], "A data set is given as NAME=PATH"),
        (["nothing.jsonl"], "cannot be read"),
        (["--kind", "sounds"], "The collection gives no questions of the kind 'sounds'"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exits_with_two(words: list[str], said: str) -> None:
    done = medley("eval", *words)

    assert done.exit_code == 2
    assert said in done.stderr
    assert "Traceback" not in done.output
