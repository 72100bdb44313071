from __future__ import annotations

import numpy as np
import pytest

from fusion.fused import Concatenation, SharedSum
from fusion.views import Fuser, Views
from schemas import UsageError

INPUTS = {"image": "visual-1", "text": "minilm-1"}


@pytest.fixture
def views(pairs):
    text, image = pairs(200)
    return Views.single({"text": text, "image": image})


def test_views_of_rows_keep_what_is_there_and_pad_what_is_not():
    rows = [{"text": [1.0, 2.0]}, {"image": [[1.0], [2.0], [4.0]], "other": [9.0]}, {}]
    views = Views.of(rows, {"text": 2, "image": 1}, most=2)
    assert views.names == ["image", "text"]
    assert views.dims == {"image": 1, "text": 2}
    assert views.has("text").tolist() == [True, False, False]
    assert views.there["image"].tolist() == [[False, False], [True, True], [False, False]]
    assert views.tokens["image"][1].ravel().tolist() == [1.0, 3.0]  # the mean of the last two
    assert views.flat("image").tolist() == [[1.0], [3.0]]
    assert views.mean("image").ravel().tolist() == [0.0, 2.0, 0.0]
    assert views.count().tolist() == [1, 1, 0]
    assert views.only(["text"]).count().tolist() == [1, 0, 0]


def test_vector_of_another_dimension_is_refused():
    with pytest.raises(UsageError, match=r"'text' of 2 numbers .* not one of 3"):
        Views.of([{"text": [1.0, 2.0, 3.0]}], {"text": 2})


def test_concatenation_adds_up_the_centred_cosines_of_what_both_have():
    """By hand: centres (1, 0) and (0, 2), scales 2 and 3."""
    fuser = Concatenation(
        INPUTS,
        {"image": np.array([1.0, 0.0], np.float32), "text": np.array([0.0, 2.0], np.float32)},
        {"image": 2.0, "text": 3.0},
    )
    thing = fuser.fuse(Views.of([{"image": [1.0, 5.0], "text": [3.0, 6.0]}], {"image": 2, "text": 2}))
    # image - centre = (0, 5) -> (0, 1); text - centre = (3, 4) -> (0.6, 0.8)
    np.testing.assert_allclose(thing, [[0.0, 2.0, 1.8, 2.4]], atol=1e-6)
    question = fuser.fuse(Views.of([{"text": [0.0, 3.0]}], {"text": 2}))
    np.testing.assert_allclose(question, [[0.0, 0.0, 0.0, 3.0]], atol=1e-6)
    # 9 times the cosine of the texts, 0.8; the picture, which the question does not have, takes nothing from it.
    assert float((question @ thing.T)[0, 0]) == pytest.approx(7.2)


def test_concatenation_scales_kinds_so_that_their_random_cosines_vary_alike(views):
    fuser = Concatenation.fit(views, INPUTS)
    for name in INPUTS:
        part = fuser.fuse(views.only([name]))
        likeness = part @ part.T
        off = likeness[~np.eye(len(likeness), dtype=bool)]
        assert off.std() == pytest.approx(1.0, abs=0.1)
        assert off.mean() == pytest.approx(0.0, abs=0.1)


def test_sum_in_a_space_that_is_shared_closes_the_gap():
    """Two kinds of the same things in one space, each shifted by its own constant."""
    rng = np.random.default_rng(0)
    meant = rng.normal(size=(60, 8))
    gap = 5 * rng.normal(size=(2, 8))
    kinds = [meant + 0.3 * rng.normal(size=meant.shape) + one for one in gap]
    views = Views.single({"image": kinds[0], "text": kinds[1]})
    fuser = SharedSum.fit(views, INPUTS, one_space=True)
    words, pictures = (fuser.fuse(views.only([name])) for name in ("text", "image"))
    found = (words @ pictures.T).argmax(axis=1) == np.arange(60)
    assert found.mean() > 0.9
    raw = (kinds[1] / np.linalg.norm(kinds[1], axis=1, keepdims=True)) @ kinds[0].T
    assert (raw.argmax(axis=1) == np.arange(60)).mean() < 0.5


def test_sum_is_the_weighted_mean_of_unit_vectors():
    fuser = SharedSum(INPUTS, dict.fromkeys(INPUTS, np.zeros(2, np.float32)), {}, {"image": 1.0, "text": 3.0})
    made = fuser.fuse(Views.of([{"image": [5.0, 0.0], "text": [0.0, 0.1]}], {"image": 2, "text": 2}))
    np.testing.assert_allclose(made, [[1 / np.sqrt(10), 3 / np.sqrt(10)]], atol=1e-6)


def test_sum_finds_by_words_what_has_only_a_picture(views):
    fuser = SharedSum.fit(views.take(slice(0, 150)), INPUTS)
    rest = views.take(slice(150, 200))
    likeness = fuser.fuse(rest.only(["text"])) @ fuser.fuse(rest.only(["image"])).T
    ranks = (likeness > np.diag(likeness)[:, None]).sum(axis=1)
    assert (ranks < 10).mean() > 0.8  # by lot 0.2


@pytest.mark.parametrize("kind", [Concatenation, SharedSum])
def test_what_a_thing_lacks_is_zero_and_stored_models_come_back(views, kind):
    fuser = kind.fit(views, INPUTS)
    assert isinstance(fuser, Fuser)
    nothing = fuser.fuse(views.only([]).take(slice(0, 1)))
    assert nothing.shape == (1, fuser.dim)
    assert not nothing.any()
    back = kind.from_arrays(fuser.arrays(), fuser.meta())
    np.testing.assert_array_equal(back.fuse(views), fuser.fuse(views))


def test_a_name_without_vectors_is_refused(views):
    with pytest.raises(UsageError, match="too few vectors 'audio'"):
        Concatenation.fit(views, INPUTS | {"audio": "logmel-1"})
