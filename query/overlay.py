"""A map over the picture that it belongs to, as PNG."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

WARM, COLD = (255, 64, 0), (40, 90, 255)
SMALLEST = 480  # pixels of the longer side: a map over a stamp shows nothing
STRONGEST = 0.65  # how much of the picture the strongest part hides
WAVE = (640, 120)  # pixels of a sound's picture


def over_picture(picture: NDArray[np.uint8], map_: NDArray[np.float64]) -> bytes:
    """A PNG of the picture: warm where it gives to the score, blue where it takes from it, grey where neither."""
    from PIL import Image

    scale = max(1.0, SMALLEST / max(picture.shape[:2]))
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    picture = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
    strongest = float(np.abs(map_).max()) or 1.0
    spread = Image.fromarray((map_ / strongest).astype(np.float32), mode="F").resize(size, Image.Resampling.BICUBIC)
    heat = np.clip(np.asarray(spread), -1, 1)[..., None]
    grey = np.asarray(Image.fromarray(picture).convert("L"), np.float64)[..., None].repeat(3, axis=2)
    # What matters keeps its own colours, what does not fades; the tint says which way it matters.
    base = grey + (picture - grey) * np.abs(heat)
    tint = np.where(heat > 0, np.array(WARM, np.float64), np.array(COLD, np.float64))
    strength = STRONGEST * np.abs(heat) * (1 - np.exp(-3 * np.abs(heat)))
    return _png((base * (1 - strength) + tint * strength).astype(np.uint8))


def over_sound(sound: NDArray[np.float32], map_: NDArray[np.float64]) -> bytes:
    """A PNG of a sound's shape, each stretch in the colour of what it gives."""
    width, height = WAVE
    bins = np.array_split(np.abs(sound), width)
    loud = np.array([float(part.max()) if part.size else 0.0 for part in bins])
    loud = loud / (loud.max() or 1.0)
    strongest = float(np.abs(map_).max()) or 1.0
    picture = np.full((height, width, 3), 255, np.uint8)
    for x in range(width):
        value = float(map_[0, min(x * map_.shape[1] // width, map_.shape[1] - 1)]) / strongest
        colour = np.array(WARM if value > 0 else COLD) * abs(value) + np.array((170, 170, 170)) * (1 - abs(value))
        half = max(1, int(loud[x] * (height / 2 - 2)))
        picture[height // 2 - half : height // 2 + half, x] = colour.astype(np.uint8)
    return _png(picture)


def _png(picture: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
