"""Paintings after dark: starry skies and cities."""

from __future__ import annotations

import numpy as np
from PIL import ImageDraw

from mediakit.canvas import (
    SIZE,
    Array,
    Colour,
    below,
    blurred,
    disc,
    glow,
    gradient,
    noise,
    over,
    rgb,
    silhouette,
    skyline,
)
from mediakit.land import fir

Rng = np.random.Generator
Sheet = ImageDraw.ImageDraw


def stars(
    rng: Rng,
    *,
    sky: tuple[Colour, Colour] = ("#050a24", "#27396e"),
    milky: float = 0.9,
    tilt: float = 0.9,
    moon: float | None = None,
    meteors: int = 0,
    tent: bool = False,
    firs: int = 26,
) -> Array:
    """A night sky over dark hills; `milky` is the strength of the Milky Way, `moon` its place across."""
    width, height = SIZE
    picture = gradient(SIZE, [(0, sky[0]), (0.75, sky[1]), (1, over(rgb(sky[1]), "#6f7fb0", 0.35))])
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    band = (x - width * rng.uniform(0.4, 0.6)) * np.sin(tilt) + (y - height * 0.4) * np.cos(tilt)
    dust = noise(rng, SIZE, (9, 7), 5, 0.6)
    milk = np.exp(-((band / 85) ** 2)) * (0.35 + 0.8 * noise(rng, SIZE, (7, 5), 5, 0.62))
    lane = np.exp(-(((band + (dust - 0.5) * 70) / 26) ** 2)) * 0.75
    picture = over(picture, "#b9bdf0", np.clip(milk * milky * 0.62, 0, 0.8))
    picture = over(picture, "#f3d9c8", np.clip(milk - 0.62, 0, 1) * milky * 0.9)
    picture = over(picture, sky[0], np.clip(lane * milk, 0, 1) * milky)
    crowd = 0.9985 - 0.004 * milky * np.exp(-((band / 90) ** 2))
    faint = np.where(rng.random((height, width)) > crowd, rng.random((height, width)) ** 2, 0).astype(np.float32)
    picture = picture + (faint * 0.9)[..., None] * np.float32([1.0, 0.98, 0.94])
    for _ in range(90):
        at, size = (rng.uniform(0, width), rng.uniform(0, height * 0.8)), rng.uniform(0.5, 1.35) ** 2
        tint = ("#cfe0ff", "#fff3dc", "#ffd9b8", "#ffffff")[rng.integers(4)]
        picture = spot(picture, tint, at, size)
    if moon is not None:
        at = (moon * width, 0.2 * height)
        picture = over(picture, "#dfe6ff", glow(SIZE, at, 120, 1.1) * 0.45)
        face = over(
            np.zeros_like(picture) + rgb("#f6f1dd"), "#b8b6b0", np.clip(noise(rng, SIZE, (40, 28), 3) - 0.5, 0, 1)
        )
        picture = over(picture, face, disc(SIZE, at, 30, 1.5))
    for _ in range(meteors):
        start = (rng.uniform(0.15, 0.8), rng.uniform(0.06, 0.34))
        trace = silhouette(SIZE, lambda sheet, scale, s=start: meteor(sheet, s, scale))
        picture = over(picture, "#ffffff", trace)
    far = (0.84 - 0.12 * skyline(rng, width, 3, 6)) * height
    picture = over(picture, over(rgb(sky[0]), sky[1], 0.55), below(SIZE, far))
    near = (0.90 - 0.05 * skyline(rng, width, 3, 4)) * height
    groups = rng.uniform(0, 1, 4)

    def bank(sheet: Sheet, scale: float) -> None:
        for _ in range(firs):
            column = float(np.clip(rng.choice(groups) + rng.normal(0, 0.1), 0, 0.999))
            foot = near[int(column * width)] + 4
            fir(sheet, rng, column * width * scale, foot * scale, height * rng.uniform(0.08, 0.24) * scale)

    dark = np.maximum(silhouette(SIZE, bank), below(SIZE, near))
    picture = over(picture, rgb(sky[0]) * 0.55, dark)
    if tent:
        at = (rng.uniform(0.35, 0.65) * width, height * 0.915)
        picture = over(picture, "#ff9d3c", glow(SIZE, (at[0], at[1] - 10), 70, 1.4) * 0.55)
        picture = over(picture, "#ffb452", silhouette(SIZE, lambda sheet, scale: a_tent(sheet, at, scale), 0.6))
        picture = over(picture, "#7a3c12", silhouette(SIZE, lambda sheet, scale: tent_door(sheet, at, scale)))
    return picture


