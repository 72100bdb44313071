"""Files whose own structure says that they should go on: their end is missing.

FFmpeg trims what it states to what is there for WAV and Ogg, so that a file that was cut off looks like a short one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from schemas import ReadError

_UNKNOWN = (0, 0xFFFFFFFF, 0x7FFFFFFF)  # lengths that a recorder writes when it cannot go back
_OGG_PAGE = 65_307  # bytes, at most
_TOLERATED = 0.9
_STATED_AT = {"audio/x-dsf": 12, "audio/x-w64": 16}  # where the header tells the length of the file, in eight bytes


def check_end(path: Path, mime: str) -> None:
    """Refuse a WAV, DSF or Ogg file whose end is missing.

    Raises:
        ReadError: The end is missing.
    """
    if mime not in ("audio/wav", "audio/ogg", "video/ogg", *_STATED_AT):
        return
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if mime not in ("audio/ogg", "video/ogg"):
            share = _wav_share(file, size) if mime == "audio/wav" else _stated_share(file, size, _STATED_AT[mime])
            if share < _TOLERATED:
                raise ReadError(f"The file is cut off: it holds {share:.0%} of the sound that it states.")
        elif not _ogg_ends(file, size):
            raise ReadError("The file is cut off: its last page is not complete.")


def _wav_share(file: BinaryIO, size: int) -> float:
    """Share of the samples that are there, from the chunks of a RIFF file."""
    at = 12
    while at + 8 <= size:
        file.seek(at)
        header = file.read(8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] == b"data":
            return 1.0 if length in _UNKNOWN else (size - at - 8) / length
        at += 8 + length + length % 2
    return 1.0  # there is no such chunk: the decoder says so


def _stated_share(file: BinaryIO, size: int, at: int) -> float:
    """Share of the file that is there, from the length that its header states."""
    file.seek(at)
    stated = int.from_bytes(file.read(8), "little")
    return size / stated if size < stated < 1 << 63 else 1.0


def _ogg_ends(file: BinaryIO, size: int) -> bool:
    """Whether the last page is complete. How much more there was, nobody can know."""
    tail_at = max(0, size - _OGG_PAGE)
    file.seek(tail_at)
    tail = file.read()
    at = tail.rfind(b"OggS")
    if at < 0 or at + 27 > len(tail):
        return at < 0
    segments = tail[26 + at]
    table = tail[at + 27 : at + 27 + segments]
    return len(table) == segments and at + 27 + segments + sum(table) <= len(tail)


def states_duration(path: Path, mime: str) -> bool:
    """Whether the duration that FFmpeg reports is the file's word, and no guess from its size."""
    if mime == "audio/mpeg":
        with path.open("rb") as file:
            head = file.read(10)
            tag = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9] if head[:3] == b"ID3" else 0
            file.seek(tag)
            first = file.read(4096)
        return any(mark in first for mark in (b"Xing", b"Info", b"VBRI"))
    guessed = ("audio/aac", "audio/ac3", "audio/amr", "audio/ogg", "video/ogg", "video/mpeg", "video/mp2t")
    return mime not in guessed
