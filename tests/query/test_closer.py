"""A closer look, variety, and asking by examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from encoders import Shown
from query import search
from query.explain import explain
from schemas import UnknownNameError, UsageError
from schemas.search import SearchRequest
from tests.query.engine import DIM, Collection, raw

RNG = np.random.default_rng(5)
A, B = RNG.normal(size=DIM), RNG.normal(size=DIM)


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    made = Collection(tmp_path_factory.mktemp("closer"), "cosine", late=True)
    yield made
    made.store.close()


class Reads:
    """A cross-encoder that prefers the number it is asked for, and is as slow as it is told."""

    sees = False

    def __init__(self) -> None:
        self.read = 0

    def score(self, query: Shown, contents: Sequence[Shown]) -> np.ndarray[Any, np.dtype[np.float32]]:
        self.read += len(contents)
        number = query.words.rsplit(maxsplit=1)[-1]
        return np.array([float(number in one.words.split()) for one in contents], np.float32)


@pytest.fixture
def reads(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> Reads:
    reader = Reads()
    monkeypatch.setattr(collection.encoders, "reranker", lambda name: reader)
    return reader


def test_late_interaction_puts_the_top_in_the_order_of_maxsim(collection: Collection) -> None:
    item = {"item": "p0", "using": ["a"]}
    before = collection.paths(item, using="a", limit=20)

    found = collection.ask(item, using="a", rerank={"by": "tokens", "top": 8}, limit=20).hits

    asked = collection.vectors[0]["tokens"]
    asked = asked / np.linalg.norm(asked, axis=1, keepdims=True)

    def maxsim(path: str) -> float:
        rows = collection.vectors[int(path[1:])]["tokens"]
        return float((asked @ (rows / np.linalg.norm(rows, axis=1, keepdims=True)).T).max(axis=1).sum())

    assert [hit.path for hit in found[:8]] == sorted(before[:8], key=maxsim, reverse=True)
    assert [hit.path for hit in found[8:]] == before[8:]
    assert found[0].closer == pytest.approx(maxsim(found[0].path), abs=1e-4)
    assert found[8].closer is None


def test_late_interaction_knows_what_is_sought_alone_and_says_so(collection: Collection) -> None:
    liked, disliked = {"item": "p0"}, {"item": "p5", "weight": -1}
    alone = [path for path in collection.paths(liked, using="tokens", limit=40) if path != "p5"]

    both = collection.ask(liked, disliked, using="tokens", limit=40)

    assert [hit.path for hit in both.hits] == alone
    assert both.notes == ["What is to be avoided is not looked at on 'tokens', by late interaction."]
    with pytest.raises(UsageError, match="cannot be asked for what to avoid alone"):
        collection.ask(disliked, using="tokens")


def test_closer_look_is_explained_where_parts_name_the_vectors_they_search(collection: Collection) -> None:
    request = SearchRequest.of(parts=[{"item": "p0", "using": ["a"]}, raw(B, "b")], rerank={"by": "tokens", "top": 8})
    first, second, *_ = search(collection.store, collection.encoders, request).hits

    assert explain(collection.store, collection.encoders, request, hit=2).hit == second
    late = request.model_copy(update={"offset": 1})
    assert explain(collection.store, collection.encoders, late, item=first.path).hit == first


def test_cross_encoder_reads_the_top_and_only_the_modalities_asked_for(collection: Collection, reads: Reads) -> None:
    parts: list[dict[str, Any]] = [raw(A, "a"), {"text": "number 12", "using": ["a"]}]
    before = collection.paths(raw(A, "a"), limit=40)

    def asked(**options: Any) -> list[str]:
        return collection.paths(*parts, limit=40, rerank={"by": "reads", **options})

    assert asked(top=40)[0] == "p12"
    assert reads.read == 40
    images = asked(top=40, modalities=["image"])
    assert images == before


def test_hits_that_cannot_be_looked_at_keep_their_places(collection: Collection) -> None:
    before = collection.paths(raw(A, "a"), limit=40)

    after = collection.ask(raw(A, "a"), {"item": "p1", "using": ["a"]}, rerank={"by": "b", "top": 40}, limit=40).hits

    found = collection.ask(raw(A, "a"), {"item": "p1", "using": ["a"]}, limit=40).hits
    for place, hit in enumerate(found):
        if int(hit.path[1:]) % 3 == 0:  # it has no such vector
            assert after[place].path == hit.path
            assert after[place].closer is None
    closer = [hit.closer for hit in after if hit.closer is not None]
    assert closer == sorted(closer, reverse=True)
    assert set(before) - {"p1"} == {hit.path for hit in after}


def test_reranker_over_budget_is_skipped_with_a_note(collection: Collection, reads: Reads) -> None:
    parts: list[dict[str, Any]] = [raw(A, "a"), {"text": "number 12", "using": ["a"]}]

    result = collection.ask(*parts, limit=40, rerank={"by": "reads", "milliseconds": 1e-6})

    assert [hit.path for hit in result.hits] == collection.paths(raw(A, "a"), limit=40)
    assert any("not looked at closely by 'reads'" in note for note in result.notes)
    assert reads.read == 0


def test_reranker_that_is_none_is_told(collection: Collection) -> None:
    with pytest.raises(UnknownNameError, match="There is no reranker named 'minilm-rerank'"):
        collection.ask(raw(A, "a"), {"text": "x", "using": ["a"]}, rerank={"by": "minilm-rerank"})


def test_diversity_of_none_changes_nothing_and_fused_hits_keep_their_shares(collection: Collection) -> None:
    plain = collection.ask(raw(A, "a"), raw(B, "b"), limit=10).hits
    same = collection.ask(raw(A, "a"), raw(B, "b"), limit=10, diversity=0.0).hits
    other = collection.ask(raw(A, "a"), raw(B, "b"), limit=10, diversity=0.9).hits

    assert [hit.path for hit in same] == [hit.path for hit in plain]
    assert [hit.path for hit in other] != [hit.path for hit in plain]
    for hit in other:
        total = sum(part.share for part in hit.vectors.values()) + sum(hit.benefit.values())
        assert total == pytest.approx(hit.score)


def test_diversity_begins_with_what_a_closer_look_put_first(collection: Collection, reads: Reads) -> None:
    parts: list[dict[str, Any]] = [raw(A, "a"), {"text": "number 12", "using": ["a"]}]

    found = collection.paths(*parts, limit=40, rerank={"by": "reads", "top": 40}, diversity=0.2)

    assert found[0] == "p12"


@pytest.mark.parametrize("strategy", ["best_score", "sum_scores"])
def test_examples_are_recommended_as_qdrant_does(collection: Collection, strategy: str) -> None:
    liked, disliked = [collection.id(1), collection.id(2)], [collection.id(5)]
    theirs = collection.store.query(
        models.QueryRequest(
            query=models.RecommendQuery(
                recommend=models.RecommendInput(
                    positive=liked, negative=disliked, strategy=models.RecommendStrategy(strategy)
                )
            ),
            using="a",
            limit=10,
            with_payload=["path"],
        )
    )

    ours = collection.paths(
        {"item": "p1"}, {"item": "p2"}, {"item": "p5", "weight": -1}, using="a", combine=strategy, limit=10
    )

    assert ours == [(point.payload or {})["path"] for point in theirs]


def test_discovery_stays_on_the_better_side(collection: Collection) -> None:
    better, worse = collection.vectors[1]["a"], collection.vectors[5]["a"]

    found = collection.paths(raw(A, "a"), raw(better, "a"), raw(worse, "a", -1.0), combine="discover", limit=5)

    def side(path: str) -> bool:
        vector = collection.vectors[int(path[1:])]["a"]
        unit = vector / np.linalg.norm(vector)
        return bool(unit @ better / np.linalg.norm(better) > unit @ worse / np.linalg.norm(worse))

    assert all(map(side, found))


def test_feedback_moves_towards_what_was_judged_good(collection: Collection) -> None:
    plain = collection.paths(raw(A, "a"), limit=40)
    last = plain[-1]

    judged = collection.paths(
        raw(A, "a"), {"item": last}, {"item": plain[0], "weight": -1}, using="a", combine="feedback", limit=40
    )

    left = [path for path in plain if path not in (last, plain[0])]
    assert sorted(judged) == sorted(left)
    liked = collection.vectors[int(last[1:])]["a"]

    def likeness(path: str) -> float:
        vector = collection.vectors[int(path[1:])]["a"]
        return float(vector @ liked / np.linalg.norm(vector))

    def early(paths: list[str]) -> float:
        return float(np.mean([likeness(path) for path in paths[:10]]))

    assert early(judged) > early(left)
    with pytest.raises(UsageError, match="Feedback on 'a' judges a question"):
        collection.paths({"item": "p1"}, using="a", combine="feedback")


def test_weights_by_modality_favour_hits_of_it(collection: Collection) -> None:
    plain = collection.ask(raw(A, "a"), raw(B, "b"), limit=5).hits
    pictures = collection.ask(raw(A, "a"), raw(B, "b"), limit=5, weights={"a@text": 0, "b@text": 0}).hits

    assert {hit.modality for hit in plain} == {"image", "text"}
    assert {hit.modality for hit in pictures} == {"image"}
