"""A closer look by a cross-encoder that sees: at pictures, scenes and pages, and by words where they are away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import medley
from encoders import EncoderSet, Shown, load_reranker
from encoders.reranker import SIDE
from medley.explained import page, tell
from medley.library import Library
from readers import preview
from schemas import Modality, UsageError
from schemas.answer import SearchResult
from schemas.search import SearchRequest
from tests.media import COLOURS, clip, pdf, picture, tone


class Sees:
    """A cross-encoder that goes by how much of a picture has the colour that is asked for, by name or by a picture."""

    sees = True

    def __init__(self) -> None:
        self.asked: list[Shown] = []
        self.shown: list[Shown] = []

    def score(self, query: Shown, contents: Sequence[Shown]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.asked.append(query)
        self.shown += contents
        named = {name: name in query.words or share(name, query.pictures) > 0.1 for name in COLOURS}
        [colour] = [name for name, is_named in named.items() if is_named]
        return np.array([share(colour, one.pictures) for one in contents], np.float32)


def share(colour: str, pictures: Sequence[Any]) -> float:
    """Of the first picture's pixels, those that have the colour."""
    if not pictures:
        return 0.0
    far = np.abs(pictures[0].astype(int) - np.array(COLOURS[colour])).max(axis=2)
    return float((far < 40).mean())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("seeing")
    media = home / "media"
    for name, colour in (("one", "green"), ("two", "blue"), ("three", "red")):
        picture(media / f"{name}.png", colour, (96, 64))
        (media / f"{name}.txt").write_text("a thing")
    tone(media / "four.wav", hertz=440)
    (media / "four.txt").write_text("a thing")
    clip(media / "five.mp4", subtitles=[(0.2, 1.5, "a thing"), (2.4, 3.8, "a thing")])
    pdf(media / "six.pdf", ["a thing", "a thing"])
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)
        yield opened


@pytest.fixture
def sees(monkeypatch: pytest.MonkeyPatch) -> Sees:
    made = Sees()
    monkeypatch.setattr(EncoderSet, "reranker", lambda self, name: made)
    return made


def look(library: Library, *, rerank: dict[str, Any] | None = None, **asked: Any) -> SearchResult:
    return library.search(**{"text": "red thing"} | asked, group_by="segment", limit=40, rerank=rerank)


def folder(library: Library) -> Path:
    return Path(library.status().sources["media"])


def test_pictures_scenes_and_pages_are_looked_at_beside_their_words(library: Library, sees: Sees) -> None:
    result = look(library, rerank={"by": "sees"})

    assert {(hit.path, hit.segment) for hit in result.hits[:2]} == {("three.png", 0), ("five.mp4", 0)}
    assert result.notes == look(library).notes
    by_words = {one.words.split("\n")[-1]: one for one in sees.shown}
    assert all("a thing" in one.words for one in sees.shown)
    assert [len(one.pictures) for one in sees.shown if "four" in one.words] == [0]
    assert by_words["three"].pictures[0].shape == (64, 96, 3)
    pages = [one.pictures[0] for one in sees.shown if "six" in one.words]
    assert [page.shape[0] for page in pages] == [SIDE, SIDE]
    assert all(page.mean() > 240 for page in pages)
    assert {hit.closer for hit in result.hits if hit.path == "four.wav"} == {0.0}


def test_question_may_be_a_picture(library: Library, sees: Sees) -> None:
    result = look(library, text=None, image=folder(library) / "two.png", using=["image"], rerank={"by": "sees"})

    assert sees.asked[0].words == ""
    assert sees.asked[0].pictures[0].shape == (64, 96, 3)
    assert {(hit.path, hit.segment) for hit in result.hits[:2]} == {("two.png", 0), ("five.mp4", 1)}


def test_question_that_is_a_clip_is_looked_at_in_a_few_pictures(library: Library, sees: Sees) -> None:
    look(library, video=folder(library) / "five.mp4", rerank={"by": "sees"})

    assert sees.asked[0].words == "red thing"
    assert 2 <= len(sees.asked[0].pictures) <= 4


@pytest.mark.parametrize("words", [None, "a thing like it"])
def test_indexed_item_that_is_asked_with_is_looked_at(library: Library, sees: Sees, words: str | None) -> None:
    result = look(library, text=words, item="two.png", rerank={"by": "sees"})

    assert sees.asked[0].words == (words or "")
    assert [seen.shape for seen in sees.asked[0].pictures] == [(64, 96, 3)]
    assert (result.hits[0].path, result.hits[0].segment) == ("five.mp4", 1)  # the blue scene; itself is no answer


def test_of_an_indexed_clip_the_segment_that_is_meant_is_looked_at_or_a_few(library: Library, sees: Sees) -> None:
    look(library, text=None, parts=[{"item": "five.mp4", "segment": 0}], rerank={"by": "sees"})
    look(library, text="red", item="five.mp4", rerank={"by": "sees"})

    one, several = ([share("red", [seen]) > 0.1 for seen in asked.pictures] for asked in sees.asked)
    assert one == [True]
    assert several == [True, False]


