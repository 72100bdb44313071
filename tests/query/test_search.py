"""Questions to a real collection: what reaches what, what a hit tells, and that only one request is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import medley
import readers
from medley.library import Library
from schemas import CollectionMismatchError, EmptyCollectionError, ReadOptions, UsageError
from schemas.limits import ReadLimits
from schemas.search import SearchRequest
from schemas.settings import ReadSettings
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


def test_item_finds_what_is_like_it_and_not_itself(library: Library) -> None:
    found = paths(library, item="circle/red.png", using="image", limit=2)

    assert found[0] == "nameless.png"
    assert "circle/red.png" not in paths(library, item="circle/red.png", limit=100)


def test_item_goes_by_its_id_too(library: Library) -> None:
    identity = library.show("circle/red.png")[0]["item"]

    assert paths(library, item=identity, limit=5) == paths(library, item="circle/red.png", limit=5)


def test_part_with_a_negative_weight_keeps_away_from_it(library: Library) -> None:
    alone = paths(library, text="square", using="text", limit=4)
    away = paths(library, text="square", parts=[{"text": "red green", "weight": -0.5}], using="text", limit=2)

    assert set(alone) == {f"square/{colour}.png" for colour in ("red", "green", "blue", "yellow")}
    assert set(away) == {"square/blue.png", "square/yellow.png"}


def test_scores_of_parts_add_up_by_their_weights(library: Library) -> None:
    """With cosine, the direction of a sum of vectors weighs each part's own score by its weight."""
    parts = [{"text": "red", "weight": 2}, {"text": "square", "weight": 1}]

    def scores(*parts: dict[str, Any]) -> dict[str, float]:
        found = library.search(parts=parts, using="text", limit=100, exact=True).hits
        return {hit.path: hit.score for hit in found}

    red, square, both = scores(parts[0]), scores(parts[1]), scores(*parts)
    ratios = [both[path] / (2 * red[path] + square[path]) for path in both if 2 * red[path] + square[path] > 0.1]
    assert len(ratios) > 5
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=1e-4)


def test_raw_vector_is_searched_as_it_is(library: Library) -> None:
    [record] = library.store.retrieve([library.show("square/blue.png")[0]["item"]], with_vectors=["image"])
    vector = record.vector["image"]

    [hit] = library.search(parts=[{"vector": vector, "using": ["image"]}], limit=1).hits

    assert (hit.path, hit.score) == ("square/blue.png", pytest.approx(1, abs=1e-4))


def test_bytes_are_as_good_as_a_file(library: Library) -> None:
    file = Path(library.status().sources["media"]) / "circle" / "red.png"

    assert paths(library, image=file.read_bytes()) == paths(library, image=file)


def test_bytes_are_read_by_a_child_process_as_they_may_be_anybodys(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(library.status().sources["media"]) / "circle" / "red.png"

    def here(*_: Any) -> None:
        raise AssertionError("read in this process")

    monkeypatch.setattr("query.files.read", here)
    assert paths(library, image=file.read_bytes(), limit=1) == ["circle/red.png"]
    with pytest.raises(AssertionError):
        paths(library, image=file)


def test_what_is_sent_along_is_read_within_the_limits_of_the_settings(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(library.status().sources["media"]) / "circle" / "red.png"
    limits: list[ReadLimits | None] = []

    class Watched(readers.IsolatedReader):
        def __init__(self, options: ReadOptions, given: ReadLimits | None = None) -> None:
            limits.append(given)
            super().__init__(options, given)

    monkeypatch.setattr("query.files.IsolatedReader", Watched)
    monkeypatch.setattr("readers.IsolatedReader", Watched)
    monkeypatch.setattr(library.settings, "read", ReadSettings(seconds=7, memory=1 << 30))
    [hit] = library.search(image=file.read_bytes(), limit=1).hits
    assert library.preview(hit)
    library.explain(SearchRequest.of(text="red circle"))

    assert limits == [ReadLimits(7, 1 << 30)] * 3


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


def test_whole_request_is_asked_as_it_is(library: Library) -> None:
    request = SearchRequest.of(text="green square", limit=1)

    assert (
        library.search(SearchRequest.model_validate_json(request.model_dump_json())).hits[0].path == "square/green.png"
    )


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"text": "a", "using": "imag"}, "There is no vector named 'imag'. Did you mean 'image'?"),
        ({"item": "nowhere.png"}, "There is no item 'nowhere.png' to search with"),
        ({"item": "circle/red.png", "parts": [{"item": "circle/red.png", "weight": -1}]}, "cancel each other out"),
        ({"parts": [{"vector": [1.0, 2.0], "using": ["image"]}]}, "The vector 'image' has"),
        ({"parts": [{"vector": [1.0], "using": ["words"]}]}, "The vector 'words' is sparse"),
        ({"text": "a", "group_by": "foldr"}, "There is no field named 'foldr'. Did you mean 'folder'?"),
        ({"text": "a", "using": 5}, "using must be a list, not 5."),
        ({"text": "a", "filter": {"musst": []}}, "The filter is none of Qdrant's: musst is not known."),
        ({"text": "a", "fusion": "rff"}, "There is no fusion named 'rff'. Did you mean 'rrf'?"),
        ({"image": b"no picture"}, "'the upload' is a text, not a picture."),
        ({"image": b"\x89PNG\r\n\x1a\n and then nothing"}, "'the upload' cannot be read"),
        ({"image": "missing.png"}, "There is no file 'missing.png'."),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_sentence(
    library: Library, question: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as caught:
        library.search(**question)

    assert sentence in str(caught.value)


def test_vector_of_another_encoder_is_not_compared(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    have = library.store.vectors()
    stale = have | {"text": replace(have["text"], fingerprint="other-01234567")}
    monkeypatch.setattr(library.store, "vectors", lambda: stale)

    with pytest.raises(CollectionMismatchError, match=r"'text' .* was made by other-01234567, and hashing-"):
        library.search(text="green square", using="text")
    found = library.search(text="green square")
    assert set(found.hits[0].vectors) == {"words"}
    assert any("'text'" in note and "it was not searched" in note for note in found.notes)
    assert not any("'text'" in note for note in library.search(text="green square", using="words").notes)


def test_part_that_reaches_nothing_is_told_where_others_do(library: Library) -> None:
    tone = Path(library.status().sources["media"]) / "tone-440.wav"

    found = library.search(text="green square", audio=tone, using=["text", "words"])

    assert found.hits[0].path == "square/green.png"
    assert found.notes == ["No vector that is searched is reached by part 2 (audio)."]


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


def test_words_that_are_to_be_avoided_find_nothing_by_themselves(library: Library) -> None:
    parts = [{"text": "blue"}, {"text": "circle", "weight": -0.5}]

    alone = library.search(parts=parts, using=["words"], limit=20).hits
    fused = library.search(parts=parts, using=["text", "words"], fusion="rrf", limit=20).hits

    assert alone[0].path == "square/blue.png"
    assert all("blue" in hit.path for hit in alone)
    assert {hit.path for hit in fused if "words" in hit.vectors} == {hit.path for hit in alone}


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
