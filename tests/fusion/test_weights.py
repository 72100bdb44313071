from __future__ import annotations

import numpy as np
import pytest

from fusion.weights import Judged, fit_weights, mean_reciprocal_rank, reciprocal_rank
from schemas import UsageError


def noisy(questions: int, seed: int = 0) -> list[Judged]:
    """The first vector knows the right answer, the second is loud noise."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(questions):
        right = np.zeros(20, bool)
        right[rng.integers(20)] = True
        shares = np.stack([right + 0.3 * rng.normal(size=20), 2 * rng.normal(size=20)], axis=1)
        made.append(Judged(shares, right))
    return made


def test_noise_is_weighed_down_and_other_questions_gain_by_it():
    fitted = fit_weights(noisy(40), ["good", "noise"])
    weights = np.array([fitted.weights["good"], fitted.weights["noise"]])

    assert weights[1] < weights[0]
    assert fitted.after > fitted.before + 0.2
    others = noisy(200, seed=1)
    assert mean_reciprocal_rank(others, weights) > mean_reciprocal_rank(others, np.ones(2)) + 0.2


def test_weights_stay_where_nothing_is_gained():
    rng = np.random.default_rng(2)
    judged = [Judged(rng.normal(size=(10, 3)), rng.permutation(10) == 0) for _ in range(6)]
    fitted = fit_weights(judged, ["a", "b", "c"])

    assert fitted.after >= fitted.before
    if fitted.after == fitted.before:
        assert set(fitted.weights.values()) == {1.0}


def test_reciprocal_rank_is_that_of_the_first_right_answer():
    shares = np.array([[3.0], [2.0], [1.0]])

    assert reciprocal_rank(Judged(shares, np.array([False, True, True])), np.ones(1)) == 0.5
    assert reciprocal_rank(Judged(shares, np.zeros(3, bool)), np.ones(1)) == 0.0


def test_weight_that_makes_all_hits_equal_puts_none_of_them_first():
    one = Judged(np.array([[3.0, 0.0], [2.0, 0.0], [1.0, 0.0]]), np.array([False, True, False]))

    assert reciprocal_rank(one, np.array([1.0, 1.0])) == 0.5
    assert reciprocal_rank(one, np.array([0.0, 1.0])) == pytest.approx(1 / 3)


def test_too_few_questions_are_refused():
    with pytest.raises(UsageError, match="5 judged questions or more: there are 2"):
        fit_weights(noisy(2), ["good", "noise"])
