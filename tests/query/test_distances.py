"""Every distance is asked alike: near things first, fused as with cosine, and away from what is disliked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from schemas import UsageError
from tests.query.engine import COUNT, DIM, Collection, raw

DISTANCES = ("cosine", "dot", "euclid", "manhattan")
RNG = np.random.default_rng(3)
A, B = RNG.normal(size=DIM), RNG.normal(size=DIM)


@pytest.fixture(scope="module", params=DISTANCES)
def collection(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    made = Collection(tmp_path_factory.mktemp(request.param), request.param)
    yield made
    made.store.close()


def likeness(distance: str, query: Any, vector: Any) -> float:
    """Higher is better."""
    query, vector = np.asarray(query), np.asarray(vector)
    if distance == "cosine":
        return float(query @ vector / np.linalg.norm(query) / np.linalg.norm(vector))
    if distance == "dot":
        return float(query @ vector)
    return -float(np.linalg.norm(query - vector, ord=2 if distance == "euclid" else 1))


def by_hand(collection: Collection, name: str, query: Any) -> list[str]:
    scores = {
        f"p{i}": likeness(collection.distance, query, have[name])
        for i, have in enumerate(collection.vectors)
        if name in have
    }
    return sorted(scores, key=lambda path: -scores[path])


def test_nearest_come_first(collection: Collection) -> None:
    assert collection.paths(raw(A, "a"), limit=COUNT) == by_hand(collection, "a", A)


def test_threshold_is_a_distance_where_the_score_is_one(collection: Collection) -> None:
    scores = [hit.score for hit in collection.ask(raw(A, "a"), limit=COUNT).hits]

    assert [hit.score for hit in collection.ask(raw(A, "a"), limit=COUNT, score_threshold=scores[4]).hits] == scores[:5]


@pytest.mark.parametrize("fusion", ["combmnz", "evidence", "max", "relative", "rrf"])
def test_fusion_prefers_what_is_near_in_both(collection: Collection, fusion: str) -> None:
    result = collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion, limit=COUNT)

    first = result.hits[0]
    ranks = {name: part.rank for name, part in first.vectors.items()}
    assert min(ranks.values()) <= 5
    for hit in result.hits:
        shares = [part.share for part in hit.vectors.values()]
        assert sum(shares) + sum(hit.benefit.values()) == pytest.approx(hit.score, abs=1e-6)
        assert all(share >= 0 for share in shares)
    by_rank = sorted((hit.vectors["a"].rank, hit.vectors["a"].score) for hit in result.hits if "a" in hit.vectors)
    turned = collection.distance in ("euclid", "manhattan")
    assert [score for _, score in by_rank] == sorted((score for _, score in by_rank), reverse=not turned)


def test_dbsf_is_refused_where_it_inverts_the_order(collection: Collection) -> None:
    if collection.distance in ("cosine", "dot"):
        assert collection.ask(raw(A, "a"), raw(B, "b"), fusion="dbsf").hits
        return
    with pytest.raises(UsageError, match="DBSF would turn the order of a, b around"):
        collection.ask(raw(A, "a"), raw(B, "b"), fusion="dbsf")


def test_disliked_is_kept_away_from(collection: Collection) -> None:
    disliked = collection.vectors[int(by_hand(collection, "a", A)[0][1:])]["a"]

    away = collection.paths(raw(A, "a"), raw(disliked, "a", -1.0), limit=COUNT)

    nearest = by_hand(collection, "a", A)[0]
    assert away.index(nearest) > 0


def test_dislike_alone_finds_the_farthest(collection: Collection) -> None:
    assert collection.paths(raw(A, "a", -1.0), limit=3) == by_hand(collection, "a", A)[::-1][:3]


@pytest.mark.parametrize("diversity", [0.3, 0.6])
def test_diversity_equals_that_of_qdrant(collection: Collection, diversity: float) -> None:
    mmr = models.NearestQuery(nearest=A.tolist(), mmr=models.Mmr(diversity=diversity, candidates_limit=COUNT))
    theirs = collection.store.query(models.QueryRequest(query=mmr, using="a", limit=10, with_payload=["path"]))

    ours = collection.paths(raw(A, "a"), diversity=diversity, limit=10)

    assert ours == [(point.payload or {})["path"] for point in theirs]
    assert ours != collection.paths(raw(A, "a"), limit=10)


@pytest.mark.parametrize("fusion", [{"method": "rrf", "k": 10}, {"method": "dbsf"}])
@pytest.mark.parametrize("weights", [{}, {"a": 2.0, "b": 0.5}])
def test_qdrant_fuses_as_we_do(collection: Collection, fusion: dict[str, Any], weights: dict[str, float]) -> None:
    turned = collection.distance in ("euclid", "manhattan")
    if fusion["method"] == "dbsf" and (turned or weights):
        pytest.skip("Qdrant's DBSF has no weights, and inverts the order of distances")
    asked: dict[str, Any] = {"weights": weights, "limit": 20, "candidates": 15}

    ours = collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion, **asked).hits
    theirs = collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion | {"side": "store"}, **asked).hits

    assert {hit.path: pytest.approx(hit.score, rel=1e-4) for hit in theirs} == {hit.path: hit.score for hit in ours}


@pytest.mark.parametrize("method", ["relative", "max"])
def test_formula_in_qdrant_equals_ours(collection: Collection, method: str) -> None:
    fusion = {"method": method, "bounds": "theory"}
    asked: dict[str, Any] = {"weights": {"a": 2.0}, "limit": 30, "candidates": 15}
    if collection.distance != "cosine":
        with pytest.raises(UsageError, match="have no bounds in theory"):
            collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion, **asked)
        return

    ours = collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion, **asked).hits
    theirs = collection.ask(raw(A, "a"), raw(B, "b"), fusion=fusion | {"side": "store"}, **asked).hits

    assert {hit.path: pytest.approx(hit.score, abs=1e-4) for hit in theirs} == {hit.path: hit.score for hit in ours}


def test_what_qdrant_cannot_fuse_is_told(collection: Collection) -> None:
    with pytest.raises(UsageError, match="Qdrant cannot fuse the fusion 'evidence' on its side"):
        collection.ask(raw(A, "a"), raw(B, "b"), fusion={"method": "evidence", "side": "store"})
