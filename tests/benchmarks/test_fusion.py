"""The world in which only both modalities tell the right thing, and what is measured in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fusion import METHODS, SINGLE, WEIGHTED, measured, table
from benchmarks.worlds import Fold, other_look, pairs

METHODS_TRIED = (*SINGLE, "rrf", WEIGHTED, "evidence", "concatenation")


@pytest.fixture(scope="module")
def fold() -> Fold:
    return pairs(0)


def test_questions_are_not_among_what_is_learnt_from(fold: Fold) -> None:
    assert len(fold.asked) == len(fold.right) == 160
    assert len(fold.train) == len(fold.tried) == 640
    known = {row.tobytes() for row in fold.train.mean("image")}
    asked = fold.items.mean("image")[fold.right.argmax(axis=1)]
    assert not any(row.tobytes() in known for row in asked)


def test_fusions_find_at_least_twice_what_the_best_single_vector_finds() -> None:
    values, groups, seconds = measured(pairs, [0, 1], {name: METHODS[name] for name in METHODS_TRIED})
    recall = {name: float(of["recall@1"].mean()) for name, of in values.items()}
    best = max(recall[name] for name in SINGLE)

    # Forty objects: some twenty things show each, and one of them is meant.
    assert 0.02 < best < 0.15
    for name in ("rrf", WEIGHTED, "evidence", "concatenation"):
        assert recall[name] >= 2 * best, name
    lines = table(values, groups, seconds).splitlines()
    assert len(lines) == 2 + len(METHODS_TRIED)
    assert "p < 0.001**" in next(line for line in lines if line.startswith("| rrf "))


def test_scores_say_of_every_question_what_was_found(fold: Fold) -> None:
    scores = METHODS["rrf"](fold)

    assert scores.shape == fold.right.shape
    assert (scores > -np.inf).any(axis=1).all()
    blind = replace(fold, items=fold.items.only(["image"]))
    assert np.isneginf(METHODS["text alone"](blind)).all()


def test_other_look_is_smaller_and_another() -> None:
    frame = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    seen = other_look(frame, np.random.default_rng(0))

    assert seen.shape == (32, 48, 3)
    assert seen.dtype == np.uint8
