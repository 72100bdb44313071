"""The order of hits that judged questions teach: noted, learnt, used, explained."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import medley
from medley.library import Library
from query.feedback import record
from readers.judged import read_judged
from schemas import UsageError
from schemas.search import SearchRequest

COLOURS = ("red", "green", "blue", "grey", "pink", "teal")
THINGS = ("boat", "bell", "lamp", "tree", "house", "horse", "drum", "kite")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Pictures named after what they show, with captions that name other things as well, and so mislead."""
    home = tmp_path_factory.mktemp("learned")
    media = home / "media"
    media.mkdir()
    rng = np.random.default_rng(0)
    names = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
    for n, name in enumerate(names):
        Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(media / f"{name}.png")
        (media / f"{name}.txt").write_text(f"not a {names[(n + 7) % len(names)]}, {names[(n + 7) % len(names)]}")
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off", "threads": 1}) as opened:
        opened.ingest(media)
        yield opened


@pytest.fixture(scope="module")
def learnt(library: Library) -> Library:
    for colour in COLOURS:
        for thing in THINGS:
            library.judge(f"{colour} {thing}", right=[f"{colour} {thing}.png"])
    found = library.fit_ranker()
    assert found.in_use
    assert found.ranker is not None
    assert found.ranker.after > found.ranker.before + 0.2
    # The words of the caption tell nothing, those of the name tell all.
    assert max(found.features, key=lambda name: found.features[name]) == "words in name"
    return library


def test_learned_order_puts_first_what_judges_put_first_and_says_why(learnt: Library) -> None:
    before = [hit.path for hit in learnt.search("red boat").hits]
    result = learnt.search("red boat", rerank={"by": "learned"})

    assert before[0] != "red boat.png"
    assert result.hits[0].path == "red boat.png"
    assert result.notes == []
    first, second = result.hits[:2]
    assert first.closer is not None
    assert second.closer is not None
    assert first.closer > second.closer
    assert max(first.reasons, key=lambda name: first.reasons[name]) == "words in name"
    assert first.vectors  # what each vector said is still there


def test_budget_is_kept_and_told(learnt: Library) -> None:
    plain = [hit.path for hit in learnt.search("red boat").hits]
    result = learnt.search("red boat", rerank={"by": "learned", "milliseconds": 1e-6})

    assert [hit.path for hit in result.hits] == plain
    assert "would take more than" in result.notes[-1]


def test_order_that_was_learnt_of_other_vectors_is_not_used(learnt: Library) -> None:
    from query import forget
    from schemas.vectors import RANKER

    kept = learnt.store.load_artifact(RANKER)
    assert kept is not None
    arrays, meta = kept
    try:
        learnt.store.save_artifact(RANKER, arrays, {**meta, "prints": {"text": "another"}})
        forget(learnt.store)
        result = learnt.search("red boat", rerank={"by": "learned"})
        assert "No order of hits has been learnt for these vectors" in result.notes[-1]
        assert result.hits[0].closer is None
    finally:
        learnt.store.save_artifact(RANKER, arrays, meta)
        forget(learnt.store)


def test_click_judges_what_was_passed_over_and_nothing_below(learnt: Library) -> None:
    shown = [hit.path for hit in learnt.search("teal kite").hits]
    grades = learnt.judge("teal kite", clicked=shown[2])

    assert grades == {shown[0]: 0, shown[1]: 0, shown[2]: 1}
    with pytest.raises(UsageError, match=r"'nothing.png' is not among the first 48 hits"):
        learnt.judge("teal kite", clicked="nothing.png")
    with pytest.raises(UsageError, match="Tell at least one right answer"):
        learnt.judge("teal kite", wrong=["red boat.png"])


def test_from_few_questions_weights_are_fitted_instead(library: Library, tmp_path: Path) -> None:
    lines = [{"query": f"{colour} boat", "relevant": [f"{colour} boat.png"]} for colour in COLOURS]
    (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = library.fit_ranker(tmp_path / "few.jsonl")

    assert found.ranker is None
    assert not found.in_use
    assert found.weights is not None
    assert found.weights.questions == 6


def test_questions_judged_on_a_later_page_are_learnt_from_all_their_hits(library: Library, tmp_path: Path) -> None:
    first, later = tmp_path / "first.jsonl", tmp_path / "later.jsonl"
    for file, offset in ((first, 0), (later, 40)):
        lines = [
            {"request": {"parts": [{"text": f"{one} boat"}], "offset": offset}, "relevant": [f"{one} boat.png"]}
            for one in COLOURS
        ]
        file.write_text("\n".join(map(json.dumps, lines)))
    expected, found = library.fit_ranker(first).weights, library.fit_ranker(later).weights

    assert found == expected
    assert found is not None
    assert found.before > 0.1


def test_what_is_noted_can_be_read_as_judged_questions(tmp_path: Path) -> None:
    file = tmp_path / "new" / "feedback.jsonl"
    request = SearchRequest.of(text="A Red boat", where="modality = image")
    record(file, request, right=["a.png"], wrong=["b.png"])
    record(file, request, clicked="c.png", shown=["d.png", "c.png", "e.png"])
    judged = read_judged(file)

    assert [query.kind for query in judged.queries] == ["judged", "click"]
    assert {query.group for query in judged.queries} == {"a red boat"}
    assert judged.queries[0].request == request
    assert list(judged.judgements.values()) == [{"b.png": 0, "a.png": 1}, {"d.png": 0, "c.png": 1}]
