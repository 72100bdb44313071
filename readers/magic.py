"""The first bytes of the formats that are known here, and of those that are only told apart to be left out."""

from __future__ import annotations

import re
from collections.abc import Callable

from readers.raw import RAW

PICTURE = frozenset(RAW.values()) | frozenset(
    f"image/{kind}"
    for kind in (
        *("jpeg", "png", "webp", "avif", "gif", "tiff", "heic", "bmp"),
        *("jp2", "vnd.adobe.photoshop", "svg+xml", "x-portable-anymap"),
    )
)
AUDIO = frozenset(
    f"audio/{kind}"
    for kind in (
        *("wav", "flac", "mpeg", "mp4", "ogg", "aac", "aiff", "ac3", "amr", "basic"),
        *("x-ape", "x-caf", "x-dsf", "x-musepack", "x-musepack8", "x-tta", "x-voc", "x-w64", "x-wavpack"),
    )
)
FILM = frozenset(
    # These may turn out to hold sound alone.
    f"video/{kind}"
    for kind in (
        *("mp4", "quicktime", "x-matroska", "webm", "ogg"),
        *("x-msvideo", "mpeg", "mp2t", "x-ms-asf", "x-flv", "3gpp", "mxf", "vnd.rn-realmedia"),
    )
)
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"
ODP = "application/vnd.oasis.opendocument.presentation"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
EPUB = "application/epub+zip"
RTF = "application/rtf"
EML, MBOX = "message/rfc822", "application/mbox"
CUES = frozenset(("application/x-subrip", "text/vtt", "text/x-ssa", "application/x-lrc"))
OFFICE = frozenset((DOCX, PPTX, XLSX, ODT, ODP, ODS, EPUB))
DOCUMENT = OFFICE | {"application/pdf"}

_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0\x10\0\0\0CR", "image/x-canon-cr2"),
    (b"FUJIFILMCCD-RAW", "image/x-fuji-raf"),
    (b"IIRO", "image/x-olympus-orf"),
    (b"IIRS", "image/x-olympus-orf"),
    (b"MMOR", "image/x-olympus-orf"),
    (b"IIU\0", "image/x-panasonic-rw2"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"wvpk", "audio/x-wavpack"),
    (b"TTA1\x01\0", "audio/x-tta"),
    (b"MP+\x07", "audio/x-musepack"),
    (b"MP+\x17", "audio/x-musepack"),
    (b"MPCKSH", "audio/x-musepack8"),
    (b"DSD \x1c\0\0\0", "audio/x-dsf"),
    (b"#!AMR\n", "audio/amr"),
    (b"#!AMR-WB\n", "audio/amr"),
    (b".snd\0\0", "audio/basic"),
    (b"caff\0\x01", "audio/x-caf"),
    (b"riff.\x91\xcf\x11", "audio/x-w64"),
    (b"Creative Voice File\x1a", "audio/x-voc"),
    (b"\x06\x0e+4\x02\x05\x01\x01\r\x01\x02\x01\x01\x02", "video/mxf"),
    (b".RMF\0\0", "video/vnd.rn-realmedia"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf"),
    (b"FLV\x01", "video/x-flv"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"7z\xbc\xaf'\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"(\xb5/\xfd", "application/zstd"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"),
    (b"\x7fELF", "application/x-executable"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"qoif\0\0", "image/qoi"),  # which Pillow decodes in Python: seconds for each million pixels
    (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\0\0\0\x0cJXL ", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"MThd", "audio/midi"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"\x00asm", "application/wasm"),
)
_FIRST: dict[int, tuple[tuple[bytes, str], ...]] = {
    byte: tuple(start for start in _STARTS if start[0][0] == byte) for byte in {start[0] for start, _ in _STARTS}
}
_CHUNKED = {
    b"WEBP": "image/webp",
    b"WAVE": "audio/wav",
    b"AVI ": "video/x-msvideo",
    b"AIFF": "audio/aiff",
    b"AIFC": "audio/aiff",
}
_HEIC = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))
_AVIF = frozenset((b"avif", b"avis"))
_M4A = frozenset((b"M4A ", b"M4B ", b"M4P "))
_OLD_MOVIE = frozenset((b"moov", b"mdat", b"wide", b"pnot"))  # QuickTime before it began with "ftyp"
_ANYMAP = re.compile(rb"P[1-6]\s(?:#[^\n]*\n|\s)*+\d{1,9}\s+\d{1,9}\s")  # and no text that begins with P1
_TS_PACKETS = ((0, 188), (4, 192))  # where the mark of the first is, and bytes of each; those of discs bear a time


