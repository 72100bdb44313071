"""What a file is, by its content. Its name only chooses among kinds of text."""

from __future__ import annotations

import codecs
import mimetypes
import os
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from readers.hash import unreadable
from readers.magic import AUDIO, DOCUMENT, EML, FILM, MBOX, PICTURE, RTF, audio_frames, binary_mime
from readers.pairing import DOCUMENT_SUFFIXES, MEDIA_SUFFIXES, split_suffix
from readers.raw import RAW
from readers.text import decode_text, find_encoding
from schemas import Modality, ReadError, UnsupportedError

_HEAD = 4096  # bytes that tell what a file is
_WHOLE = 65_536  # bytes up to which a text is read at once

_TEXT_NAMES = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "json": "application/json",
    "htm": "text/html",
    "html": "text/html",
    "xhtml": "text/html",
    **dict.fromkeys(("eml", "mht", "mhtml"), EML),  # a page that a browser saved is a message
}
_DRAWINGS = frozenset(("svg", "svgz"))
_HTML = re.compile(r"(?is)(?>\s+|<\?xml[^>]*>|<!--.*?-->)*+<(?:!doctype html|html|head|body)\b")
_XML = re.compile(r"\s*(?:<\?xml|<!DOCTYPE\s+\w|<svg|<x:xmpmeta|<rdf:RDF)", re.IGNORECASE)
_SVG = re.compile(r"(?is)(?>\s+|<\?xml[^>]*>|<!--.*?-->|<!doctype\s[^>\[]*(?:\[[^\]]*\]\s*)?>)*+<(?:\w+:)?svg[\s>]")
_XML_KINDS = (
    ("<x:xmpmeta", "application/rdf+xml"),
    ("<rdf:rdf", "application/rdf+xml"),
)
_TOLD_LATER = frozenset(("image/tiff", "application/gzip", "application/zip"))
_DOCUMENT_PARTS = (
    b"mimetype",
    b"[Content_Types].xml",
    b"_rels/",
    b"docProps/",
    b"word/",
    b"ppt/",
    b"xl/",
    b"META-INF/",
)
_FIELD = re.compile(r"[A-Za-z][\w-]{1,60}:[ \t]")  # of the head of a message
_STARTS = (
    (re.compile(r"\{\\rtf"), RTF),
    (re.compile(r"From \S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [^\n]*\n" + _FIELD.pattern), MBOX),
    (re.compile("WEBVTT"), "text/vtt"),
    (re.compile(r"\[Script Info\]"), "text/x-ssa"),
    (
        re.compile(r"(?:\[[a-z#]+:[^\]\n]{0,200}\]\s{0,20}\n)*+\s*\[\d{1,3}:\d\d(?:[.:]\d{1,3})?\][^\n]*\n\s*\["),
        "application/x-lrc",
    ),
    (re.compile(r"\s*\d+\s*\n\s*\d+:\d\d:\d\d[,.]\d+\s*-->"), "application/x-subrip"),
)


@dataclass(frozen=True, slots=True)
class MediaType:
    """What a file is to a person and to a program.

    `whole` is all that a short text says: it was read to tell what the file is, and need not be read again.
    """

    modality: Modality
    mime: str
    whole: str | None = field(default=None, compare=False, repr=False)


def kind_by_name(path: str) -> str:
    """What the name tells where the content leaves a choice: under names of one kind, it is read alike."""
    suffix = split_suffix(path)[1]
    return _TEXT_NAMES.get(suffix) or RAW.get(suffix) or ("image/svg+xml" if suffix in _DRAWINGS else "")


