"""Paintings of small things: fruit on a table, printed signs, a page of text, a volcano for a lecture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mediakit.canvas import (
    SIZE,
    Array,
    Colour,
    below,
    glow,
    gradient,
    noise,
    over,
    rgb,
    silhouette,
    smoothed,
    to_image,
)

Rng = np.random.Generator
Fruit = tuple[Colour, float]


def still_life(
    rng: Rng,
    fruit: tuple[Fruit, ...] = (("#f08a24", 62), ("#f29a2e", 58), ("#e9791c", 60)),
    table: Colour = "#6b4226",
    wall: Colour = "#2e3a3a",
    bowl: Colour | None = None,
) -> Array:
    """Round fruit (colour and radius in pixels) on a wooden table, lit from the left."""
    width, height = SIZE
    back = int(0.56 * height)
    picture = over(gradient(SIZE, [(0, rgb(wall) * 0.7), (1, wall)]), "#fff2d6", glow(SIZE, (90, 60), 420) * 0.25)
    picture = over(picture, rgb(wall) * 0.7, noise(rng, SIZE, (9, 7), 4) * 0.25)
    grain = noise(rng, (width, 512), (3, 120), 4, 0.6)
    rows = (512 * np.linspace(0, 1, height - back) ** 0.7).astype(int).clip(0, 511)
    wood = over(np.zeros((height - back, width, 3), np.float32) + rgb(table), rgb(table) * 1.6, grain[rows] * 0.6)
    picture[back:] = wood * np.linspace(0.75, 1.1, height - back)[:, None, None]
    count = len(fruit)
    across = np.linspace(
        0.5 - (0.072 if bowl else 0.1) * (count - 1), 0.5 + (0.072 if bowl else 0.1) * (count - 1), count
    ) + rng.normal(0, 0.012, count)
    order = rng.permutation(count)
    places = [
        (fruit[i][0], (across[i] * width, (0.74 + rng.uniform(-0.035, 0.06)) * height - fruit[i][1] * 0.3), fruit[i][1])
        for i in order
    ]
    if bowl is not None:
        places = [(paint, (x, y - 62), size) for paint, (x, y), size in places]
    for paint, at, size in sorted(places, key=lambda place: place[1][1]):
        if bowl is None:
            picture = over(picture, rgb(table) * 0.22, shadow(at, size) * 0.8)
        picture = sphere(rng, picture, paint, at, size)
    if bowl is not None:
        picture = dish(picture, bowl, table)
    return picture


def shadow(at: tuple[float, float], size: float) -> Array:
    """The flat shadow of a ball on the table."""
    y, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]].astype(np.float32)
    distance = np.hypot((x - at[0] - size * 0.5) / (size * 1.15), (y - at[1] - size * 0.88) / (size * 0.3))
    return np.clip((1 - distance) * 2, 0, 1)


def sphere(rng: Rng, picture: Array, paint: Colour, at: tuple[float, float], size: float) -> Array:
    """A ball with light from the upper left, a shine, a dimpled skin and a stalk."""
    reach = int(size) + 2
    left, top = int(at[0]) - reach, int(at[1]) - reach
    square = (2 * reach, 2 * reach)
    y, x = np.mgrid[top : top + 2 * reach, left : left + 2 * reach].astype(np.float32)
    u, v = (x - at[0]) / size, (y - at[1]) / (size * 0.95)
    inside = np.clip((1 - np.hypot(u, v)) * size + 0.5, 0, 1)
    w = np.sqrt(np.clip(1 - u**2 - v**2, 0, 1))
    skin = (noise(rng, square, (22, 22), 2) - 0.5) * 0.10
    light = np.clip((-0.55 * u - 0.6 * v + 0.58 * w) + skin, 0, 1)
    bounce = np.clip(0.5 * u + 0.5 * v - 0.2, 0, 1) * 0.22
    base = over(np.zeros((*u.shape, 3), np.float32) + rgb(paint), rgb(paint) * np.float32([0.9, 1.15, 0.8]),
                noise(rng, square, (2, 2), 3) * 0.45)  # fmt: skip
    shaded = base * (0.16 + 1.0 * light + bounce)[..., None]
    shine = np.exp(-(((u + 0.38) ** 2 + (v + 0.42) ** 2) / 0.022)) * 0.55
    shaded = over(shaded, "#ffffff", shine.astype(np.float32))
    shaded = over(shaded, "#3b2a14", np.exp(-((u / 0.09) ** 2 + ((v + 0.86) / 0.07) ** 2)).astype(np.float32) * 0.9)
    here = (slice(top, top + 2 * reach), slice(left, left + 2 * reach))
    picture[here] = over(picture[here], shaded, inside)
    return picture


def dish(picture: Array, paint: Colour, table: Colour) -> Array:
    """A bowl in front of the fruit."""
    width, height = SIZE
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    u, v = (x - width / 2) / (0.36 * width), (y - 0.63 * height) / (0.30 * height)
    cup = np.clip((1 - (u**2 + np.clip(v, 0, 2) ** 2)) * 60, 0, 1) * (v > -0.02)
    rim = np.clip((0.03 - np.abs(np.hypot(u, v * 9) - 1)) * 40, 0, 1) * (v > -0.02)
    picture = over(picture, rgb(table) * 0.25, np.clip(1.3 - np.hypot(u * 0.9 - 0.12, (v - 0.96) * 5), 0, 1) * 0.7)
    light = np.clip(0.85 - 0.55 * (u + 0.35) ** 2 - 0.35 * v, 0.15, 1)[..., None]
    stripe = ((v > 0.18) & (v < 0.26)) | ((v > 0.32) & (v < 0.35))
    clay = over(np.zeros_like(picture) + rgb(paint), "#ffffff", stripe.astype(np.float32) * 0.75) * light
    return over(over(picture, clay, cup), "#ffffff", rim * 0.35)


def sign(rng: Rng, shape: str = "arrow", ground: Colour = "#1f5fae", mark: Colour = "#ffffff") -> Array:
    """A printed sign on a plain wall: an arrow, a triangle, rings or a chequered square."""
    width, height = SIZE
    scale = 2
    picture = over(gradient(SIZE, [(0, "#d9d6cf"), (1, "#bdb8ae")]), "#8f897d", noise(rng, SIZE, (60, 40), 3) * 0.25)
    sheet = to_image(np.asarray(Image.fromarray((picture * 255).clip(0, 255).astype(np.uint8)), np.float32) / 255)
    sheet = sheet.resize((width * scale, height * scale))
    draw = ImageDraw.Draw(sheet)
    back, front = (tuple(int(v * 255) for v in rgb(colour)) for colour in (ground, mark))
    cx, cy, r = width * scale / 2, height * scale / 2, 0.4 * height * scale

    def circle(part: float, fill: tuple[int, ...]) -> None:
        draw.ellipse((cx - r * part, cy - r * part, cx + r * part, cy + r * part), fill=fill)

    if shape == "triangle":
        for part, fill in ((1.12, back), (0.88, front)):
            corners = [(cx + r * part * np.sin(a), cy + r * 0.18 - r * part * np.cos(a)) for a in (0, 2.094, 4.189)]
            draw.polygon(corners, fill=fill)
        draw.rounded_rectangle(
            (cx - 0.07 * r, cy - 0.38 * r, cx + 0.07 * r, cy + 0.22 * r), 0.07 * r, fill=(25, 25, 25)
        )
        draw.ellipse((cx - 0.08 * r, cy + 0.32 * r, cx + 0.08 * r, cy + 0.48 * r), fill=(25, 25, 25))
    elif shape == "rings":
        for number in range(5):
            circle(1 - number * 0.2, back if number % 2 == 0 else front)
    elif shape == "chequers":
        for row in range(6):
            for column in range(6):
                box = (
                    cx - r + column * r / 3,
                    cy - r + row * r / 3,
                    cx - r + (column + 1) * r / 3,
                    cy - r + (row + 1) * r / 3,
                )
                draw.rectangle(box, fill=back if (row + column) % 2 else front)
    else:
        circle(1, back)
        head = [(0.62, 0), (0.05, -0.5), (0.05, -0.19), (-0.6, -0.19), (-0.6, 0.19), (0.05, 0.19), (0.05, 0.5)]
        draw.polygon([(cx + r * x, cy + r * y) for x, y in head], fill=front)
    flat = sheet.resize(SIZE, Image.Resampling.BOX)
    return np.asarray(flat, np.float32) / 255


def printed(
    rng: Rng, *, title: str, lines: tuple[str, ...], paper: Colour = "#f4efe2", ink: str = "#26221c", tilt: float = 0.8
) -> Array:
    """A photographed page: a title and lines of text, a little askew, lit from one side."""
    width, height = SIZE
    scale = 2
    colour = tuple(int(v * 255) for v in rgb(paper))
    sheet = Image.new("RGB", (width * scale, height * scale), colour)
    draw = ImageDraw.Draw(sheet)
    draw.text((width * scale / 2, 90), title, fill=ink, font=ImageFont.load_default(68), anchor="ma")
    draw.line((width * scale * 0.3, 196, width * scale * 0.7, 196), fill=ink, width=3)
    for number, line in enumerate(lines):
        draw.text((width * scale / 2, 240 + number * 66), line, fill=ink, font=ImageFont.load_default(40), anchor="ma")
    sheet = sheet.rotate(tilt, Image.Resampling.BICUBIC, fillcolor=colour).resize(SIZE, Image.Resampling.LANCZOS)
    picture = np.asarray(sheet.filter(ImageFilter.GaussianBlur(0.4)), np.float32) / 255
    light = 0.78 + 0.28 * np.linspace(1, 0, width)[None, :] * np.linspace(1, 0.7, height)[:, None]
    fibre = 0.97 + 0.05 * noise(rng, SIZE, (200, 140), 2)
    return picture * (light * fibre)[..., None].astype(np.float32)


def volcano(rng: Rng, inside: bool = False, eruption: float = 1.0, night: bool = True) -> Array:
    """A volcano: in eruption, or cut open (`inside`) to show its chamber of magma and its vent."""
    width, height = SIZE
    stops = (
        [(0, "#120a1e"), (0.6, "#5a1f2e"), (1, "#a8402a")]
        if night
        else [(0, "#7fb2dd"), (0.7, "#dfeaf0"), (1, "#dfeaf0")]
    )
    picture = gradient(SIZE, stops)
    x = np.arange(width, dtype=np.float32)
    crater, ground = 0.34 * height, 0.74 * height
    slope = crater + (ground - crater) * np.clip(np.abs(x - width / 2) - 26, 0, None) ** 0.8 / (width * 0.46) ** 0.8
    rough = (noise(rng, (width, 2), (60, 1), 4)[0] - 0.5) * 11
    flank = np.minimum(slope + rough, ground + rough * 0.4)
    top = (width / 2, crater)
    if eruption:
        plume = noise(rng, SIZE, (8, 7), 6, 0.6)
        y = np.arange(height, dtype=np.float32)[:, None]
        spread = 22 + 0.85 * np.clip(crater - y, 0, None)
        column = np.exp(-(((x[None, :] - top[0] - 0.25 * np.clip(crater - y, 0, None)) / spread) ** 2)) * (
            y < crater + 8
        )
        smoke = over(np.zeros_like(picture) + rgb("#2a2229" if night else "#6d6870"), "#8f7a78", plume * 0.8)
        picture = over(picture, smoke, np.clip(column * (0.4 + plume) * 1.6 * eruption, 0, 0.97))
        picture = over(picture, "#ff7a2a", glow(SIZE, top, 120, 1.2) * 0.8 * eruption)
        for tint in ("#ff5a1c", "#ffb03a", "#fff0a8"):
            sparks = silhouette(SIZE, lambda sheet, scale: lava_bombs(sheet, rng, top, int(45 * eruption), scale))
            picture = over(picture, tint, sparks)
    rock = over(np.zeros_like(picture) + rgb("#2b2226"), "#57433f", noise(rng, SIZE, (30, 24), 5))
    picture = over(picture, rock if night else rock * 1.35, below(SIZE, flank))
    if inside:
        y = np.arange(height, dtype=np.float32)[:, None]
        strata = over(
            np.zeros_like(picture) + rgb("#6e4a35"), "#a5764f", ((y / 19 + rough[None, :] * 0.05) % 2 > 1) * 0.8
        )
        picture = over(picture, strata, below(SIZE, np.maximum(flank + 7, np.full_like(flank, crater + 12))))
        vent = (
            np.clip(9 + rough[None, :] * 0 - np.abs(x[None, :] - width / 2 - 5 * np.sin(y / 30)), 0, 1)
            * (y > crater)
            * (y < 0.9 * height)
        )
        chamber = np.clip((1 - np.hypot((x[None, :] - width / 2) / 175, (y - 0.88 * height) / 62)) * 40, 0, 1)
        magma = over(np.zeros_like(picture) + rgb("#e2381a"), "#ffc23d", noise(rng, SIZE, (14, 12), 4))
        picture = over(picture, magma, np.maximum(vent, chamber).astype(np.float32))
    elif eruption:
        for lean in (-0.34, 0.05, 0.4):
            y = np.arange(height, dtype=np.float32)[:, None]
            fall = np.clip(y - crater, 0, None)
            stream = np.abs(x[None, :] - top[0] - lean * fall - 9 * np.sin(fall / 23 + lean * 9)) - 2.5 - fall * 0.014
            mask = np.clip(1 - stream, 0, 1) * (y > crater) * (y < crater + (0.5 + abs(lean)) * 190)
            picture = over(picture, "#ff9a2e", mask)
            picture = over(picture, "#ff5a1c", smoothed(mask.astype(np.float32), 6) * 0.6)
    return picture


def lava_bombs(sheet: ImageDraw.ImageDraw, rng: Rng, top: tuple[float, float], count: int, scale: float) -> None:
    """Glowing lumps thrown up from the crater."""
    for _ in range(count):
        angle, far, r = rng.normal(0, 0.42), rng.uniform(0.1, 1) ** 1.4 * 150, rng.uniform(0.8, 2.2)
        x, y = top[0] + np.sin(angle) * far, top[1] - np.cos(angle) * far + far**2 / 420
        sheet.ellipse([v * scale for v in (x - r, y - r, x + r, y + r)], 255)