def binary_mime(head: bytes) -> str | None:
    """The type that the first bytes tell, None for text and for what is not known."""
    for start, mime in _FIRST.get(head[0], ()):
        if head.startswith(start):
            return mime
    start, kind = head[:4], head[8:12]
    if start in (b"RIFF", b"RF64", b"BW64", b"FORM"):
        return _CHUNKED.get(kind)
    if head[4:8] == b"ftyp":
        return _boxes(head)
    if start == b"\x1aE\xdf\xa3":
        return "video/webm" if b"webm" in head[:64] else "video/x-matroska"
    return _ogg(head) if start == b"OggS" else _loose(head)


def _loose(head: bytes) -> str | None:
    """Formats whose first bytes alone say too little."""
    if head[4:8] in _OLD_MOVIE:
        return "video/quicktime"
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and head[14:15] in (b"\x0c", b"\x28", b"\x38", b"\x6c", b"\x7c"):
        return "image/bmp"
    if head[257:262] == b"ustar":
        return "application/x-tar"
    if _ANYMAP.match(head):
        return "image/x-portable-anymap"
    return _loose_sound(head)


def _loose_sound(head: bytes) -> str | None:
    """Sounds and films of this kind."""
    if any(head[first : first + 3 * size : size] == b"GGG" for first, size in _TS_PACKETS):
        return "video/mp2t"
    if head[:4] == b"MAC " and head[5:6] in (b"\x0e", b"\x0f"):  # its version, and no text on MAC addresses
        return "audio/x-ape"
    if head[:2] == b"\x0bw" and head[5:6] < b"\x88" and b"\x0bw" in head[6:]:  # versions up to 16
        return "audio/ac3"
    return None


def _boxes(head: bytes) -> str:
    """The MP4 family names its kind, and the kinds it can be read as."""
    length = min(int.from_bytes(head[:4], "big"), 256)
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, length, 4))}
    major = head[8:12]
    if major in _AVIF or (major in _HEIC and brands & _AVIF):
        return "image/avif"
    if major in _HEIC:
        return "image/heic"
    if major in _M4A:
        return "audio/mp4"
    if major == b"crx ":
        return "image/x-canon-cr3"
    if major[:3] in (b"3gp", b"3g2"):
        return "video/3gpp"
    return "video/quicktime" if major == b"qt  " else "video/mp4"


def _ogg(head: bytes) -> str:
    """All streams of an Ogg file announce their codec in its first pages."""
    return "video/ogg" if b"\x80theora" in head or b"OVP80" in head else "audio/ogg"


def audio_frames(head: bytes, read_at: Callable[[int], bytes]) -> str | None:
    """MP3 and AAC have no header of their own: their frames follow each other, perhaps after a tag.

    Args:
        head: the first bytes of the file.
        read_at: gives those at an offset.
    """
    if head[:2] == b"\xff\xfe":  # the byte order mark of a text
        return None
    at = 0
    while head[:3] == b"ID3" and len(head) >= 10:  # noqa: PLR2004  # the length of the tag's header
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        at += 10 + size + (10 if head[5] & 0x10 else 0)
        head = read_at(at)
        if head and (mime := binary_mime(head)) in AUDIO:
            return mime
    tagged = at > 0
    if tagged:
        head = head.lstrip(b"\0")  # padding that the tag does not count
    frame = _frame(head)
    if frame is None:
        return "audio/mpeg" if tagged else None  # a tag promises sound; the reader says what is wrong with it
    mime, size = frame
    following = head[size : size + 4]
    return mime if tagged or not following or _frame(following + bytes(3), whole=False) else None


_MP3_RATES = {  # kbit/s by (MPEG 1?, layer)
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def _frame(head: bytes, *, whole: bool = True) -> tuple[str, int] | None:
    """Type and length in bytes of the frame of MP3 or AAC that `head` begins with."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004  # eleven ones
        return None
    layer = 4 - (head[1] >> 1 & 3)
    if layer == 4:  # noqa: PLR2004  # reserved in MPEG audio: AAC
        size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        good = head[1] & 0xF0 == 0xF0 and head[2] >> 2 & 15 < 13 and (size > 7 or not whole)  # noqa: PLR2004  # 13 rates
        return ("audio/aac", size) if good else None
    version, rate, hertz = head[1] >> 3 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or not 0 < rate < 15 or hertz == 3:  # noqa: PLR2004  # reserved values
        return None
    one = version == 3  # noqa: PLR2004  # MPEG 1
    bits = _MP3_RATES[one, layer][rate - 1] * 1000
    sampling = _MP3_HERTZ[version][hertz]
    padding = head[2] >> 1 & 1
    if layer == 1:
        return "audio/mpeg", (12 * bits // sampling + padding) * 4
    return "audio/mpeg", (144 if one or layer == 2 else 72) * bits // sampling + padding  # noqa: PLR2004  # layer
