"""Paintings of water: sunsets over the sea, and the world under its surface."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from mediakit.canvas import (
    SIZE,
    Array,
    Colour,
    below,
    clouds,
    disc,
    edge,
    glow,
    gradient,
    noise,
    over,
    rgb,
    silhouette,
    skyline,
    smoothed,
)
from mediakit.terrain import sampled

Rng = np.random.Generator
Sheet = ImageDraw.ImageDraw


def sunset(
    rng: Rng,
    *,
    sky: tuple[Colour, Colour, Colour] = ("#2b2a5c", "#d9527a", "#ffc35c"),
    sun: float = 0.5,
    high: float = 0.08,
    boat: bool = False,
    islands: bool = False,
    gulls: int = 0,
    cloud: float = 0.45,
) -> Array:
    """The sun low over the sea: `sun` across and `high` above the horizon, as shares of the picture."""
    width, height = SIZE
    horizon = int(0.6 * height)
    at = (sun * width, horizon - high * height)
    heavens = gradient(SIZE, [(0, sky[0]), (0.34, sky[1]), (0.58, sky[2]), (1, sky[2])])
    light = glow(SIZE, at, 230, 1.2)
    heavens = over(heavens, sky[2], light * 0.75)
    cover = clouds(rng, SIZE, cloud, 4.5)
    rim = np.clip(cover - np.roll(cover, -5, 0), 0, 1) * 2.2
    heavens = over(heavens, over(rgb(sky[0]), sky[1], 0.35), cover * 0.62)
    heavens = over(heavens, over(rgb(sky[2]), "#ffffff", 0.25), np.clip(rim * (0.25 + light), 0, 0.95))
    heavens = over(heavens, "#fff6d8", np.maximum(disc(SIZE, at, 25, 2.5), glow(SIZE, at, 46, 1.6) * 0.75))
    picture = sea(rng, heavens, horizon, at[0], sky)
    if islands:
        for tint, tall, start in ((0.55, 0.055, rng.uniform(0, 0.2)), (0.25, 0.09, rng.uniform(0.5, 0.75))):
            rim_line = skyline(rng, width, 5, 6) * tall * height
            across = np.linspace(0, 1, width)
            rim_line = rim_line * np.clip(
                np.sin((across - start) / 0.42 * np.pi) * (abs(across - start - 0.21) < 0.21), 0, 1
            )
            land = below(SIZE, horizon - rim_line) * (np.arange(height) <= horizon)[:, None]
            picture = over(picture, over(rgb(sky[0]) * 0.5, sky[1], tint), land)
    if boat:
        x = sun + rng.choice([-0.24, 0.22])
        mask = silhouette(
            SIZE, lambda sheet, scale: sailing_boat(sheet, x * width * scale, (horizon + 12) * scale, scale)
        )
        picture = over(picture, rgb(sky[0]) * 0.35, mask)
        shadow = np.zeros_like(mask)
        flipped = mask[horizon + 12 :: -1][: height - horizon - 14]
        shadow[horizon + 14 : horizon + 14 + flipped.shape[0]] = flipped
        picture = over(picture, rgb(sky[0]) * 0.4, smoothed(shadow, 2.2) * 0.5)
    if gulls:
        places = [(rng.uniform(0.1, 0.9) * width, rng.uniform(0.1, 0.42) * height) for _ in range(gulls)]
        picture = over(picture, rgb(sky[0]) * 0.4, silhouette(SIZE, lambda sheet, scale: birds(sheet, places, scale)))
    return picture


def sea(rng: Rng, heavens: Array, horizon: int, sun: float, sky: tuple[Colour, Colour, Colour]) -> Array:
    """Water below `horizon` (pixels) that throws the sky and the sun back in strips."""
    height, width = heavens.shape[:2]
    rows = height - horizon
    depth = np.linspace(0, 1, rows, dtype=np.float32)[:, None]
    # Waves in perspective: the same field of noise, read in ever larger steps towards the viewer.
    steps = np.repeat(72 / (depth + 0.06), width, axis=1)
    columns = np.arange(width, dtype=np.float32)[None, :].repeat(rows, axis=0)
    waves = sampled(noise(rng, (width, 512), (17, 200), 3, 0.55), columns, steps)
    waves = np.clip((waves - 0.5) * 1.25 + 0.5, 0, 1)
    swell = sampled(noise(rng, (width, 512), (5, 110), 2), columns, steps)
    mirrored = heavens[np.clip(horizon - 1 - (np.arange(rows) * 0.9).astype(int), 0, height - 1)]
    water = over(mirrored, rgb(sky[0]) * 0.55, 0.35 + 0.45 * depth + (waves - 0.5) * 0.5)
    water = over(water, sky[1], np.clip(swell - 0.55, 0, 1) * 0.5)
    across = (np.arange(width, dtype=np.float32)[None, :] - sun) / (18 + 150 * depth)
    path = np.exp(-(across**2)) * np.clip((waves - 0.42 - 0.12 * depth) * 5, 0, 1)
    water = over(water, over(rgb(sky[2]), "#fffbe6", 0.5), path * 0.95)
    picture = heavens.copy()
    picture[horizon:] = water
    return picture


def sailing_boat(sheet: Sheet, x: float, y: float, scale: float) -> None:
    """A boat with two sails, its waterline at `x`, `y`."""
    s = scale * 1.25
    sheet.polygon(
        [(x - 34 * s, y - 9 * s), (x + 36 * s, y - 10 * s), (x + 24 * s, y + 2 * s), (x - 24 * s, y + 2 * s)], 255
    )
    sheet.polygon([(x + 1 * s, y - 80 * s), (x + 1 * s, y - 13 * s), (x + 32 * s, y - 14 * s)], 255)
    sheet.polygon([(x - 3 * s, y - 72 * s), (x - 3 * s, y - 14 * s), (x - 27 * s, y - 13 * s)], 255)
    sheet.line((x - s, y - 84 * s, x - s, y - 8 * s), 255, int(2 * s))


def birds(sheet: Sheet, places: list[tuple[float, float]], scale: float) -> None:
    """Gulls as pairs of arcs."""
    for number, (x, y) in enumerate(places):
        wing = (7 + 5 * (number % 3)) * scale
        left, top = x * scale, y * scale
        for start, turn in ((left - 2 * wing, 200), (left, 205)):
            box = (start, top - wing * 0.5, start + 2 * wing, top + wing * 0.9)
            sheet.arc(box, turn, turn + 135, 255, int(2.2 * scale))


def underwater(
    rng: Rng,
    *,
    water: tuple[Colour, Colour] = ("#7fe3e0", "#06335f"),
    coral: tuple[Colour, ...] = ("#ff6f61", "#f7a541", "#c94f9a"),
    fish: Colour = "#ffd23f",
    school: int = 22,
    kelp: int = 0,
) -> Array:
    """A reef with a school of fish, rays of light from above."""
    width, height = SIZE
    picture = gradient(SIZE, [(0, water[0]), (0.35, over(rgb(water[0]), water[1], 0.5)), (1, water[1])])
    fan = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :] / (1 + 1.1 * np.linspace(0, 1, height)[:, None])
    beams = skyline(rng, 900, 30, 3)
    rays = beams[((fan + 0.5 + 0.22 * np.linspace(0, 1, height)[:, None]) % 1 * 899).astype(int)]
    fade = np.linspace(1, 0, height)[:, None] ** 1.3
    picture = over(picture, "#f2fffb", np.clip((rays - 0.45) * 1.3, 0, 1) * fade * 0.75)
    far_rocks = below(SIZE, (0.93 - 0.4 * skyline(rng, width, 4, 5)) * height)
    picture = over(picture, over(rgb(water[1]), water[0], 0.18), far_rocks * 0.75)
    floor = (0.83 + 0.06 * skyline(rng, width, 2, 3)) * height
    sand = over(rgb("#d8c79a"), water[1], 0.42)
    caustics = 1 - np.abs(2 * noise(rng, SIZE, (16, 30), 2) - 1)
    bottom = over(np.zeros_like(picture) + sand, "#eefcf0", np.clip(caustics - 0.72, 0, 1) * 1.2)
    picture = over(picture, bottom, below(SIZE, floor))
    for _ in range(kelp):
        x = rng.uniform(0.03, 0.97)
        mask = silhouette(SIZE, lambda sheet, scale, x=x: seaweed(sheet, rng, x * width, rng.uniform(0.2, 0.5), scale))
        picture = over(picture, over(rgb("#4f8a3c"), water[1], rng.uniform(0.25, 0.6)), mask)
    for number in range(11):
        tint = over(rgb(coral[number % len(coral)]), water[1], rng.uniform(0.05, 0.45))
        x, size = rng.uniform(0.02, 0.98) * width, rng.uniform(38, 90)
        kind = branches if number % 2 else mounds
        mask = silhouette(SIZE, lambda sheet, scale, k=kind, x=x, r=size: k(sheet, rng, (x, height * 0.985), r, scale))
        picture = over(over(picture, tint, mask), "#fff3df", edge(mask, 4, 3) * 0.5)
    shoal = (rng.uniform(0.3, 0.68) * width, rng.uniform(0.3, 0.5) * height)
    for number in range(school):
        x = float(np.clip(rng.normal(shoal[0], width * 0.17), 20, width - 20))
        y = float(np.clip(rng.normal(shoal[1], height * 0.1), 20, height - 20))
        far = rng.random()
        size = 15 - 8 * far
        for paint, part in ((fish, "body"), (over(rgb(fish), "#ffffff", 0.7), "stripe"), ("#102030", "eye")):
            mask = silhouette_at(x, y, size, part, number)
            picture = stamped(picture, over(rgb(paint), water[1], 0.55 * far), mask, x, y)
    bubbles = [(rng.uniform(0, width), rng.uniform(0, height * 0.8), rng.uniform(1.5, 5)) for _ in range(24)]
    rings = silhouette(SIZE, lambda sheet, scale: circles(sheet, bubbles, scale))
    return over(picture, "#ffffff", rings * 0.55)


def silhouette_at(x: float, y: float, size: float, part: str, number: int) -> Array:
    """One part of a fish on a sheet of its own, 64 pixels square, so that a school costs little."""

    def draw(sheet: Sheet, scale: float) -> None:
        s = size * scale / 10
        cx = cy = 32 * scale
        if part == "body":
            sheet.ellipse((cx - 13 * s, cy - 7 * s, cx + 13 * s, cy + 7 * s), 255)
            sheet.polygon(
                [(cx - 10 * s, cy), (cx - 20 * s, cy - 7 * s), (cx - 17 * s, cy), (cx - 20 * s, cy + 7 * s)], 255
            )
            sheet.polygon([(cx - 5 * s, cy - 6 * s), (cx + 5 * s, cy - 6 * s), (cx - 4 * s, cy - 11 * s)], 255)
        elif part == "stripe":
            sheet.ellipse((cx + 1 * s, cy - 6 * s, cx + 4 * s, cy + 6 * s), 255)
            sheet.ellipse((cx - 6 * s, cy - 6 * s, cx - 4 * s, cy + 6 * s), 255)
        else:
            sheet.ellipse((cx + 7 * s, cy - 3 * s, cx + 9.6 * s, cy - 0.4 * s), 255)

    mask = silhouette((64, 64), draw)
    return mask[:, ::-1] if number % 9 == 0 else mask


def stamped(picture: Array, paint: Colour, mask: Array, x: float, y: float) -> Array:
    """`mask` painted onto the picture in place, its middle at `x`, `y`."""
    half = mask.shape[0] // 2
    left, top = int(x) - half, int(y) - half
    rows = slice(max(0, top), min(picture.shape[0], top + 2 * half))
    columns = slice(max(0, left), min(picture.shape[1], left + 2 * half))
    part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    if part.size:
        picture[rows, columns] = over(picture[rows, columns], paint, part)
    return picture


def branches(sheet: Sheet, rng: Rng, foot: tuple[float, float], size: float, scale: float) -> None:
    """A branching coral that grows from `foot`."""

    def grow(x: float, y: float, length: float, angle: float, thick: float) -> None:
        tip = (x + np.cos(angle) * length, y - np.sin(angle) * length)
        sheet.line((x * scale, y * scale, tip[0] * scale, tip[1] * scale), 255, max(1, int(thick * scale)))
        dot = thick / 2
        sheet.ellipse([v * scale for v in (tip[0] - dot, tip[1] - dot, tip[0] + dot, tip[1] + dot)], 255)
        if length > size * 0.09:
            for turn in (-0.42, 0.38):
                grow(*tip, length * rng.uniform(0.68, 0.82), angle + turn + rng.normal(0, 0.12), thick * 0.76)

    grow(*foot, size * 0.34, np.pi / 2, size * 0.11)


def mounds(sheet: Sheet, rng: Rng, foot: tuple[float, float], size: float, scale: float) -> None:
    """A coral of round lumps."""
    x, y = foot
    for _ in range(9):
        dx, part = rng.normal(0, 0.35) * size, rng.uniform(0.16, 0.34) * size
        top = y - rng.uniform(0.1, 0.5) * size
        sheet.ellipse([v * scale for v in (x + dx - part, top - part, x + dx + part, top + part * 2)], 255)


def seaweed(sheet: Sheet, rng: Rng, x: float, top: float, scale: float) -> None:
    """A ribbon of kelp with leaves, from the bottom up to `top` (share of the height)."""
    height = SIZE[1]
    phase, sway = rng.uniform(0, 6), rng.uniform(5, 13)
    points = [(x + sway * np.sin(phase + y / 46), y) for y in np.arange(height, top * height, -4)]
    sheet.line([(px * scale, py * scale) for px, py in points], 255, int(3 * scale), joint="curve")
    for number, (px, py) in enumerate(points[2::3]):
        side = 1 if number % 2 else -1
        leaf = ((0, 0), (11, -2), (19, -15), (6, -11))
        sheet.polygon([((px + side * dx) * scale, (py + dy) * scale) for dx, dy in leaf], 255)


def circles(sheet: Sheet, places: list[tuple[float, float, float]], scale: float) -> None:
    """Rings of the given centre and radius."""
    for x, y, r in places:
        sheet.ellipse([v * scale for v in (x - r, y - r, x + r, y + r)], outline=255, width=int(1.3 * scale))
