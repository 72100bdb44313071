"""Paintings by daylight: snowy mountains, desert dunes, meadows and fields, forests."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from mediakit.canvas import (
    SIZE,
    Array,
    Colour,
    below,
    clouds,
    edge,
    gradient,
    noise,
    over,
    rgb,
    silhouette,
    skyline,
    smoothed,
)
from mediakit.terrain import View, lit, rendered

Rng = np.random.Generator
MAP = 640  # cells of a map of heights, across and down


def mountains(
    rng: Rng,
    *,
    sky: tuple[Colour, Colour] = ("#2f6fb4", "#cfe3f2"),
    light: Colour = "#fff4e0",
    snowline: float = 0.3,
    sun: float = 1.0,
    lake: bool = False,
    pines: bool = True,
    cloud: float = 0.25,
) -> Array:
    """Snowy peaks under a blue sky; `snowline` from 0 (all white) to 1 (bare rock)."""
    heavens = gradient(SIZE, [(0, sky[0]), (0.6, sky[1]), (1, sky[1])])
    heavens = over(heavens, "#ffffff", clouds(rng, SIZE, cloud) * 0.75)
    cells = (MAP, MAP)
    ridged = (1 - np.abs(2 * noise(rng, cells, (4.5, 4.5), 7, 0.47) - 1)) ** 1.6
    distance = np.linspace(0, 1, MAP, dtype=np.float32)[:, None]
    heights = ridged * (0.3 + 0.9 * noise(rng, cells, (2.6, 2.6), 2)) * np.clip((distance - 0.14) / 0.4, 0.02, 1)
    heights = smoothed(heights * 150, 1.1)
    slope = np.hypot(*np.gradient(heights))
    crags = noise(rng, cells, (70, 70), 3)
    snow = np.clip((heights / 130 - snowline) * 2.2 + 1.2 - slope * 0.3 - crags * 0.7, 0, 1) ** 0.8
    ground = over(over(np.zeros((MAP, MAP, 3), np.float32), "#4d4a57", 1.0), "#857a74", noise(rng, cells, (50, 50), 4))
    ground = over(ground, "#f6f9ff", snow)
    shade = lit(heights, sun, 0.55, 0.0)[..., None]
    ground = ground * (np.float32([0.36, 0.46, 0.68]) + shade * rgb(light) * np.float32([0.86, 0.72, 0.50]))
    view = View(320, -10, 34, 0.62, near=30, far=610, field=0.9)
    picture, _ = rendered(heavens, heights, ground, view, (sky[1], 0.0014))
    if lake:
        picture = mirror(rng, picture, 0.72, "#3f6f8f")
    if pines:
        for base, tall, count, dark, bank in (
            (0.80, 0.11, 44, "#2b4c48", ("#e9f0fa", "#b9cbe2")),
            (0.97, 0.25, 22, "#10292a", ("#f4f8ff", "#a9bfdc")),
        ):
            trees, ground = conifers(rng, base, tall, count)
            picture = over(picture, gradient(SIZE, [(base - 0.05, bank[0]), (base + 0.2, bank[1])]), ground)
            picture = over(picture, dark, trees)
    return picture


def mirror(rng: Rng, picture: Array, shore: float, tint: Colour) -> Array:
    """A still lake from `shore` (share of the height) down, which shows what stands above it."""
    height = picture.shape[0]
    top = int(shore * height)
    rows = np.clip(2 * top - np.arange(top, height) - 1, 0, height - 1)
    image = over(picture[rows], tint, 0.28) * 0.92
    ripple = noise(rng, (picture.shape[1], height - top), (6, 70), 3)
    image = over(image, "#eaf4ff", np.clip(ripple - 0.72, 0, 1) * np.linspace(0.2, 1.2, height - top)[:, None])
    return np.concatenate([picture[:top], image.astype(np.float32)])


def conifers(rng: Rng, base: float, tall: float, count: int) -> tuple[Array, Array]:
    """Firs about `tall` high on an uneven bank about `base` down (shares of the height): their mask, and the bank's."""
    bank = base + 0.08 * (skyline(rng, SIZE[0], 2, 3) - 0.5)
    groups = rng.uniform(0, 1, max(2, count // 6))
    places = np.clip(rng.choice(groups, count) + rng.normal(0, 0.07, count), 0, 0.999)

    def draw(sheet: ImageDraw.ImageDraw, scale: float) -> None:
        width, height = SIZE[0] * scale, SIZE[1] * scale
        for x in places:
            foot = (bank[int(x * SIZE[0])] + rng.uniform(0.005, 0.035)) * height
            fir(sheet, rng, x * width, foot, tall * height * rng.uniform(0.4, 1.1))

    return silhouette(SIZE, draw), below(SIZE, bank * SIZE[1])


def fir(sheet: ImageDraw.ImageDraw, rng: Rng, x: float, foot: float, size: float) -> None:
    """One fir of ragged boughs, `size` high, its foot at `x`, `foot`."""
    boughs = 22
    left, right = [], []
    for bough in range(boughs):
        y = foot - size * (1 - bough / boughs)
        half = size * 0.19 * (bough + 0.6) / boughs
        for side in (left, right):
            side += [(half * 0.45, y), (half * rng.uniform(0.75, 1.15), y + size * 0.055)]
    outline = [(x, foot - size * 1.04), *((x + dx, y) for dx, y in right)]
    sheet.polygon([*outline, *((x - dx, y) for dx, y in reversed(left))], fill=255)


def dunes(
    rng: Rng,
    *,
    sky: tuple[Colour, Colour] = ("#3d7fc1", "#f3dcb8"),
    sand: Colour = "#e2a75e",
    sun: float = 1.0,
    low: float = 0.32,
    camels: int = 0,
    cloud: float = 0.0,
) -> Array:
    """Sand dunes with sharp crests; `low` is the height of the sun in radians."""
    heavens = gradient(SIZE, [(0, sky[0]), (0.5, sky[1]), (1, sky[1])])
    if cloud:
        heavens = over(heavens, "#fff6e8", clouds(rng, SIZE, cloud, 5) * 0.6)
    cells = (MAP, MAP)
    y, x = np.mgrid[0:MAP, 0:MAP].astype(np.float32)
    warp = noise(rng, cells, (2.5, 2.5), 3) * 190
    phase = ((x * 0.8 + y * 0.55 + warp) / 140) % 1
    back = 0.70
    profile = np.where(phase < back, (phase / back) ** 1.4, (1 - phase) / (1 - back))
    heights = profile * 40 * (0.4 + 0.9 * noise(rng, cells, (3, 3), 2)) + noise(rng, cells, (2, 2), 2) * 30
    ripples = np.sin((x * 0.5 + y * 0.9 + warp * 0.6) * 0.8) * 0.10 * (phase < back)
    heights = smoothed((heights + ripples).astype(np.float32), 1.6)
    shade = lit(heights, sun, low, 0.0)[..., None]
    warm = rgb(sand)
    colours = warm * np.float32([0.44, 0.38, 0.46]) + shade * warm * np.float32([1.0, 1.0, 0.86])
    colours = colours * (0.94 + 0.12 * noise(rng, cells, (180, 180), 2))[..., None]
    view = View(320, 20, 80, 0.40, near=20, far=580, field=1.0)
    picture, _ = rendered(heavens, heights, colours.astype(np.float32), view, (sky[1], 0.0016))
    if camels:
        picture = over(picture, warm * 0.22, caravan(rng, camels))
    return picture


def caravan(rng: Rng, count: int) -> Array:
    """Camels in a row, small, as a silhouette."""

    def draw(sheet: ImageDraw.ImageDraw, scale: float) -> None:
        unit = 0.9 * scale
        for number in range(count):
            x = (0.3 * SIZE[0] + number * 44) * scale
            y = (0.55 * SIZE[1] + 3 * np.sin(number * 1.3)) * scale

            def at(*points: float, x: float = x, y: float = y) -> list[float]:
                return [(x if i % 2 == 0 else y) + p * unit for i, p in enumerate(points)]

            sheet.ellipse(at(-11, -22, 11, -10), fill=255)
            sheet.polygon(at(-7, -20, -2, -31, 5, -20), fill=255)
            for leg in (-9, -6, 5, 8):
                sheet.line(at(leg, -13, leg + rng.uniform(-2, 2), 2), fill=255, width=int(2 * scale))
            sheet.line(at(9, -16, 15, -20, 17, -30), fill=255, width=int(3 * scale), joint="curve")
            sheet.ellipse(at(15, -33, 23, -28), fill=255)

    return silhouette(SIZE, draw)


def meadow(
    rng: Rng,
    *,
    grass: tuple[Colour, Colour] = ("#6da63a", "#a5c24e"),
    flowers: Colour | None = None,
    rows: bool = False,
    sky: tuple[Colour, Colour] = ("#3f8fd6", "#d9ecf7"),
    trees: int = 9,
    cloud: float = 0.42,
) -> Array:
    """Rolling fields under summer clouds; `flowers` tints them, in `rows` or as they grow."""
    heavens = gradient(SIZE, [(0, sky[0]), (0.6, sky[1]), (1, sky[1])])
    cover = clouds(rng, SIZE, cloud, 2)
    heavens = over(heavens, over(np.ones_like(heavens), "#b9c6d6", np.roll(cover, -14, 0) * 0.45), cover * 0.95)
    cells = (420, 420)
    x = np.arange(420, dtype=np.float32)[None, :]
    heights = noise(rng, cells, (2.2, 2.2), 2) * 34
    field = over(np.zeros((420, 420, 3), np.float32), grass[0], 1.0)
    field = over(field, grass[1], noise(rng, cells, (3, 3), 3))
    field = over(field, rgb(grass[0]) * 0.72, noise(rng, cells, (130, 130), 2) * 0.5)
    if flowers is not None:
        patch = np.clip(noise(rng, cells, (3, 4), 2) * 3 - 0.7, 0, 1)
        if rows:
            bed = (np.sin((x * 0.93 + heights * 0.5) * 1.15) > -0.25).astype(np.float32)
            field = over(field, rgb(flowers), bed * patch * 0.95)
            field = over(field, rgb(flowers) * 1.25, (noise(rng, cells, (200, 200), 1) > 0.62) * bed * patch * 0.6)
        else:
            dots = (rng.random((420, 420)) > 0.82).astype(np.float32)
            field = over(field, rgb(flowers), np.clip(dots * patch * 1.2, 0, 1))
    shade = lit(heights, 1.0, 0.7, 0.0)[..., None]
    field = field * (np.float32([0.55, 0.62, 0.68]) + shade * np.float32([0.72, 0.66, 0.42]))
    view = View(210, 10, 52, 0.50, near=12, far=380, field=0.9)
    heights, field = heights.astype(np.float32), field.astype(np.float32)
    picture, distance = rendered(heavens, heights, field, view, (sky[1], 0.0022))
    return grove(rng, picture, distance, trees)


def grove(rng: Rng, picture: Array, distance: Array, count: int) -> Array:
    """Round trees standing on the land, the farther the smaller and paler."""
    width = distance.shape[1]
    places = []
    for _ in range(count * 3):
        column = int(rng.uniform(0.02, 0.98) * width)
        ground = np.flatnonzero(np.isfinite(distance[:, column]) & (distance[:, column] > 55))
        if ground.size:
            row = int(rng.choice(ground[: max(1, ground.size // 2)]))
            places.append((float(distance[row, column]), column, row))
    for away, column, row in sorted(places, reverse=True)[:count]:
        size = 3400 / away * rng.uniform(0.7, 1.1)

        def draw(sheet: ImageDraw.ImageDraw, scale: float, x: float = column, y: float = row, r: float = size) -> None:
            for _ in range(16):
                dx, dy, part = rng.normal(0, 0.3), rng.normal(-0.75, 0.22), rng.uniform(0.22, 0.4)
                box = (x + (dx - part) * r, y + (dy - part) * r, x + (dx + part) * r, y + (dy + part) * r)
                sheet.ellipse([v * scale for v in box], fill=255)
            trunk = (x - 0.06 * r, y - 0.6 * r, x + 0.06 * r, y + 0.08 * r)
            sheet.rectangle([v * scale for v in trunk], fill=255)

        mask = silhouette(SIZE, draw)
        lights = edge(mask, int(size * 0.22) + 1, int(size * 0.18) + 1)
        fog = 1 - np.exp(-((away * 0.0022) ** 1.3))
        picture = over(picture, over(rgb("#2c5427"), "#c4dcea", fog), mask)
        picture = over(picture, over(rgb("#7da944"), "#c4dcea", fog), lights * 0.8)
    return picture
