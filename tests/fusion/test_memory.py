"""A bridge that reads where a question leads from the pairs that it attends to."""

from __future__ import annotations

import numpy as np
import pytest

from fusion import memory
from fusion.memory import Memory, attend
from schemas import UsageError

TWO = {
    "keys": np.eye(2, dtype=np.float32),
    "values": np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]], np.float32),
    "mean": np.zeros(2, np.float32),
}
"""Two pairs: what lies right leads to (1, 0, 0), what lies up to (0, 2, 0)."""


def of_two(*, key, up):
    """Two heads: one that is sharper by 5 and projects nothing, and one that looks at the other axis.

    A head's q = x Q and k = x_j K have one number each. The first head has K = 0. The second has t = 10,
    Q = (1, 0)' and K = (0, 1)' times `key`.
    """
    weights = {
        "query": np.array([[[1.0], [0.0]], [[1.0], [0.0]]], np.float32),
        "key": np.array([[[0.0], [0.0]], [[0.0], [key]]], np.float32),
        "sharpness": np.log(np.array([5.0, 10.0], np.float32)),
        "share": np.array([0.5, 0.5], np.float32),
        "down": np.array([[1.0], [0.0], [0.0]], np.float32),
        "up": np.array([[0.0, 0.0, up]], np.float32),
    }
    return Memory.from_arrays({**TWO, **weights}, {"source": "s", "target": "t", "pairs": 2})


def test_two_pairs_are_read_as_on_paper():
    """The question (3, 4) has the direction x = (0.6, 0.8).

    Head 1: s = 5 (0.6, 0.8) = (3, 4), so that a = (1, e) / (1 + e) = (0.268941, 0.731059).
    Head 2: x Q = 0.6; k = (0, 1); s = 10 (0.6, 0.8 + 0.6) = (6, 14), so that a = (1, e^8) / (1 + e^8)
    = (0.000335, 0.999665).
    Each counts half: a = (0.134638, 0.865362); o = (0.134638, 1.730724, 0).
    Of the first number 3 times is added to the third: (0.134638, 1.730724, 0.403914); its length is 1.782323.
    """
    bridge = of_two(key=1.0, up=3.0)
    asked = np.array([[3.0, 4.0]])
    np.testing.assert_allclose(bridge.attended(asked)[0], [[0.268941, 0.731059], [0.000335, 0.999665]], atol=1e-6)
    np.testing.assert_allclose(bridge.project(asked)[0], [0.075541, 0.971050, 0.226622], atol=1e-5)


def test_with_nothing_learnt_it_is_kernel_regression():
    """Head 1 as above; head 2: s = 10 (0.6, 0.8) = (6, 8), a = (1, e^2) / (1 + e^2) = (0.119203, 0.880797)."""
    bridge = of_two(key=0.0, up=0.0)
    asked = np.array([[0.6, 0.8]])
    np.testing.assert_allclose(bridge.attended(asked)[0, 1], [0.119203, 0.880797], atol=1e-6)
    wanted = np.array([(0.268941 + 0.119203) / 2, 2 * (0.731059 + 0.880797) / 2, 0.0])
    np.testing.assert_allclose(bridge.project(asked)[0], wanted / np.linalg.norm(wanted), atol=1e-5)


def test_pair_does_not_see_what_is_hidden_from_it():
    bridge = of_two(key=1.0, up=0.0)
    hidden = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    read, weights = attend(bridge.weights, bridge.keys, bridge.keys, bridge.values, np, unseen=hidden)
    np.testing.assert_array_equal(weights, [[[0.0, 1.0], [1.0, 0.0]]] * 2)
    np.testing.assert_array_equal(read, [[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]])


def test_memory_is_bounded_and_drawn_from_all_pairs(pairs, monkeypatch):
    monkeypatch.setattr(memory, "MEMORY", 40)
    monkeypatch.setattr(memory, "EPOCHS", 1)
    x, y = pairs(120)
    bridge = Memory.fit(x, y, source="s", target="t")
    assert (bridge.keys.shape, bridge.values.shape, bridge.pairs) == ((40, 12), (40, 20), 120)
    known = (x - x.mean(axis=0)) / np.linalg.norm(x - x.mean(axis=0), axis=1, keepdims=True)
    place = (bridge.keys @ known.T).argmax(axis=1)
    np.testing.assert_allclose(bridge.keys, known[place], atol=1e-5)
    assert place.max() > 60


def test_fit_is_repeatable_and_takes_only_what_it_was_fitted_on(pairs, monkeypatch):
    monkeypatch.setattr(memory, "EPOCHS", 2)
    x, y = pairs(60)
    one, other = (Memory.fit(x, y, source="s", target="t") for _ in range(2))
    np.testing.assert_array_equal(one.project(x), other.project(x))
    with pytest.raises(UsageError, match="takes vectors of 12 numbers"):
        one.project(np.ones((1, 5)))
