"""Several vectors of one thing: regions of a picture beside the whole of it, words of a passage."""

from __future__ import annotations

import numpy as np
import pytest

from fusion.attending import Shape, begin, forward
from fusion.attention import Attention
from fusion.cca import bag
from fusion.contrast import Training, fit_attention
from fusion.fused import Concatenation, SharedSum
from fusion.held import Standing, direct_scores, questions
from fusion.likeness import likeness
from fusion.pooling import pooled, shares
from fusion.training import own_ranks
from fusion.views import Views, pooled_rows, runs
from schemas import UsageError

INPUTS = {"image": "visual-1", "regions": "tiles-1", "text": "minilm-1"}
SENSES = {"image": "image", "regions": "image", "text": "text"}
OBJECTS, DEEP, DIM = 12, 6, 8


def scenes(count, seed=0):
    """One region in six shows the object that the words name, the others and the whole mostly show anything."""
    rng = np.random.default_rng(seed)
    shown, named, clutter = (np.random.default_rng(9 + i).normal(size=(n, DIM)) for i, n in enumerate((12, 12, 200)))
    of = rng.integers(OBJECTS, size=count)
    regions = clutter[rng.integers(200, size=(count, DEEP))]
    regions[np.arange(count), rng.integers(DEEP, size=count)] = shown[of]
    regions += 0.2 * rng.normal(size=regions.shape)
    image = regions.mean(axis=1) + 0.2 * rng.normal(size=(count, DIM))
    text = named[of] + 0.2 * rng.normal(size=(count, DIM))
    tokens = {"image": image[:, None], "regions": regions, "text": text[:, None]}
    there = {name: np.ones(rows.shape[:2], bool) for name, rows in tokens.items()}
    return Views({n: rows.astype(np.float32) for n, rows in tokens.items()}, there, senses=SENSES), of


def test_more_rows_than_are_taken_become_the_means_of_runs_as_even_as_can_be():
    rows = np.arange(10, dtype=np.float32)[:, None]
    assert runs(10, 4).tolist() == [0, 2, 5, 7]
    assert pooled_rows(rows, 4).ravel().tolist() == [0.5, 3.0, 5.5, 8.0]
    assert pooled_rows(rows, 10) is rows
    assert runs(2, 4).tolist() == [0, 1]


def test_tokens_of_a_name_count_as_one_and_names_of_a_sense_together():
    """By hand: the regions are (0, 3) and (0, 1), which is not there; the picture (2, 0), the words (0, 5).

    The picture is (1, 0), its regions (0, 1), each half: (0.5, 0.5); the words (0, 1). The sum (0.5, 1.5) is sqrt(2.5)
    long.
    """
    z = np.array([[[2.0, 0.0], [0.0, 3.0], [0.0, 1.0], [0.0, 5.0]]])
    there = [np.array([[1.0]]), np.array([[1.0, 0.0]]), np.array([[1.0]])]
    np.testing.assert_allclose(shares(z, there, np, ["image", "image", "text"]), [[0.25, 1 / 6, 0.0, 0.2]], atol=1e-6)
    made = pooled(z, there, np, ["image", "image", "text"])
    np.testing.assert_allclose(made, np.array([[0.5, 1.5]]) / np.sqrt(2.5), atol=1e-6)
    apart = pooled(z, there, np)
    np.testing.assert_allclose(apart, np.array([[1.0, 2.0]]) / np.sqrt(5), atol=1e-6)
    alone = pooled(z, [there[0] * 0, there[1], there[2]], np, ["image", "image", "text"])
    np.testing.assert_allclose(alone, [[0.0, 1.0]], atol=1e-6)  # regions without the whole count as much as both


def test_bag_is_alike_to_landmarks_as_its_tokens_are_in_the_mean():
    marks = np.eye(2, dtype=np.float32)
    tokens = np.array([[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]], np.float32)
    there = np.array([[True, True, False]])
    alike = likeness(tokens[0, :2], marks)
    np.testing.assert_allclose(bag(tokens, there, marks), alike.mean(axis=0)[None], atol=1e-6)
    assert bag(tokens, there & False, marks).tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("method", ["sum", "concatenation", "attention"])
def test_what_each_token_gives_adds_up_to_the_fused_vector(method):
    views, _ = scenes(120)
    if method == "attention":
        pytest.importorskip("torch")
        fuser = fit_attention(views, INPUTS, training=Training(epochs=1, threads=1))
    else:
        fuser = (SharedSum if method == "sum" else Concatenation).fit(views, INPUTS)
    for some in (views.take(slice(0, 9)), views.take(slice(0, 9)).only(["text", "regions"])):
        parts = fuser.parts(some)
        assert parts["regions"].shape == (9, DEEP, fuser.dim)
        np.testing.assert_allclose(sum(part.sum(axis=1) for part in parts.values()), fuser.fuse(some), atol=1e-4)
    assert not parts["image"].any()


