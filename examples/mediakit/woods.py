"""Paintings among trees: forests in every season."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from mediakit.canvas import SIZE, Array, Colour, below, glow, gradient, noise, over, rgb, silhouette, skyline

Rng = np.random.Generator
Sheet = ImageDraw.ImageDraw


def forest(
    rng: Rng,
    *,
    mist: Colour = "#d8efb0",
    leaves: tuple[Colour, ...] = ("#8cc04a", "#5b9a36", "#2f6b2a"),
    trunk: Colour = "#2a2a1c",
    ground: Colour = "#3d6b2a",
    path: bool = False,
    ferns: int = 26,
    birch: bool = False,
    rays: bool = True,
) -> Array:
    """Trunks in misty light, leaves above, undergrowth below; from far and pale to near and dark."""
    width, height = SIZE
    picture = gradient(SIZE, [(0, over(rgb(mist), leaves[0], 0.55)), (0.55, mist), (1, over(rgb(mist), ground, 0.5))])
    picture = over(picture, "#ffffff", glow(SIZE, (rng.uniform(0.35, 0.65) * width, 0.36 * height), 210) * 0.45)
    layers = 5
    bumps = [noise(rng, SIZE, cells, 3) for cells in ((110, 9), (34, 26), (70, 60), (18, 30), (30, 120), (44, 30))]
    for layer in range(layers):
        near = (layer + 1) / layers
        turned = (slice(None, None, -1 if layer % 2 else 1), slice(None, None, -1 if layer // 2 % 2 else 1))
        bark, dapples, specks, spots, scar, leafage = (field[turned] for field in bumps)
        shade = over(rgb(mist), trunk, 0.12 + 0.83 * near**1.3)
        soil = over(rgb(mist), rgb(ground) * (1.15 - 0.55 * near), 0.35 + 0.62 * near)
        base = 0.60 + 0.26 * near**1.2
        count = round(16 - 11 * near)
        places = (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count
        if layer == layers - 1:  # the nearest frame the picture and leave its middle open
            places = np.array([rng.uniform(0.02, 0.13), rng.uniform(0.2, 0.28), rng.uniform(0.83, 0.97)])
        foliage = crown(rng, leafage, near)
        leaf = over(rgb(mist), leaves[min(layer * len(leaves) // layers, 2)], 0.3 + 0.6 * near)
        dapple = over(np.zeros_like(picture) + leaf * 0.82, over(leaf, mist, 0.4), dapples**2)
        picture = over(picture, dapple, foliage)
        mask = silhouette(
            SIZE,
            lambda sheet, scale, p=places, n=near, b=base: trunks(
                sheet, rng, p, near=n, base=b, scale=scale, slim=birch
            ),
        )
        colour = over(rgb("#f1efe6"), mist, 0.5 - 0.45 * near) if birch else shade
        lit = over(np.zeros_like(picture) + colour, rgb(mist), np.clip(bark - 0.55, 0, 1) * 0.35)
        if birch:
            scars = (scar > 0.8) * (0.25 + 0.6 * near)
            lit = over(lit, "#2b2b30", scars.astype(np.float32))
        picture = over(picture, lit, mask)
        rim = (base + 0.05 * (skyline(rng, width, 3, 5) - 0.5)) * height
        earth = over(np.zeros_like(picture) + soil, rgb(soil) * 1.35, specks * 0.7)
        earth = over(earth, rgb(soil) * 0.6, spots * 0.5)
        picture = over(picture, earth, below(SIZE, rim))
        if layer == 2 and rays:
            picture = over(picture, over(rgb(mist), "#ffffff", 0.5), beams(rng) * 0.6)
    if path:
        picture = over(picture, over(rgb("#c9a876"), ground, 0.25), trail(rng) * 0.85)
    for _ in range(ferns):
        x, y = rng.uniform(0, width), rng.uniform(0.88, 1.04) * height
        shade = over(rgb(leaves[1]), rgb(leaves[2]) * 0.7, rng.random())
        mask = silhouette((96, 96), lambda sheet, scale: fern(sheet, rng, scale))
        left, top = int(x) - 48, int(y) - 72
        rows, columns = slice(max(0, top), min(height, top + 96)), slice(max(0, left), min(width, left + 96))
        part = mask[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        picture[rows, columns] = over(picture[rows, columns], shade, part)
    return picture


def crown(rng: Rng, leaf: Array, near: float) -> Array:
    """Leaves that hang into the picture from above, as a mask."""
    height = leaf.shape[0]
    clumps = noise(rng, SIZE, (7, 4), 3)
    reach = (0.46 - 0.16 * near) * height
    fall = np.clip(1 - np.arange(height, dtype=np.float32)[:, None] / reach, -1, 1)
    return np.clip((fall * 1.1 + clumps * 0.9 + leaf * 0.8 - 1.25) * 6, 0, 1).astype(np.float32)


def trunks(sheet: Sheet, rng: Rng, places: Array, *, near: float, base: float, scale: float, slim: bool) -> None:
    """Trunks at `places` across, the thicker the nearer, that widen to the foot."""
    width, height = SIZE[0] * scale, SIZE[1] * scale
    for place in places:
        half = (3 + 15 * near**1.8) * rng.uniform(0.7, 1.25) * scale * (0.72 if slim else 1)
        lean = rng.normal(0, 0.018) * width
        x, foot = place * width, (base + rng.uniform(0.01, 0.05)) * height
        sheet.polygon(
            [
                (x + lean - half * 0.62, -2), (x + lean + half * 0.62, -2), (x + half * 0.95, foot * 0.86),
                (x + half * 1.7, foot), (x - half * 1.7, foot), (x - half * 0.95, foot * 0.86),
            ],
            255,
        )  # fmt: skip
        for _ in range(1 if slim else 3):
            y, side = rng.uniform(0.05, 0.42) * height, rng.choice([-1, 1])
            start = (x + lean * (1 - y / foot), y)
            tip = (x + side * rng.uniform(3, 8) * half, y - rng.uniform(2, 6) * half)
            sheet.line((*start, *tip), 255, max(1, int(half * (0.16 if slim else 0.35))))


def beams(rng: Rng) -> Array:
    """Slanting sunlight that falls through the leaves."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along = ((x + y * 0.55) / (width * 1.6)) % 1
    strips = skyline(rng, 700, 16, 3)[(along * 699).astype(int)]
    return np.clip((strips - 0.55) * 2, 0, 1) * np.clip(1.15 - y / height, 0, 1)


