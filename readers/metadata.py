"""What a picture file says of its picture: EXIF, IPTC, XMP and the text chunks of PNG."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from PIL import ExifTags, IptcImagePlugin
from PIL.Image import Exif, Image
from PIL.ImageFile import ImageFile

from readers.raw import is_tiff
from readers.sidecar import unique_lines
from readers.xmp import parse_xmp

_WRITTEN_BY_MACHINES = re.compile(
    r"(?i)creator: gd-jpeg|created with|lead technologies|file written by|file source:|optimized (?:by|using)|"
    r"\s*(?:olympus|sony dsc|samsung|minolta|kodak|dcim|digital camera|default|untitled|screenshot|picasa|ascii)\b"
    r".{0,24}$|\W*$"
)
_PNG_TEXTS = ("Title", "Description", "Comment", "Keywords", "parameters")
BROKEN_METADATA = (ValueError, KeyError, IndexError, TypeError, SyntaxError, OSError, struct.error, ArithmeticError)
_IPTC = {(2, 5): "title", (2, 105): "headline", (2, 120): "caption"}
_IPTC_TAGS = (2, 25)
_LONGEST = 4_000  # characters of one text
_XP = {0x9C9B: "title", 0x9C9C: "comment", 0x9C9F: "subject"}  # as Windows writes them
_XP_TAGS = 0x9C9E


class PictureWords:
    """Lines, keywords and facts, gathered from all places; `broken` names those that cannot be understood."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.tags: list[str] = []
        self.info: dict[str, Any] = {}
        self.broken: list[str] = []

    @property
    def embedded(self) -> str:
        """All lines, the keywords last."""
        return unique_lines([*self.lines, ", ".join(self.tags)])

    def say(self, text: Any) -> None:
        """Add a line, unless a camera or a program wrote it."""
        line = _plain(text)
        if line and not _WRITTEN_BY_MACHINES.match(line):
            self.lines.append(line)

    def tag(self, words: Iterable[Any]) -> None:
        """Add keywords."""
        for word in words:
            if (plain := _plain(word)) and plain not in self.tags:
                self.tags.append(plain)


def picture_words(image: Image, raw: Path | None = None) -> PictureWords:
    """All that a picture's file says. Broken metadata cost their words, not the picture: see `broken`.

    `raw` is the camera raw file whose preview the picture is: it says more than the preview does.
    """
    words = PictureWords()
    if raw is not None and is_tiff(raw):
        _guarded(words, "exif", lambda: _take_raw(words, raw))
    elif image.format == "TIFF" or "exif" in image.info:
        _guarded(words, "exif", lambda: _take_exif(words, image.getexif()))
    if isinstance(image, ImageFile) and (image.format == "TIFF" or "photoshop" in image.info):
        _guarded(words, "iptc", lambda: _take_iptc(words, IptcImagePlugin.getiptcinfo(image) or {}))
    packet = image.info.get("xmp")
    if packet:
        _guarded(words, "xmp", lambda: _take_xmp(words, packet))
    if image.format == "PNG":
        for name in _PNG_TEXTS:
            words.say(image.info.get(name))
    else:
        words.say(image.info.get("comment"))
    return words


def _guarded(words: PictureWords, place: str, take: Callable[[], None]) -> None:
    try:
        take()
    except BROKEN_METADATA:
        words.broken.append(place)


def _plain(text: Any) -> str:
    """One line of text from what the formats hold: bytes of some encoding, or text that was UTF-8 read as Latin-1."""
    if isinstance(text, tuple | list):
        text = " ".join(_plain(part) for part in text)
    if isinstance(text, str):
        with suppress(UnicodeError):
            text = text.encode("latin-1").decode("utf-8")
    elif isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError:
            text = text.decode("latin-1")
    else:
        return ""
    return " ".join(text.replace("\0", " ").split())[:_LONGEST]


def _take_exif(words: PictureWords, exif: Exif) -> None:
    if not exif:
        return
    words.say(exif.get(ExifTags.Base.ImageDescription))
    for key in _XP:
        words.say(_windows_text(exif.get(key)))
    words.tag(_windows_text(exif.get(_XP_TAGS)).split(";"))
    details = exif.get_ifd(ExifTags.IFD.Exif)
    words.say(_user_comment(details.get(ExifTags.Base.UserComment)))
    words.say(exif.get(ExifTags.Base.Artist))
    make, model = _plain(exif.get(ExifTags.Base.Make)), _plain(exif.get(ExifTags.Base.Model))
    if model:
        maker = make.split(" ")[0] if make else ""
        words.info["camera"] = model if model.lower().startswith(maker.lower()) else f"{maker} {model}"
    if taken := _taken(exif, details):
        words.info["taken"] = taken
    if gps := _place(exif.get_ifd(ExifTags.IFD.GPSInfo)):
        words.info["gps"] = gps


def _take_raw(words: PictureWords, path: Path) -> None:
    exif = Exif()
    with path.open("rb") as file:
        exif.load_from_fp(file)
        _take_exif(words, exif)


def _windows_text(value: Any) -> str:
    if isinstance(value, tuple):
        value = bytes(value)
    return value.decode("utf-16-le", "ignore").rstrip("\0") if isinstance(value, bytes) else ""


def _user_comment(value: Any) -> str:
    """The first eight bytes name the encoding."""
    if not isinstance(value, bytes):
        return ""
    code, text = value[:8].rstrip(b"\0 ").upper(), value[8:]
    if code == b"UNICODE":
        return text.decode("utf-16-be" if text[:1] == b"\0" else "utf-16-le", "ignore")
    return _plain(text) if code in (b"ASCII", b"") else ""


def _taken(exif: Exif, details: dict[int, Any]) -> str | None:
    stamp = _plain(details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime))
    offset = _plain(details.get(ExifTags.Base.OffsetTimeOriginal))
    try:
        taken = datetime.strptime(stamp[:19], "%Y:%m:%d %H:%M:%S")
        return datetime.fromisoformat(taken.isoformat() + offset).isoformat()
    except ValueError:  # cameras whose clock was never set write spaces and zeros
        return None


def _place(gps: dict[int, Any]) -> dict[str, float] | None:
    try:
        lat, lon = (_degrees(gps[key]) for key in (ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLongitude))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if gps.get(ExifTags.GPS.GPSLatitudeRef) in ("S", b"S"):
        lat = -lat
    if gps.get(ExifTags.GPS.GPSLongitudeRef) in ("W", b"W"):
        lon = -lon
    good = abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0, 0)  # noqa: PLR2004  # degrees of a globe
    return {"lat": round(lat, 6), "lon": round(lon, 6)} if good else None


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if value != value:  # noqa: PLR0124  # what 0/0 gives
        raise ValueError("no number")
    return value


def _take_iptc(words: PictureWords, fields: dict[tuple[int, int], bytes | list[bytes]]) -> None:
    for key in _IPTC:
        words.say(fields.get(key))
    tags = fields.get(_IPTC_TAGS, [])
    words.tag(tags if isinstance(tags, list) else [tags])


def _take_xmp(words: PictureWords, packet: bytes | str) -> None:
    xmp = parse_xmp(packet.encode() if isinstance(packet, str) else packet)
    if xmp is None:
        raise ValueError("not well-formed")
    for line in xmp.lines.values():
        words.say(line)
    words.tag(xmp.tags)
