"""The paragraphs of Office and OpenDocument, as their XML goes by."""

from __future__ import annotations

from collections.abc import Callable

from readers.elements import attribute, local
from readers.text import smooth

_TITLE_SHAPES = ("title", "ctrTitle")


class _Named(dict[str, "Callable[..., None] | None"]):
    """What to do at an element, by its whole name; each name is taken apart once, however often it comes."""

    def __init__(self, by_local_name: dict[str, Callable[..., None]]) -> None:
        super().__init__()
        self._known = by_local_name

    def __missing__(self, name: str) -> Callable[..., None] | None:
        self[name] = found = self._known.get(local(name))
        return found


class Flow:
    """The paragraphs of WordprocessingML, DrawingML and OpenDocument: all of them name them `p` (or `h`).

    `blocks` are paragraphs by page, the first those before any page; headings are marked as in Markdown.
    """

    def __init__(self, headings: frozenset[str] = frozenset()) -> None:
        self.headings = headings
        self.blocks: list[list[str]] = [[]]
        self.open: list[list[str]] = []  # what paragraphs inside each other say: a text box stands in one
        self.marks: list[str] = []  # what these begin with
        self.unseen = 0  # depth inside of what is there twice
        self.taking = False
        self.title_shape = False
        self.cached = False  # whether what a chart shows stands here
        begun: dict[str, Callable[..., None]] = {
            **{"p": self._paragraph, "h": self._heading, "t": self._take, "pStyle": self._style},
            **{"page": self._page, "sp": self._shape, "ph": self._place, "Fallback": self._hide},
            **{"strCache": self._cache, "v": self._value, "creator": self._signed, "date": self._signed},
            **dict.fromkeys(("tab", "br", "cr", "s", "line-break"), self._space),
        }
        self._begun = _Named(begun)
        self._ended = _Named(
            {"p": self._close, "h": self._close, "t": self._leave, "strCache": self._uncache, "v": self._end_value}
        )
        self.handlers = (self.begin, self.end, self.text)

    @property
    def whole(self) -> str:
        """All that was said."""
        return "\n\n".join(block for page in self.blocks for block in page)

    @property
    def pages(self) -> list[str]:
        """What was said on each page."""
        return ["\n\n".join(page) for page in self.blocks[1:]]

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if self.unseen:
            self.unseen += 1
        elif (action := self._begun[name]) is not None:
            action(name, attributes)

    def end(self, name: str) -> None:
        """An element ends."""
        if self.unseen:
            self.unseen -= 1
        elif (action := self._ended[name]) is not None:
            action(name)

    def text(self, text: str) -> None:
        """What stands between two tags."""
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

    def _signed(self, name: str, _: dict[str, str]) -> None:
        if "purl.org" in name:
            self.unseen = 1  # who wrote a note in OpenDocument, and when

    def _cache(self, *_: object) -> None:
        self.cached = True

    def _uncache(self, _: str) -> None:
        self.cached = False

    def _value(self, name: str, attributes: dict[str, str]) -> None:
        if self.cached:
            self._paragraph(name, attributes)
            self.taking = True

    def _end_value(self, name: str) -> None:
        if self.cached:
            self._close(name)

    def _close(self, name: str) -> None:
        if self.open:
            mark = self.marks.pop()
            if words := smooth("".join(self.open.pop())):
                self.blocks[-1].append(mark + words)
            self.taking = bool(self.open) and "opendocument" in name
