from __future__ import annotations

import sys

import numpy as np
import pytest

from encoders import registry
from encoders.tiles import GRID, TilesEncoder
from encoders.visual import VisualEncoder
from schemas import EncodeError, Modality, VectorSpec

IMAGE = Modality.IMAGE
COLOURS, EDGES, TEXTURE = slice(78), slice(78, 114), slice(114, 144)


def encode(*pictures):
    return TilesEncoder(threads=1).encode(pictures, IMAGE)


def maxsim(question, document):
    return float((question @ document.T).max(axis=1).sum())


def test_canonical_vectors(pictures):
    """Of the first, a middle and the last tile: length, sum and largest number of each block."""
    for kind, expected in CANONICAL.items():
        [tiles] = encode(pictures[kind])
        assert tiles.shape == (16, 144)
        assert tiles.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(tiles, axis=1), 1.0, atol=1e-5)
        for tile, blocks in zip((0, 6, 15), expected, strict=True):
            for block, values in zip((COLOURS, EDGES, TEXTURE), blocks, strict=True):
                part = tiles[tile, block]
                found = [float(np.linalg.norm(part)), float(part.sum()), float(np.abs(part).max())]
                np.testing.assert_allclose(found, values, atol=2e-3, err_msg=f"{kind} {tile} {block}")


def test_tiles_stand_row_by_row_and_tell_their_own_colours():
    picture = np.zeros((200, 320, 3), np.uint8)
    picture[:50, 80:160] = (255, 0, 0)  # row 0, column 1
    picture[150:, 240:] = (0, 0, 255)  # row 3, column 3
    [tiles] = encode(picture)
    alike = tiles[:, COLOURS] @ tiles[0, COLOURS]
    assert np.flatnonzero(alike < 0.5 * alike.max()).tolist() == [1, 15]
    assert tiles[1, COLOURS] @ tiles[15, COLOURS] < 0.1


def test_a_thing_that_was_moved_is_found_by_its_regions(pictures):
    def scene(kind, row, column):
        canvas = np.full((128, 128, 3), 255, np.uint8)
        canvas[row : row + 64, column : column + 64] = pictures[kind][:64, :64]
        return canvas

    kinds = ("gradient", "stripes", "rings")
    stored = encode(*(scene(kind, 0, 0) for kind in kinds))
    asked = encode(*(scene(kind, 64, 64) for kind in kinds))
    scores = np.array([[maxsim(one, other) for other in stored] for one in asked])
    assert scores.argmax(axis=1).tolist() == [0, 1, 2]
    assert (np.diag(scores) > 0.85 * GRID**2).all()  # but for its borders, each tile finds itself
    whole = VisualEncoder(threads=1)
    before, after = whole.encode([scene("rings", 0, 0), scene("rings", 64, 64)], IMAGE)
    assert before @ after < 0.9


def test_it_is_of_several_vectors_that_no_index_is_built_of():
    spec = registry.spec("tiles")
    assert (spec.multivector, spec.dim, spec.stored) == (True, 144, (IMAGE,))
    assert not VectorSpec.of("regions", spec).indexed
    assert registry.made_by(spec.fingerprint) == "tiles"


def test_what_is_not_installed_is_named_with_the_way_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.feature", None)
    with pytest.raises(EncodeError, match=r"pip install 'medley\[offline\]'"):
        TilesEncoder().load()


CANONICAL = {
    "gradient": [
        [[0.6667, 2.0263, 0.2803], [0.6667, 0.0, 0.2086], [0.3333, 0.0, 0.1728]],
        [[0.6667, 1.3753, 0.4146], [0.6667, 0.0, 0.2079], [0.3333, 0.0, 0.1848]],
        [[0.6667, 1.1988, 0.552], [0.6667, 0.0, 0.2086], [0.3333, 0.0, 0.1734]],
    ],
    "stripes": [
        [[0.6667, 1.1004, 0.4714], [0.6667, 0.0, 0.3143], [0.3333, 0.0, 0.1329]],
        [[0.6667, 1.1154, 0.4714], [0.6667, 0.0, 0.3143], [0.3333, 0.0, 0.1472]],
        [[0.6667, 1.1154, 0.4714], [0.6667, 0.0, 0.3143], [0.3333, 0.0, 0.1513]],
    ],
    "rings": [
        [[0.6667, 1.3894, 0.463], [0.6667, 0.0, 0.2067], [0.3333, 0.0, 0.1445]],
        [[0.6667, 1.3988, 0.4607], [0.6667, 0.0, 0.1595], [0.3333, 0.0, 0.1249]],
        [[0.6667, 1.3584, 0.4686], [0.6667, 0.0, 0.2068], [0.3333, 0.0, 0.1409]],
    ],
    "white": [
        [[0.8944, 0.8944, 0.8944], [0.0, 0.0, 0.0], [0.4472, 0.0, 0.2371]],
        [[0.8944, 0.8944, 0.8944], [0.0, 0.0, 0.0], [0.4472, 0.0, 0.2449]],
        [[0.8944, 0.8944, 0.8944], [0.0, 0.0, 0.0], [0.4472, 0.0, 0.2371]],
    ],
}
