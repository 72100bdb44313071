from __future__ import annotations

import sys

import numpy as np
import pytest

from fusion.rank import LEAST, Listed, Ranker, fit_ranker
from schemas import UsageError

NAMES = ["score of a", "score of b", "noise"]


def asked(questions: int, seed: int = 0) -> list[Listed]:
    """Right is what is high in both vectors or low in both: no weighted sum of the two can tell it."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(questions):
        features = rng.uniform(-1, 1, (20, 3))
        grades = (features[:, 0] * features[:, 1] > 0.35).astype(np.intp)
        made.append(Listed(features, grades, group=f"{seed} {n}"))
    return made


def test_order_is_learnt_that_no_weighted_sum_tells_and_others_gain_by_it():
    ranker, compared = fit_ranker(asked(80), NAMES)

    assert compared.won
    assert compared.after > compared.before + 0.3
    assert (compared.queries, compared.measure) == (80, "ndcg@10")
    [other] = asked(1, seed=9)
    scores = ranker.scores(other.features)
    assert scores[other.grades == 1].mean() > scores[other.grades == 0].mean() + 1


def test_fit_is_the_same_each_time():
    assert fit_ranker(asked(50), NAMES)[0].model == fit_ranker(asked(50), NAMES)[0].model


def test_reasons_and_what_all_have_in_common_add_up_to_the_score():
    ranker, _ = fit_ranker(asked(60), NAMES)
    features = asked(1, seed=3)[0].features
    rest = ranker.scores(features) - ranker.reasons(features).sum(axis=1)

    assert rest == pytest.approx(np.full(20, rest[0]))
    assert np.abs(ranker.reasons(features)[:, 2]).mean() < np.abs(ranker.reasons(features)[:, 0]).mean() / 3


def test_noise_wins_nothing():
    rng = np.random.default_rng(1)
    noise = [Listed(rng.normal(size=(20, 3)), (rng.permutation(20) == 0).astype(np.intp), str(n)) for n in range(60)]

    assert not fit_ranker(noise, NAMES)[1].won


def test_right_answers_that_were_not_found_count_as_missed():
    # The one right hit stands first; another right answer is not there at all: nDCG = 1 / (1 + 1 / log2(3)).
    one = Listed(np.linspace(1, 0, 20)[:, None], (np.arange(20) == 0).astype(np.intp), missed=1)
    many = [Listed(one.features, one.grades, str(n), 1) for n in range(LEAST)]

    assert fit_ranker(many, ["score"])[1].before == pytest.approx(1 / (1 + 1 / np.log2(3)))


def test_what_is_unknown_is_no_obstacle():
    listed = asked(60)
    for one in listed:
        one.features[::3, 2] = np.nan

    assert np.isfinite(fit_ranker(listed, NAMES)[0].scores(listed[0].features)).all()


def test_too_few_questions_and_other_features_are_refused(monkeypatch):
    with pytest.raises(UsageError, match=rf"{LEAST} judged questions or more .* there are \d\d\."):
        fit_ranker(asked(30), NAMES)
    ranker, _ = fit_ranker(asked(60), NAMES)
    with pytest.raises(UsageError, match="takes 3 features, and 2 are given"):
        ranker.scores(np.zeros((1, 2)))
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UsageError, match=r"pip install 'medley\[rank\]'"):
        Ranker(("x",), "another model").scores(np.zeros((1, 1)))