def test_one_region_in_six_tells_what_its_picture_shows():
    views, _ = scenes(240)
    fresh, of = scenes(200, seed=1)
    whole = {name: INPUTS[name] for name in ("image", "text")}

    def found(fuser):
        """Which share of the first hits of words, among pictures alone, shows what they name; by lot 1 in 12."""
        best = (fuser.fuse(fresh.only(["text"])) @ fuser.fuse(fresh.only(["image", "regions"])).T).argmax(axis=1)
        return (of[best] == of).mean()

    assert found(SharedSum.fit(views, INPUTS)) > 0.8
    assert found(SharedSum.fit(views, whole)) < 0.6
    back = SharedSum.from_arrays((fuser := SharedSum.fit(views, INPUTS)).arrays(), fuser.meta())
    np.testing.assert_array_equal(back.fuse(fresh), fuser.fuse(fresh))


def test_attention_learns_across_senses_and_comes_back_with_its_regions():
    pytest.importorskip("torch")
    views, _ = scenes(240)
    model = fit_attention(views, INPUTS, training=Training(epochs=2, threads=1))
    assert model.senses == SENSES
    back = Attention.from_arrays(model.arrays(), model.meta())
    np.testing.assert_array_equal(back.fuse(views), model.fuse(views))
    assert back.token_names(views) == ["image", *["regions"] * DEEP, "text"]
    blind = views.only(["image", "regions"])
    with pytest.raises(UsageError, match="there are 0"):  # a picture and its regions are one side of a thing
        fit_attention(blind, INPUTS)
    fresh, of = scenes(100, seed=2)
    best = (model.fuse(fresh.only(["text"])) @ model.fuse(fresh.only(["image", "regions"])).T).argmax(axis=1)
    assert (of[best] == of).mean() > 0.7


def test_numpy_and_torch_pool_regions_alike():
    torch = pytest.importorskip("torch")
    views, _ = scenes(5)
    views.there["regions"][1, 3:] = False
    views.there["text"][2:] = False
    shape = Shape(hidden=8, heads=2)
    weights = begin(shape, {name: np.eye(DIM, dtype=np.float32) for name in INPUTS}, seed=1)
    weights = {
        name: value + np.random.default_rng(2).normal(size=value.shape).astype(np.float32)
        for name, value in weights.items()
    }
    there = {name: one.astype(np.float32) for name, one in views.there.items()}
    senses = [SENSES[name] for name in sorted(INPUTS)]
    ours, _ = forward(weights, shape, views.tokens, there, np, senses=senses)
    theirs, _ = forward(*[
        one if isinstance(one, Shape) else {name: torch.tensor(value) for name, value in one.items()}
        for one in (weights, shape, views.tokens, there)
    ], torch, senses=senses)  # fmt: skip
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-5)


@pytest.mark.parametrize("cross", [False, True])
def test_all_of_a_pass_stays_on_the_device_that_its_weights_are_on(cross):
    """Where a GPU is missing, a device without memory tells whether anything is left behind on the processor."""
    torch = pytest.importorskip("torch")
    views, _ = scenes(4)
    shape = Shape(hidden=8, heads=2, cross=cross)
    weights = begin(shape, {name: np.eye(DIM, dtype=np.float32) for name in INPUTS})
    there = {name: one.astype(np.float32) for name, one in views.there.items()}
    given = ({name: torch.tensor(value, device="meta") for name, value in one.items()} for one in (views.tokens, there))
    held = {name: torch.tensor(value, device="meta") for name, value in weights.items()}
    made, [attended] = forward(held, shape, *given, torch, senses=["image", "image", "text"])
    assert (made.device.type, tuple(made.shape)) == ("meta", (4, 8))
    assert tuple(attended.shape) == (4, 2, 8, 8)


def test_a_thing_is_asked_for_by_a_sense_and_found_by_the_others():
    views, _ = scenes(60)
    made = {some.kind: some for some in questions(views, np.arange(60), np.arange(60))}
    assert set(made) == {"image+regions", "text"}
    pictures = made["image+regions"]
    assert pictures.asked.sided().tolist() == [1] * 60
    assert not pictures.asked.has("text").any()
    assert not pictures.found.has("image").any()
    assert not pictures.found.has("regions").any()
    ways = Standing(views).rankings(pictures.asked, pictures.found)
    assert set(ways) == {"image>text"}  # no bridge leads from late interaction


def test_several_vectors_are_compared_by_maxsim():
    """By hand: (1, 0) finds (1, 0), 1; (0, 1) finds (0.6, 0.8), 0.8; what is not there is not found."""
    asked = Views.of([{"regions": [[1.0, 0.0], [0.0, 1.0]]}], {"regions": 2}, most=4)
    found = Views.of([{"regions": [[1.0, 0.0], [0.6, 0.8]]}, {}, {"regions": [[0.0, 2.0]]}], {"regions": 2}, most=4)
    scores = direct_scores(asked, np.ones(1, bool), found, "regions")
    np.testing.assert_allclose(scores, [[1.8, np.nan, 1.0]], atol=1e-6)
    assert own_ranks(np.nan_to_num(scores, nan=-1.0)).tolist() == [1.0]
