"""Picture files opened with Pillow, and its complaints as sentences. The one place that opens them."""

from __future__ import annotations

import importlib
import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from readers.hash import unreadable
from readers.raw import RAW, raw_preview
from readers.svg import draw, read_svg
from schemas import ReadError, ReadOptions

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
    "image/jp2": ("JPEG2000", "PIL.Jpeg2KImagePlugin"),
    "image/vnd.adobe.photoshop": ("PSD", "PIL.PsdImagePlugin"),
    "image/x-portable-anymap": ("PPM", "PIL.PpmImagePlugin"),
    "image/heic": ("HEIF", "pillow_heif"),
}
_RAW = frozenset(RAW.values())
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


def open_picture(path: Path, mime: str, options: ReadOptions) -> Image.Image:
    """The picture at `path`, not decoded yet: of a camera raw file its preview, of a drawing what it draws.

    Raises:
        ReadError: It claims more than `options.max_pixels`, or is a raw file or a drawing that cannot be read.
    """
    if mime == "image/svg+xml":
        return draw(read_svg(path, options), options.image_side)
    image = raw_preview(path) if mime in _RAW else Image.open(path, formats=(_format(mime),))
    check_pixels(image, options)
    return image


def check_pixels(image: Image.Image, options: ReadOptions) -> None:
    """Refuse a picture, or a page, before it is decoded.

    Raises:
        ReadError: It claims more than `options.max_pixels`.
    """
    width, height = image.size
    if width * height > options.max_pixels:
        image.close()
        raise ReadError(f"The picture claims {width} × {height} pixels, more than the {options.max_pixels:,} allowed.")


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
        raise ReadError("The picture is damaged, or coded in a way that cannot be read here.") from error
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
