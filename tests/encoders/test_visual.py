from __future__ import annotations

import numpy as np
import pytest

from encoders.visual import VisualEncoder
from schemas import EncodeError, Modality

IMAGE = Modality.IMAGE
WHOLE, NINTHS, EDGES, TEXTURE = slice(78), slice(78, 420), slice(420, 744), slice(744, 774)


def encode(*pictures):
    return VisualEncoder(threads=1).encode(pictures, IMAGE)


def test_canonical_vectors(pictures):
    for kind, expected in CANONICAL.items():
        vector = encode(pictures[kind])[0]
        for block, values in zip((WHOLE, NINTHS, EDGES, TEXTURE), expected, strict=True):
            part = vector[block]
            largest = np.argsort(-np.abs(part), kind="stable")[:1]
            found = [float(np.linalg.norm(part)), float(part.sum()), float(np.abs(part[largest[0]]))]
            np.testing.assert_allclose(found, values, atol=2e-3, err_msg=f"{kind} {block}")


def test_blocks_have_the_weights_they_are_given(pictures):
    vector = encode(pictures["rings"])[0]
    norms = [float(np.linalg.norm(vector[block])) for block in (WHOLE, NINTHS, EDGES, TEXTURE)]
    np.testing.assert_allclose(np.array(norms) / norms[0], [1, 1, 1, 1.2], rtol=1e-4)


def test_smaller_and_noisier_copy_is_nearest_to_its_original(pictures):
    kinds = list(pictures)
    rng = np.random.default_rng(0)
    originals = encode(*(pictures[kind] for kind in kinds))
    noisy = [
        np.clip(pictures[kind][::2, ::2].astype(int) + rng.integers(-6, 7, (60, 80, 3)), 0, 255).astype(np.uint8)
        for kind in kinds
    ]
    assert (encode(*noisy) @ originals.T).argmax(axis=1).tolist() == [0, 1, 2, 3]


def test_colours_alone_change_only_the_blocks_of_colour(pictures):
    grey = pictures["stripes"].copy()
    grey[...] = (grey[..., :1] // 255) * 200
    red = grey.copy()
    red[..., 1:] = 0
    first, second = encode(grey, red)
    unit = lambda block: block / np.linalg.norm(block)  # noqa: E731
    assert unit(first[EDGES]) @ unit(second[EDGES]) > 0.95
    assert unit(first[WHOLE]) @ unit(second[WHOLE]) < 0.8


def test_layout_tells_apart_what_the_whole_does_not():
    upper = np.zeros((96, 96, 3), np.uint8)
    upper[:48] = (200, 30, 30)
    upper[48:] = (30, 30, 200)
    first, second = encode(upper, upper[::-1])
    np.testing.assert_allclose(first[WHOLE], second[WHOLE], atol=1e-2)
    assert first[NINTHS] @ second[NINTHS] < 0.5 * (first[NINTHS] @ first[NINTHS])


def test_what_is_not_installed_is_named_with_the_way_out(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(EncodeError, match=r"pip install 'medley\[offline\]'"):
        VisualEncoder().load()


CANONICAL = {
    "gradient": [[0.4746, 2.213, 0.1444], [0.4746, 2.531, 0.1582], [0.4746, -0.0, 0.0494], [0.5695, -0.0, 0.3044]],
    "stripes": [[0.4746, 0.8014, 0.3356], [0.4746, 2.4006, 0.1186], [0.4746, 0.0, 0.0746], [0.5695, 0.0, 0.2615]],
    "rings": [[0.4746, 1.0151, 0.329], [0.4746, 2.5914, 0.1116], [0.4746, 0.0, 0.0642], [0.5695, 0.0, 0.238]],
    "white": [[0.5392, 0.5392, 0.5392], [0.5392, 1.6175, 0.1797], [0.0, 0.0, 0.0], [0.647, 0.0, 0.3459]],
}
