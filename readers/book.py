"""Books in EPUB: their chapters in the order of reading."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from readers.archive import Archive
from readers.elements import local, parse
from readers.markup import html_text
from readers.text import decode_text


class About:
    """The title of a document, as its metadata have it."""

    def __init__(self) -> None:
        self.title = ""
        self.inside = False

    def begin(self, name: str, _: dict[str, str]) -> None:
        """An element begins."""
        self.inside = local(name) == "title"

    def end(self, _: str) -> None:
        """An element ends."""
        self.inside = False

    def text(self, text: str) -> None:
        """What stands between two tags."""
        if self.inside:
            self.title = " ".join((self.title + text).split())


class Book:
    """The chapters of an EPUB in the order of reading."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.package = ""
        self.files: dict[str, str] = {}
        self.order: list[str] = []
        parse(archive.read("META-INF/container.xml"), self._root, lambda _: None, lambda _: None)
        about = About()

        def begin(name: str, attributes: dict[str, str]) -> None:
            about.begin(name, attributes)
            self._entry(name, attributes)

        parse(archive.read(self.package), begin, about.end, about.text)
        self.info: dict[str, Any] = {"title": about.title} if about.title else {}

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) == "rootfile" and not self.package:
            self.package = attributes.get("full-path", "")

    def _entry(self, name: str, attributes: dict[str, str]) -> None:
        if local(name) == "item" and "html" in attributes.get("media-type", ""):
            target = posixpath.join(posixpath.dirname(self.package), unquote(attributes.get("href", "")))
            self.files[attributes.get("id", "")] = posixpath.normpath(target)
        elif local(name) == "itemref":
            self.order.append(attributes.get("idref", ""))

    def chapters(self) -> Iterator[str]:
        """The text of each chapter."""
        for key in self.order:
            source = decode_text(self.archive.read(self.files.get(key, "")))
            if source:
                yield html_text(source)[1]
