"""The world in which only both modalities tell the right thing, and what is measured in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fusion import METHODS, WEIGHTED, gained, measured, table
from benchmarks.worlds import REGIONS, Fold, other_look, pairs
from fusion.views import Views

ALONE = ("image alone", "text alone")  # of what there is in the world of numbers
METHODS_TRIED = (*ALONE, "rrf", WEIGHTED, "evidence", "concatenation")


@pytest.fixture(scope="module")
def fold() -> Fold:
    return pairs(0)


def test_questions_are_not_among_what_is_learnt_from(fold: Fold) -> None:
    assert len(fold.asked) == len(fold.right) == 160
    assert len(fold.train) == len(fold.tried) == 640
    known = {row.tobytes() for row in fold.train.mean("image")}
    asked = fold.items.mean("image")[fold.right.argmax(axis=1)]
    assert not any(row.tobytes() in known for row in asked)


def test_fusions_find_at_least_twice_what_the_best_single_vector_finds(
    fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmarks.fusion.STEPS", (0.5, 1.0, 2.0))  # each is tried on all that may be learnt from
    values, groups, seconds = measured(lambda _: fold, [0], {name: METHODS[name] for name in METHODS_TRIED})
    recall = {name: float(of["recall@1"].mean()) for name, of in values.items()}
    best = max(recall[name] for name in ALONE)

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


def test_regions_are_looked_at_by_methods_that_say_so_and_by_no_others(fold: Fold) -> None:
    assert METHODS["regions alone"](fold) is None  # there are none

    def seen(views: Views) -> Views:
        image = views.tokens["image"]
        return replace(
            views,
            tokens={**views.tokens, REGIONS: np.concatenate([image, image], axis=1)},
            there={**views.there, REGIONS: np.ones((len(views), 2), bool)},
            senses={"image": "image", REGIONS: "image"},
        )

    both = replace(fold, train=seen(fold.train), tried=seen(fold.tried), asked=seen(fold.asked), items=seen(fold.items))
    alone, regions = METHODS["image alone"](fold), METHODS["regions alone"](both)
    np.testing.assert_allclose(regions, 2 * alone, atol=1e-5)  # two regions, each of which finds itself
    for name in ("evidence", "concatenation"):
        without = METHODS[name](fold)
        np.testing.assert_array_equal(METHODS[name](both), without)
        assert not np.array_equal(METHODS[f"{name}, with regions"](both), without)
    methods = {name: METHODS[name] for name in ("concatenation", "concatenation, with regions")}
    values, groups, _ = measured(lambda _: both, [0], methods)
    [line] = gained(values, groups)
    assert line.startswith("- concatenation, with regions against concatenation: ")


def test_other_look_is_smaller_and_another() -> None:
    frame = np.arange(40 * 60 * 3, dtype=np.uint8).reshape(40, 60, 3)
    seen = other_look(frame, np.random.default_rng(0))

    assert seen.shape == (32, 48, 3)
    assert seen.dtype == np.uint8
