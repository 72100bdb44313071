"""Text documents, slides, workbooks and books: DOCX, PPTX, XLSX, ODT, ODP, ODS and EPUB, by the XML packed in them.

Nothing that they refer to is fetched, and no macro is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.archive import Archive
from readers.book import About, Book
from readers.elements import DamagedXmlError, DeclaredTypeError, attribute, local, parse
from readers.flow import Flow
from readers.magic import DOCX, EPUB, ODP, ODS, ODT, PPTX, XLSX
from readers.related import related
from readers.sheets import Sheet, ods_sheets, xlsx_sheets
from schemas import ReadError, ReadOptions

_MARKS = (
    (EPUB, "META-INF/container.xml"),
    (DOCX, "word/document.xml"),
    (PPTX, "ppt/presentation.xml"),
    (XLSX, "xl/workbook.xml"),
)
# What belongs to a text document beside its body, in this order: what was said of it comes before what all pages bear.
_BESIDE = tuple(
    re.compile(rf"word/{name}\.xml")
    for name in ("footnotes", "endnotes", "comments", r"charts/chart\d*", r"diagrams/data\d*", r"(?:header|footer)\d*")
)
_ON_SLIDES = ("/notesSlide", "/chart", "/diagramData")
_TITLES = re.compile(r"(?i)heading \d|title$")


def office_mime(path: Path) -> str | None:
    """Which of these documents a ZIP archive is; None for any other archive.

    Raises:
        ReadError: It is damaged.
    """
    with Archive(path, 1_000) as archive:
        if "content.xml" in archive.names:
            kind = archive.read("mimetype").decode("ascii", "replace").strip()
            return kind if kind in (ODT, ODP, ODS) else None
        return next((mime for mime, name in _MARKS if name in archive.names), None)


@dataclass(slots=True)
class Part:
    """A part of a document: its text, headings marked as in Markdown; `page` where it is a slide or a sheet."""

    text: str
    page: int | None = None


def open_office(path: Path, mime: str, options: ReadOptions) -> tuple[dict[str, Any], Iterator[Part]]:
    """What a document says of itself, and its parts: slides, sheets, chapters, or all of it.

    Raises:
        ReadError: It is damaged or encrypted, unpacks to more than `options.max_document`, or claims more than
            `options.max_pages`.
    """
    with Archive(path, options.max_document) as archive:
        try:
            if mime == EPUB:
                book = Book(archive)
                return book.info, iter([Part(text) for text in book.chapters()])
            about = About()
            for name in ("docProps/core.xml", "meta.xml"):
                if data := archive.read(name):
                    parse(data, about.begin, about.end, about.text)
            info: dict[str, Any] = {"title": about.title} if about.title else {}
            if mime in (PPTX, XLSX, ODS):
                pages = list(_slides(archive, options) if mime == PPTX else _sheets(archive, mime, options))
                return info | {"pages": len(pages)}, iter(pages)
            flow = _flow(archive) if mime == DOCX else Flow()
            if mime != DOCX:
                parse(archive.read("content.xml"), *flow.handlers)
        except DeclaredTypeError as error:
            raise ReadError("The document declares a document type, as none of its kind needs to.") from error
        except DamagedXmlError as error:
            raise ReadError("The document is damaged: its text is no well-formed XML.") from error
    if mime != ODP:
        return info, iter((Part(flow.whole),))
    slides = flow.pages
    _check_pages(len(slides), options)
    return info | {"pages": len(slides)}, (Part(text, number) for number, text in enumerate(slides, 1))


def _check_pages(count: int, options: ReadOptions) -> None:
    if count > options.max_pages:
        raise ReadError(f"The document claims {count:,} pages, more than the {options.max_pages:,} allowed.")


def _flow(archive: Archive) -> Flow:
    """A text document, and what stands at its edges: notes, comments, diagrams, heads and feet of pages."""
    flow = Flow(_headings(archive.read("word/styles.xml")))
    parse(archive.read("word/document.xml"), *flow.handlers)
    for kind in _BESIDE:
        if names := sorted(filter(kind.fullmatch, archive.names)):
            said = Flow(flow.headings)
            for name in names:
                parse(archive.read(name), *said.handlers)
            flow.blocks.append(
                list(dict.fromkeys(said.blocks[0]))
            )  # a chart names its values again for each of its lines
    return flow


def _sheets(archive: Archive, mime: str, options: ReadOptions) -> Iterator[Part]:
    """The sheets, each with its name for a heading."""
    found: Iterable[Sheet] = xlsx_sheets(archive) if mime == XLSX else ods_sheets(archive.read("content.xml"))
    for number, (title, rows) in enumerate(found, 1):
        _check_pages(number, options)
        yield Part("\n\n".join([f"# {title}", *rows] if rows else rows), number)


def _headings(styles: bytes) -> frozenset[str]:
    """The ids of a document's styles of headings: the ids are in its writer's language, the names are not."""
    found: set[str] = set()
    current = ""

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal current
        if local(name) == "style":
            current = attribute(attributes, "styleId")
        elif local(name) == "name" and _TITLES.match(attribute(attributes, "val")):
            found.add(current)

    if styles:
        parse(styles, begin, lambda _: None, lambda _: None)
    return frozenset(found)


def _slides(archive: Archive, options: ReadOptions) -> Iterator[Part]:
    """The slides in their order, each with what its charts and diagrams say, and what its speaker noted."""
    order: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sldId":
            order.append(next((value for key, value in attributes.items() if key.endswith("relationships id")), ""))

    parse(archive.read("ppt/presentation.xml"), begin, lambda _: None, lambda _: None)
    _check_pages(len(order), options)
    targets = related(archive, "ppt/presentation.xml")
    for number, key in enumerate(order, 1):
        name = targets.get(key, ("", ""))[1]
        beside = [
            (kind.endswith("/notesSlide"), target)
            for kind, target in related(archive, name).values()
            if kind.endswith(_ON_SLIDES)
        ]
        blocks: list[str] = []
        for part in (name, *(target for _, target in sorted(beside))):  # notes last
            flow = Flow()
            if data := archive.read(part):
                parse(data, *flow.handlers)
            blocks += flow.blocks[0] if part == name else dict.fromkeys(flow.blocks[0])
        yield Part("\n\n".join(blocks), number)
