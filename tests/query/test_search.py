"""Questions to a real collection: what reaches what, what a hit tells, and that only one request is made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import medley
from medley.library import Library
from schemas import UsageError
from tests.media import clip, picture, tone


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("search")
    media = home / "media"
    for colour in ("red", "green", "blue", "yellow"):
        for shape in ("circle", "square"):
            picture(media / shape / f"{colour}.png", colour, (96, 64), shape)
            (media / shape / f"{colour}.txt").write_text(f"one {colour} {shape}")
    picture(media / "nameless.png", "red", (90, 60), "circle")
    for hertz in (220, 440, 3000):
        tone(media / f"tone-{hertz}.wav", hertz=hertz)
    clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    (media / "long.txt").write_text(" ".join(f"harbour{n} boat" for n in range(2000)))
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)
        yield opened


def paths(library: Library, **question: Any) -> list[str]:
    return [hit.path for hit in library.search(**question).hits]


def test_words_find_captions(library: Library) -> None:
    assert paths(library, text="green square", limit=1) == ["square/green.png"]


def test_file_names_are_found_as_words(library: Library) -> None:
    [hit] = library.search(text="nameless", using="words").hits

    assert (hit.path, hit.vectors["words"].rank) == ("nameless.png", 1)


def test_sound_finds_sounds(library: Library) -> None:
    folder = Path(library.status().sources["media"])

    [first, *_] = library.search(audio=folder / "tone-3000.wav", using="audio").hits

    assert (first.path, first.modality) == ("tone-3000.wav", "audio")
    assert first.vectors["audio"].score == pytest.approx(1, abs=1e-3)


def test_clip_reaches_pictures_and_sounds(library: Library) -> None:
    folder = Path(library.status().sources["media"])

    result = library.search(video=folder / "walk.mp4")

    assert result.hits[0].path == "walk.mp4"
    assert set(result.hits[0].vectors) == {"image", "audio"}


def test_hits_are_items_each_once(library: Library) -> None:
    found = paths(library, text="boat harbour1 harbour1500", limit=20)

    assert found[0] == "long.txt"
    assert len(found) == len(set(found))


def test_item_with_many_segments_does_not_crowd_out_the_others(library: Library) -> None:
    assert len(paths(library, text="boat one", limit=10)) == 10


def test_hit_tells_where_and_why(library: Library) -> None:
    [hit] = library.search(text="lighthouse", limit=1).hits

    assert (hit.path, hit.modality, hit.source) == ("walk.mp4", "video", "media")
    assert hit.start is not None
    assert hit.end is not None
    assert hit.start <= 2.4 < hit.end
    assert hit.words["subtitle"] == "then the lighthouse"
    assert hit.file is not None
    assert Path(hit.file).is_file()


@pytest.mark.parametrize("fusion", ["rrf", "dbsf", "relative"])
def test_shares_add_up_to_the_score(library: Library, fusion: str) -> None:
    result = library.search(text="blue circle", fusion=fusion)

    assert result.fusion == fusion
    for hit in result.hits:
        assert sum(part.share for part in hit.vectors.values()) == pytest.approx(hit.score, abs=1e-6)


def test_weight_decides_between_words_and_picture(library: Library) -> None:
    red = Path(library.status().sources["media"]) / "circle" / "red.png"
    question: dict[str, Any] = {"text": "one blue square", "image": red, "limit": 1}

    by_words = paths(library, **question, weights={"image": 0})
    by_picture = paths(library, **question, weights={"text": 0, "words": 0})

    assert by_words == ["square/blue.png"]
    assert by_picture == ["circle/red.png"]


def test_filter_keeps_to_what_it_says(library: Library) -> None:
    assert set(paths(library, text="one", where="folder = circle", limit=20)) == {
        f"circle/{colour}.png" for colour in ("red", "green", "blue", "yellow")
    }


def test_all_vectors_are_asked_in_one_request(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    query_batch = library.store.query_batch
    monkeypatch.setattr(
        library.store, "query_batch", lambda requests: asked.append(len(requests)) or query_batch(requests)
    )

    library.search(text="red circle", limit=3)

    assert asked == [2]


def test_without_a_bridge_the_answer_says_so_and_goes_on(library: Library) -> None:
    result = library.search(text="red circle")

    assert result.hits
    assert any("too few captioned pictures" in note for note in result.notes)


def test_vector_out_of_reach_is_told(library: Library) -> None:
    with pytest.raises(UsageError, match="cannot reach audio"):
        library.search(text="red", using="audio")


def test_file_of_another_modality_is_told(library: Library) -> None:
    folder = Path(library.status().sources["media"])

    with pytest.raises(UsageError, match="is a sound, not a picture"):
        library.search(image=folder / "tone-440.wav")


def test_preview_shows_pictures_sounds_and_clips(library: Library) -> None:
    for question in ("red circle", "tone 440", "lighthouse"):
        [hit] = library.search(text=question, limit=1).hits
        preview = library.preview(hit)
        assert preview is not None, hit.path
        assert preview.startswith(b"\xff\xd8")


def test_bridge_lets_words_reach_pictures_without_captions(tmp_path: Path) -> None:
    colours = ("red", "green", "blue", "yellow")
    media = tmp_path / "media"
    for n in range(80):
        colour = colours[n % 4]
        picture(media / f"{n:02}.png", colour, (60 + n, 50 + n // 2))
        (media / f"{n:02}.txt").write_text(f"{colour} drawing number {n}")
    for colour in colours:
        picture(media / f"plain-{ord(colour[0])}.png", colour, (77, 63))
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)

        for colour in colours:
            found = opened.search(text=f"{colour} drawing", using="image", limit=84)
            own = [hit.path for hit in found.hits].index(f"plain-{ord(colour[0])}.png")
            assert own < 25, f"{colour}: the picture without a caption came at {own + 1} of 84"
            assert not found.notes
        assert "bridge-text-image" in opened.status().bridges


def test_index_is_searched_as_thoroughly_as_was_measured(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Except where it was measured on the vectors of another encoder."""
    fingerprint = library.store.vectors()["text"].fingerprint
    measured = {
        "text": {"hnsw_ef": 64, "recall": 0.99, "encoder": fingerprint},
        "image": {"hnsw_ef": 32, "recall": 0.99, "encoder": "another-01234567"},
    }
    asked: list[Any] = []
    real = library.store.query_batch
    monkeypatch.setattr(library.store, "query_batch", lambda requests: asked.extend(requests) or real(requests))
    before = paths(library, text="green square", using=["text", "words"])
    library.store.set_metadata({"index": {"points": 9, "vectors": measured}})
    try:
        assert paths(library, text="green square", using=["text", "words"]) == before
        folder = Path(library.status().sources["media"])
        library.search(image=folder / "nameless.png", using="image")
    finally:
        library.store.set_metadata({"index": None})

    thoroughness = {(request.using, request.params and request.params.hnsw_ef) for request in asked}
    assert thoroughness == {("text", None), ("words", None), ("text", 64), ("image", None)}
