"""What is known of a segment before its payload is read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from query import fuse
from query.rank import Fields
from schemas import VectorSpec
from schemas.search import SearchRequest

SPECS = {
    "text": VectorSpec("text", 4, "cosine", "text-1"),
    "words": VectorSpec("words", 0, "dot", "words-1", sparse=True),
}
PAYLOADS = {
    "captioned": {"encoders": dict.fromkeys(("text", "words"), "")},
    "inferred": {"encoders": {"words": ""}},  # its text was told by its neighbours
    "bare": {"encoders": {"words": ""}},
}
RANKINGS = {"text": [("inferred", 0.9), ("captioned", 0.8)], "words": [("bare", 2.0)]}


@pytest.mark.parametrize("guessed", [False, True])
def test_what_a_vector_found_is_not_asked_whether_it_has_words_unless_some_vectors_are_guesses(guessed: bool) -> None:
    fetched: list[Any] = []

    def fetch(ids: Sequence[Any]) -> dict[Any, Any]:
        fetched.extend(ids)
        return {id_: PAYLOADS[id_] for id_ in ids}

    fused = fuse.fusing(SearchRequest.of(text="a boat"), SPECS, {}, Fields({}, fetch), at_once=3, guessed=guessed)
    benefits = {one.id: set(one.benefit) for one in fused(RANKINGS, {})}

    assert benefits == {
        "captioned": set(),
        "inferred": {"words"} if guessed else set(),
        "bare": {"text"},
    }
    assert sorted(fetched) == sorted(PAYLOADS)