def sniff(path: Path) -> MediaType:
    """The kind of the file at `path`, told from its first bytes.

    Films without pictures are told from films by opening the container.

    Raises:
        UnsupportedError: No reader takes this kind of file.
        ReadError: The file is empty, unreadable, or not what its name promises.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)  # for a small file, twice as fast as `open`
        try:
            head = os.read(file, _HEAD)
            if not head:
                raise ReadError("The file is empty.")
            mime = binary_mime(head) or audio_frames(head, partial(_read_at, file))
            rest = b"" if mime else _read_on(file)
        finally:
            os.close(file)
    except OSError as error:
        raise unreadable(error) from error
    if mime is None:
        return _text(path, head, rest)
    if mime in _TOLD_LATER:
        mime = _told(path, mime, head)
    if mime in PICTURE:
        return MediaType(Modality.IMAGE, mime)
    if mime in AUDIO:
        return MediaType(Modality.AUDIO, mime)
    if mime in FILM:
        return _film(path, mime)
    if mime in DOCUMENT:
        return MediaType(Modality.TEXT, mime)
    raise UnsupportedError(f"No reader takes {mime}.")


def _film(path: Path, mime: str) -> MediaType:
    from readers.container import has_pictures

    if has_pictures(path, mime):
        return MediaType(Modality.VIDEO, mime)
    return MediaType(Modality.AUDIO, mime.replace("video/", "audio/"))


def _told(path: Path, mime: str, head: bytes) -> str:
    """What the first bytes alone do not tell: camera raw files are TIFF, packed drawings and documents archives."""
    suffix = split_suffix(path.name)[1]
    if mime == "image/tiff":
        return RAW.get(suffix, mime)
    if mime == "application/gzip":
        return "image/svg+xml" if suffix in _DRAWINGS else mime
    if not any(name in head for name in _DOCUMENT_PARTS):
        return mime
    from readers.office import office_mime

    try:
        return office_mime(path) or mime
    except ReadError:
        if suffix in DOCUMENT_SUFFIXES:
            raise
        return mime


def _read_at(file: int, place: int) -> bytes:
    os.lseek(file, place, os.SEEK_SET)
    return os.read(file, _HEAD)


def _read_on(file: int) -> bytes:
    """What follows, up to `_WHOLE` bytes: a disk far away may give less at a time than it is asked for."""
    read = b""
    while len(read) < _WHOLE and (piece := os.read(file, _WHOLE - len(read))):
        read += piece
    return read


def _text(path: Path, head: bytes, rest: bytes) -> MediaType:
    """The kind of a text that begins with `head`; with `rest` that is all of it, unless that is as long as may be."""
    suffix = split_suffix(path.name)[1]
    whole = decode_text(head + rest) if len(rest) < _WHOLE else None
    text = whole
    if rest or text is None:
        if (encoding := find_encoding(head)) is None:
            raise _no_text(suffix)
        text = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if "<" in text and _SVG.match(text):
        return MediaType(Modality.IMAGE, "image/svg+xml")
    return MediaType(Modality.TEXT, _text_mime(text, suffix), whole)


def _no_text(suffix: str) -> ReadError:
    if suffix in MEDIA_SUFFIXES | DOCUMENT_SUFFIXES:
        return ReadError(f"The file's name ends in .{suffix}, but its content is something else, or damaged.")
    return UnsupportedError(f"No reader takes {mimetypes.guess_type('x.' + suffix)[0] or 'this kind of file'}.")


def _text_mime(text: str, suffix: str) -> str:
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if text.startswith("%!PS"):
        raise UnsupportedError("No reader takes application/postscript.")
    if _HTML.match(text):
        return "text/html"
    if _XML.match(text):
        for start, mime in _XML_KINDS:
            if start in text.lower():
                raise UnsupportedError(f"No reader takes {mime}.")
        return "text/html" if suffix in ("html", "htm", "xhtml") else "text/xml"
    for pattern, mime in _STARTS:
        if pattern.match(text):
            return mime
    mime = _TEXT_NAMES.get(suffix, "text/plain")
    lacks_it = (mime == "application/json" and not text.lstrip().startswith(("{", "[", '"'))) or (
        mime == EML and not _FIELD.match(text)
    )
    return "text/plain" if lacks_it else mime
