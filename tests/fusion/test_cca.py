from __future__ import annotations

import numpy as np
import pytest

from fusion.cca import canonical, shared_space
from fusion.views import Views
from schemas import UsageError


def test_agrees_with_a_library_where_nothing_is_shrunk(pairs):
    cca = pytest.importorskip("sklearn.cross_decomposition").CCA(n_components=3, max_iter=5000, tol=1e-10)
    x, y = pairs(400)
    wx, wy, agreement = canonical(x, y, ridge=0.0, dim=3)
    a, b = cca.fit_transform(x, y)
    expected = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(3)]
    np.testing.assert_allclose(agreement, expected, atol=1e-3)
    ours = (x - x.mean(0)) @ wx
    for i in range(3):
        assert abs(np.corrcoef(ours[:, i], a[:, i])[0, 1]) > 0.999
    assert wy.shape == (20, 3)


def test_third_kind_is_sent_to_where_the_others_lie(pairs):
    x, y = pairs(300)
    z = (x @ np.random.default_rng(1).normal(size=(12, 9))).astype(np.float32)
    views = Views.single({"text": x, "image": y, "audio": z})
    views.there["audio"][100:] = False
    maps = shared_space(views, ["text", "image", "audio"], dim=8)
    assert {name: way.landmarks.shape for name, way in maps.items()} == {
        "audio": (100, 9),
        "image": (300, 20),
        "text": (300, 12),
    }
    sounds, words = maps["audio"](z), maps["text"](x)
    sounds, words = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (sounds, words))
    likeness = sounds[100:] @ words[100:].T
    ranks = (likeness > np.diag(likeness)[:, None]).sum(axis=1)
    assert (ranks < 10).mean() > 0.8  # by lot 0.05


def test_too_few_pairs_are_refused(pairs):
    x, y = pairs(29)
    with pytest.raises(UsageError, match="30 pairs or more: there are 29"):
        canonical(x, y)
