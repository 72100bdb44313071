"""Where a film is cut."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from readers.cuts import Look
from readers.scenes import Scene, cut

RED, BLUE, GREEN = (200, 30, 30), (30, 40, 200), (30, 160, 60)


def look(time: float, colour: tuple[int, int, int], mark: int = 0) -> Look:
    pixels = np.full((36, 64, 3), colour, dtype=np.uint8)
    pixels[10:20, mark : mark + 12] = 255
    return Look(time, pixels)


def film(*parts: tuple[tuple[int, int, int], float, float], step: float = 0.5) -> list[Look]:
    looks = []
    for colour, start, end in parts:
        count = round((end - start) / step)
        looks += [look(start + number * step, colour, number * 3 % 50) for number in range(count)]
    looks.append(look(parts[-1][2], parts[-1][0], 1))
    return looks


def spans(looks: Iterable[Look], longest: float = 10.0) -> list[tuple[float, float]]:
    return [(scene.start, scene.end) for scene in cut(iter(looks), longest)]


def test_a_scene_begins_where_the_colours_change() -> None:
    assert spans(film((RED, 0, 3), (BLUE, 3, 8), (RED, 8, 10))) == [(0, 3), (3, 8), (8, 10)]


def test_motion_is_no_cut() -> None:
    assert spans(film((RED, 0, 9))) == [(0, 9)]


def painting(seed: int, shift: int = 0, warm: float = 0.0) -> np.ndarray:
    """A picture of soft patches; the same colours for every seed, in other places."""
    palette = np.random.default_rng(0).integers(40, 200, (60, 3), dtype=np.uint8)
    grid = np.random.default_rng(seed).permutation(palette).reshape(6, 10, 3)
    wide = np.asarray(Image.fromarray(grid).resize((140, 36), Image.Resampling.BICUBIC), dtype=float)
    picture = wide[:, shift : shift + 64]
    return (picture * [1 + warm, 1, 1 - warm]).clip(0, 255)


def shown(time: float, pixels: np.ndarray) -> Look:
    return Look(time, pixels.astype(np.uint8))


def test_a_cut_between_pictures_of_alike_colours_is_seen() -> None:
    slides = [shown(number / 2, painting(1 if number < 12 else 2, number)) for number in range(24)]
    before, after = slides[11], slides[12]
    assert before.recoloured(after) < 0.4
    assert spans(slides) == [(0, 6), (6, 11.5)]


def test_a_moving_camera_is_no_cut() -> None:
    assert spans([shown(number / 2, painting(1, number * 3)) for number in range(18)]) == [(0, 8.5)]


@pytest.mark.parametrize("seconds", [1.0, 1.5, 2.5])
def test_a_dissolve_ends_a_scene(seconds: float) -> None:
    first, second = painting(1, warm=0.3), painting(2, warm=-0.3)
    looks = []
    for number in range(20):
        share = min(1.0, max(0.0, (number / 2 - 3.9) / seconds))
        looks.append(shown(number / 2, first * (1 - share) + second * share))
    found = spans(looks)
    assert len(found) == 2
    assert 4.0 <= found[0][1] <= 4.5 + seconds


def test_a_picture_that_brightens_and_darkens_again_stays_a_scene() -> None:
    bright = [1.0] * 6 + [1.05, 1.1, 1.05] + [1.0] * 8
    looks = [shown(number / 2, (painting(1) * light).clip(0, 255)) for number, light in enumerate(bright)]
    assert spans(looks) == [(0, 8)]


def test_a_long_scene_is_cut_at_the_limit() -> None:
    assert spans(film((RED, 0, 25)), 10.0) == [(0, 10), (10, 20), (20, 25)]


def test_a_rest_of_less_than_a_second_belongs_to_the_scene_before() -> None:
    assert spans(film((RED, 0, 20.5)), 10.0) == [(0, 10), (10, 20.5)]
    assert spans(film((RED, 0, 3), (BLUE, 3, 3.5))) == [(0, 3.5)]


def test_flashes_do_not_make_scenes_of_less_than_a_second() -> None:
    flicker = [look(number / 10, (RED, BLUE)[number % 2]) for number in range(30)]
    assert all(end - start >= 1.0 for start, end in spans(flicker))


def test_a_picture_that_stays_fills_scene_after_scene() -> None:
    slides = [look(0, RED), look(25, BLUE), look(32, BLUE)]
    scenes = list(cut(iter(slides), 10.0))
    assert [(scene.start, scene.end) for scene in scenes] == [(0, 10), (10, 20), (20, 25), (25, 32)]
    assert [scene.chosen(3)[0].pixels[0, 0, 0] for scene in scenes] == [200, 200, 200, 30]


def test_scenes_follow_each_other_without_a_gap() -> None:
    rng = np.random.default_rng(5)
    looks, time = [], 0.0
    for _ in range(300):
        looks.append(look(time, (RED, BLUE, GREEN)[rng.integers(3)], int(rng.integers(50))))
        time += float(rng.choice([0.1, 0.5, 0.5, 3.0, 14.0]))
    found = spans(looks)
    assert found[0][0] == 0
    assert found[-1][1] == looks[-1].time
    assert all(before[1] == after[0] for before, after in pairwise(found))
    assert all(end - start <= 11.0 + 1e-6 for start, end in found)


def test_a_film_of_one_frame_is_a_scene() -> None:
    assert spans([look(0, RED)]) == [(0, 0)]
    assert spans([]) == []


def test_frames_are_spread_and_none_repeats_the_one_before() -> None:
    looks = [look(number, RED, number * 5) for number in range(9)]
    chosen = Scene(0, 9, looks).chosen(3)
    assert [int(np.argmax(one.pixels[15, :, 1])) for one in chosen] == [5, 20, 35]
    assert [one.time for one in chosen] == [1, 4, 7]
    still = [look(number, RED) for number in range(9)]
    assert len(Scene(0, 9, still).chosen(3)) == 1


def test_a_look_is_brief_whatever_the_size() -> None:
    tiny = Look(0.0, np.zeros((1, 1, 3), dtype=np.uint8))
    assert tiny.recoloured(tiny) == 0
    assert not tiny.same_as(look(0, RED))
