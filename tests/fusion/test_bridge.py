from __future__ import annotations

import json

import numpy as np
import pytest

from fusion.bridge import MIN_PAIRS, SHRINKAGE, Bridge
from fusion.likeness import GAMMA
from schemas import UsageError


def found_among_first(bridge, x, y, first=1):
    scores = bridge.project(x) @ y.T
    return float(((scores > np.diag(scores)[:, None]).sum(axis=1) < first).mean())


def test_finds_targets_that_it_has_not_seen(pairs):
    x, y = pairs(500)
    bridge = Bridge.fit(x[:400], y[:400], source="words-1", target="pictures-1")
    assert found_among_first(bridge, x[400:], y[400:], 10) > 0.9  # by lot: 0.1
    assert found_among_first(bridge, x[400:], y[400:]) > 0.5  # by lot: 0.01


def test_map_is_kernel_ridge_regression(pairs):
    """Where there are no more pairs than landmarks, the features are those of the dual form."""
    x, y = (side.astype(np.float64) for side in pairs(200))
    bridge = Bridge.fit(x[:150], y[:150], source="s", target="t", weigh=False)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    kernel = np.exp(GAMMA * (unit @ unit[:150].T - 1.0))
    # Centred in feature space; the penalty is in parts of the features' mean variance.
    centring = np.eye(150) - 1 / 150
    inner = centring @ kernel[:150] @ centring
    penalty = bridge.penalty * np.trace(inner) / 150 / 150 * 150
    asked = (kernel[150:] - kernel[:150].mean(axis=0)) @ centring
    expected = asked @ np.linalg.solve(inner + penalty * np.eye(150), y[:150] - y[:150].mean(axis=0))
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(bridge.project(x[150:]), expected, atol=2e-3)


def test_weighed_map_turns_what_is_expected_by_what_it_tells(pairs, monkeypatch):
    monkeypatch.setattr("fusion.bridge.PENALTIES", (1.0,))
    x, y = (side.astype(np.float64) for side in pairs(200))
    plain, weighed = (Bridge.fit(x, y, source="s", target="t", weigh=weigh) for weigh in (False, True))
    spread = np.cov(y.T, bias=True)
    turn = np.linalg.inv(spread + SHRINKAGE * np.mean(np.diag(spread)) * np.eye(20))
    np.testing.assert_allclose(plain.matrix @ turn, weighed.matrix, rtol=1e-2, atol=1e-3)


def test_more_pairs_than_landmarks_are_summed_up(pairs, monkeypatch):
    monkeypatch.setattr("fusion.bridge.LANDMARKS", 64)
    x, y = pairs(500)
    bridge = Bridge.fit(x[:400], y[:400], source="s", target="t")
    assert bridge.landmarks.shape == (64, 12)
    assert found_among_first(bridge, x[400:], y[400:], 10) > 0.8  # by lot: 0.1


def test_bridge_of_an_earlier_version_fits_no_encoder(pairs):
    old = {"matrix": np.ones((3, 2)), "source_mean": np.ones(3), "target_mean": np.ones(2)}
    kept = Bridge.from_arrays(old, {"source": "s", "target": "t", "pairs": 40, "penalty": 1.0})
    assert (kept.source, kept.target, kept.pairs) == ("", "", 40)


def test_recall_is_that_of_pairs_left_out(pairs):
    x, y = pairs(300)
    bridge = Bridge.fit(x, y, source="s", target="t")
    assert bridge.chance == pytest.approx(10 / 60)
    assert bridge.recall == pytest.approx(found_among_first(bridge, x[:60], y[:60], 10), abs=0.15)


def test_recall_of_unrelated_pairs_is_chance(pairs):
    x, y = pairs(400)
    shuffled = np.random.default_rng(0).permutation(y)
    bridge = Bridge.fit(x, shuffled, source="s", target="t")
    assert bridge.recall == pytest.approx(bridge.chance, abs=0.08)


def test_equal_captions_do_not_flatter_recall(pairs):
    x, y = pairs(200)
    unrelated = np.random.default_rng(0).normal(size=x.shape).astype(np.float32)
    # Each caption stands beside the same picture four times: learnt by heart, not understood.
    bridge = Bridge.fit(np.tile(unrelated, (4, 1)), np.tile(y, (4, 1)), source="s", target="t")
    assert bridge.recall < 0.3


def test_too_few_left_out_to_tell_gives_no_recall(pairs):
    x, y = pairs(MIN_PAIRS)
    bridge = Bridge.fit(x, y, source="s", target="t")
    assert (bridge.recall, bridge.chance) == (None, None)


def test_projection_has_length_one_and_takes_one_or_many(pairs):
    x, y = pairs(100)
    bridge = Bridge.fit(x, y, source="s", target="t")
    many = bridge.project(x[:5])
    assert many.shape == (5, 20)
    assert many.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1.0, rtol=1e-5)
    np.testing.assert_allclose(bridge.project(x[0]), many[:1], atol=1e-6)


def test_fit_is_repeatable(pairs):
    x, y = pairs(150)
    first, second = (Bridge.fit(x, y, source="s", target="t") for _ in range(2))
    np.testing.assert_array_equal(first.matrix, second.matrix)
    assert first.meta() == second.meta()


def test_stored_bridge_comes_back_as_it_was(pairs, tmp_path):
    x, y = pairs(150)
    bridge = Bridge.fit(x, y, source="minilm-1", target="visual-1")
    np.savez(tmp_path / "bridge.npz", **bridge.arrays())
    meta = json.loads(json.dumps(bridge.meta()))
    with np.load(tmp_path / "bridge.npz") as arrays:
        back = Bridge.from_arrays(arrays, meta)
    np.testing.assert_array_equal(back.project(x), bridge.project(x))
    assert back.meta() == bridge.meta()
    assert (back.source, back.target, back.pairs) == ("minilm-1", "visual-1", 150)


def test_too_few_pairs_are_refused_with_their_number(pairs):
    x, y = pairs(MIN_PAIRS - 1)
    with pytest.raises(UsageError, match=f"{MIN_PAIRS} pairs or more: there are {MIN_PAIRS - 1}"):
        Bridge.fit(x, y, source="s", target="t")


def test_arrays_that_do_not_pair_up_are_refused(pairs):
    x, y = pairs(100)
    with pytest.raises(UsageError, match="do not pair up"):
        Bridge.fit(x[:-1], y, source="s", target="t")


def test_vectors_that_are_not_finite_are_refused(pairs):
    x, y = pairs(100)
    y[3, 4] = np.nan
    with pytest.raises(UsageError, match="a target vector is not"):
        Bridge.fit(x, y, source="s", target="t")


def test_pairs_of_one_thing_are_refused(pairs):
    x, y = pairs(100)
    with pytest.raises(UsageError, match="source vectors are nearly all the same"):
        Bridge.fit(np.tile(x[:1], (100, 1)), y, source="s", target="t")


def test_vector_of_another_dimension_is_refused(pairs):
    x, y = pairs(100)
    bridge = Bridge.fit(x, y, source="s", target="t")
    with pytest.raises(UsageError, match="12 numbers"):
        bridge.project(y[:1])
