"""A canvas of floats and the few strokes that all paintings share: gradients, noise, glows, silhouettes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFilter

Array = NDArray[np.float32]
Colour = str | tuple[float, float, float] | Array

SIZE = (600, 400)
"""Width and height of a painting, pixels."""


def rgb(colour: Colour) -> Array:
    """A colour as three floats in [0, 1]; a string is spelled as in CSS."""
    if isinstance(colour, str):
        return np.array(ImageColor.getrgb(colour)[:3], np.float32) / 255
    return np.asarray(colour, np.float32)


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, Colour]]) -> Array:
    """A vertical gradient (height, width, 3) through `stops`, each a place from 0 (top) to 1 and a colour."""
    width, height = size
    places = [place for place, _ in stops]
    colours = np.stack([rgb(colour) for _, colour in stops])
    at = np.linspace(0, 1, height, dtype=np.float32)
    column = np.stack([np.interp(at, places, colours[:, channel]) for channel in range(3)], axis=-1)
    return np.repeat(column[:, None, :], width, axis=1).astype(np.float32)


def resized(field: Array, size: tuple[int, int]) -> Array:
    """A field of one channel, stretched smoothly to `size` (width, height)."""
    return np.asarray(Image.fromarray(field.astype(np.float32), "F").resize(size, Image.Resampling.BICUBIC))


def noise(
    rng: np.random.Generator, size: tuple[int, int], cells: tuple[float, float], octaves: int = 5, gain: float = 0.5
) -> Array:
    """Fractal noise in [0, 1]: `cells` bumps across and down, each octave twice as fine and `gain` times as strong."""
    width, height = size
    total = np.zeros((height, width), np.float32)
    strength = 1.0
    for octave in range(octaves):
        across, down = (min(max(2, round(cell * 2**octave)), limit) for cell, limit in zip(cells, size, strict=True))
        total += strength * resized(rng.random((down + 1, across + 1), np.float32) - 0.5, size)
        strength *= gain
    low, high = np.percentile(total[::3, ::3], (1, 99))
    return np.clip((total - low) / (high - low), 0, 1).astype(np.float32)


def over(canvas: Array, paint: Colour, mask: Array | float) -> Array:
    """`canvas` with `paint` (a colour, or an array of its shape) laid over it, as thick as `mask` in [0, 1]."""
    colour = rgb(paint)
    if not isinstance(mask, np.ndarray):
        return canvas + (colour - canvas) * np.float32(mask)
    if canvas.ndim == 1:
        return canvas + (colour - canvas) * mask[..., None]
    # Most masks are small: only the rows and columns that they touch are painted.
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    painted = canvas.copy()
    if rows.size:
        box = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        part = painted[box]
        part += ((colour[box] if colour.ndim > 1 else colour) - part) * mask[box][..., None]
    return painted


def glow(size: tuple[int, int], centre: tuple[float, float], radius: float, power: float = 2.0) -> Array:
    """Light around `centre` (pixels): 1 in the middle, falling off over `radius` pixels."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    distance = np.hypot(x - centre[0], y - centre[1]) / radius
    return np.exp(-(distance**power)).astype(np.float32)


def disc(size: tuple[int, int], centre: tuple[float, float], radius: float, soft: float = 1.0) -> Array:
    """A disc of 1 in 0, its edge `soft` pixels wide."""
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    return np.clip((radius - np.hypot(x - centre[0], y - centre[1])) / soft + 0.5, 0, 1).astype(np.float32)


def silhouette(size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw, float], None], blur: float = 0.0) -> Array:
    """What `draw` fills with 255 as a smooth mask; it draws at a larger scale, the factor of which it is given."""
    scale = 2
    sheet = Image.new("L", (size[0] * scale, size[1] * scale))
    draw(ImageDraw.Draw(sheet), scale)
    sheet = sheet.resize(size, Image.Resampling.BOX)
    if blur:
        sheet = sheet.filter(ImageFilter.GaussianBlur(blur))
    return np.asarray(sheet, np.float32) / 255


def edge(mask: Array, down: int, across: int) -> Array:
    """The rim of `mask` that faces up and left, `down` and `across` pixels wide, where light falls."""
    moved = np.zeros_like(mask)
    moved[down:, across:] = mask[: mask.shape[0] - down, : mask.shape[1] - across]
    return np.clip(mask - moved, 0, 1)


def blurred(canvas: Array, radius: float) -> Array:
    """The canvas out of focus by `radius` pixels."""
    return np.asarray(to_image(canvas).filter(ImageFilter.GaussianBlur(radius)), np.float32) / 255


def smoothed(field: Array, radius: float) -> Array:
    """A field of one channel without its details finer than `radius` cells."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(field, radius), np.float32)


def skyline(rng: np.random.Generator, width: int, bumps: float, octaves: int = 6, gain: float = 0.5) -> Array:
    """A rough line (width,) in [0, 1], such as the rim of hills."""
    line = np.zeros(width, np.float64)
    at = np.linspace(0, 1, width)
    for octave in range(octaves):
        knots = max(2, round(bumps * 2**octave)) + 1
        if knots > width:
            break
        line += gain**octave * np.interp(at, np.linspace(0, 1, knots), rng.random(knots) - 0.5)
    return ((line - line.min()) / (np.ptp(line) or 1)).astype(np.float32)


def below(size: tuple[int, int], line: Array) -> Array:
    """The mask of what lies under `line` (width,), given in pixels from the top, with a smooth edge."""
    rows = np.arange(size[1], dtype=np.float32)[:, None]
    return np.clip(rows - line[None, :] + 0.5, 0, 1).astype(np.float32)


def clouds(rng: np.random.Generator, size: tuple[int, int], cover: float, stretch: float = 3.0) -> Array:
    """Clouds as a mask: `cover` of the sky from 0 to 1, `stretch` times as wide as high, flatter to the horizon."""
    field = noise(rng, (size[0], size[1] * 2), (3, 3 * stretch), 7, 0.55)
    rows = np.linspace(0, 1, size[1]) ** 0.6 * (size[1] * 2 - 1)  # the higher the nearer, so the taller
    field = field[rows.astype(int)]
    edge = np.quantile(field, 1 - cover)
    return np.clip((field - edge) / 0.28, 0, 1).astype(np.float32)


def finish(canvas: Array, rng: np.random.Generator, grain: float = 0.012, vignette: float = 0.18) -> Image.Image:
    """The canvas as a picture, with a little grain and darker corners, as a camera would give it."""
    height, width = canvas.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    shade = 1 - vignette * np.clip((x**2 + y**2) / 2, 0, 1) ** 1.5
    speckle = rng.standard_normal((height, width, 1), np.float32) * grain
    return to_image(canvas * shade[..., None].astype(np.float32) + speckle)


def to_image(canvas: Array) -> Image.Image:
    """Floats in [0, 1] as an RGB picture."""
    return Image.fromarray((np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8), "RGB")
