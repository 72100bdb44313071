from __future__ import annotations

import json

import numpy as np
import pytest

from fusion.calibration import FEW, Calibration, Null, different, key, numbered, random_pairs, said


def normal(count: int = 40_000) -> Null:
    null = Null.fit(np.random.default_rng(0).normal(size=count), a=0.2, points=100)
    assert null is not None
    return null


def test_surprise_is_the_logarithm_of_the_share_of_random_pairs_that_score_as_high():
    shares = {0.0: 0.5, 1.0: 0.1587, 2.0: 0.02275, 3.0: 0.00135}

    assert normal().surprise(list(shares)) == pytest.approx([-np.log(p) for p in shares.values()], abs=0.3)


def test_surprise_never_falls_as_scores_rise_and_knows_no_negative():
    surprises = normal().surprise(np.linspace(-6, 60, 1000))

    assert (np.diff(surprises) >= 0).all()
    assert surprises.min() == 0
    assert surprises.max() <= 40


@pytest.mark.parametrize("count", [1, FEW, FEW + 1])
def test_surprises_of_a_ranking_are_those_of_all_scores_at_once(count: int) -> None:
    scores = np.linspace(-6, 60, count)[::-1]

    assert normal().surprises(scores.tolist()) == pytest.approx(normal().surprise(scores).tolist(), abs=1e-12)


def test_score_that_most_random_pairs_share_is_no_surprise():
    scores = np.zeros(10_000)
    scores[:300] = 1 + np.random.default_rng(0).exponential(size=300)
    null = Null.fit(scores, a=0.2, points=100)

    assert null is not None
    assert null.surprise([0.0])[0] == 0
    assert null.surprise([1.5])[0] > 3


def test_too_few_or_broken_scores_are_not_fitted():
    assert Null.fit(np.ones(499), a=0.2, points=3) is None
    assert Null.fit([np.nan] * 1000, a=0.2, points=3) is None


def test_calibration_is_kept_and_read_back_and_belongs_to_its_fingerprint():
    kept = Calibration({key("text", "text"): normal()}, {key("text", "text"): "minilm-1"})
    again = Calibration.from_arrays(kept.arrays(), json.loads(json.dumps(kept.meta())))

    found = again.of("text", "text", "minilm-1")
    assert found is not None
    assert found.surprise([2.0]) == normal().surprise([2.0])
    assert again.of("text", "text", "minilm-2") is None
    assert again.of("text", "bridge", "minilm-1") is None


def test_pairs_that_belong_together_are_not_random():
    scores = np.arange(6.0).reshape(2, 3)

    assert sorted(random_pairs(scores, [0, 1], [0, 1, 2])) == [1, 2, 3, 5]
    assert sorted(random_pairs(scores, [0, 1], [0, 1, 2], numbered(["x", "y", "x"]))) == [1, 3, 5]
    assert sorted(random_pairs(scores, [0, 1], [0, 1, 2], numbered(["x", "y", "x"]), numbered(["h", "h", "i"]))) == [5]
    assert sorted(random_pairs(scores, [0, 1], [0, 1, 2], numbered([None, None, None]))) == [1, 2, 3, 5]


def test_what_is_there_often_asks_once():
    values = ["a", "a", None, "b", None, "a", "c"]

    assert different(values, range(7), 10) == [0, 2, 3, 4, 6]
    assert different(values, [5, 3, 1], 10) == [5, 3]
    assert different(values, range(7), 3) == [0, 2, 3]


def test_words_are_alike_however_they_are_written():
    assert said("A red boat.") == said("a  RED “boat”") == "a red boat"
    assert said(" … ") is None


def test_segments_of_the_same_parts_have_a_null_of_their_own():
    nulls = {key("fused", "text"): normal(), key("fused", "text", ["text", "image"]): normal(1000)}
    kept = Calibration(nulls, dict.fromkeys(nulls, "sum-1")).beside(
        Calibration({"text.text": normal()}, {"text.text": "minilm-1"})
    )
    again = Calibration.from_arrays(kept.arrays(), json.loads(json.dumps(kept.meta())))

    assert set(again.by_parts("fused", "text", "sum-1")) == {("image", "text")}
    assert again.by_parts("fused", "text", "sum-2") == again.by_parts("fused", "image", "sum-1") == {}
    assert set(again.without("fused").nulls) == {"text.text"}


def test_one_score_is_as_surprising_as_among_many():
    rng = np.random.default_rng(3)
    shared = np.where(rng.random(2000) < 0.7, 0.0, rng.exponential(size=2000))  # most pairs share no word
    for null in (Null.fit(rng.normal(size=2000), a=0.2, points=100), Null.fit(shared, a=0.2, points=100)):
        assert null is not None
        given = np.concatenate([null.quantiles, rng.normal(size=200) * 3, [-50.0, 0.0, 500.0]])
        assert [null.surprise_of(float(one)) for one in given] == pytest.approx(
            null.surprise(given).tolist(), abs=1e-12
        )
