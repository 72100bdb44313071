from __future__ import annotations

import numpy as np

from encoders.thumbnail import ThumbnailEncoder
from schemas import Modality


def test_canonical_vector(pictures):
    vector = ThumbnailEncoder().encode([pictures["gradient"]], Modality.IMAGE)[0]
    np.testing.assert_allclose(vector[[0, 1, 2, 95, 191, 192]], CANONICAL, atol=1e-3)


def test_picture_is_nearest_to_its_smaller_copy(pictures):
    kinds = list(pictures)
    whole = ThumbnailEncoder().encode([pictures[kind] for kind in kinds], Modality.IMAGE)
    half = ThumbnailEncoder().encode([pictures[kind][::2, ::2] for kind in kinds], Modality.IMAGE)
    assert (half @ whole.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


CANONICAL = [-0.1197, -0.1197, -0.1197, 0.0601, 0.1187, 0.1357]
