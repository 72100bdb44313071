from __future__ import annotations

import pytest

from fusion.comb import combmax, combmnz
from fusion.relative import relative
from fusion.scale import stretched

# Stretched: image a 1, b 0.5, c 0; text b 1, d 0.
TWO = {"image": [("a", 3.0), ("b", 2.0), ("c", 1.0)], "text": [("b", 12.0), ("d", 2.0)]}


def scores(fused):
    return {one.id: pytest.approx(one.score) for one in fused}


def test_max_is_the_best_reason_and_it_alone_has_the_share():
    fused = {one.id: one for one in combmax(TWO, {"image": 2.0})}

    assert {id_: one.score for id_, one in fused.items()} == {"a": 2.0, "b": 1.0, "c": 0.0, "d": 0.0}
    assert {name: part.share for name, part in fused["b"].parts.items()} == {"image": 1.0, "text": 0.0}


def test_mnz_multiplies_the_sum_by_how_many_agree():
    assert scores(combmnz(TWO)) == {"a": 1.0, "b": 2 * 1.5, "c": 0.0, "d": 0.0}


def test_ranking_of_no_weight_does_not_count_as_agreement():
    assert scores(combmnz(TWO, {"text": 0.0})) == {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.0}


def test_bounds_of_theory_leave_a_poor_best_poor():
    rankings = {"image": [("a", 0.2), ("b", 0.1)]}

    assert relative(rankings)[0].score == 1.0
    assert relative(rankings, bounds={"image": (-1.0, 1.0)})[0].score == pytest.approx(0.6)
    assert combmax(rankings, bounds={"image": (-1.0, 1.0)})[0].score == pytest.approx(0.6)


def test_stretching_keeps_to_its_bounds():
    assert stretched([5.0, 3.0, 1.0]) == [1.0, 0.5, 0.0]
    assert stretched([2.0, 2.0]) == [1.0, 1.0]
    assert stretched([]) == []
    assert stretched([1.2, 0.0], (-1.0, 1.0)) == [1.0, 0.5]


def test_factor_weighs_single_ids():
    fused = {one.id: one.score for one in combmax(TWO, factor=lambda name, id_: 3.0 if id_ == "b" else 1.0)}

    assert fused == {"a": 1.0, "b": 3.0, "c": 0.0, "d": 0.0}
