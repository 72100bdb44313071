"""Text documents, slides and books: DOCX, PPTX, ODT, ODP and EPUB, by the XML packed in them.

Nothing that they refer to is fetched, and no macro is looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readers.archive import Archive
from readers.book import About, Book
from readers.elements import DamagedXmlError, DeclaredTypeError, attribute, local, parse
from readers.magic import DOCX, EPUB, ODP, ODT, PPTX
from schemas import ReadError, ReadOptions

_MARKS = ((EPUB, "META-INF/container.xml"), (DOCX, "word/document.xml"), (PPTX, "ppt/presentation.xml"))
_TITLES = re.compile(r"(?i)heading \d|title$")
_TITLE_SHAPES = ("title", "ctrTitle")


def office_mime(path: Path) -> str | None:
    """Which of these documents a ZIP archive is; None for any other archive.

    Raises:
        ReadError: It is damaged.
    """
    with Archive(path, 1_000) as archive:
        if "content.xml" in archive.names:
            kind = archive.read("mimetype").decode("ascii", "replace").strip()
            return kind if kind in (ODT, ODP) else None
        return next((mime for mime, name in _MARKS if name in archive.names), None)


@dataclass(slots=True)
class Part:
    """A part of a document: its text, headings marked as in Markdown; `page` where it is a slide."""

    text: str
    page: int | None = None


def open_office(path: Path, mime: str, options: ReadOptions) -> tuple[dict[str, Any], Iterator[Part]]:
    """What a document says of itself, and its parts: slides, chapters, or all of it.

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
            if mime == PPTX:
                slides = list(_slides(archive, options))
                return info | {"pages": len(slides)}, iter(slides)
            flow = _Flow(_headings(archive.read("word/styles.xml")))
            parse(archive.read("word/document.xml" if mime == DOCX else "content.xml"), *flow.handlers)
        except DeclaredTypeError as error:
            raise ReadError("The document declares a document type, as none of its kind needs to.") from error
        except DamagedXmlError as error:
            raise ReadError("The document is damaged: its text is no well-formed XML.") from error
    if mime != ODP:
        return info, iter((Part(flow.whole),))
    pages = flow.pages
    _check_pages(len(pages), options)
    return info | {"pages": len(pages)}, (Part(text, number) for number, text in enumerate(pages, 1))


def _check_pages(count: int, options: ReadOptions) -> None:
    if count > options.max_pages:
        raise ReadError(f"The document claims {count:,} pages, more than the {options.max_pages:,} allowed.")


@dataclass(slots=True)
class _Paragraph:
    heading: bool = False
    pieces: list[str] = field(default_factory=list)


class _Flow:
    """The paragraphs of WordprocessingML, DrawingML and OpenDocument: all of them name them `p` (or `h`)."""

    def __init__(self, headings: frozenset[str] = frozenset()) -> None:
        self.headings = headings
        self.blocks: list[list[str]] = [[]]  # by page
        self.open: list[_Paragraph] = []  # paragraphs inside each other: a text box stands in one
        self.unseen = 0  # depth inside of what is there twice
        self.taking = False
        self.title_shape = False
        self.handlers = (self.begin, self.end, self.text)

    @property
    def whole(self) -> str:
        return "\n\n".join(block for page in self.blocks for block in page)

    @property
    def pages(self) -> list[str]:
        return ["\n\n".join(page) for page in self.blocks[1:]]

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = local(name)
        if self.unseen or kind == "Fallback":  # the same text box again, for old programs
            self.unseen += 1
            return
        match kind:
            case "p" | "h":
                self.open.append(_Paragraph(heading=kind == "h" or self.title_shape))
                self.taking = "opendocument" in name
            case "page" if "drawing" in name:
                self.blocks.append([])
            case "sp":
                self.title_shape = False
            case "ph":
                self.title_shape = attribute(attributes, "type") in _TITLE_SHAPES
            case "pStyle" if self.open and attribute(attributes, "val") in self.headings:
                self.open[-1].heading = True
            case "t":
                self.taking = True
            case "tab" | "br" | "cr" | "s" | "line-break":
                self._add(" ")

    def end(self, name: str) -> None:
        if self.unseen:
            self.unseen -= 1
            return
        match local(name):
            case "p" | "h" if self.open:
                paragraph = self.open.pop()
                if words := " ".join("".join(paragraph.pieces).split()):
                    self.blocks[-1].append(f"# {words}" if paragraph.heading else words)
                self.taking = bool(self.open) and "opendocument" in name
            case "t":
                self.taking = False

    def text(self, text: str) -> None:
        if self.taking and not self.unseen:
            self._add(text)

    def _add(self, text: str) -> None:
        if self.open:
            self.open[-1].pieces.append(text)


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
    """The slides in their order, each with what its speaker noted."""
    order: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sldId":
            order.append(next((value for key, value in attributes.items() if key.endswith("relationships id")), ""))

    parse(archive.read("ppt/presentation.xml"), begin, lambda _: None, lambda _: None)
    _check_pages(len(order), options)
    related = _related(archive, "ppt/presentation.xml")
    for number, key in enumerate(order, 1):
        name = related.get(key, ("", ""))[1]
        notes = [target for kind, target in _related(archive, name).values() if kind.endswith("/notesSlide")]
        texts = []
        for part in (name, *notes):
            flow = _Flow()
            if data := archive.read(part):
                parse(data, *flow.handlers)
            texts.append(flow.whole)
        yield Part("\n\n".join(text for text in texts if text), number)


def _related(archive: Archive, name: str) -> dict[str, tuple[str, str]]:
    """What a part of an Office document refers to inside of it: kind and name, by key."""
    folder, base = posixpath.split(name)
    found: dict[str, tuple[str, str]] = {}

    def begin(_: str, attributes: dict[str, str]) -> None:
        if attributes.get("TargetMode") != "External" and "Target" in attributes:
            target = posixpath.normpath(posixpath.join("/", folder, attributes["Target"])).lstrip("/")
            found[attributes.get("Id", "")] = attributes.get("Type", ""), target

    if data := archive.read(f"{folder}/_rels/{base}.rels"):
        parse(data, begin, lambda _: None, lambda _: None)
    return found
