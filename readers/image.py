"""Pictures: RGB pixels of the size that encoders look at, and the words in their metadata."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from readers.metadata import picture_words
from readers.picture import check_pixels, open_picture, picture_errors
from readers.pixels import to_rgb
from readers.raw import RAW
from readers.sidecar import unique_lines
from readers.sniff import MediaType
from readers.svg import draw, read_svg
from readers.words import FileWords
from schemas import FoundFile, ReadError, Reading, ReadOptions, Segment, WordKind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_ANIMATED = frozenset(("image/gif", "image/png", "image/webp", "image/avif"))
_RAW_KINDS = frozenset(RAW.values())
_FRAMES = 3  # of an animation
_LAST_FRAME, _LAST_PIXELS = 60, 50_000_000  # frames are decoded one after the other: none beyond both is looked for
_KIND_OF_PAGE, _NO_PAGE = 254, 1 | 4  # a page of TIFF that is a small copy of another, or a mask of it


def read_picture(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Decode a picture: one segment with its pixels, or one for each page of a scan, decoded as they are drawn.

    Raises:
        ReadError: It is damaged, or claims more than `options.max_pixels`.
    """
    if media.mime == "image/svg+xml":
        return _read_drawing(path, found, media, options)
    with picture_errors(), open_picture(path, media.mime, options) as image:
        width, height = image.size
        said = picture_words(image, path if media.mime in _RAW_KINDS else None)
        pages = pages_of(image, options) if media.mime == "image/tiff" else []
        frames = tuple(_frames(image, media.mime, options.image_side))
    shown_height, shown_width = frames[0].shape[:2]
    if (width - height) * (shown_width - shown_height) < 0:  # it was turned
        width, height = height, width
    info: dict[str, Any] = {"width": width, "height": height}
    if len(pages) > 1:
        info["pages"] = len(pages)
    info |= said.info
    words = FileWords(path, found, options)
    words.complete(info, said.tags)
    if said.broken:
        info["broken_metadata"] = said.broken
    kinds = words.kinds(embedded=said.embedded, subtitle=" ".join(cue.text for cue in words.sidecar.cues))
    if len(pages) > 1:
        segments = _page_segments(frames, _page_frames(path, media.mime, pages[1:], options), kinds)
    else:
        segments = iter((Segment(0, kinds, frames),))
    return Reading(media.modality, media.mime, segments, info)


def _read_drawing(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    with picture_errors():
        drawing = read_svg(path, options)
        frame = np.array(to_rgb(draw(drawing, options.image_side), options.image_side))
    height, width = frame.shape[:2]
    width, height = drawing.size or (width, height)
    info: dict[str, Any] = {"width": width, "height": height}
    if drawing.titles:
        info["title"] = drawing.titles[0]
    words = FileWords(path, found, options)
    words.complete(info)
    kinds = words.kinds(embedded=unique_lines([*drawing.titles, *drawing.words]))
    return Reading(media.modality, media.mime, iter((Segment(0, kinds, (frame,)),)), info)


def _frames(image: Image.Image, mime: str, side: int) -> Iterator[Pixels]:
    """The picture; of an animation a few frames, spread over its time."""
    count = getattr(image, "n_frames", 1) if mime in _ANIMATED else 1
    if count > 1:
        count = min(count, max(_LAST_FRAME, _LAST_PIXELS // (image.width * image.height)))
    parts = min(count, _FRAMES)
    for part in range(parts):
        if part:
            image.seek(part * count // parts)
        yield np.array(to_rgb(image, side, keep=parts > 1))


def pages_of(image: Image.Image, options: ReadOptions) -> list[int]:
    """Which pictures of a TIFF are pages: some are small copies of others, or masks.

    Raises:
        ReadError: There are more than `options.max_pages`.
    """
    count = getattr(image, "n_frames", 1)
    if count > options.max_pages:
        raise ReadError(f"The picture claims {count:,} pages, more than the {options.max_pages:,} allowed.")
    if count == 1:
        return [0]
    pages = []
    for number in range(count):
        image.seek(number)
        tags = getattr(image, "tag_v2", {})
        if number == 0 or not int(tags.get(_KIND_OF_PAGE, 0)) & _NO_PAGE:
            pages.append(number)
    image.seek(0)
    return pages


def _page_frames(path: Path, mime: str, pages: list[int], options: ReadOptions) -> Iterator[Pixels]:
    with picture_errors(), open_picture(path, mime, options) as image:
        for page in pages:
            image.seek(page)
            check_pixels(image, options)
            yield np.array(to_rgb(image, options.image_side, keep=True))


def _page_segments(
    first: tuple[Pixels, ...], others: Iterator[Pixels], kinds: dict[WordKind, str]
) -> Iterator[Segment]:
    yield Segment(0, kinds, first, page=1)
    for number, frame in enumerate(others, 1):
        yield Segment(number, dict(kinds), (frame,), page=number + 1)
