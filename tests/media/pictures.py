"""Pictures of every format, those among them that Pillow does not write."""

from __future__ import annotations

import gzip
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.media.colours import COLOURS


def drawing(colour: str = "red", size: tuple[int, int] = (96, 64), shape: str = "circle") -> Image.Image:
    """A coloured shape on a light ground with a little noise, so that no two drawings have the same bytes."""
    seed = sum(map(ord, colour + shape))
    noise = np.random.default_rng(seed).integers(215, 240, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    pen = ImageDraw.Draw(image)
    box = (size[0] // 4, size[1] // 6, size[0] * 3 // 4, size[1] * 5 // 6)
    {"circle": pen.ellipse, "square": pen.rectangle}[shape](box, fill=COLOURS[colour])
    return image


def picture(
    path: Path, colour: str = "red", size: tuple[int, int] = (96, 64), shape: str = "circle", **options: Any
) -> Path:
    """A picture in the format that the suffix tells; `options` go to Pillow's `save` (exif=…, pnginfo=…)."""
    if path.suffix in (".heic", ".heif"):
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".psd", ".dng"):
        return {".psd": psd, ".dng": dng}[path.suffix](path, colour, size)
    if path.suffix in (".svg", ".svgz"):
        return svg(path, colour)
    drawing(colour, size, shape).save(path, **options)
    return path


def psd(path: Path, colour: str = "red", size: tuple[int, int] = (96, 64)) -> Path:
    """A picture as Photoshop writes it: no layers, the flattened picture alone, not packed."""
    planes = np.asarray(drawing(colour, size)).transpose(2, 0, 1)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, size[1], size[0], 8, 3)
    path.write_bytes(head + struct.pack(">III", 0, 0, 0) + struct.pack(">H", 0) + planes.tobytes())
    return path


def svg(path: Path, colour: str = "red", *, inside: str = "") -> Path:
    """A drawing of a circle of 96 × 64 pixels; `inside` is more of its source. Packed where the suffix is .svgz."""
    ground = "#e3e3e3"
    source = (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="96" height="64"><title>A {colour} dot</title><rect width="96" height="64" fill="{ground}"/>'
        f'<ellipse cx="48" cy="31.5" rx="24.5" ry="21.5" fill="rgb{COLOURS[colour]}"/>{inside}</svg>'
    )
    path.write_bytes(gzip.compress(source.encode()) if path.suffix == ".svgz" else source.encode())
    return path


def dng(path: Path, colour: str = "red", size: tuple[int, int] = (96, 64), orientation: int = 1) -> Path:
    """A camera raw file: a JPEG preview, and sensor values of a few pixels."""
    preview = BytesIO()
    drawing(colour, size).save(preview, "JPEG", quality=92)
    jpeg = preview.getvalue() + b"\0" * (len(preview.getvalue()) % 2)
    sensor = np.full((32, 48), 1000, dtype="<u2").tobytes()
    raw = _directory(
        8 + len(jpeg) + len(sensor),
        *((254, "I", 0), (256, "I", 48), (257, "I", 32), (258, "H", 16), (259, "H", 1), (262, "H", 32803)),
        *((273, "I", 8 + len(jpeg)), (277, "H", 1), (278, "I", 32), (279, "I", len(sensor))),
        *((33421, "H", 2, 2), (33422, "B", 0, 1, 1, 2), (50717, "I", 4095)),
    )
    main = _directory(
        8 + len(jpeg) + len(sensor) + len(raw),
        *((254, "I", 1), (256, "I", size[0]), (257, "I", size[1]), (258, "H", 8, 8, 8), (259, "H", 7), (262, "H", 6)),
        *((271, "s", *b"Maker\0"), (272, "s", *b"Model X\0"), (273, "I", 8), (274, "H", orientation), (277, "H", 3)),
        *((278, "I", size[1]), (279, "I", len(jpeg)), (330, "I", 8 + len(jpeg) + len(sensor))),
        *((50706, "B", 1, 4, 0, 0), (50708, "s", *b"Maker Model X\0")),
    )
    start = struct.pack("<4sI", b"II*\0", 8 + len(jpeg) + len(sensor) + len(raw))
    path.write_bytes(start + jpeg + sensor + raw + main)
    return path


def deep(path: Path, colour: tuple[int, ...], *, ink: bool = False) -> Path:
    """One colour with 16 bits a channel, which Pillow does not write: PNG, or TIFF (in RGB, or in `ink`)."""
    pixels = np.full((16, 16, len(colour)), colour, dtype="<u2")
    if path.suffix == ".png":
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
        header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0))
        path.write_bytes(PNG_MARK + header + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b""))
        return path
    count = len(colour)
    directory = _directory(
        8 + pixels.nbytes,
        *((256, "I", 16), (257, "I", 16), (258, "H", *[16] * count), (259, "H", 1), (262, "H", 5 if ink else 2)),
        *((273, "I", 8), (277, "H", count), (278, "I", 16), (279, "I", pixels.nbytes)),
    )
    path.write_bytes(struct.pack("<4sI", b"II*\0", 8 + pixels.nbytes) + pixels.tobytes() + directory)
    return path


PNG_MARK = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _directory(at: int, *entries: tuple[Any, ...]) -> bytes:
    """A directory of TIFF that will lie at `at`: each entry is its tag, the kind of its values, and the values."""
    kinds = {"B": 1, "s": 2, "H": 3, "I": 4}
    table, beyond = struct.pack("<H", len(entries)), b""
    for tag, kind, *values in entries:
        data = bytes(values) if kind == "s" else struct.pack(f"<{len(values)}{kind}", *values)
        place = data.ljust(4, b"\0")
        if len(data) > 4:
            place = struct.pack("<I", at + 2 + 12 * len(entries) + 4 + len(beyond))
            beyond += data + b"\0" * (len(data) % 2)
        table += struct.pack("<HHI", tag, kinds[kind], len(values)) + place
    return table + bytes(4) + beyond


def pixel_bomb(side: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that claims `side` × `side` pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(10_000))) + _chunk(b"IEND", b"")
    return PNG_MARK + data
