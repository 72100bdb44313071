from __future__ import annotations

import numpy as np
import pytest

from fusion.answers import COHORT, SHARED, Answers, evidence
from schemas import UsageError


def test_evidence_is_that_of_hand_arithmetic():
    cohort = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)

    # The question scores 0.6 and 0.2 with the cohort: 0.4 on average, with a deviation of 0.2.
    told = evidence(np.array([0.6, 0.2]), 1.0, 4.0, cohort)

    assert told == pytest.approx((1.0 - 0.4) / 0.2 + SHARED * 4.0, rel=1e-5)


def test_a_question_that_is_near_to_everything_needs_a_higher_score():
    cohort = np.random.default_rng(0).normal([3.0, 0.0], 0.5, (50, 2)).astype(np.float32)

    usual, rare = (evidence(np.array(asked), 2.0, 0.0, cohort) for asked in ([1.0, 0.0], [0.0, 1.0]))

    assert usual < 0 < rare


def test_level_is_what_most_questions_without_an_answer_stay_below():
    rng = np.random.default_rng(0)
    cohort, told = rng.normal(size=(500, 4)).astype(np.float32), rng.normal(size=1000)

    answers = Answers.fit("text", "text-1", cohort, told)

    assert answers is not None
    assert np.mean(told < answers.level) == pytest.approx(0.95, abs=0.002)
    assert answers.cohort.shape == (COHORT, 4)
    again = Answers.from_arrays(answers.arrays(), answers.meta())
    assert (again.vector, again.fingerprint, again.level) == ("text", "text-1", answers.level)
    assert np.array_equal(again.cohort, answers.cohort)
    assert again.evidence(told[:4], 1.0, 2.0) == pytest.approx(evidence(told[:4], 1.0, 2.0, cohort[:COHORT]))


def test_too_few_questions_tell_nothing():
    assert Answers.fit("text", "text-1", np.ones((100, 4), np.float32), [1.0] * 29) is None
    assert Answers.fit("text", "text-1", np.ones((29, 4), np.float32), [1.0] * 100) is None


def test_vectors_of_another_length_are_refused():
    with pytest.raises(UsageError, match="vectors of 4 numbers, and the question of 3"):
        evidence(np.ones(3), 1.0, 1.0, np.ones((5, 4), np.float32))
