"""Questions to a real collection: what reaches what, what a hit tells, and that only one request is made."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import medley
from medley.library import Library
from schemas import EmptyCollectionError
from tests.media import picture
from tests.query.conftest import paths


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


@pytest.mark.parametrize("fusion", ["combmnz", "dbsf", "evidence", "max", "relative", "rrf"])
def test_shares_add_up_to_the_score(library: Library, fusion: str) -> None:
    red = Path(library.status().sources["media"]) / "circle" / "red.png"

    result = library.search(text="blue circle", image=red, fusion=fusion, limit=30)

    assert result.fusion == fusion
    assert any(len(hit.vectors) > 1 for hit in result.hits)
    for hit in result.hits:
        shares = [part.share for part in hit.vectors.values()]
        assert sum(shares) + sum(hit.benefit.values()) == pytest.approx(hit.score, abs=1e-6)


def test_answer_without_hits_says_what_kept_them_out(library: Library) -> None:
    found = library.search("boat", where="size > 10GB")

    assert (found.hits, found.relevant) == ([], False)
    assert found.notes[-1] == "Nothing that the question reaches passes the filter."
    assert library.search("boat", using="words", where="size > 1").relevant is not False


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
    rankings = library.store.rankings
    monkeypatch.setattr(library.store, "rankings", lambda requests: asked.append(len(requests)) or rankings(requests))

    library.search(text="red circle", limit=3)

    assert asked == [2]


def test_payloads_are_fetched_of_what_is_shown_alone(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    retrieve = library.store.retrieve
    monkeypatch.setattr(library.store, "retrieve", lambda ids: asked.append(len(ids)) or retrieve(ids))

    assert len(library.search(text="red circle", using="text", limit=2).hits) == 2

    assert asked == [2]


def test_a_segment_that_is_gone_when_it_is_looked_at_is_left_out(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = paths(library, text="red circle", limit=4)
    rankings = library.store.rankings
    gone = ("00000000-0000-0000-0000-000000000000", 9.0)
    monkeypatch.setattr(library.store, "rankings", lambda requests: [[gone, *one] for one in rankings(requests)])

    assert paths(library, text="red circle", limit=4) == before


def test_without_a_bridge_the_answer_says_so_and_goes_on(library: Library) -> None:
    result = library.search(text="red circle")

    assert result.hits
    assert any("too few captioned pictures" in note for note in result.notes)


def test_nothing_is_said_of_pictures_where_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "note.txt").write_text("the gate by the harbour")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny"}) as library:
        library.ingest(tmp_path / "media")
        result = library.search(text="harbour gate")

    assert [hit.path for hit in result.hits] == ["note.txt"]
    assert not any("pictures" in note for note in result.notes)


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
        # A picture that nobody described tells the words of pictures like it.
        red = opened.search(image=media / f"plain-{ord('r')}.png", using="text", limit=20)
        assert sum("red" in hit.words.get("sidecar", "") for hit in red.hits) >= 15  # by lot: 5
        assert red.hits[0].confidence is not None
        assert red.relevant is None, "what a bridge alone reaches is too uncertain to tell"
        assert set(opened.status().bridges) == {"bridge-text-image", "bridge-image-text"}


def test_index_is_searched_as_thoroughly_as_was_measured(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Except where it was measured on the vectors of another encoder."""
    fingerprint = library.store.vectors()["text"].fingerprint
    measured = {
        "text": {"hnsw_ef": 64, "recall": 0.99, "encoder": fingerprint},
        "image": {"hnsw_ef": 32, "recall": 0.99, "encoder": "another-01234567"},
    }
    asked: list[Any] = []
    real = library.store.rankings
    monkeypatch.setattr(library.store, "rankings", lambda requests: asked.extend(requests) or real(requests))
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


def test_day_finds_what_was_changed_on_it(library: Library) -> None:
    file = Path(library.status().sources["media"]) / "circle" / "red.png"
    day = datetime.fromtimestamp(file.stat().st_mtime, UTC).date()

    def found(condition: str) -> bool:
        return "circle/red.png" in paths(library, text="red circle", where=condition, limit=50)

    assert found(f"modified = {day}")
    assert found(f"modified <= {day}")
    assert found(f"modified in ({day}, 2001-01-01)")
    assert not found(f"modified > {day}")
    assert not found(f"modified < {day}")


def test_passage_tells_its_characters(library: Library) -> None:
    text = (Path(library.status().sources["media"]) / "long.txt").read_text()

    for hit in library.search(text="harbour150", using="words", group_by="segment", limit=3).hits:
        assert hit.characters is not None
        assert text[slice(*hit.characters)].split() == hit.words["document"].split()


def test_offset_goes_on_where_the_limit_stopped(library: Library) -> None:
    whole = paths(library, text="one red circle", limit=6)

    assert (
        paths(library, text="one red circle", limit=3) + paths(library, text="one red circle", limit=3, offset=3)
        == whole
    )


def test_hits_are_grouped_by_a_field(library: Library) -> None:
    found = library.search(text="one", using="text", group_by="folder", group_size=2, where="folder != ''").hits

    assert sorted({hit.group for hit in found}) == ["circle", "square"]
    assert len(found) == 4
    assert [hit.group for hit in found] in (["circle"] * 2 + ["square"] * 2, ["square"] * 2 + ["circle"] * 2)


