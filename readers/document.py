"""Documents: passages of text, with their page in a PDF and their times in subtitles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.hash import unreadable
from readers.markup import html_text, xml_text
from readers.passages import count_words, passages
from readers.sidecar import json_strings
from readers.sniff import MediaType
from readers.subtitles import Cue, parse_cues
from readers.text import decode_text, without_translations
from readers.words import FileWords
from schemas import FoundFile, Modality, Reading, ReadOptions, Segment, UnsupportedError


@dataclass(frozen=True, slots=True)
class Passage:
    """What a segment of a document holds."""

    text: str
    page: int | None = None
    start: float | None = None
    end: float | None = None


def read_document(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Open a document. Its segments are passages; one without text has one segment, which bears its name alone.

    Raises:
        ReadError: It cannot be read, is damaged or encrypted.
    """
    if media.mime == "application/pdf":
        from readers.pdf import open_pdf

        info, drawn = open_pdf(path, options)
    else:
        info, drawn = _open_text(path, found.size, media.mime, options)
    words = FileWords(path, found, options)
    words.complete(info)
    return Reading(Modality.TEXT, media.mime, _segments(drawn, words, info.get("title", "")), info)


def _segments(drawn: Iterable[Passage], words: FileWords, title: str) -> Iterator[Segment]:
    number = 0
    for number, passage in enumerate(drawn, 1):
        said = words.kinds(document=passage.text, embedded=title)
        yield Segment(number - 1, said, start=passage.start, end=passage.end, page=passage.page)
    if not number:
        yield Segment(0, words.kinds(embedded=title))


def _open_text(path: Path, size: int, mime: str, options: ReadOptions) -> tuple[dict[str, Any], Iterator[Passage]]:
    try:
        with path.open("rb") as file:
            data = file.read(min(size, options.max_document))
    except OSError as error:
        raise unreadable(error) from error
    text = decode_text(data)
    if text is None:
        raise UnsupportedError("No reader takes binary text.")
    info: dict[str, Any] = {"read_bytes": len(data)} if size > options.max_document else {}
    if mime in ("application/x-subrip", "text/vtt") and (cues := parse_cues(text)):
        return info, _cue_passages(cues, options)
    if mime == "text/html":
        title, text = html_text(text)
        info |= {"title": title} if title else {}
    elif mime == "text/xml":
        text = xml_text(text)
    elif mime == "application/json":
        text = _json(text)
    else:
        text = without_translations(text)
    return info, (Passage(part) for part in passages(text, options.passage, options.overlap))


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
