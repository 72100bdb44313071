from __future__ import annotations

import json

import numpy as np
import pytest

from fusion import bridges
from fusion.bridge import Bridge
from fusion.generate import Generator
from fusion.mlp import Mlp


@pytest.fixture(autouse=True)
def short(monkeypatch):
    monkeypatch.setattr("fusion.mlp.EPOCHS", 4)
    monkeypatch.setattr("fusion.memory.EPOCHS", 4)
    monkeypatch.setattr("fusion.bridge.PENALTIES", (0.3, 3.0))


def recall(bridge, x, y, first=10):
    return float((bridges.places(bridge, x, y) < first).mean())


@pytest.mark.parametrize("kind", ["ridge", "cca", "mlp", "attention", "flow"])
def test_every_kind_finds_what_it_has_not_seen_and_comes_back_as_it_was(pairs, kind):
    x, y = pairs(240)
    bridge = bridges.fit(kind, x[:180], y[:180], source="words-1", target="pictures-1")
    assert recall(bridge, x[180:], y[180:]) > 0.6  # by lot 0.17
    meta = json.loads(json.dumps(bridge.meta()))
    assert meta["kind"] == kind
    back = bridges.load(bridge.arrays(), meta)
    np.testing.assert_array_equal(back.project(x[180:]), bridge.project(x[180:]))
    assert (back.source, back.target, back.pairs, back.kind) == ("words-1", "pictures-1", 180, kind)
    np.testing.assert_allclose(np.linalg.norm(back.project(x[:3]), axis=1), 1.0, rtol=1e-5)


def test_bridge_of_before_there_were_kinds_is_a_ridge(pairs):
    x, y = pairs(60)
    bridge = Bridge.fit(x, y, source="s", target="t")
    meta = {name: value for name, value in bridge.meta().items() if name != "kind"}
    assert bridges.load(bridge.arrays(), meta).kind == "ridge"


class _Fixed:
    """Finds the right one, or only by lot."""

    def __init__(self, x, y, *, knows, **_):
        self.kind, self.recall, self._x, self._y = "fixed", None, x, y
        self._knows = knows

    def project(self, rows):
        rng = np.random.default_rng(0)
        return rng.normal(size=(len(rows), self._y.shape[1])) if not self._knows else self._knows(rows)


def test_ridge_stays_where_nothing_wins(pairs):
    x, y = pairs(60)
    blind = {"blind": lambda x, y, **given: _Fixed(x, y, knows=None)}
    best, against = bridges.select(x, y, source="s", target="t", kinds=blind)
    assert best.kind == "ridge"
    assert against["blind"].after < against["blind"].before
    assert not against["blind"].won


def test_best_of_many_that_were_tried_must_win_by_more(pairs, monkeypatch):
    x, y = pairs(60)
    lucky = bridges.compare(np.zeros(8), np.ones(8)).model_copy(update={"p": 0.03})
    monkeypatch.setattr(bridges, "compare", lambda *_, **__: lucky)
    kinds = {"first": Bridge.fit, "second": bridges.fit_cca}
    one, _ = bridges.select(x, y, source="s", target="t", kinds={"second": bridges.fit_cca})
    two, _ = bridges.select(x, y, source="s", target="t", kinds=kinds)
    assert (one.kind, two.kind) == ("cca", "ridge")


def test_what_torch_trains_is_not_tried_without_it(pairs, monkeypatch):
    monkeypatch.setattr("fusion.training.find_spec", lambda _: None)
    _, against = bridges.select(*pairs(60), source="s", target="t")
    assert set(against) == {"cca"}


def test_what_wins_takes_its_place(pairs, monkeypatch):
    x, y = pairs(100, 3.0)
    of = {row.tobytes(): target for row, target in zip(x, y - y.mean(axis=0), strict=True)}
    seeing = {"cca": lambda *given, **named: _Seer(bridges.fit_cca(*given, **named), of)}
    monkeypatch.setattr(bridges, "replace", lambda made, **_: made)
    best, against = bridges.select(x, y, source="s", target="t", kinds=seeing)
    assert against["cca"].won
    assert against["cca"].after > 0.8
    assert isinstance(best, _Seer)


class _Seer:
    def __init__(self, bridge, of):
        self.kind, self._of = bridge.kind, of

    def project(self, rows):
        return np.stack([self._of[row.tobytes()] for row in rows])


def test_hidden_layer_begins_at_zero_and_does_no_harm(pairs):
    x, y = pairs(150)
    made = Mlp.fit(x[:120], y[:120], source="s", target="t")
    assert recall(made, x[120:], y[120:]) >= recall(made.base, x[120:], y[120:]) - 0.1


def test_generated_guesses_differ_and_are_the_same_for_the_same_question(pairs):
    x, y = pairs(150)
    made = Generator.fit(x[:120], y[:120], source="s", target="t")
    guesses = made.guesses(x[120:], count=4)
    assert guesses.shape == (30, 4, 20)
    np.testing.assert_allclose(np.linalg.norm(guesses, axis=2), 1.0, rtol=1e-5)
    alike = np.einsum("nsd,ntd->nst", guesses, guesses)
    assert alike[:, 0, 1].max() < 0.999
    np.testing.assert_allclose(made.guesses(x[120:121], count=4), guesses[:1], atol=1e-5)
    np.testing.assert_allclose(
        bridges.scores_of(made, x[120:], y[120:]), (made.guesses(x[120:]) @ y[120:].T).max(axis=1), atol=1e-5
    )