def trail(rng: Rng) -> Array:
    """A path that winds from the lower edge into the distance."""
    width, height = SIZE
    start, bend = rng.uniform(0.4, 0.6), rng.uniform(-0.07, 0.07)

    def draw(sheet: Sheet, scale: float) -> None:
        left, right = [], []
        for step in np.linspace(0, 1, 30):
            y = (1.02 - 0.36 * step**0.6) * height
            half = 0.17 * width * (1 - step**0.6) ** 1.3 + 2
            middle = (start + bend * np.sin(step * 5)) * width
            left.append(((middle - half) * scale, y * scale))
            right.append(((middle + half) * scale, y * scale))
        sheet.polygon(left + right[::-1], 255)

    return silhouette(SIZE, draw, 1.5)


def fern(sheet: Sheet, rng: Rng, scale: float) -> None:
    """A tuft of fronds on a sheet 96 pixels square."""
    for frond in range(7):
        angle = np.pi * (0.12 + 0.76 * (frond + rng.uniform(0, 0.6)) / 7)
        length = rng.uniform(22, 40)
        x, y = 48.0, 74.0
        for step in range(13):
            x += np.cos(angle) * length / 13
            y -= np.sin(angle) * length / 13
            angle += (0.11 if np.cos(angle) < 0 else -0.11) * step / 7
            leaf = 8 * (1 - step / 13) + 1
            for side in (-1, 1):
                tip = (x + np.cos(angle + side * 1.1) * leaf, y - np.sin(angle + side * 1.1) * leaf)
                sheet.line((x * scale, y * scale, tip[0] * scale, tip[1] * scale), 255, int(1.7 * scale))