def spot(picture: Array, tint: Colour, at: tuple[float, float], size: float) -> Array:
    """A bright star with a small halo, painted in place."""
    reach = 9
    x, y = int(at[0]), int(at[1])
    rows = slice(max(0, y - reach), y + reach + 1)
    columns = slice(max(0, x - reach), x + reach + 1)
    down, across = np.mgrid[rows.start : min(rows.stop, SIZE[1]), columns.start : min(columns.stop, SIZE[0])]
    distance = np.hypot(across - at[0], down - at[1])
    light = np.clip(np.exp(-((distance / size) ** 2)) + 0.22 * np.exp(-distance / (size * 2.4)), 0, 1)
    picture[rows, columns] = over(picture[rows, columns], tint, light.astype(np.float32))
    return picture


def meteor(sheet: Sheet, start: tuple[float, float], scale: float) -> None:
    """A shooting star: a line that grows brighter to its head."""
    for step in range(60):
        x, y = (start[0] * SIZE[0] + step * 1.9) * scale, (start[1] * SIZE[1] + step * 0.85) * scale
        sheet.line((x, y, x + 2 * scale, y + 0.9 * scale), int(255 * (step / 60) ** 1.5), int(1.7 * scale))


def a_tent(sheet: Sheet, at: tuple[float, float], scale: float) -> None:
    """The lit tent."""
    x, y = at
    sheet.polygon([((x + dx) * scale, (y + dy) * scale) for dx, dy in ((-34, 8), (0, -32), (34, 8))], 255)


def tent_door(sheet: Sheet, at: tuple[float, float], scale: float) -> None:
    """Its seams and the opening."""
    x, y = at
    sheet.polygon([((x + dx) * scale, (y + dy) * scale) for dx, dy in ((-7, 8), (0, -20), (7, 8))], 190)
    sheet.line((x * scale, (y - 32) * scale, x * scale, (y + 8) * scale), 255, int(1.4 * scale))


