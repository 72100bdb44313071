"""Text documents, slides and books: DOCX, PPTX, ODT, ODP and EPUB, by the XML packed in them.

Nothing that they refer to is fetched, and no macro is looked at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readers.archive import Archive
from readers.book import About, Book
from readers.elements import DamagedXmlError, DeclaredTypeError, attribute, local, parse
from readers.magic import DOCX, EPUB, ODP, ODT, PPTX
from readers.text import smooth
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


class _Named(dict[str, "Callable[..., None] | None"]):
    """What to do at an element, by its whole name; each name is taken apart once, however often it comes."""

    def __init__(self, by_local_name: dict[str, Callable[..., None]]) -> None:
        super().__init__()
        self._known = by_local_name

    def __missing__(self, name: str) -> Callable[..., None] | None:
        self[name] = found = self._known.get(local(name))
        return found


class _Flow:
    """The paragraphs of WordprocessingML, DrawingML and OpenDocument: all of them name them `p` (or `h`)."""

    def __init__(self, headings: frozenset[str] = frozenset()) -> None:
        self.headings = headings
        self.blocks: list[list[str]] = [[]]  # by page
        self.open: list[list[str]] = []  # what paragraphs inside each other say: a text box stands in one
        self.marks: list[str] = []  # what these begin with
        self.unseen = 0  # depth inside of what is there twice
        self.taking = False
        self.title_shape = False
        begun: dict[str, Callable[..., None]] = {
            **{"p": self._paragraph, "h": self._heading, "t": self._take, "pStyle": self._style},
            **{"page": self._page, "sp": self._shape, "ph": self._place, "Fallback": self._hide},
            **dict.fromkeys(("tab", "br", "cr", "s", "line-break"), self._space),
        }
        self._begun = _Named(begun)
        self._ended = _Named({"p": self._close, "h": self._close, "t": self._leave})
        self.handlers = (self.begin, self.end, self.text)

    @property
    def whole(self) -> str:
        return "\n\n".join(block for page in self.blocks for block in page)

    @property
    def pages(self) -> list[str]:
        return ["\n\n".join(page) for page in self.blocks[1:]]

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if self.unseen:
            self.unseen += 1
        elif (action := self._begun[name]) is not None:
            action(name, attributes)

    def end(self, name: str) -> None:
        if self.unseen:
            self.unseen -= 1
        elif (action := self._ended[name]) is not None:
            action(name)

    def text(self, text: str) -> None:
        if self.taking and self.open and not self.unseen:
            self.open[-1].append(text)

    def _paragraph(self, name: str, _: dict[str, str]) -> None:
        self.open.append([])
        self.marks.append("# " if self.title_shape else "")
        self.taking = "opendocument" in name

    def _heading(self, name: str, attributes: dict[str, str]) -> None:
        self._paragraph(name, attributes)
        self.marks[-1] = "# "

    def _style(self, _: str, attributes: dict[str, str]) -> None:
        if self.open and attribute(attributes, "val") in self.headings:
            self.marks[-1] = "# "

    def _take(self, *_: object) -> None:
        self.taking = True

    def _leave(self, _: str) -> None:
        self.taking = False

    def _space(self, *_: object) -> None:
        if self.open:
            self.open[-1].append(" ")

    def _page(self, name: str, _: dict[str, str]) -> None:
        if "drawing" in name:
            self.blocks.append([])

    def _shape(self, *_: object) -> None:
        self.title_shape = False

    def _place(self, _: str, attributes: dict[str, str]) -> None:
        self.title_shape = attribute(attributes, "type") in _TITLE_SHAPES

    def _hide(self, *_: object) -> None:
        self.unseen = 1  # the same text box again, for old programs

    def _close(self, name: str) -> None:
        if self.open:
            mark = self.marks.pop()
            if words := smooth("".join(self.open.pop())):
                self.blocks[-1].append(mark + words)
            self.taking = bool(self.open) and "opendocument" in name


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
