"""Maps find the part that a score comes from."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from query import maps, overlay


def test_occlusion_is_warm_where_the_score_comes_from() -> None:
    picture = np.full((80, 120, 3), 90, np.uint8)
    picture[10:30, 75:105] = (250, 0, 0)

    def redness(pictures: list[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.array([float((one[..., 0] > 200).mean()) for one in pictures])

    grid = maps.occlusion(picture, redness)

    row, column = np.unravel_index(int(grid.argmax()), grid.shape)
    assert grid.shape == (8, 8)
    assert row in (1, 2)
    assert column in (5, 6)
    assert abs(grid[6:].max()) < 1e-9


def test_silence_finds_the_half_second_that_counts() -> None:
    sound = np.zeros(16_000 * 3, np.float32)
    sound[16_000 * 2 : 16_000 * 2 + 4000] = 0.5

    grid = maps.silence(sound, 16_000, lambda sounds: np.array([float(np.abs(one).sum()) for one in sounds]))

    assert grid.shape == (1, 6)
    assert int(grid[0].argmax()) == 4


def test_patches_give_to_the_tokens_that_chose_them() -> None:
    found = np.eye(16, dtype=np.float32)
    tokens = np.stack([found[5], 0.5 * found[5], found[10]])

    grid = maps.patches(tokens, np.vstack([found, np.zeros((2, 16), np.float32)]), (100, 100))

    assert grid is not None
    assert grid.shape == (4, 4)
    assert grid[1, 1] == 1.5
    assert grid[2, 2] == 1.0
    assert grid.sum() == 2.5


def test_patches_of_no_grid_have_no_map() -> None:
    assert maps.patches(np.ones((1, 2)), np.ones((3, 2)), (10, 10)) is None


def test_overlay_is_warm_where_the_map_is_and_grey_elsewhere() -> None:
    picture = np.full((100, 200, 3), (60, 120, 60), np.uint8)
    grid = np.zeros((8, 8))
    grid[4, 4] = 1.0

    made = np.asarray(Image.open(BytesIO(overlay.over_picture(picture, grid))), np.int64)

    assert made.shape == (240, 480, 3)
    warm, far = made[135, 270], made[20, 20]
    assert warm[0] > warm[2] + 60
    assert abs(far[0] - far[1]) < 12


def test_overlay_of_a_sound_has_its_shape() -> None:
    sound = np.zeros(16_000, np.float32)
    sound[8000:] = 0.9

    made = np.asarray(Image.open(BytesIO(overlay.over_sound(sound, np.array([[0.0, 1.0]])))))

    ink = (made.min(axis=2) < 250).sum(axis=0)
    assert made.shape == (120, 640, 3)
    assert ink[600] > 100
    assert ink[100] < 5
