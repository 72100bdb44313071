"""What people use for documents: `semantic-text-splitter`, behind a library that opens the format.

It cuts where Medley cuts (at headings, paragraphs, sentences), into passages as long and with the same overlap, and
tells where each begins. Its lengths are told in words, as Medley's are, by a function that it calls: told in
characters, which are not the same passages, it is several times as fast.

    pip install semantic-text-splitter python-docx
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from schemas import ReadOptions

OPTIONS = ReadOptions()


def library_call(suffix: str) -> Callable[[Path], object] | None:
    """The call for files of this kind; None where there is none, or where it is not installed."""
    needs = ("semantic_text_splitter", *(("docx",) if suffix == "docx" else ()))
    return _CALLS.get(suffix) if all(find_spec(name) for name in needs) else None


@cache
def _splitter(kind: str) -> Any:
    splitter = getattr(import_module("semantic_text_splitter"), kind)
    return splitter.from_callback(lambda text: len(text.split()), OPTIONS.passage, OPTIONS.overlap)


def text(path: Path) -> object:
    """A text, in passages."""
    return _splitter("TextSplitter").chunk_indices(path.read_text(encoding="utf-8"))


def markdown(path: Path) -> object:
    """A text with headings, in passages."""
    return _splitter("MarkdownSplitter").chunk_indices(path.read_text(encoding="utf-8"))


def page(path: Path) -> object:
    """The text of a web page, in passages; its headings are lost."""
    body = LexborHTMLParser(path.read_text(encoding="utf-8")).body
    return _splitter("TextSplitter").chunk_indices(body.text(separator="\n\n") if body else "")


def values(path: Path) -> object:
    """The strings of a JSON document, in passages."""
    parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
    return _splitter("TextSplitter").chunk_indices("\n\n".join(parts))


def docx(path: Path) -> object:
    """The text of a document, in passages."""
    document = import_module("docx").Document(str(path))
    return _splitter("TextSplitter").chunk_indices("\n\n".join(part.text for part in document.paragraphs))


_CALLS: dict[str, Callable[[Path], object]] = {
    "txt": text,
    "md": markdown,
    "html": page,
    "json": values,
    "docx": docx,
}