def city(
    rng: Rng,
    *,
    sky: tuple[Colour, Colour] = ("#0d0f2b", "#5a3a7e"),
    windows: tuple[Colour, ...] = ("#ffd27a", "#ffe9b8", "#ff9d5c"),
    glowing: Colour = "#ff8a5c",
    water: bool = True,
    bridge: bool = False,
    moon: float | None = None,
    rain: bool = False,
) -> Array:
    """Towers with lit windows under a purple sky, and their lights in the river."""
    width, height = SIZE
    shore = int(0.72 * height) if water else height
    picture = gradient(SIZE, [(0, sky[0]), (0.66, sky[1]), (1, glowing)])
    picture = over(picture, glowing, glow(SIZE, (rng.uniform(0.3, 0.7) * width, 0.72 * height), 280, 1.3) * 0.5)
    picture = over(picture, sky[0], np.clip(noise(rng, SIZE, (5, 9), 5) - 0.5, 0, 1) * 0.6)
    if moon is not None:
        at = (moon * width, 0.17 * height)
        picture = over(picture, "#fff2d0", np.maximum(disc(SIZE, at, 22, 2), glow(SIZE, at, 70, 1.1) * 0.4))
    for layer, (tall, wide, dark) in enumerate(((0.40, 26, 0.45), (0.52, 36, 0.72), (0.40, 50, 0.9))):
        shade = over(rgb(sky[1]), rgb(sky[0]) * 0.6, dark)
        x = -rng.uniform(0, wide)
        while x < width:
            across = int(wide * rng.uniform(0.55, 1.3))
            high = int(height * tall * rng.uniform(0.28, 1.0) ** 1.1)
            place, lamp = (int(x), shore - high, across, shore), windows[rng.integers(len(windows))]
            tower(rng, picture, place, shade, lamp=lamp, layer=layer)
            x += across + rng.uniform(-2, wide * 0.5)
    picture = picture + blurred(np.clip(picture - 0.4, 0, 1), 6) * 1.5
    if water:
        picture = river(rng, picture, shore, sky[0])
    if bridge:
        cables = silhouette(SIZE, lambda sheet, scale: span(sheet, shore, scale))
        picture = over(picture, over(rgb(glowing), sky[0], 0.35), cables)
        for x in np.linspace(0, width, 30):
            picture = spot(picture, "#ffe2a0", (float(x), shore - 17.0), 1.5)
    if rain:
        streaks = (rng.random((height, width)) > 0.9975).astype(np.float32)
        fall = sum(np.roll(streaks, (step * 2, -step // 2), (0, 1)) * (1 - step / 9) for step in range(9))
        picture = over(picture, "#cfd8ff", np.clip(np.asarray(fall), 0, 1) * 0.28)
    return picture


def tower(
    rng: Rng, picture: Array, place: tuple[int, int, int, int], shade: Array, *, lamp: Colour, layer: int
) -> None:
    """One building, painted in place, some of its windows lit; `place` is its left, top, width and foot."""
    x, top, across, shore = place
    left, right = max(0, x), min(picture.shape[1], x + across)
    if right - left < 4:
        return
    picture[top:shore, left:right] = shade
    picture[top:shore, left : left + 2] = shade * 1.5 + 0.02
    kind = rng.random()
    if kind < 0.22:  # a mast with a red lamp
        mast = max(0, top - int(across * 0.8))
        middle = (left + right) // 2
        picture[mast:top, middle : middle + 2] = shade
        spot(picture, "#ff4a3a", (middle + 0.5, float(mast)), 1.5)
    elif kind < 0.5:  # a set-back roof
        inset = (right - left) // 4
        picture[max(0, top - inset) : top, left + inset : right - inset] = shade
    step_x, step_y, size = ((5, 6, 2), (6, 8, 3), (8, 10, 4))[layer]
    share = rng.uniform(0.22, 0.7) * (0.75 if layer == 0 else 1)
    tint = rgb(lamp)
    for row in range(top + 5, shore - 5, step_y):
        for column in range(left + 4, right - size - 2, step_x):
            if rng.random() < share:
                picture[row : row + size, column : column + size - 1] = over(shade, tint, rng.uniform(0.5, 1.0))


def river(rng: Rng, picture: Array, shore: int, dark: Colour) -> Array:
    """The lights drawn out in the water below `shore`."""
    height, width = picture.shape[:2]
    rows = height - shore
    image = picture[np.clip(shore - 1 - np.arange(rows) * 2, 0, height - 1)]
    image = np.stack([smoothed2(image[..., channel]) for channel in range(3)], axis=-1) * 1.7
    ripple = noise(rng, (width, rows), (16, 60), 3)
    shift = ((ripple - 0.5) * 18).astype(int)
    columns = np.clip(np.arange(width)[None, :] + shift, 0, width - 1)
    image = image[np.arange(rows)[:, None], columns]
    picture[shore:] = over(image, dark, 0.25 + 0.4 * np.clip(ripple * 1.4 - 0.5, 0, 1))
    picture[shore - 1 : shore + 1] = rgb(dark)
    return picture


def smoothed2(field: Array) -> Array:
    """Blurred far more down than across, as lights are on moving water."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(field, (9, 1.2)), np.float32)


def span(sheet: Sheet, shore: int, scale: float) -> None:
    """A suspension bridge in front of the town."""
    width = SIZE[0] * scale
    deck, tall = (shore - 14) * scale, 120 * scale
    sheet.rectangle((0, deck, width, deck + 6 * scale), 255)
    for tower_x in (0.2, 0.8):
        x = tower_x * width
        sheet.rectangle((x - 5 * scale, deck - tall, x + 5 * scale, deck + 34 * scale), 255)
    for x in np.arange(0, width, 9 * scale):
        place = x / width
        if place < 0.2:
            sag = (place / 0.2) ** 1.6
        elif place > 0.8:
            sag = ((1 - place) / 0.2) ** 1.6
        else:
            sag = ((place - 0.5) / 0.3) ** 2 * 0.94 + 0.06
        top = deck - tall * sag
        sheet.line((x, top, x, deck), 150, int(1 * scale))
        sheet.ellipse((x - 1.5 * scale, top - 1.5 * scale, x + 1.5 * scale, top + 1.5 * scale), 255)
