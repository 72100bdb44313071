from __future__ import annotations

from math import fsum, log

import numpy as np
import pytest

from fusion.calibration import DIRECT, Null
from fusion.evidence import best_first, confidences, evidence, surprises
from fusion.rrf import rrf

# Three items with captions and one without, which its picture alone speaks for.
RANKINGS = {
    "image": [("bare", 0.9), ("a", 0.6), ("b", 0.5), ("c", 0.4)],
    "text": [("a", 0.3), ("b", 0.2), ("c", 0.1)],
    "words": [("c", 2.0), ("b", 1.0)],
}


def without_captions(id_):
    return {"text", "words"} if id_ == "bare" else set()


def test_scores_are_those_of_hand_arithmetic():
    [first, second] = evidence({"text": [("a", 0.9), ("b", 0.1)]})

    assert (first.id, first.score) == ("a", pytest.approx((1 - DIRECT) * log(2.5 / 0.5)))
    assert second.score == pytest.approx((1 - DIRECT) * log(2.5 / 1.5))


def test_shares_and_benefits_add_up_to_the_score():
    for one in evidence(RANKINGS, {"words": 0.5}, lacks=without_captions):
        shares = [part.share for part in one.parts.values()]
        assert sum(shares) + sum(one.benefit.values()) == pytest.approx(one.score, abs=1e-12)


def test_item_that_lacks_vectors_is_not_outvoted():
    assert rrf(RANKINGS)[-1].id == "bare"

    first = evidence(RANKINGS, lacks=without_captions)[0]

    assert first.id == "bare"
    assert first.benefit == {"text": pytest.approx(log(1 / DIRECT)), "words": pytest.approx(log(1 / DIRECT))}


def test_item_that_has_a_vector_which_did_not_find_it_gets_nothing_for_it():
    fused = {one.id: one for one in evidence(RANKINGS, lacks=without_captions)}

    assert "words" not in fused["a"].parts
    assert fused["a"].benefit == {}


def test_null_distribution_tells_a_poor_best_from_a_good_one():
    null = Null.fit(np.random.default_rng(0).normal(size=5000), a=0.2, points=100)
    assert null is not None

    def best(score):
        return evidence({"text": [("a", score), ("b", -1.0)]}, nulls={"text": null})[0].score

    assert best(4.0) > best(0.5) + 2


def test_weight_multiplies_evidence_and_benefit():
    once = {one.id: one for one in evidence(RANKINGS, lacks=without_captions)}
    twice = {one.id: one for one in evidence(RANKINGS, {"text": 2.0}, lacks=without_captions)}

    assert twice["a"].parts["text"].share == pytest.approx(2 * once["a"].parts["text"].share)
    assert twice["bare"].benefit["text"] == pytest.approx(2 * once["bare"].benefit["text"])


def test_confidence_is_that_of_bayes():
    null = Null.fit(np.random.default_rng(0).normal(size=5000), a=0.2, points=100)
    assert null is not None
    odds = 0.2 * np.exp(0.8 * null.surprise(5.0)) / 100

    found, missed, lacking, poor = confidences(
        [{"text": 5.0}, {}, {}, {"text": 1.0}], [[], [], ["text"], []], {"text": null}, 100
    )

    assert found == pytest.approx(odds / (1 + odds))
    assert missed < lacking
    assert poor < 0.05


NAMES = ("image", "text", "words")


def drawn(seed):
    """Rankings of forty ids, and the vectors that each has; what found an id, it has."""
    rng = np.random.default_rng(seed)
    have = {n: [name for name in NAMES if rng.random() < 0.6] or ["image"] for n in range(40)}
    rankings = {}
    for name in NAMES:
        found = [n for n in rng.permutation(40).tolist() if name in have[n]][:15]
        rankings[name] = list(zip(found, sorted(rng.random(15).tolist(), reverse=True), strict=False))
    return rankings, lambda n: [name for name in NAMES if name not in have[n]]


@pytest.mark.parametrize("seed", range(20))
def test_best_first_is_the_order_of_the_whole_sums(seed):
    rankings, lacks = drawn(seed)
    weights = {"text": 0.5}
    worth = {name: weights.get(name, 1.0) for name in NAMES}
    sums = {}
    for n in {id_ for ranking in rankings.values() for id_, _ in ranking}:
        found = {name: [id_ for id_, _ in rankings[name]].index(n) for name in NAMES if n in dict(rankings[name])}
        told = [worth[name] * (1 - DIRECT) * surprises(rankings[name], None)[at] for name, at in found.items()]
        sums[n] = fsum([*told, *(worth[name] * log(1 / DIRECT) for name in lacks(n) if name not in found)])

    ordered = [(one.id, one.score) for one in best_first(rankings, weights, lacks=lacks, at_once=5)]

    assert [id_ for id_, _ in ordered] == sorted(sums, key=lambda n: (-sums[n], str(n)))
    assert [score for _, score in ordered] == pytest.approx([sums[id_] for id_, _ in ordered])


def test_of_what_cannot_be_among_the_best_it_is_not_asked_what_it_lacks():
    rankings = {name: [(f"{name} {n}", 0.0) for n in range(400)] for name in ("text", "image")}
    asked, looked = [], []

    some = best_first(
        rankings,
        lacks=lambda id_: asked.append(id_) or [],
        may_lack=lambda found: [] if "text" in found else ["text"],  # what has words lacks nothing
        look=looked.extend,
        at_once=4,
    )
    best = [next(some).id for _ in range(4)]

    assert best == ["image 0", "text 0", "image 1", "text 1"]
    assert set(asked) <= set(looked)
    assert 0 < len(asked) < 40
    assert not any(id_.startswith("text") for id_ in asked)
