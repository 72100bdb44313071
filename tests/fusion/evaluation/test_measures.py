from __future__ import annotations

from math import log2

import numpy as np
import pytest

from fusion.evaluation import measure_rankings, measure_scores
from schemas import UsageError
from schemas.evaluation import MEASURES


def test_measures_are_those_of_arithmetic_on_paper():
    # Right: b (grade 2), d and z (grade 1 each); z was not found. b stands second, d fourth.
    values = measure_rankings({"q": ["a", "b", "c", "d"]}, {"q": {"a": 0, "b": 2, "d": 1, "z": 1}})

    gained = 2 / log2(3) + 1 / log2(5)
    ideal = 2 / log2(2) + 1 / log2(3) + 1 / log2(4)
    assert {name: value["q"] for name, value in values.items()} == pytest.approx(
        {
            "recall@1": 0,
            "recall@5": 2 / 3,
            "recall@10": 2 / 3,
            "success@1": 0,
            "success@5": 1,
            "success@10": 1,
            "mrr": 1 / 2,
            "ndcg@10": gained / ideal,
            "map": (1 / 2 + 2 / 4) / 3,
        }
    )


def test_right_answer_in_place_eleven_counts_for_mrr_and_map_alone():
    ranking = [f"x{n}" for n in range(10)] + ["right"]
    values = measure_rankings({"q": ranking}, {"q": {"right": 1}})

    assert values["recall@10"]["q"] == values["ndcg@10"]["q"] == 0
    assert values["mrr"]["q"] == values["map"]["q"] == pytest.approx(1 / 11)


def test_order_is_that_of_the_ranking_whatever_the_ids_are():
    for ranking in (["a", "b"], ["b", "a"]):
        assert measure_rankings({"q": ranking}, {"q": {"a": 1}}, ["mrr"])["mrr"]["q"] == 1 / (1 + ranking.index("a"))


def test_question_without_an_answer_or_without_a_judgement_has_nothing():
    values = measure_rankings({"asked": ["a"]}, {"asked": {}, "silent": {"a": 1}, "wrong": {"a": 0}})

    assert values["mrr"] == {"asked": 0, "silent": 0, "wrong": 0}


def test_scores_are_measured_as_their_rankings_are():
    rng = np.random.default_rng(0)
    scores, right = rng.normal(size=(20, 40)), rng.random((20, 40)) < 0.1
    right[:, 0] = True
    by_hand = {str(q): [str(i) for i in np.argsort(-scores[q])] for q in range(20)}
    expected = measure_rankings(by_hand, {str(q): {str(i): 1 for i in np.flatnonzero(right[q])} for q in range(20)})
    values = measure_scores(scores, right)

    assert list(values) == list(MEASURES)
    for name, of in values.items():
        assert of.tolist() == pytest.approx(list(expected[name].values()))
    places = np.array(
        [min(np.flatnonzero(np.isin(np.argsort(-scores[q]), np.flatnonzero(right[q])))) for q in range(20)]
    )
    assert values["mrr"].tolist() == pytest.approx((1 / (1 + places)).tolist())


def test_scores_that_say_nothing_find_nothing():
    right = np.eye(30, dtype=bool)

    assert measure_scores(np.zeros((30, 30)), right)["recall@10"].tolist() == [0.0] * 30
    assert measure_scores(np.full((30, 30), np.nan), right)["map"].tolist() == [0.0] * 30


def test_what_is_minus_infinity_was_not_found():
    values = measure_scores([[3.0, -np.inf, 1.0]], [[False, True, True]])

    assert values["recall@5"].tolist() == [0.5]


def test_unknown_measure_is_named():
    with pytest.raises(UsageError, match="no measure 'precision@5'"):
        measure_rankings({}, {}, ["precision@5"])
    with pytest.raises(UsageError, match=r"shape \(1, 2\) are judged by an array of shape \(1, 3\)"):
        measure_scores([[1, 2]], [[0, 1, 0]])
