"""Pixels of any kind as RGB, upright, in the colours that they mean, of the size that encoders look at."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from readers.colour import to_srgb
from readers.metadata import BROKEN_METADATA

_WIDE = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # more than 8 bits a pixel
_HEAD = 65_536  # bytes in which JPEG 2000 tells how it is coded


def to_rgb(image: Image.Image, side: int, *, keep: bool = False) -> Image.Image:
    """An opened picture as RGB, upright, longest side at most `side`; `keep` leaves `image` as it is.

    The order matters: JPEG decodes at an eighth, a quarter or half of the size (`draft`), everything is made small
    before it is turned, and what is transparent shows white.
    """
    shrink_on_load(image, side)
    if keep:
        image = image.copy()
    if image.mode in _WIDE:
        image = _to_8_bits(image)
    elif image.mode in ("P", "PA", "1"):  # neither can be made small well
        image = image.convert("L" if image.mode == "1" else "RGBA" if _is_transparent(image) else "RGB")
    image.thumbnail((side, side))
    if "exif" in image.info:
        with suppress(*BROKEN_METADATA):  # the picture is shown as it lies; `picture_words` tells of the damage
            ImageOps.exif_transpose(image, in_place=True)
    if "icc_profile" in image.info:
        image = to_srgb(image)
    if image.mode == "RGB":
        return image
    if _is_transparent(image):
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer)
        return image
    return image.convert("RGB")


def shrink_on_load(image: Image.Image, side: int) -> None:
    """Let the decoder leave out detail that `side` pixels cannot show, where its format can."""
    scale = side / max(image.size)
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
    elif image.format == "JPEG2000" and scale < 1:
        image.reduce = min(int(np.log2(1 / scale)), _levels(image))  # type: ignore[method-assign, assignment]  # as Pillow means it
        image.load()  # which changes its size


def _levels(image: Image.Image) -> int:
    """How often JPEG 2000 can halve a picture: what its coding style (COD) says."""
    file: BinaryIO = image.fp  # type: ignore[attr-defined]  # a picture that is not decoded yet has one
    at = file.tell()
    file.seek(0)
    head = file.read(_HEAD)
    file.seek(at)
    style = head.find(b"\xff\x52\0")
    return head[style + 9] if 0 <= style < len(head) - 9 else 0


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Brightness scaled to what 8 bits can show: 16-bit values by their range, all others by what occurs."""
    values = np.array(image, dtype=np.float64)  # wide enough for the difference of any two values
    values[~np.isfinite(values)] = 0.0
    low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(values.min()), float(values.max()))
    scaled = (values - low) * (255.0 / (high - low)) if high > low else np.zeros_like(values)
    small = Image.fromarray(scaled.astype(np.uint8))
    if "exif" in image.info:
        small.info["exif"] = image.info["exif"]
    return small
