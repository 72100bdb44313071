"""What a question may be made of: items, vectors, bytes, weights, and what it may not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import readers
from medley.library import Library
from schemas import CollectionMismatchError, ReadOptions, UsageError
from schemas.limits import ReadLimits
from schemas.search import SearchRequest
from schemas.settings import ReadSettings
from tests.query.conftest import paths


def test_vector_out_of_reach_is_told(library: Library) -> None:
    with pytest.raises(UsageError, match="cannot reach audio"):
        library.search(text="red", using="audio")


def test_file_of_another_modality_is_told(library: Library) -> None:
    folder = Path(library.status().sources["media"])

    with pytest.raises(UsageError, match="is a sound, not a picture"):
        library.search(image=folder / "tone-440.wav")


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


def test_words_that_are_to_be_avoided_find_nothing_by_themselves(library: Library) -> None:
    parts = [{"text": "blue"}, {"text": "circle", "weight": -0.5}]

    alone = library.search(parts=parts, using=["words"], limit=20).hits
    fused = library.search(parts=parts, using=["text", "words"], fusion="rrf", limit=20).hits

    assert alone[0].path == "square/blue.png"
    assert all("blue" in hit.path for hit in alone)
    assert {hit.path for hit in fused if "words" in hit.vectors} == {hit.path for hit in alone}
