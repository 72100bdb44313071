from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from fusion.attending import Shape, begin, begin_as_sum, forward
from fusion.attention import Attention, fingerprint
from fusion.contrast import Training, fit_attention
from fusion.fused import SharedSum
from fusion.likeness import likeness
from fusion.training import own_ranks
from fusion.views import Fuser, Views
from schemas import UsageError

INPUTS = {"image": "visual-1", "text": "minilm-1"}
QUICK = Training(epochs=3, batch=64, mine=2, rate=3e-4, threads=1)


def single(**vectors):
    views = Views.single({name: np.asarray(rows, np.float32) for name, rows in vectors.items()})
    return views.tokens, {name: there.astype(np.float32) for name, there in views.there.items()}


def plain(**given):
    """Two landmarks at right angles, and maps that leave the tokens as they are: how alike they are to the two."""
    shape = Shape(hidden=2, heads=1, feedforward=0, residual=False, **given)
    weights = begin(shape, dict.fromkeys(INPUTS, np.eye(2, dtype=np.float32)))
    for name in weights:
        if name.endswith("weight"):
            weights[name] = np.eye(2, dtype=np.float32)
    return shape, weights


def test_attention_weights_are_those_of_paper():
    """The picture lies on one landmark, the words on the other: likenesses 1 and e^-4 (0.0183), and the reverse.

    Own product 1 + e^-8, mutual product 2 e^-4, both over sqrt(2).
    """
    shape, weights = plain()
    fused, [attended] = forward(weights, shape, *single(image=[[3.0, 0.0]], text=[[0.0, 1.0]]), np)
    own, mutual = math.exp((1 + math.exp(-8)) / math.sqrt(2)), math.exp(2 * math.exp(-4) / math.sqrt(2))
    a = own / (own + mutual)
    assert a == pytest.approx(0.6640, abs=1e-4)
    np.testing.assert_allclose(attended[0, 0], [[a, 1 - a], [1 - a, a]], atol=1e-6)
    np.testing.assert_allclose(fused, [[math.sqrt(0.5), math.sqrt(0.5)]], atol=1e-6)


def test_tokens_of_other_kinds_alone_are_attended_to_when_asked():
    shape, weights = plain(cross=True)
    tokens, there = single(image=[[1.0, 0.0], [1.0, 0.0]], text=[[0.0, 1.0], [0.0, 1.0]])
    there["text"][1] = 0.0
    fused, [attended] = forward(weights, shape, tokens, there, np)
    np.testing.assert_allclose(attended[0, 0], [[0.0, 1.0], [1.0, 0.0]], atol=1e-6)
    np.testing.assert_allclose(attended[1, 0, 0], [1.0, 0.0], atol=1e-6)  # alone, a picture attends to itself
    near = math.exp(-4) / math.hypot(1, math.exp(-4))
    np.testing.assert_allclose(fused[1], [math.sqrt(1 - near**2), near], atol=1e-6)


def test_smallest_model_is_torchs_attention_of_words_to_pictures():
    torch = pytest.importorskip("torch")
    shape = Shape.smallest(hidden=16)
    rng = np.random.default_rng(0)
    marks = {"image": rng.normal(size=(9, 5)), "text": rng.normal(size=(11, 7))}
    marks = {name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in marks.items()}
    weights = begin(shape, marks, seed=3)
    for name in weights:
        if name.endswith("bias"):
            weights[name] = rng.normal(size=weights[name].shape).astype(np.float32)
    words, pictures = rng.normal(size=(4, 1, 7)).astype(np.float32), rng.normal(size=(4, 6, 5)).astype(np.float32)
    there = {"text": np.ones((4, 1), np.float32), "image": np.ones((4, 6), np.float32)}
    there["image"][0, 4:] = 0.0
    _, [attended] = forward(weights, shape, {"text": words, "image": pictures}, there, np)

    module = torch.nn.MultiheadAttention(16, num_heads=4, batch_first=True)
    with torch.no_grad():
        parts = ("query", "key", "value")
        module.in_proj_weight.copy_(torch.tensor(np.concatenate([weights[f"0.{p}.weight"].T for p in parts])))
        module.in_proj_bias.copy_(torch.tensor(np.concatenate([weights[f"0.{p}.bias"] for p in parts])))
        text, image = (
            torch.tensor(likeness(given.reshape(-1, given.shape[2]), weights[f"in.{name}.landmarks"]))
            .reshape(*given.shape[:2], -1)
            .matmul(torch.tensor(weights[f"in.{name}.weight"]))
            .add(torch.tensor(weights[f"in.{name}.bias"]))
            for name, given in (("text", words), ("image", pictures))
        )
        _, expected = module(
            text, image, image, key_padding_mask=torch.tensor(there["image"]) == 0, average_attn_weights=False
        )
    # The tokens stand in the order of the names: six of the picture, then that of the words.
    np.testing.assert_allclose(attended[:, :, 6, :6], expected.numpy()[:, :, 0], atol=1e-5)
    np.testing.assert_allclose(attended[:, :, 6, 6], 0.0, atol=1e-6)


