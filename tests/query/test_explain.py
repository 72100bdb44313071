"""Why a hit is there, on media of each kind."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

import medley
from medley.explained import page
from medley.library import Library
from schemas import NotFoundError, UsageError
from schemas.answer import Explanation
from schemas.search import SearchRequest
from tests.media import clip, picture, tone


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("explain")
    media = home / "media"
    for colour in ("red", "green", "blue"):
        picture(media / f"{colour}.png", colour, (96, 64), "circle")
        (media / f"{colour}.txt").write_text(f"one {colour} circle")
    tone(media / "tone.wav", hertz=440)
    clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)
        yield opened


def test_words_are_explained_by_passage_and_meaning(library: Library) -> None:
    found = library.explain("green circles")

    assert found.hit.path == "green.png"
    first = found.hit.passages[0]
    assert [first.text[start:end] for start, end in first.spans] == ["green", "circle"]
    assert found.kinds["sidecar"] > found.kinds["name"] > 0


def test_picture_is_explained_by_a_map_over_it(library: Library) -> None:
    file = Path(library.status().sources["media"]) / "red.png"

    found = library.explain(SearchRequest.of(image=file), item="red.png")

    [drawn] = found.maps
    assert (drawn.vector, drawn.how, drawn.frame) == ("image", "occlusion", None)
    assert max(map(max, drawn.values)) > 0
    assert Image.open(BytesIO(drawn.picture)).size == (480, 320)


def test_sound_and_clip_tell_second_and_frame(library: Library) -> None:
    media = Path(library.status().sources["media"])

    sound = library.explain(SearchRequest.of(audio=media / "tone.wav"))
    scene = library.explain(SearchRequest.of(video=media / "walk.mp4"), item="walk.mp4")

    assert sound.maps[0].how == "silence"
    assert sound.maps[0].second is not None
    assert {one.vector for one in scene.maps} == {"image", "audio"}
    of_image = next(one for one in scene.maps if one.vector == "image")
    assert of_image.frames == 1 or (of_image.frame or 0) in range(1, of_image.frames + 1)


def test_hit_that_is_none_is_told(library: Library) -> None:
    with pytest.raises(NotFoundError, match="There is no hit 100"):
        library.explain("circle", hit=100)
    with pytest.raises(NotFoundError, match=r"'nowhere\.png' is not among"):
        library.explain("circle", item="nowhere.png")


def test_hits_are_counted_from_one(library: Library) -> None:
    with pytest.raises(UsageError, match="Hits are counted from 1: there is no hit 0"):
        library.explain("green circle", hit=0)


def test_page_shows_shares_marks_and_maps_and_escapes_what_it_is_given(library: Library) -> None:
    request = SearchRequest.of(text="<b>red</b> circle", image=Path(library.status().sources["media"]) / "red.png")
    explanation = library.explain(request)

    html = page(explanation, request)

    assert "&lt;b&gt;red" in html
    assert "<b>red" not in html
    assert "<mark>red</mark>" in html
    assert html.count("data:image/png;base64,") == len(explanation.maps) == 1
    for name in explanation.hit.vectors:
        assert f"<td>{name}</td>" in html


def test_explanation_goes_to_json_and_back(library: Library) -> None:
    found = library.explain("red circle")

    assert Explanation.model_validate_json(found.model_dump_json()) == found
