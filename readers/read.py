"""Open a file of any kind that is known here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from readers.crawl import found_file, in_64_bits
from readers.hash import unreadable
from readers.sniff import MediaType, sniff
from schemas import FileChangedError, FoundFile, Modality, ReadError, Reading, ReadOptions, Segment, UnsupportedError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_DEFAULT = ReadOptions()


def read(path: Path, found: FoundFile, options: ReadOptions = _DEFAULT) -> Reading:
    """Open the file at `path`, which the crawl found as `found`.

    Its segments are decoded as they are drawn: a long film or recording takes no more memory than a short one.

    Raises:
        ReadError: The file cannot be read, now or while its segments are drawn; its text is one sentence that
            speaks of "the file", "the picture" …, to be shown beside the path.
        UnsupportedError: No reader takes this kind of file.
        FileChangedError: The file is not, or no longer, the one that was found.
    """
    _check_same(path, found)
    try:
        reading = _open(path, found, sniff(path), options)
    except UnsupportedError:
        raise
    except ReadError:
        _check_same(path, found)  # a file that is being written looks damaged: that is what to say of it
        raise
    reading.segments = _watched(reading.segments, path, found)
    return reading


def _open(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    match media.modality:
        case Modality.IMAGE:
            from readers.image import read_picture

            return read_picture(path, found, media, options)
        case Modality.AUDIO:
            from readers.audio import read_recording

            return read_recording(path, found, media, options)
        case Modality.VIDEO:
            from readers.video import read_film

            return read_film(path, found, media, options)
        case Modality.TEXT:
            from readers.document import read_document

            return read_document(path, found, media, options)


def _watched(segments: Iterator[Segment], path: Path, found: FoundFile) -> Iterator[Segment]:
    """The segments, and at their end the question whether the file is still the one that was opened."""
    try:
        yield from segments
    except ReadError:
        _check_same(path, found)
        raise
    _check_same(path, found)


def _check_same(path: Path, found: FoundFile) -> None:
    try:
        now = os.stat(path)  # noqa: PTH116  # one call a file: pathlib doubles its cost
    except OSError as error:
        raise unreadable(error) from error
    if now.st_size != found.size or (
        now.st_mtime_ns != found.mtime_ns and in_64_bits(now.st_mtime_ns) != in_64_bits(found.mtime_ns)
    ):
        raise FileChangedError("The file changed while it was read: the next run takes it.")


def read_file(path: Path, options: ReadOptions = _DEFAULT) -> Reading:
    """Open a single file that no crawl found, as a query brings it. Raises as `read` does."""
    return read(path, found_file(path), options)


def read_image(path: Path, options: ReadOptions = _DEFAULT) -> tuple[NDArray[np.uint8], ...]:
    """The frames of a picture (or of a film's first scene) as RGB uint8 (height, width, 3), prepared as in `read`.

    Raises:
        ReadError: It cannot be read, or shows nothing.
    """
    frames = next(read_file(path, options).segments).frames
    if not frames:
        raise ReadError("The file holds no picture.")
    return frames


def read_audio(path: Path, options: ReadOptions = _DEFAULT) -> NDArray[np.float32]:
    """The sound of a recording's first window (or of a film's first scene): mono float32 (samples,), as in `read`.

    Raises:
        ReadError: It cannot be read, or is silent.
    """
    sound = next(read_file(path, options).segments).sound
    if sound is None:
        raise ReadError("The file holds no sound.")
    return sound
