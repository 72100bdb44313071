"""Regions of pictures from end to end: a vector of them is added, searched, fused and explained."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from encoders import registry
from flows.learning import steps, things
from flows.learning.steps import FitOptions
from flows.learning.things import fusible, read_things, senses
from fusion.attention import Attention
from fusion.contrast import Training
from medley.explained import page
from medley.library import Library
from medley.library import open as open_library
from schemas import VectorSpec
from schemas.search import SearchRequest
from schemas.vectors import FUSED
from tests.collection import contents_of

BEFORE = "text=hashing,image=thumbnail"
WITH = BEFORE + ",regions=tiles"
USING = ("text", "image", "regions")
COLOURS = {"red": (220, 20, 20), "green": (20, 190, 30), "blue": (20, 30, 220), "yellow": (240, 220, 20)}
GROUNDS = ((250, 250, 250), (120, 120, 120), (30, 30, 30), (200, 160, 200))
PLACES = [n for n in range(16) if n % 3]
COUNT = 64


def place_of(n: int) -> int:
    """The tile that a picture has its mark in, from 0."""
    return PLACES[n // 4 % len(PLACES)]


def marked(media: Path) -> None:
    """A mark of one colour in one tile of sixteen; the words name the colour."""
    media.mkdir()
    for n in range(COUNT):
        rng = np.random.default_rng(n)
        pixels = np.full((96, 96, 3), GROUNDS[n // 4 % 4], np.int16)
        row, column = divmod(place_of(n), 4)
        pixels[24 * row : 24 * row + 24, 24 * column : 24 * column + 24] = list(COLOURS.values())[n % 4]
        noisy = np.clip(pixels + rng.integers(-9, 10, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(media / f"{n}.png")
        (media / f"{n}.txt").write_text(f"a {list(COLOURS)[n % 4]} mark number{n}")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("regions")
    marked(folder / "media")
    with open_library(folder / "store", encoders={"preset": BEFORE, "ocr": "off", "threads": 1}) as opened:
        opened.ingest(folder / "media")
    return folder


@pytest.fixture(scope="module")
def before(home: Path) -> dict[str, Any]:
    with open_library(home / "store") as opened:
        return contents_of(opened.store)


@pytest.fixture(scope="module")
def library(home: Path, before: dict[str, Any]) -> Iterator[Library]:
    assert before
    with open_library(home / "store", encoders={"preset": WITH, "ocr": "off", "threads": 1}) as opened:
        report = opened.ingest(home / "media")
        assert report.encoded == {"text": 0, "image": 0, "regions": COUNT}
        yield opened


def test_run_with_an_encoder_of_regions_adds_that_vector_and_nothing_else(
    library: Library, before: dict[str, Any]
) -> None:
    for identity, (_, vectors) in contents_of(library.store).items():
        assert np.shape(vectors.pop("regions")) == (16, 144)
        assert vectors == before[identity][1]
    assert not library.store.vectors()["regions"].indexed


def test_regions_find_by_maxsim_and_look_closely_at_what_others_found(library: Library, home: Path) -> None:
    # The same mark on the same ground elsewhere: as a whole it looks otherwise.
    moved = np.roll(np.asarray(Image.open(home / "media" / "5.png")), (48, 24), axis=(0, 1))
    Image.fromarray(moved).save(home / "asked.png")
    hits = library.search(SearchRequest.of(image=home / "asked.png", using=["regions"], limit=3)).hits
    assert set(hits[0].vectors) == {"regions"}
    assert hits[0].path == "5.png"
    assert hits[0].vectors["regions"].score > 14.5
    asked = SearchRequest.of(image=home / "asked.png", rerank={"by": "regions", "top": 60})
    closer = library.search(asked).hits
    assert closer[0].path == hits[0].path
    assert closer[0].closer == pytest.approx(hits[0].vectors["regions"].score, abs=1e-3)


def test_picture_and_its_regions_are_of_one_sense(library: Library) -> None:
    specs = fusible(library.store.vectors(), USING)
    assert senses(specs) == {"text": "text", "image": "image", "regions": "image"}
    films = {"image": "qwen3-vl", "pages": "colqwen2", "text": "bge-small"}
    seen = {n: VectorSpec(n, 8, "cosine", registry.spec(one).fingerprint) for n, one in films.items()}
    seen["other"] = VectorSpec("other", 8, "cosine", "nobody-1")
    assert senses(seen) == {"image": "image", "pages": "image", "text": "text"}
    assert "regions" not in fusible(library.store.vectors())  # unless it is named


def test_fit_says_that_regions_can_take_part(library: Library) -> None:
    said = "Late interaction (regions) was left out: --using image --using text --using regions fuses its vectors, too."
    assert said in library.fit("sum").notes
    assert said not in library.fit("sum", using=list(USING)).notes


def test_fit_reads_fewer_segments_where_their_regions_take_more_than_the_file_may(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    specs = fusible(library.store.vectors(), USING)
    each = 4 * sum(spec.dim * (16 if spec.multivector else 1) for spec in specs.values())
    monkeypatch.setattr(things, "IN_FILE", 10 * each + 1)
    with read_things(library.store, specs) as read:
        assert len(read.ids) == 10
        assert read.views.tokens["regions"].shape == (10, 16, 144)


def test_hit_of_the_fused_vector_tells_which_regions_it_was_found_by(library: Library) -> None:
    pytest.importorskip("torch")
    report = steps.fit(library.store, FitOptions("attention", USING, Training(epochs=1, threads=1)))
    assert set(report.questions) == {"image+regions", "text"}
    library.use_fit(report.version)
    asked = SearchRequest.of(text="a red mark", using=[FUSED])

    found = library.explain(asked)

    number = int(Path(found.hit.path).stem)
    assert number % 4 == 0  # it is red
    assert set(found.given) == set(USING)
    assert sum(found.given.values()) == pytest.approx(found.hit.vectors[FUSED].score, abs=2e-3)
    assert [one.given for one in found.regions] == sorted((one.given for one in found.regions), reverse=True)
    assert (found.regions[0].vector, found.regions[0].of) == ("regions", 16)
    assert found.regions[0].number == place_of(number) + 1
    [drawn] = [one for one in found.maps if one.vector == "regions"]
    values = np.array(drawn.values)
    assert (drawn.how, values.shape) == ("regions", (4, 4))
    assert values.argmax() == place_of(number)
    assert values.sum() == pytest.approx(found.given["regions"], abs=1e-3)
    assert Image.open(BytesIO(drawn.picture)).size == (480, 480)
    assert "What each region gives to the score" in page(found, asked)
    # One epoch on so little changes nothing: what was attended to has no part in the vector, and is not drawn.
    assert any("no part in the fused vector" in note for note in found.notes)
    assert found.regions[0].attended is None
    assert found.attention["text"]["regions"] > 0


def test_what_was_attended_to_is_told_where_it_has_a_part(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch")
    fit = steps.fit_attention

    def taught(*given: Any, **named: Any) -> Attention:
        """As if training had found something to gain."""
        model = fit(*given, **named)
        rng = np.random.default_rng(0)
        weights = dict(model.weights)
        weights["0.out.weight"] = rng.normal(0, 0.02, weights["0.out.weight"].shape).astype(np.float32)
        return Attention(model.inputs, model.shape, weights, model.trained, model.senses)

    monkeypatch.setattr(steps, "fit_attention", taught)
    report = steps.fit(library.store, FitOptions("attention", USING, Training(epochs=1, threads=1)))
    library.use_fit(report.version)

    found = library.explain(SearchRequest.of(text="a blue mark", using=[FUSED]))

    attended = [one.attended for one in found.regions]
    assert all(one is not None and 0 < one < 1 for one in attended)
    assert not any("no part in the fused vector" in note for note in found.notes)
    drawn = {one.how: np.array(one.values) for one in found.maps if one.vector == "regions"}
    assert set(drawn) == {"regions", "attention"}
    assert drawn["attention"].sum() == pytest.approx(0.0, abs=1e-6)  # more or less than evenly
    share = found.attention["text"]["regions"]
    assert float(drawn["attention"].max()) + share / 16 <= share
