"""Workbooks in XLSX and ODS: each sheet a page, each row that says something in words a line.

What was noted at cells of XLSX, and what its charts and text boxes say, comes after the rows of their sheet.
"""

from __future__ import annotations

from collections.abc import Iterator

from readers.archive import Archive
from readers.elements import attribute, local, parse
from readers.flow import Flow
from readers.related import related
from readers.text import smooth

_BOOK = "xl/workbook.xml"
_DIGITS = 9  # of the number of a string
Sheet = tuple[str, list[str]]
"""The name of a sheet, and its rows."""


def xlsx_sheets(archive: Archive) -> Iterator[Sheet]:
    """The sheets of an Office workbook in their order, also those that are hidden."""
    names: list[tuple[str, str]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if local(name) == "sheet":
            key = next((value for key, value in attributes.items() if key.endswith("relationships id")), "")
            names.append((attribute(attributes, "name"), key))

    parse(archive.read(_BOOK), begin, _nothing, _nothing)
    strings = _Cells(archive, [])
    if data := archive.read("xl/sharedStrings.xml"):
        parse(data, strings.begin, strings.end, strings.text)
    targets = related(archive, _BOOK)
    for title, key in names:
        cells = _Cells(archive, strings.shared)
        part = targets.get(key, ("", ""))[1]
        if data := archive.read(part):
            parse(data, cells.begin, cells.end, cells.text)
        yield title, cells.rows + _beside(archive, part, "\n".join(cells.rows))


def _beside(archive: Archive, sheet: str, rows: str) -> list[str]:
    """What the notes, comments, text boxes and charts of a sheet say, each once, but for what its `rows` say."""
    notes, drawn = _Notes(), Flow()
    for kind, name in related(archive, sheet).values():
        if kind.endswith(("/comments", "/threadedComment")) and (data := archive.read(name)):
            parse(data, notes.begin, notes.end, notes.text)
        elif kind.endswith("/drawing"):
            charts = (chart for kind, chart in related(archive, name).values() if kind.endswith("/chart"))
            for part in (name, *charts):
                if data := archive.read(part):
                    parse(data, *drawn.handlers)
    said = dict.fromkeys(drawn.blocks[0])  # a chart names again what stands in the cells that it draws
    return list(dict.fromkeys(notes.found)) + [words for words in said if words not in rows]


class _Notes:
    """What was noted at the cells of a sheet: notes, and the comments of a conversation."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._authors = 0
        self._copies: set[str] = set()  # numbers of authors of notes that tell old programs of a comment
        self._said: list[str] = []
        self._taking = self._copied = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        match local(name):
            case "comment":
                self._copied = attributes.get("authorId", "") in self._copies
            case "threadedComment":
                self._copied = False
            case "text" | "author":
                self._said, self._taking = [], True

    def end(self, name: str) -> None:
        """An element ends."""
        match local(name):
            case "author":
                if "".join(self._said).startswith("tc="):
                    self._copies.add(str(self._authors))
                self._authors += 1
                self._taking = False
            case "text":
                if not self._copied and (words := smooth("".join(self._said))):
                    self.found.append(words)
                self._taking = False

    def text(self, text: str) -> None:
        """What stands between two tags."""
        if self._taking:
            self._said.append(text)


class _Cells:
    """The rows of a sheet of XLSX; `shared` are the strings that cells speak of by number."""

    def __init__(self, archive: Archive, shared: list[str]) -> None:
        self.shared = shared
        self._archive = archive
        self.rows: list[str] = []
        self._row: list[str] = []
        self._said: list[str] = []
        self._kind = ""
        self._taking = self._worded = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        match local(name):
            case "row":
                self._row, self._worded = [], False
            case "c":
                self._kind = attributes.get("t", "n")
                self._said = []
            case "si":
                self._said = []
            case "rPh":  # how a name is pronounced
                self._kind = "rPh"
            case "v" | "t":
                self._taking = self._kind != "rPh"

    def end(self, name: str) -> None:
        """An element ends."""
        match local(name):
            case "v" | "t":
                self._taking = False
            case "rPh":
                self._kind = ""
            case "si":
                self.shared.append("".join(self._said))
            case "c":
                self._cell("".join(self._said))
            case "row" if self._worded:
                self.rows.append(", ".join(self._row))

    def text(self, text: str) -> None:
        """What stands between two tags."""
        if self._taking:
            self._said.append(text)

    def _cell(self, said: str) -> None:
        if self._kind == "s":
            number = int(said) if said.isdecimal() and len(said) <= _DIGITS else len(self.shared)
            said = self.shared[number] if number < len(self.shared) else ""
            self._archive.spend(len(said))  # a few bytes may speak of a long string, many thousand times
        if self._kind not in ("e", "b") and (said := smooth(said)):
            self._row.append(said)
            self._worded = self._worded or (self._kind != "n" and any(map(str.isalpha, said)))


def ods_sheets(data: bytes) -> list[Sheet]:
    """The sheets of a workbook of OpenDocument, whose content is `data`. Cells that are repeated are told once."""
    found: list[Sheet] = []
    row: list[str] = []
    said: list[str] = []
    inside = 0  # of paragraphs

    def begin(name: str, attributes: dict[str, str]) -> None:
        nonlocal inside
        match local(name):
            case "table":
                found.append((attribute(attributes, "name"), []))
            case "table-row":
                row.clear()
            case "table-cell":
                said.clear()
            case "p":
                inside += 1
                said.append(" ")
            case "s" | "tab" | "line-break":
                said.append(" ")

    def end(name: str) -> None:
        nonlocal inside
        match local(name):
            case "p":
                inside -= 1
            case "table-cell":
                if cell := smooth("".join(said)):
                    row.append(cell)
            case "table-row" if found and any(map(str.isalpha, "".join(row))):
                found[-1][1].append(", ".join(row))

    def text(text: str) -> None:
        if inside:
            said.append(text)

    parse(data, begin, end, text)
    return found


def _nothing(_: object) -> None:
    """What ends, or is said, tells nothing here."""