def test_numpy_and_torch_make_the_same_vectors():
    torch = pytest.importorskip("torch")
    shape = Shape(hidden=8, heads=2, blocks=2)
    weights = begin(shape, {"image": np.eye(5, dtype=np.float32), "text": np.eye(7, dtype=np.float32)}, seed=1)
    rng = np.random.default_rng(2)
    weights = {name: value + rng.normal(size=value.shape).astype(np.float32) for name, value in weights.items()}
    tokens, there = single(image=rng.normal(size=(5, 5)), text=rng.normal(size=(5, 7)))
    there["text"][2:] = 0.0
    ours, _ = forward(weights, shape, tokens, there, np)
    theirs, _ = forward(*[
        one if isinstance(one, Shape) else {name: torch.tensor(value) for name, value in one.items()}
        for one in (weights, shape, tokens, there)
    ], torch)  # fmt: skip
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


def test_begins_as_the_sum_in_the_shared_space(pairs):
    text, image = pairs(200)
    views = Views.single({"text": text, "image": image})
    total = SharedSum.fit(views, INPUTS)
    weights = begin_as_sum(Shape(), total.maps)
    made = Attention(INPUTS, Shape(), weights).fuse(views)
    np.testing.assert_allclose(made[:, : total.dim], total.fuse(views), atol=1e-4)
    np.testing.assert_allclose(made[:, total.dim :], 0.0, atol=1e-6)


def curved(count, seed=0):
    """Words and pictures that have to do with each other by no straight line."""
    rng = np.random.default_rng(seed)
    meant = rng.normal(size=(count, 4))
    maps = np.random.default_rng(9).normal(size=(2, 4, 40))
    words, pictures = meant @ maps[0], np.abs(meant @ maps[1])
    return Views.single({"text": words + 0.4 * rng.normal(size=words.shape),
                         "image": pictures + 0.4 * rng.normal(size=pictures.shape)})  # fmt: skip


def test_training_finds_more_of_what_is_left_out_than_it_began_with():
    pytest.importorskip("torch")
    views = curved(300)
    told = []
    shape = Shape(hidden=64, feedforward=0, residual=False)  # begins by lot, and not as the sum
    quick = replace(QUICK, epochs=5, rate=3e-3)
    model = fit_attention(views, INPUTS, shape=shape, training=quick, progress=lambda *step: told.append(step))
    assert isinstance(model, Fuser)
    assert [epoch for epoch, _, _ in told] == list(range(1, len(told) + 1))
    assert model.trained["mrr"] > model.trained["mrr_before"]
    assert any(model.trained["mrr"] == pytest.approx(found, abs=1e-4) for _, _, found in told)
    fresh = curved(100, seed=1)
    found = own_ranks(model.fuse(fresh.only(["text"])) @ model.fuse(fresh.only(["image"])).T).mean()
    assert found > 0.25  # by lot 0.05


def test_what_cannot_be_learnt_leaves_the_sum_as_it_began():
    pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    unrelated = Views.single({"text": rng.normal(size=(120, 12)), "image": rng.normal(size=(120, 16))})
    model = fit_attention(unrelated, INPUTS, training=QUICK)
    assert model.trained["mrr"] == model.trained["mrr_before"]
    assert not model.weights["0.out.weight"].any()


def test_fit_is_repeatable_and_stored_models_come_back():
    pytest.importorskip("torch")
    views = curved(150)
    first, second = (fit_attention(views, INPUTS, training=QUICK) for _ in range(2))
    assert fingerprint("attention", first.arrays()) == fingerprint("attention", second.arrays())
    back = Attention.from_arrays(first.arrays(), first.meta())
    np.testing.assert_array_equal(back.fuse(views), first.fuse(views))
    assert back.inputs == INPUTS
    assert fingerprint("attention", first.arrays()).startswith("attention-")


def test_a_thing_with_one_kind_is_fused_and_one_with_none_is_zero():
    marks = dict.fromkeys(INPUTS, np.eye(40, dtype=np.float32))
    model = Attention(INPUTS, Shape(hidden=16), begin(Shape(hidden=16), marks))
    words = Views.of([{"text": np.ones(40)}, {}], {"text": 40})
    made, [attended] = model.explained(words)
    assert np.linalg.norm(made[0]) == pytest.approx(1.0, abs=1e-5)
    assert not made[1].any()
    assert model.token_names(words) == ["image", "text"]
    np.testing.assert_allclose(attended[0, :, 1], [[0.0, 1.0]] * 4, atol=1e-6)
    with pytest.raises(UsageError, match="takes 40 numbers of 'text', not 3"):
        model.fuse(Views.of([{"text": np.ones(3)}], {"text": 3}))


def test_too_few_things_with_several_kinds_are_refused():
    views = curved(40)
    views.there["text"][20:] = False
    with pytest.raises(UsageError, match=r"30 things or more .* image, text: there are 20"):
        fit_attention(views, INPUTS)
