from __future__ import annotations

import pytest

from fusion.relative import relative
from schemas import UsageError

TWO = {"image": [("a", 0.9), ("b", 0.5), ("c", 0.4)], "text": [("b", 12.0), ("c", 2.0)]}


def test_scores_are_those_of_hand_arithmetic():
    scores = {one.id: one.score for one in relative(TWO)}
    assert scores["a"] == pytest.approx(1 / 2)
    assert scores["b"] == pytest.approx((0.1 / 0.5) / 2 + 1 / 2)
    assert scores["c"] == pytest.approx(0.0)


def test_weights_are_divided_by_their_sum():
    scores = {one.id: one.score for one in relative(TWO, {"image": 3.0})}
    assert scores["a"] == pytest.approx(3 / 4)
    assert scores["b"] == pytest.approx((0.1 / 0.5) * 3 / 4 + 1 / 4)


def test_scores_lie_between_nought_and_one_and_are_the_sum_of_shares():
    for one in relative(TWO, {"image": 5.0, "text": 2.0}):
        assert 0.0 <= one.score <= 1.0
        assert sum(part.share for part in one.parts.values()) == pytest.approx(one.score)


def test_a_ranking_that_tells_nothing_apart_counts_in_full():
    assert [one.score for one in relative({"image": [("a", 0.3), ("b", 0.3)]})] == [1.0, 1.0]


def test_scale_of_scores_does_not_matter():
    stretched = {"image": [(i, 100 * score - 7) for i, score in TWO["image"]], "text": TWO["text"]}
    assert {one.id: pytest.approx(one.score) for one in relative(TWO)} == {
        one.id: one.score for one in relative(stretched)
    }


def test_weights_of_zero_give_scores_of_zero():
    assert {one.score for one in relative(TWO, {"image": 0.0, "text": 0.0})} == {0.0}


def test_empty_rankings_give_no_answer():
    assert relative({}) == []
    assert relative({"image": []}) == []


def test_wrong_weight_is_named():
    with pytest.raises(UsageError, match="weight of 'text'"):
        relative(TWO, {"text": float("nan")})
