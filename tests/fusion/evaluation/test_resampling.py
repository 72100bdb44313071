from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fusion.evaluation import compare, interval, summarize
from schemas import UsageError


def test_interval_of_a_share_is_that_of_the_binomial():
    values = np.repeat([0.0, 1.0], [60, 40])
    found = interval(values)

    low, high = stats.binom.ppf([0.025, 0.975], 100, 0.4) / 100
    assert found.mean == pytest.approx(0.4)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.011)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    held = [interval(rng.random(80), seed=n) for n in range(200)]

    assert 0.90 <= np.mean([one.low <= 0.5 <= one.high for one in held]) <= 0.99


def test_copies_of_a_question_in_one_group_make_nothing_surer():
    values = np.random.default_rng(1).random(40)
    once = interval(values)
    copied = interval(np.repeat(values, 9), np.repeat(np.arange(40), 9))

    assert (copied.mean, copied.low, copied.high) == pytest.approx((once.mean, once.low, once.high))
    assert interval(np.repeat(values, 9)).high < once.high


def test_p_is_exact_where_few_questions_differ():
    # Five differ, all in one direction: of the 32 ways to swap them, 2 are as extreme.
    before = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.3, 0.7])
    after = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 0.3, 0.7])
    found = compare(before, after, measure="mrr")

    assert found.p == pytest.approx(2 / 32)
    assert found.difference.mean == pytest.approx(5 / 7)
    assert not found.won
    assert (found.before, found.after, found.queries) == (pytest.approx(1 / 7), pytest.approx(6 / 7), 7)


def test_p_agrees_with_the_t_test_where_that_holds():
    rng = np.random.default_rng(2)
    before = rng.normal(size=300)
    after = before + rng.normal(0.12, 1.0, size=300)

    assert compare(before, after).p == pytest.approx(stats.ttest_rel(after, before).pvalue, abs=0.01)


def test_what_is_better_in_one_group_alone_has_not_won():
    after = np.repeat([1.0, 0.0], [50, 50])
    groups = np.repeat([0, 1], [50, 50])

    assert compare(np.zeros(100), after).won
    assert compare(np.zeros(100), after, groups).p == 1.0
    assert compare(np.zeros(100), after, groups).groups == 2


def test_equal_rankings_do_not_differ_and_worse_ones_do_not_win():
    values = np.linspace(0, 1, 60)

    assert compare(values, values).p == 1.0
    worse = compare(values, values / 2)
    assert worse.p < 0.001
    assert not worse.won


def test_summary_tells_questions_groups_and_means():
    found = summarize({"mrr": [1.0, 0.5, 0.0], "map": [0.0, 0.0, 0.0]}, ["a", "a", "b"])

    assert (found.queries, found.groups) == (3, 2)
    assert found.means["mrr"].mean == pytest.approx(0.5)
    assert found.means["map"].high == 0.0


def test_nothing_to_measure_is_an_error_and_no_number():
    with pytest.raises(UsageError, match="nothing to measure"):
        interval([])
    with pytest.raises(UsageError, match="nothing to measure"):
        interval([np.nan])
    with pytest.raises(UsageError, match="3 questions cannot lie in 2 groups"):
        interval([1.0, 2.0, 3.0], [0, 1])
    with pytest.raises(UsageError, match="of 2 and of 3 questions"):
        compare([1.0, 2.0], [1.0, 2.0, 3.0])