def test_indexed_item_that_cannot_be_seen_is_read(library: Library, sees: Sees) -> None:
    away = folder(library) / "two.png"
    kept = away.read_bytes()
    away.unlink()
    try:
        result = look(library, text="blue", item="two.png", rerank={"by": "sees"})
    finally:
        away.write_bytes(kept)
    look(library, text="blue", item="four.wav", rerank={"by": "sees"})
    sees.sees = False
    look(library, text="blue", item="two.png", rerank={"by": "sees"})

    assert [(asked.words, asked.pictures) for asked in sees.asked] == [("blue a thing", ())] * 3
    assert "The picture of 'two.png' cannot be had any more: 'sees' went by words." in result.notes


def test_modalities_that_are_not_asked_for_keep_their_places(library: Library, sees: Sees) -> None:
    before = look(library).hits

    after = look(library, rerank={"by": "sees", "modalities": ["video"]}).hits

    assert len(sees.shown) == 2
    places = [n for n, hit in enumerate(before) if hit.modality == "video"]
    assert [hit.path for hit in after] == [hit.path for hit in before]
    assert [after[n].segment for n in places] == [0, 1]


def test_over_budget_nothing_is_looked_at(library: Library, sees: Sees) -> None:
    result = look(library, rerank={"by": "sees", "milliseconds": 1e-6})

    assert [hit.path for hit in result.hits] == [hit.path for hit in look(library).hits]
    assert result.notes[-1] == "The hits were not looked at closely by 'sees': it would take more than 1e-06 ms."
    assert sees.shown == []


def test_hits_whose_files_are_away_or_broken_are_read_by_their_words(library: Library, sees: Sees) -> None:
    away, broken = folder(library) / "three.png", folder(library) / "one.png"
    kept = away.read_bytes(), broken.read_bytes()
    try:
        away.unlink()
        broken.write_bytes(b"no picture")
        result = look(library, rerank={"by": "sees"})
    finally:
        away.write_bytes(kept[0])
        broken.write_bytes(kept[1])

    note = result.notes[-1]
    assert note == "The pictures of 2 hits cannot be had any more: 'sees' went by words, or left the hit in its place."
    assert (result.hits[0].path, result.hits[0].segment) == ("five.mp4", 0)
    assert [one.pictures for one in sees.shown if one.words.endswith(("one", "three"))] == [(), ()]


def test_closer_look_is_told_where_a_hit_is_explained(library: Library, sees: Sees) -> None:
    request = SearchRequest.of(text="red thing", rerank={"by": "sees"})
    first = library.search(request).hits[0]
    console = Console(record=True, width=100)

    why = library.explain(request)
    tell(why, request, console)

    assert why.hit.path == first.path
    assert f"A closer look gave it {first.closer:.3f}" in page(why, request)
    assert f"closer   {first.closer:.3f}, by a closer look" in console.export_text()


def test_question_of_neither_words_nor_pictures_is_refused(library: Library, sees: Sees) -> None:
    with pytest.raises(UsageError, match="reads words or looks at pictures: give either"):
        look(library, text=None, audio=folder(library) / "four.wav", rerank={"by": "sees"})
    sees.sees = False
    with pytest.raises(UsageError, match="'sees' reads words, and this question has none"):
        look(library, text=None, image=folder(library) / "two.png", using=["image"], rerank={"by": "sees"})


def test_model_that_sees_is_asked_with_the_picture_of_an_item(library: Library, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")
    from tests.encoders import tiny

    model = str(tiny.seeing_reranker(tmp_path / "seeing"))

    hits = look(library, text=None, item="two.png", rerank={"by": model, "modalities": ["image"]}).hits

    def seen(name: str) -> Any:
        return np.asarray(Image.open(BytesIO(preview(folder(library) / name, Modality.IMAGE, side=SIDE) or b"")))

    [hit] = [hit for hit in hits if hit.path == "three.png"]
    asked, shown = Shown("", (seen("two.png"),)), Shown("a thing\nthree", (seen("three.png"),))
    assert hit.closer == pytest.approx(float(load_reranker(model).score(asked, [shown])[0]), abs=1e-4)


def test_model_that_sees_scores_the_picture_that_a_person_is_shown(library: Library, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")
    from tests.encoders import tiny

    model = str(tiny.seeing_reranker(tmp_path / "seeing"))

    hits = look(library, rerank={"by": model, "modalities": ["image"]}).hits

    [hit] = [hit for hit in hits if hit.path == "three.png"]
    jpeg = preview(folder(library) / "three.png", Modality.IMAGE, side=SIDE)
    assert jpeg is not None
    shown = Shown("a thing\nthree", (np.asarray(Image.open(BytesIO(jpeg))),))
    assert hit.closer == pytest.approx(float(load_reranker(model).score("red thing", [shown])[0]), abs=1e-4)
    looked = [hit.closer for hit in hits if hit.modality == "image"]
    assert looked == sorted(looked, key=lambda score: -(score or 0.0))