def test_variety_counts_beside_the_scores_of_words(library: Library) -> None:
    """Fused scores know no bound and likeness does: on two scales, variety would count for nothing."""
    asked: dict[str, Any] = {"text": "one red circle", "using": ["text", "words"], "limit": 4}

    assert paths(library, **asked, diversity=0.5) != paths(library, **asked)


def test_segments_are_hits_of_their_own_where_asked(library: Library) -> None:
    found = library.search(text="boat", using="text", group_by="segment", limit=5).hits

    assert len({hit.segment for hit in found if hit.path == "long.txt"}) > 1


def test_threshold_leaves_out_what_scores_less(library: Library) -> None:
    scores = [hit.score for hit in library.search(text="green square", using="text", limit=20).hits]
    least = scores[2]

    assert [hit.score for hit in library.search(text="green square", using="text", score_threshold=least).hits] == [
        score for score in scores if score >= least
    ]


def test_filter_of_qdrant_is_passed_as_well(library: Library) -> None:
    from qdrant_client import models

    circles = models.Filter(must=[models.FieldCondition(key="folder", match=models.MatchValue(value="circle"))])

    assert set(paths(library, text="one", filter=circles, where="not path = circle/red.png")) == {
        f"circle/{colour}.png" for colour in ("green", "blue", "yellow")
    }


def test_empty_collection_says_what_to_do(tmp_path: Path) -> None:
    with medley.open(tmp_path / "none") as opened, pytest.raises(EmptyCollectionError, match="run `medley ingest"):
        opened.search(text="anything")


def test_paths_are_filtered_by_pattern(library: Library) -> None:
    assert set(paths(library, text="one", where="path = circle/*.png", limit=20)) == {
        f"circle/{colour}.png" for colour in ("red", "green", "blue", "yellow")
    }
    assert set(paths(library, text="one", where="path = **/gr?en.png", limit=20)) == {
        "circle/green.png",
        "square/green.png",
    }


def test_answer_is_the_same_in_one_request_and_in_two(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, which is a round trip away, is asked for all at once; the engine in this process for the hits alone."""
    asked: dict[str, Any] = {"text": "one red circle", "limit": 8}
    two = library.search(**asked, group_by="folder", group_size=2)
    monkeypatch.setattr(type(library.store), "indexes_itself", True)
    retrieved: list[Any] = []
    real = library.store.retrieve
    monkeypatch.setattr(library.store, "retrieve", lambda *args, **more: retrieved.append(args) or real(*args, **more))

    one = library.search(**asked, group_by="folder", group_size=2)

    assert one.hits == two.hits
    assert one.hits[0].words
    assert not retrieved


def test_hits_mark_the_words_that_were_asked_for(library: Library) -> None:
    [hit] = library.search(text="green squares", limit=1).hits

    assert [hit.passages[0].text[start:end] for start, end in hit.passages[0].spans] == ["green", "square"]


def test_question_without_an_answer_says_so(tmp_path: Path) -> None:
    words = [f"{a}{b}" for a in ("bora", "kelu", "mito", "suna", "tevi", "rago") for b in ("nim", "dar", "pol", "wex")]
    media = tmp_path / "media"
    media.mkdir()
    for n, word in enumerate(words * 3):
        (media / f"{n:02}.txt").write_text(f"{word} {words[(n * 7 + 3) % len(words)]}")
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)
        there = opened.search(text="boranim")
        nowhere = opened.search(text="qqqq xyzzy")

        assert there.relevant
        assert (there.hits[0].confidence or 0) > max(hit.confidence or 0 for hit in nowhere.hits)
        assert nowhere.relevant is False
        assert any("Nothing here seems to answer this" in note for note in nowhere.notes)
        two = opened.search(parts=[{"text": "boranim"}, {"vector": [1.0] * 256, "using": ["text"]}])
        assert two.relevant is None, "only the words' search is of one part"
        disliked = opened.search(text="boranim", parts=[{"text": "kelunim", "weight": -0.2}])
        assert disliked.relevant is None
        assert disliked.hits[0].confidence is None
        assert "boranim" in disliked.hits[0].words["document"]
        sure = opened.search(text="qqqq xyzzy", min_confidence=0.5)
        assert sure.hits == []
        later = opened.search(text="qqqq xyzzy", offset=3)
        assert later.hits
        assert (later.relevant, later.notes) == (None, []), "what comes before may answer it"
        assert opened.search(text="qqqq xyzzy", diversity=0.9).relevant is False
        closer = opened.search(text="qqqq xyzzy", rerank={"by": "text"})
        assert all(hit.closer is not None for hit in closer.hits)
        assert (closer.relevant, closer.notes) == (None, []), "what a closer look found was not measured"
        assert opened.search(text="boranim", rerank={"by": "text"}).relevant is True
        skipped = opened.search(text="qqqq xyzzy", rerank={"by": "text", "milliseconds": 1e-6})
        assert skipped.relevant is False
        beyond = opened.search(text="boranim", offset=500)
        assert (beyond.hits, beyond.relevant) == ([], None), "what comes before may answer it"
        assert beyond.notes[-1] == "There are not more than 500 hits: ask with a smaller offset."
