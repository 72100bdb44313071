"""Documents: passages of text, with their page in a PDF and their times in subtitles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from readers.hash import unreadable
from readers.magic import CUES, EML, MBOX, OFFICE, RTF
from readers.markup import html_text, xml_text
from readers.office import Part, open_office
from readers.passages import count_words, passages
from readers.sidecar import json_strings
from readers.sniff import MediaType
from readers.subtitles import Cue, parse_cues
from readers.text import decode_text, without_translations
from readers.words import FileWords, encodable
from schemas import FoundFile, Modality, ReadError, Reading, ReadOptions, Segment, UnsupportedError, WordKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from readers.pdf import Pdf

    Pixels = NDArray[np.uint8]


class Passage(NamedTuple):
    """What a segment of a document holds."""

    text: str
    characters: tuple[int, int] | None = None
    page: int | None = None
    start: float | None = None
    end: float | None = None
    frames: tuple[Pixels, ...] = ()


def read_document(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Open a document. Its segments are passages; one without text has one segment, which bears its name alone.

    Raises:
        ReadError: It cannot be read, is damaged or encrypted.
    """
    info, drawn = _open(path, found.size, media, options)
    words = FileWords(path, found, options)
    words.complete(info)
    segments = _segments(drawn, words, info.get("title", ""))
    return Reading(Modality.TEXT, media.mime, segments, info)


_Opened = tuple[dict[str, Any], Iterator[Passage]]
"""What a document says of itself, and its passages as they are drawn."""


def _open(path: Path, size: int, media: MediaType, options: ReadOptions) -> _Opened:
    if media.mime == "application/pdf":
        from readers.pdf import Pdf

        pdf = Pdf(path, options)
        return {"pages": pdf.pages} | ({"title": pdf.title} if pdf.title else {}), _pages(pdf, options)
    if media.mime in OFFICE:
        info, parts = open_office(path, media.mime, options)
        if "pages" in info:
            return info, _slides(parts, options)
        text = "\n\n".join(part.text for part in parts)
        return info | {"characters": len(text)}, _parts(text, options)
    if media.mime in (EML, MBOX):
        return _open_mail(path, media.mime, options)
    return _open_text(path, size, media, options)


def _segments(drawn: Iterable[Passage], words: FileWords, title: str) -> Iterator[Segment]:
    number = 0
    common = words.kinds(embedded=title)
    for number, (text, characters, page, start, end, frames) in enumerate(drawn, 1):
        said = {WordKind.DOCUMENT: encodable(text)} | common if text else common.copy()
        yield Segment(number - 1, said, frames, None, start, end, page, characters)
    if not number:
        yield Segment(0, common)


def _pages(pdf: Pdf, options: ReadOptions) -> Iterator[Passage]:
    """The passages of each page, the first of them with its picture. A page without words is its picture alone."""
    for number, text, pixels in pdf.read():
        frames = (pixels,) if pixels is not None else ()
        for passage in _parts(text, options, number):
            yield passage._replace(frames=frames)
            frames = ()
        if frames:
            yield Passage("", None, number, frames=frames)


def _open_mail(path: Path, mime: str, options: ReadOptions) -> _Opened:
    """A message is a document; of a box of them, each is a page, and one that is damaged costs itself alone."""
    from readers.mail import message_text, messages

    found = messages(path, mime, options.max_document)
    if mime == EML:
        title, text = message_text(next(found))
        return ({"title": title} if title else {}) | {"characters": len(text)}, _parts(text, options)

    def pages() -> Iterator[Part]:
        for number, data in enumerate(found, 1):
            with suppress(ReadError):
                yield Part(message_text(data)[1], number)

    return {}, _slides(pages(), options)


def _slides(parts: Iterable[Part], options: ReadOptions) -> Iterator[Passage]:
    for part in parts:
        yield from _parts(part.text, options, part.page)


def _parts(text: str, options: ReadOptions, page: int | None = None) -> Iterator[Passage]:
    for part in passages(text, options.passage, options.overlap):
        yield Passage(part.text, (part.begin, part.end), page)


def _open_text(path: Path, size: int, media: MediaType, options: ReadOptions) -> _Opened:
    mime, text = media.mime, media.whole
    info: dict[str, Any] = {}
    if text is None or size > options.max_document:
        try:
            with path.open("rb") as file:
                data = file.read(min(size, options.max_document))
        except OSError as error:
            raise unreadable(error) from error
        text = decode_text(data)
        if size > options.max_document:
            info["read_bytes"] = len(data)
    if text is None:
        raise UnsupportedError("No reader takes binary text.")
    if mime in CUES and (cues := parse_cues(text)):
        return info, _cue_passages(cues, options)
    if mime == "text/html":
        title, text = html_text(text)
        info |= {"title": title} if title else {}
    elif mime == RTF:
        from readers.rich import rich_text

        title, text = rich_text(text)
        info |= {"title": title} if title else {}
    elif mime == "text/xml":
        text = xml_text(text)
    elif mime == "application/json":
        text = _json(text)
    else:
        text = without_translations(text)
    return info | {"characters": len(text)}, _parts(text, options)


def _json(source: str) -> str:
    """All texts among the values; the source as it is if it is no JSON after all (or lines of it)."""
    try:
        return "\n\n".join(json_strings(json.loads(source)))
    except (ValueError, RecursionError):
        return source


def _cue_passages(cues: list[Cue], options: ReadOptions) -> Iterator[Passage]:
    held: list[Cue] = []
    count = 0
    for cue in sorted(cues, key=lambda cue: cue.start):
        words = count_words(cue.text)
        if held and count + words > options.passage:
            yield _joined(held)
            held, count = [], 0
        if not held or held[-1].text != cue.text:
            held.append(cue)
            count += words
    if held:
        yield _joined(held)


def _joined(cues: list[Cue]) -> Passage:
    return Passage(" ".join(cue.text for cue in cues), start=cues[0].start, end=max(cue.end for cue in cues))
