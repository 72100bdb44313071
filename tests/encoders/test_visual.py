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
    np.testing.assert_allclose(np.array(norms) / norms[0], np.array([0.8, 0.7, 1.0, 2.0]) / 0.8, rtol=1e-4)


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
    "gradient": [[0.3231, 1.5067, 0.0983], [0.2827, 1.5078, 0.0942], [0.4039, -0.0, 0.042], [0.8078, 0.0, 0.4317]],
    "stripes": [[0.3231, 0.5456, 0.2285], [0.2827, 1.4302, 0.0707], [0.4039, 0.0, 0.0635], [0.8078, -0.0, 0.3709]],
    "rings": [[0.3231, 0.6911, 0.224], [0.2827, 1.5438, 0.0665], [0.4039, -0.0, 0.0547], [0.8078, -0.0, 0.3377]],
    "white": [[0.3532, 0.3532, 0.3532], [0.3091, 0.9272, 0.103], [0.0, 0.0, 0.0], [0.883, 0.0, 0.4721]],
}
