"""What a collection learns of questions that have no answer in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import medley
from medley.library import Library
from query.kept import forget
from schemas.vectors import ANSWERS
from tests.media import picture

SYLLABLES = ("bo", "ke", "mi", "su", "te", "ra", "lun", "dar", "pol", "wex", "gat", "fim")
KNOWN = [f"{a}{b}{c}" for a in SYLLABLES[:6] for b in SYLLABLES[6:] for c in SYLLABLES[:2]]
UNKNOWN = ["zzyzx", "quohog jjyv", "vyvanxx", "hhoozz", "xaqqua yq", "jujjvv"]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Texts that name one thing each, and pictures without words."""
    home = tmp_path_factory.mktemp("answers")
    for n, name in enumerate(KNOWN):
        (home / "media" / f"{n:03}.txt").parent.mkdir(exist_ok=True)
        (home / "media" / f"{n:03}.txt").write_text(f"the {name} of number {n % 7}")
    for colour in ("red", "green", "blue"):
        picture(home / "media" / f"{colour}.png", colour, (96, 64))
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(home / "media")
        yield opened


def test_what_is_there_has_an_answer_and_what_is_not_has_none(library: Library) -> None:
    assert library.store.load_artifact(ANSWERS)

    there = [library.search(name).relevant for name in KNOWN]
    nowhere = [library.search(name).relevant for name in UNKNOWN]

    assert sum(answer is True for answer in there) > 0.9 * len(there)
    assert nowhere == [False] * len(UNKNOWN)


def test_what_the_level_is_not_of_is_judged_by_confidence(library: Library) -> None:
    near = f"the {KNOWN[0]}x of number 0"  # not all of its words are there
    level = library.store.load_artifact(ANSWERS)
    assert level is not None
    unreached = level[1] | {"level": 1e9}
    try:
        library.store.save_artifact(ANSWERS, level[0], unreached)
        forget(library.store)
        assert library.search(near).relevant is False
        assert library.search(near, using=["text"]).relevant is True
        assert library.search(KNOWN[0]).relevant is True, "all words that were asked for are there"
        library.store.save_artifact(ANSWERS, level[0], unreached | {"fingerprint": "another-00000000"})
        forget(library.store)
        assert library.search(near).relevant is True
    finally:
        library.store.save_artifact(ANSWERS, *level)
        forget(library.store)


def test_a_collection_that_has_not_been_asked_yet_is_asked_at_the_next_run(library: Library) -> None:
    from flows.learning.calibrate import calibrate
    from schemas.vectors import CALIBRATION

    kept = library.store.load_artifact(CALIBRATION)
    assert kept is not None
    arrays, meta = kept
    meta["stamp"].pop(ANSWERS)  # as written by an earlier version
    library.store.save_artifact(CALIBRATION, arrays, meta)
    library.store.delete_artifact(ANSWERS)

    calibrate(library.store, library.encoders)

    assert library.store.load_artifact(ANSWERS)


def test_nobody_asks_in_words_what_has_no_vector_of_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from encoders.hashing import HashingEncoder
    from schemas.vectors import CALIBRATION

    def encode_query(*_: object) -> None:
        pytest.fail("a model of texts would have been loaded for pictures alone")

    for n in range(60):
        picture(tmp_path / "media" / f"harbour {n}.png", "red", (48 + n, 32))
    monkeypatch.setattr(HashingEncoder, "encode_query", encode_query)
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off"}) as library:
        library.ingest(tmp_path / "media")
        kept = library.store.load_artifact(CALIBRATION)
    assert kept is not None
    assert "image.image" in kept[1]["nulls"]
