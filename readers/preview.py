"""Small pictures that show a person what a file holds."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from readers.sniff import sniff
from schemas import Modality, ReadError, ReadOptions

if TYPE_CHECKING:
    from PIL.Image import Image

_QUALITY = 80
_BARS = 120
_INK, _PAPER = (60, 90, 160), (250, 250, 250)
_PREVIEWED = 60.0  # seconds of a recording that are drawn, at most


def preview(
    path: Path,
    modality: Modality,
    start: float | None = None,
    end: float | None = None,
    side: int = 240,
    *,
    page: int | None = None,
) -> bytes | None:
    """A small JPEG: the picture, the frame in the middle of a scene, the shape of a sound, the page of a PDF.

    None for any other text.

    Args:
        path: The file.
        modality: What the file is.
        start: Where the segment begins, in seconds; None for the beginning.
        end: Where it ends; None for the end.
        side: Longest side in pixels.
        page: Which page of a scan or a document, from 1.

    Raises:
        ReadError: The file cannot be read.
    """
    if modality is Modality.IMAGE:
        image = _picture(path, side, page or 1)
    elif modality is Modality.VIDEO:
        image = _frame(path, start or 0.0, end, side)
    elif modality is Modality.AUDIO:
        image = _wave(path, start or 0.0, end, side)
    elif page is not None and sniff(path).mime == "application/pdf":
        image = _page(path, side, page)
    else:
        return None
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def _picture(path: Path, side: int, page: int) -> Image:
    from readers.image import pages_of
    from readers.picture import check_pixels, open_picture, picture_errors
    from readers.pixels import to_rgb

    options = ReadOptions(image_side=side)
    media = sniff(path)
    if media.modality is not Modality.IMAGE:
        raise ReadError("The file is no picture any more.")
    with picture_errors(), open_picture(path, media.mime, options) as image:
        if page > 1 and media.mime == "image/tiff":
            pages = pages_of(image, options)
            image.seek(pages[min(page, len(pages)) - 1])
            check_pixels(image, options)
        return to_rgb(image, side, keep=True)


def _page(path: Path, side: int, page: int) -> Image:
    from PIL.Image import fromarray

    from readers.pdf import Pdf

    document = Pdf(path, ReadOptions())
    try:
        return fromarray(document.picture(page, side))
    finally:
        document.close()


def _frame(path: Path, start: float, end: float | None, side: int) -> Image:
    """The frame in the middle, or the key frame before it where none can be decoded there."""
    from PIL.Image import fromarray

    from readers.container import av_errors, film_stream, open_container
    from readers.film import pixels_of

    with open_container(path, sniff(path).mime) as container, av_errors():
        stream = film_stream(container)
        if stream is None:
            raise ReadError("The film holds no pictures that can be decoded.")
        begin = (container.start_time or 0) / 1_000_000
        middle = begin + (start + (end if end is not None else start)) / 2
        container.seek(round(max(middle, 0.0) * 1_000_000))
        chosen = None
        for frame in container.decode(stream):
            if chosen is not None and frame.time is not None and frame.time > middle:
                break
            chosen = frame
        if chosen is None:
            raise ReadError("The film holds no pictures that can be decoded.")
        return fromarray(pixels_of(chosen, stream, side))


def _wave(path: Path, start: float, end: float | None, side: int) -> Image:
    import numpy as np
    from PIL import Image, ImageDraw

    from readers.container import av_errors, open_container, sound_stream
    from readers.sound import SoundTrack

    options = ReadOptions(sample_rate=8000)
    with open_container(path, sniff(path).mime) as container, av_errors():
        stream = sound_stream(container)
        if stream is None:
            raise ReadError("The file holds no sound that can be decoded.")
        if start > 1:
            container.seek(round(((container.start_time or 0) / 1_000_000 + start) * 1_000_000))
        track = SoundTrack(container, stream, options, start + _PREVIEWED)
        sound = track.between(start, min(end if end is not None else start + _PREVIEWED, start + _PREVIEWED))
    image = Image.new("RGB", (side, side // 2), _PAPER)
    if sound is None:
        return image
    pen = ImageDraw.Draw(image)
    parts = np.array_split(np.abs(sound), _BARS)
    loudest = float(np.abs(sound).max())
    for at, part in enumerate(parts):
        if part.size:
            height = max(1, round(float(part.max()) / loudest * (side // 2 - 4) / 2))
            x = at * side / _BARS
            width = max(side / _BARS - 1, 0)  # a small picture has less than a pixel for each bar
            pen.rectangle((x, side // 4 - height, x + width, side // 4 + height), fill=_INK)
    return image
