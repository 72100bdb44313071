"""What a segment is told by those beside it in its item."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fusion.attention import Attention
from fusion.beside import NONE, Beside, around
from fusion.context import Tokens, fit_context, listen
from fusion.context import begin as begin_context
from fusion.contrast import Training, fit_attention
from fusion.held import told_beside
from fusion.training import own_ranks
from fusion.views import Views

INPUTS = {"image": "visual-1", "text": "minilm-1"}


def test_segments_beside_are_those_of_the_same_item_by_their_numbers():
    items, segments = np.array([0, 0, 1, 0, 1, 2]), np.array([0, 1, 0, 3, 1, 0])
    assert around(items, segments, 1).tolist() == [
        [NONE, 1],
        [0, NONE],
        [NONE, 4],
        [NONE, NONE],
        [2, NONE],
        [NONE, NONE],
    ]
    # Two steps: of item 0 the third segment is missing, so that 3 lies two after 1.
    assert around(items, segments, 2)[1].tolist() == [NONE, 0, NONE, 3]
    assert around(items[:0], segments[:0], 2).shape == (0, 4)


def test_what_is_told_is_that_of_paper():
    """A scene with a picture, u = (1, 0), and no words; words before, (0, 1), and after, (1, 0); a picture before.

    One head of two numbers, q = k = v = the tokens as they are, out 0.5; the place after adds (0, 1).
    The words before: s = 2 (1, 0) . (0, 1) / sqrt(2) = 0.
    The words after are (1, 0) + (0, 1): s = 2 / sqrt(2) = 1.414214.
    a = (1, e^1.414214) / (1 + e^1.414214) = (0.195570, 0.804430); the picture is of the same kind, and not seen.
    Told: 0.5 (0.804430 (1, 1) + 0.195570 (0, 1)) = (0.402215, 0.5).
    """
    weights = {f"beside.{name}": np.eye(2, dtype=np.float32) for name in ("query", "key", "value")}
    weights["beside.out"] = 0.5 * np.eye(2, dtype=np.float32)
    weights["beside.place"] = np.array([[0.0, 0.0], [0.0, 1.0]], np.float32)
    tokens = Tokens(
        own=np.array([[[1.0, 0.0], [0.0, 0.0]]], np.float32),
        length=np.ones((1, 2, 1), np.float32),
        there=np.array([[1.0, 0.0]], np.float32),
        kinds=np.array([0, 1]),
        beside=np.array([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]], np.float32),
        near=np.array([[1.0, 0.0, 1.0, 1.0]], np.float32),
        near_kinds=np.array([0, 0, 1, 1]),
    )
    told, a = listen(weights, 1, tokens, np)
    late = math.exp(math.sqrt(2)) / (1 + math.exp(math.sqrt(2)))
    assert late == pytest.approx(0.804430, abs=1e-6)
    np.testing.assert_allclose(a[0, 0, 0], [0, 0, 0, 0, 1 - late, late], atol=1e-6)
    np.testing.assert_allclose(told[0, 0], [0.402215, 0.5], atol=1e-6)


def test_who_has_words_is_not_told_others_and_sound_of_its_own_takes_its_share():
    """All count alike. A picture with words is told nothing; one with a sound gives half of its attention to that."""
    weights = begin_context(2, 1, gain=1.0)
    weights["beside.query"][:] = 0.0
    tokens = Tokens(
        own=np.array([[[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]]] * 2, np.float32),
        length=np.ones((1, 2, 1), np.float32),
        there=np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]], np.float32),
        kinds=np.array([0, 1, 2]),  # picture, sound, words
        beside=np.array([[[0.0, 1.0], [0.0, 0.0]]] * 2, np.float32),
        near=np.array([[1.0, 0.0]] * 2, np.float32),
        near_kinds=np.array([2, 2]),
    )
    told, a = listen(weights, 1, tokens, np)
    np.testing.assert_allclose(a[:, 0, 0], [[0, 0, 1, 0, 0], [0, 0.5, 0, 0.5, 0]], atol=1e-6)
    np.testing.assert_allclose(told[:, 0], [[0.0, 0.0], [0.0, 0.5]], atol=1e-6)


def films(*, related=True, count=60, scenes=4, seed=0):
    """Films: every scene shows something of its own, and every other one tells where all is, or where it is itself."""
    rng = np.random.default_rng(seed)
    item, segment = np.repeat(np.arange(count), scenes), np.tile(np.arange(scenes), count)
    shown, places = rng.normal(size=(count * scenes, 12)), rng.normal(size=(count * scenes, 10))
    told = places[item] if related else places
    views = Views.single({"image": shown, "text": told + 0.2 * rng.normal(size=told.shape)})
    worded = (segment + item) % 2 == 0
    views.there["text"][:] = worded[:, None]
    return views, item, segment, worded, told


def begun(views):
    pytest.importorskip("torch")
    return fit_attention(views, INPUTS, training=Training(epochs=1, threads=1))


def test_scene_is_found_by_what_is_said_beside_it():
    views, item, segment, worded, told = films()
    near = around(item, segment, 2)
    model = begun(views)
    listening = fit_context(model, views, item, item, near, threads=1)
    assert listening.shape.reach == 2
    stored = views.stored(np.arange(len(views)), near)
    other_look = views.mean("image") + 1.5 * np.random.default_rng(1).normal(size=(len(views), 12))
    asked = Views.single({"image": other_look, "text": told}).take(~worded)

    def found(by):
        scores = by.fuse(asked) @ by.fuse(stored).T
        own = scores[np.arange(len(asked)), np.flatnonzero(~worded)]
        return float((1 / (1 + (scores > own[:, None]).sum(axis=1))).mean())

    assert found(listening) > found(model) + 0.2
    back = Attention.from_arrays(listening.arrays(), listening.meta())
    np.testing.assert_array_equal(back.fuse(stored), listening.fuse(stored))
    np.testing.assert_array_equal(listening.deaf().fuse(stored), model.fuse(stored))
    weights = listening.explained(stored)[1][-1]
    np.testing.assert_allclose(weights[~worded, :, 0].sum(axis=-1), 1.0, atol=1e-5)
    assert len(listening.names_beside(stored)) == 8


def test_thing_alone_in_its_item_a_whole_one_and_a_question_are_fused_as_they_were():
    views, item, segment, worded, _ = films(count=30)
    near = around(item, segment, 2)
    model = begun(views)
    shape = replace(model.shape, reach=2)
    loud = replace(model, shape=shape, weights={**model.weights, **begin_context(model.dim, 2, 1.0)})
    alone = np.where(np.arange(len(near))[:, None] % 3 == 0, NONE, near)
    made, was = loud.fuse(views.stored(np.arange(len(views)), alone)), model.fuse(views)
    told = np.abs(made - was).max(axis=1) > 1e-5
    lacks = (np.arange(len(near)) % 3 > 0) & ~worded
    assert told.tolist() == lacks.tolist()
    np.testing.assert_array_equal(loud.fuse(views), was)
    assert fit_context(model, views, item, item, np.full_like(near, NONE), threads=1) is model


def test_questions_tell_whether_what_lies_beside_speaks_of_a_segment():
    for related, helps in ((True, True), (False, False)):
        everything, item, segment, *_ = films(related=related, count=100)
        held = item >= 50  # which are not learnt from
        model, views = begun(everything.take(~held)), everything.take(held)
        item, near = item[held], around(item[held], segment[held], 2)
        [pictures, words] = told_beside(views, item, item, near)
        assert (pictures.kind, words.kind) == ("image", "text")
        found, asked = words.found, len(words.asked)
        assert not found.has("text")[:asked].any()
        assert found.has("text")[asked:].any() or asked == len(np.unique(item))
        assert (words.right.sum(axis=1) == 1).all()
        loud = replace(
            model,
            shape=replace(model.shape, reach=2),
            weights={**model.weights, **begin_context(model.dim, 2, 1.0)},
        )
        heard, deaf = (
            own_ranks(loud.fuse(words.asked) @ loud.fuse(some).T[:, :asked]).mean() for some in (found, found.alone())
        )
        assert (heard > deaf + 0.2) == helps


def test_what_is_asked_does_not_lie_beside_what_is_found():
    views, item, segment, *_ = films()
    for some in told_beside(views, item, item, around(item, segment, 2)):
        beside = some.found.beside
        asked = some.asked.mean(some.kind)
        known = beside.tokens[some.kind][beside.there[some.kind]]
        assert not (np.abs(known[:, None] - asked).max(axis=-1) < 1e-6).any()


def test_several_tokens_of_a_segment_are_one_beside_another():
    beside = Beside.of([[{"image": np.array([[1.0, 0.0], [0.0, 1.0]])}, {}]], {"image": 2, "text": 3})
    np.testing.assert_array_equal(beside.tokens["image"], [[[0.5, 0.5], [0.0, 0.0]]])
    assert beside.there["image"].tolist() == [[True, False]]
    assert not beside.only({"text"}).there["image"].any()
