"""What a segment lacks is told by its neighbours, marked as a guess, and never mistaken for what an encoder made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from flows.learning import infer
from flows.learning.things import fusible, read_things
from medley.library import Library
from schemas import payload
from schemas.search import SearchRequest
from schemas.vectors import INFERRING, vectors_in_use
from store.check import verify
from tests.collection import contents_of
from tests.indexed import copy_of, indexed
from tests.store.conftest import quick_folder

KINDS = ("boat on water", "tower of stone", "meadow with flowers", "tiger at night")


def pictures(media: Path, numbers: range, *, told: bool) -> None:
    media.mkdir(exist_ok=True)
    for n in numbers:
        rng = np.random.default_rng(n)
        pixels = np.zeros((32, 32, 3), np.int16)
        pixels[:, 8 * (n % 4) : 8 * (n % 4) + 8] = (60 * (n % 4) + 40, 200 - 50 * (n % 4), 120)
        noisy = np.clip(pixels + rng.integers(0, 60, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(media / f"{n}.png")
        if told:
            (media / f"{n}.txt").write_text(f"{KINDS[n % 4]} {n}")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        pictures(folder / "media", range(80), told=True)
        pictures(folder / "media", range(80, 100), told=False)
        yield indexed(folder)


@pytest.fixture
def library(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    monkeypatch.setattr("fusion.sage.EPOCHS", 2)
    monkeypatch.setattr("fusion.sage.HIDDEN", 16)
    with copy_of(home, tmp_path) as opened:
        yield opened


def told(library: Library) -> dict[str, bool]:
    """The segments that have a vector of words, and whether it was inferred."""
    return {
        fields[payload.PATH]: payload.INFERRED in fields
        for fields, vectors in contents_of(library.store).values()
        if vectors.get("text")
    }


def test_what_does_not_help_is_not_written(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents_of(library.store)
    monkeypatch.setattr(infer, "reciprocal_ranks", lambda ways, *_: next(iter(ways.values())) * 0)
    report = library.fit("graph")
    assert not report.in_use
    assert set(report.measured) >= {"neighbours", "propagation", "sage", "without"}
    assert contents_of(library.store) == before
    [card] = library.fits().values()
    assert (card.version, card.in_use, card.seconds) == ("graph-0001", False, report.seconds)
    assert card.seconds > 0


def test_neighbours_tell_without_torch_and_where_no_bridge_could_be_fitted(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(infer, "trainable", lambda: False)
    monkeypatch.setattr("fusion.held.MIN_PAIRS", 1000)
    report = library.fit("graph")
    assert report.kinds["text"]["without"] == 0.0
    assert report.in_use
    assert "sage" not in report.measured
    assert any("torch is not installed" in note for note in report.notes)
    assert sum(told(library).values()) == 20


@pytest.mark.parametrize("by", ["neighbours", "propagation", "sage"])
def test_pictures_without_words_are_found_by_words_and_marked(
    library: Library, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    def judged(report: Any, views: Any, things: Any, held: Any, name: str) -> Any:
        report.in_use = True
        graph = infer.adjacency(views, things.company, tags=things.tags)
        return by, infer.Sage.fit(views, graph, name) if by == "sage" else None

    monkeypatch.setattr(infer, "_judge", judged)
    before = contents_of(library.store)
    library.fit("graph")
    after = told(library)
    assert {path for path, guess in after.items() if guess} == {f"{n}.png" for n in range(80, 100)}
    assert sum(not guess for guess in after.values()) == 80
    for identity, (fields, vectors) in contents_of(library.store).items():
        was, had = before[identity]
        assert fields[payload.ENCODERS] == was[payload.ENCODERS]
        assert {name: vector for name, vector in vectors.items() if name != "text" or had.get("text")} == had
    assert verify(library.store).problems == []
    if by != "sage":  # two epochs teach nothing
        hits = library.search(SearchRequest.of(text="boat on water", using=["text"], limit=25)).hits
        guessed = [hit.path for hit in hits if int(hit.path[:-4]) >= 80]
        assert guessed
        assert all(int(path[:-4]) % 4 == 0 for path in guessed[:2])


def test_tags_and_folders_and_days_are_read_with_the_vectors(library: Library, tmp_path: Path) -> None:
    media = tmp_path / "media"
    for n, tags in ((80, ["Sea", "boat"]), (81, ["SEA"])):
        (media / f"{n}.json").write_text(json.dumps({"tags": tags}))
    (media / "deep").mkdir()
    pictures(media / "deep", range(100, 101), told=False)
    library.ingest(media)
    paths = {identity: fields[payload.PATH] for identity, (fields, _) in contents_of(library.store).items()}
    specs = fusible(vectors_in_use(library.store.vectors(), library.store.metadata()))
    with read_things(library.store, specs) as things:
        tags = {paths[i]: some for i, some in zip(things.ids, things.tags, strict=True)}
        folders = {paths[i]: folder for i, folder in zip(things.ids, things.company[0], strict=True)}
    assert {path: set(some) for path, some in tags.items() if some} == {"80.png": {"sea", "boat"}, "81.png": {"sea"}}
    assert [path for path, folder in folders.items() if folder == "media/deep"] == ["deep/100.png"]


def test_guesses_are_kept_up_and_give_way_to_captions(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judged(report: Any, *_: Any) -> Any:
        report.in_use = True
        return "neighbours", None

    monkeypatch.setattr(infer, "_judge", judged)
    library.fit("graph")
    before = contents_of(library.store)
    media = tmp_path / "media"
    again = library.ingest(media)
    assert (again.unchanged, set(again.encoded.values())) == (100, {0})
    assert contents_of(library.store) == before

    (media / "80.txt").write_text("a tiger at night after all")
    (media / "81.png").rename(media / "moved81.png")
    pictures(media, range(100, 102), told=False)
    grown = library.ingest(media)
    assert grown.encoded["text"] == 1
    after = told(library)
    assert after["80.png"] is False
    assert after["moved81.png"] is after["100.png"] is after["101.png"] is True

    assert infer.forget(library.store, "text") == 21
    library.store.set_metadata({INFERRING: None})
    assert not any(told(library).values())
    assert len(told(library)) == 81
