"""Drawings in SVG: cleaned of all that reaches outside, then drawn by resvg, which runs no scripts.

resvg reads files that a drawing names, and ends the process on one that nests without end: neither gets to it.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from schemas import ReadError, ReadOptions

if TYPE_CHECKING:
    from PIL.Image import Image

_DEEPEST = 100  # elements inside each other, those that are referred to included
_MOST = 200_000  # elements that are drawn, those that are referred to counted each time
_ICON, _ENLARGED = 128, 8  # pixels that any drawing gets; times its stated size for one with effects, at most
_CLASS = re.compile(r"\.([\w-]+)\s*$")  # at the end of a selector: whatever it chooses is of this class
_INSIDE = re.compile(r"url\(\s*['\"]?#([^)'\"\s]+)")
_PICTURE = re.compile(r"data:image/(?:png|jpeg|jpg|gif|webp);base64,(.*)", re.DOTALL)
_PICTURES = ("PNG", "JPEG", "GIF", "WEBP")
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "pc": 16.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0}
_LENGTH = re.compile(rf"\s*(\d{{1,6}}(?:\.\d*)?)\s*({'|'.join(_PIXELS)})\s*$")
_UNSEEN = frozenset(("script", "foreignObject", "metadata"))
_TITLES, _WORDS = frozenset(("title",)), frozenset(("desc", "text"))


@dataclass(slots=True)
class Drawing:
    """A drawing that reaches nothing outside of itself, and what it says."""

    source: str
    titles: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    size: tuple[int, int] | None = None  # as it states, pixels
    has_text: bool = False
    has_effects: bool = False  # filters and masks are worked out pixel by pixel, also beyond what is seen


def read_svg(path: Path, options: ReadOptions) -> Drawing:
    """The drawing at `path`, which may be packed by gzip.

    Raises:
        ReadError: It is damaged, longer than `options.max_document`, or made to do harm.
    """
    with path.open("rb") as file:
        data = file.read(options.max_document + 1)
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.GzipFile(fileobj=BytesIO(data)).read(options.max_document + 1)
        except (EOFError, OSError, zlib.error) as error:
            raise ReadError("The drawing is damaged: it cannot be unpacked.") from error
    if len(data) > options.max_document:
        raise ReadError(f"The drawing is longer than the {options.max_document:,} bytes allowed.")
    return _Cleaner(options.max_pixels).clean(data)


def draw(drawing: Drawing, side: int) -> Image:
    """A drawing as a picture whose longest side is `side` pixels; an icon with effects is not blown up so far.

    Raises:
        ReadError: It cannot be drawn.
    """
    from PIL import Image
    from resvg_py import svg_to_bytes

    if drawing.has_effects and drawing.size is not None:
        side = min(side, max(_ICON, _ENLARGED * max(drawing.size)))
    try:
        drawn = svg_to_bytes(
            svg_string=drawing.source,
            width=side,
            height=side,
            dpi=96,  # without it, lengths in points or centimetres are none
            skip_system_fonts=not drawing.has_text,
        )
    except ValueError as error:
        raise ReadError("The drawing is damaged: it cannot be drawn.") from error
    return Image.open(BytesIO(drawn), formats=("PNG",))


@dataclass(slots=True)
class _Weight:
    """What a named part of a drawing holds: how many elements, how deep, and which other parts it refers to."""

    elements: int = 0
    depth: int = 0
    refers: list[str] = field(default_factory=list)


class _Cleaner:
    """Copies a drawing element by element."""

    def __init__(self, max_pixels: int) -> None:
        self.pixels_left = max_pixels
        self.out: list[str] = []
        self.depth = self.unseen = 0
        self.inside: list[tuple[str, str, int]] = []  # name, id, depth at which it begins
        self.weights: defaultdict[str, _Weight] = defaultdict(_Weight)
        self.drawing = Drawing("")
        self.styles: list[str] = []  # pieces of the style sheet that is being read
        self.said: list[str] = []
        self.saying = 0

    def clean(self, data: bytes) -> Drawing:
        """The drawing without what reaches outside."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError) as error:
            raise ReadError("The drawing is damaged: it is no well-formed XML.") from error
        elements, depth = self._whole("", {})
        if depth > _DEEPEST or elements > _MOST:
            raise ReadError("The drawing repeats itself more than any drawing does: it may be made to do harm.")
        self.drawing.source = "".join(self.out)
        return self.drawing

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        kind = name.rpartition(":")[2]
        self.depth += 1
        if self.depth > _DEEPEST:
            raise ReadError(f"The drawing nests more than {_DEEPEST} elements: it is damaged, or made to do harm.")
        if self.unseen or kind in _UNSEEN:
            self.unseen += 1
            return
        if self.depth == 1:
            self.drawing.size = _stated_size(attributes)
        self.inside.append((kind, attributes.get("id", ""), self.depth))
        kept = {key: value for key, value in attributes.items() if self._keeps(key, value)}
        refers = [match for value in kept.values() for match in _INSIDE.findall(value)]
        refers += [value[1:] for key, value in kept.items() if key.rpartition(":")[2] == "href" and value[:1] == "#"]
        refers += [f".{name}" for name in kept.get("class", "").split()]
        for owner, begins in self._owners():
            weight = self.weights[owner]
            weight.elements += 1
            weight.depth = max(weight.depth, self.depth - begins + 1)
            weight.refers += refers
        self.out.append(f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in kept.items())}>")
        if kind in _TITLES | _WORDS and not self.saying:
            self.saying, self.said = self.depth, []
        self.drawing.has_text = self.drawing.has_text or kind == "text"
        self.drawing.has_effects = self.drawing.has_effects or kind in ("filter", "mask")

    def _owners(self) -> list[tuple[str, int]]:
        """The named parts that the current element lies in, and the whole, which has no name."""
        return [("", 1), *((name, depth) for _, name, depth in self.inside if name)]

    def _keeps(self, key: str, value: str) -> bool:
        """Whether an attribute stays: only references to the drawing itself and pictures inside of it do."""
        if key.rpartition(":")[2] != "href":
            return True
        if value.startswith("#"):
            return True
        picture = _PICTURE.match(value.strip())
        return picture is not None and self._affordable(picture[1])

    def _affordable(self, encoded: str) -> bool:
        """Whether a picture inside the drawing, and all before it, claim no more pixels than one picture may."""
        from PIL import Image

        try:
            with Image.open(BytesIO(base64.b64decode(encoded)), formats=_PICTURES) as image:
                self.pixels_left -= image.width * image.height
        except (OSError, ValueError, SyntaxError, binascii.Error):
            return False
        return self.pixels_left >= 0

    def _text(self, text: str) -> None:
        if self.unseen:
            return
        if self.inside and self.inside[-1][0] == "style":
            self.styles.append(text)  # whole rules are judged: a long sheet comes in pieces
            return
        self.out.append(escape(text))
        if self.saying:
            self.said.append(text)

    def _rules(self, sheet: str) -> str:
        """A style sheet; a rule that refers to a part of the drawing has to say for which classes it does."""
        first, *others = sheet.split("/*")
        bare = "".join([first, *(other.partition("*/")[2] for other in others)])
        return "}".join(map(self._rule, bare.split("}")))

    def _rule(self, rule: str) -> str:
        refers = _INSIDE.findall(rule)
        if not refers:
            return rule
        above, brace, chosen = rule.rpartition("{")[0].rpartition("{")
        if "url(" in above:  # a rule inside of a rule
            return "none{"
        for one in chosen.split(","):
            of_class = _CLASS.search(one)
            if of_class is None or "\\" in one:
                return f"{above}{brace}none{{"  # no element is called so
            self.weights[f".{of_class[1]}"].refers += refers
        return rule

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.unseen:
            self.unseen -= 1
            return
        kind, _, _ = self.inside.pop()
        if kind == "style":
            self.out.append(escape(self._rules("".join(self.styles))))
            self.styles.clear()
        self.out.append(f"</{name}>")
        if self.saying > self.depth:
            self.saying = 0
            if line := " ".join("".join(self.said).split()):
                (self.drawing.titles if kind in _TITLES else self.drawing.words).append(line)

    def _whole(self, name: str, known: dict[str, tuple[int, int]], level: int = 0) -> tuple[int, int]:
        """Elements and depth of a part with all that it refers to. One that refers to itself is drawn once."""
        if name in known:
            return known[name]
        if level > _DEEPEST:
            return 0, level
        known[name] = (0, 0)
        weight = self.weights.get(name, _Weight())
        elements, depth = weight.elements, weight.depth
        for other in weight.refers:
            more, deeper = self._whole(other, known, level + 1)
            elements, depth = min(elements + more, _MOST + 1), max(depth, weight.depth + deeper)
        known[name] = (elements, depth)
        return elements, depth


def _stated_size(attributes: dict[str, str]) -> tuple[int, int] | None:
    """Width and height in pixels, from the root's attributes or its view box."""
    stated = [_LENGTH.match(attributes.get(name, "")) for name in ("width", "height")]
    if None in stated:
        box = re.split(r"[\s,]+", attributes.get("viewBox", "").strip())
        stated = [_LENGTH.match(length) for length in box[2:4]]
    sides = [round(float(side[1]) * _PIXELS[side[2]]) for side in stated if side is not None]
    return (sides[0], sides[1]) if len(sides) == 2 and all(sides) else None  # noqa: PLR2004  # both of them
