"""Pictures: RGB pixels of the size that encoders look at, and the words in their metadata."""

from __future__ import annotations

import importlib
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from readers.hash import unreadable
from readers.metadata import BROKEN_METADATA, picture_words
from readers.sniff import MediaType
from readers.words import FileWords
from schemas import FoundFile, ReadError, Reading, ReadOptions, Segment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

# Pillow's own limit is one for the whole process; ours comes with each call: `ReadOptions.max_pixels`.
Image.MAX_IMAGE_PIXELS = None
# Remarks on damaged metadata: what cannot be read is told in `Reading.info`, or ends in a ReadError.
warnings.filterwarnings("ignore", module=r"PIL\.")
logging.getLogger("PIL").setLevel(logging.CRITICAL)

_PLUGINS = {
    "image/jpeg": ("JPEG", "PIL.JpegImagePlugin"),
    "image/png": ("PNG", "PIL.PngImagePlugin"),
    "image/webp": ("WEBP", "PIL.WebPImagePlugin"),
    "image/avif": ("AVIF", "PIL.AvifImagePlugin"),
    "image/gif": ("GIF", "PIL.GifImagePlugin"),
    "image/tiff": ("TIFF", "PIL.TiffImagePlugin"),
    "image/bmp": ("BMP", "PIL.BmpImagePlugin"),
    "image/heic": ("HEIF", "pillow_heif"),
}
_ANIMATED = frozenset(("image/gif", "image/png", "image/webp", "image/avif", "image/tiff"))
_MORE_FRAMES = 2  # of an animation or a scan of several pages, beside the first
_LAST_FRAME = 60  # frames are decoded one after the other: those beyond are not looked for
_DAMAGE = (  # what Pillow and its plugins raise on damaged files, beside OSError
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
)
_WIDE = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")  # more than 8 bits a pixel


def read_picture(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Decode a picture: one segment with its pixels.

    Raises:
        ReadError: It is damaged, or claims more than `options.max_pixels`.
    """
    with picture_errors(), open_picture(path, media.mime, options) as image:
        width, height = image.size
        said = picture_words(image)
        frames = tuple(_frames(image, media.mime, options.image_side))
    shown_height, shown_width = frames[0].shape[:2]
    if (width - height) * (shown_width - shown_height) < 0:  # it was turned
        width, height = height, width
    info: dict[str, Any] = {"width": width, "height": height}
    info |= said.info
    words = FileWords(path, found, options)
    words.complete(info, said.tags)
    if said.broken:
        info["broken_metadata"] = said.broken
    spoken = " ".join(cue.text for cue in words.sidecar.cues)
    segment = Segment(0, words.kinds(embedded=said.embedded, subtitle=spoken), frames)
    return Reading(media.modality, media.mime, iter((segment,)), info)


def open_picture(path: Path, mime: str, options: ReadOptions) -> ImageFile.ImageFile:
    """The picture at `path`, not decoded yet.

    Raises:
        ReadError: It claims more than `options.max_pixels`.
    """
    image = Image.open(path, formats=(_format(mime),))
    if image.width * image.height > options.max_pixels:
        image.close()
        raise ReadError(
            f"The picture claims {image.width} × {image.height} pixels, more than the {options.max_pixels:,} allowed."
        )
    return image


@cache
def _format(mime: str) -> str:
    """Pillow's name of a format, whose plugin is loaded with the first file of its kind."""
    name, module = _PLUGINS[mime]
    plugin = importlib.import_module(module)
    if module == "pillow_heif":
        plugin.register_heif_opener(thumbnails=False)
    return name


@contextmanager
def picture_errors() -> Iterator[None]:
    """Turn every exception of Pillow and its plugins inside into a ReadError of one sentence."""
    try:
        yield
    except ReadError:
        raise
    except UnidentifiedImageError as error:
        raise ReadError("The picture is damaged: its header is not valid.") from error
    except OSError as error:
        if error.errno:
            raise unreadable(error) from error
        cut = "truncated" in str(error)
        what = "is cut off: its end is missing" if cut else "is damaged: its pixels cannot be decoded"
        raise ReadError(f"The picture {what}.") from error
    except EOFError as error:
        raise ReadError("The picture is cut off: its end is missing.") from error
    except MemoryError as error:
        raise ReadError("The picture claims more memory than there is: it is damaged, or made to do harm.") from error
    except _DAMAGE as error:
        raise ReadError("The picture is damaged: its pixels cannot be decoded.") from error


def _frames(image: Image.Image, mime: str, side: int) -> Iterator[Pixels]:
    count = min(getattr(image, "n_frames", 1), _LAST_FRAME) if mime in _ANIMATED else 1
    parts = min(count, _MORE_FRAMES + 1)
    for part in range(parts):
        if part:
            image.seek(part * count // parts)
        yield np.array(to_rgb(image, side, keep=parts > 1))


def to_rgb(image: Image.Image, side: int, *, keep: bool = False) -> Image.Image:
    """An opened picture as RGB, upright, longest side at most `side`; `keep` leaves `image` as it is.

    The order matters: JPEG decodes at an eighth, a quarter or half of the size (`draft`), everything is made small
    before it is turned, and what is transparent shows white.
    """
    if image.format in ("JPEG", "MPO"):
        scale = side / max(image.size)
        image.draft("RGB", (round(image.width * scale), round(image.height * scale)))
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
    if image.mode == "RGB":
        return image
    if _is_transparent(image):
        layer = image.convert("RGBA")
        image = Image.new("RGB", layer.size, "white")
        image.paste(layer, mask=layer)
        return image
    return image.convert("RGB")


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
