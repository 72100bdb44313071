from __future__ import annotations

import pytest
import qdrant_edge as edge
from qdrant_client import models

from fusion.rrf import rrf
from schemas import UsageError

TWO = {"image": [("a", 0.9), ("b", 0.8), ("c", 0.1)], "text": [("b", 12.0), ("d", 3.0)]}


def as_scores(fused):
    return {one.id: pytest.approx(one.score, rel=1e-5) for one in fused}


def test_scores_are_those_of_hand_arithmetic():
    scores = {one.id: one.score for one in rrf(TWO, k=60)}
    assert scores["a"] == pytest.approx(1 / 60)
    assert scores["b"] == pytest.approx(1 / 61 + 1 / 60)
    assert scores["c"] == pytest.approx(1 / 62)
    assert scores["d"] == pytest.approx(1 / 61)


def test_best_stands_first():
    assert [one.id for one in rrf(TWO)] == ["b", "a", "d", "c"]


def test_k_of_the_paper_is_one_less_than_qdrants():
    # Cormack et al. count ranks from 1: 1 / (60 + 1) for the first.
    assert rrf({"only": [("a", 1.0)]}, k=61)[0].score == pytest.approx(1 / (60 + 1))


def test_weight_divides_the_place():
    scores = {one.id: one.score for one in rrf(TWO, {"text": 2.0}, k=3)}
    assert scores["a"] == pytest.approx(1 / 3)
    assert scores["b"] == pytest.approx(1 / 4 + 1 / (1 / 2 + 2))
    assert scores["d"] == pytest.approx(1 / (2 / 2 + 2))


def test_weight_of_zero_keeps_ids_without_a_share():
    fused = {one.id: one for one in rrf(TWO, {"text": 0.0})}
    assert fused["d"].score == 0.0
    assert fused["b"].parts["text"].share == 0.0
    assert fused["b"].parts["text"].rank == 1


def test_shares_add_up_to_the_score_and_parts_tell_rank_and_raw_score():
    for one in rrf(TWO, {"image": 1.5}):
        assert sum(part.share for part in one.parts.values()) == pytest.approx(one.score, abs=1e-15)
    b = rrf(TWO)[0]
    assert (b.parts["image"].rank, b.parts["image"].score) == (2, 0.8)
    assert (b.parts["text"].rank, b.parts["text"].score) == (1, 12.0)


def test_ties_stand_in_the_order_of_ids_whatever_the_order_of_rankings():
    tied = {"one": [("x", 1.0), ("m", 0.5)], "two": [("m", 1.0), ("x", 0.5)], "three": [("k", 1.0)]}
    expected = [one.id for one in rrf(tied)]
    assert expected == ["m", "x", "k"]
    assert [one.id for one in rrf(dict(reversed(tied.items())))] == expected


def test_no_rankings_give_no_answer():
    assert rrf({}) == []
    assert rrf({"image": []}) == []


@pytest.mark.parametrize("k", [2, 60])
@pytest.mark.parametrize("weights", [None, {"image": 2.0, "text": 0.5, "audio": 1.0}])
def test_equals_both_engines_of_qdrant(engines, k, weights):
    ours = rrf(engines.rankings(), weights, k=k)
    listed = None if weights is None else [weights[name] for name in engines.queries]
    client = engines.of_client(models.RrfQuery(rrf=models.Rrf(k=k, weights=listed)))
    embedded = engines.of_edge(edge.Fusion.Rrf(k, listed))
    assert len(ours) > 8
    assert dict(client) == as_scores(ours)
    assert dict(embedded) == as_scores(ours)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_wrong_weight_is_named(weight):
    with pytest.raises(UsageError, match="weight of 'text'"):
        rrf(TWO, {"text": weight})


def test_k_below_one_is_refused():
    with pytest.raises(UsageError, match="k of reciprocal rank fusion is 0"):
        rrf(TWO, k=0)
