"""Cut a text into passages, where it may be cut: at headings, paragraphs and sentences.

Words are found with numpy, all of a block at once, and sentences by their numbers: what is done in Python is done
once a passage, not once a word.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Places = NDArray[np.intp]
    Kinds = NDArray[np.uint8]

_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0e7f"  # written without spaces
LONG_WORD = 40  # letters; what is longer counts as several words
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]{{1,{LONG_WORD}}}\s?")
_AFTER_WIDE = re.compile(rf"(?<=[{_WIDE}])\s+")
_ENDS, _CLOSERS, _WIDE_ENDS = ".!?…", "\"'”’)]", "。！？"
_MOST_CLOSERS = 8
_MIXED = re.compile(rf"[{_WIDE}{_WIDE_ENDS}]")
# A sentence ends at `_ENDS` before a space, and at `_WIDE_ENDS` whatever follows.
_SENTENCE_END = re.compile(rf"[.!?…][.!?…]{{0,7}}+[\"'”’)\]]{{0,{_MOST_CLOSERS}}}+(?=\s)|[{_WIDE_ENDS}]+[」』”]*")
_HEADING = re.compile(r"##{0,5}[^\S\n]+\S.*")  # where a line begins with it, or with up to so many blanks before it
_INDENT = 3
_PARAGRAPH = re.compile(r"\n\s*\n")
_BLOCK = 1_000_000  # characters that are laid out at once
_BASIC = 0x10000  # characters; those beyond are letters
_BLANK, _SPACE, _LETTER, _CLOSER, _END, _WIDE_END, _ALONE = range(7)  # kinds of characters; blanks are the usual spaces


class Part(NamedTuple):
    """A passage, and where it lies in its text: the offsets of its first character and of the one after its last."""

    text: str
    begin: int
    end: int


def count_words(text: str) -> int:
    """Words of a text; where words are not separated, every character is one."""
    return sum(1 for _ in _WORD.finditer(text))


def passages(text: str, longest: int, overlap: int) -> Iterator[Part]:
    """Passages of at most `longest` words, of which neighbours share up to `overlap`, in whole sentences.

    A passage ends before a heading if it is a quarter full. Nothing is shared across a heading.
    """
    longest = max(1, longest)
    if short := _short(text, longest):
        yield short
        return
    start = stop = checked = 0
    while stop < len(text):
        gap = _PARAGRAPH.search(text, stop + _BLOCK)
        stop = gap.start() if gap else len(text)
        laid = _Block(text, start, stop, longest)
        before, last, first = laid.before, len(laid.before) - 1, 0
        while first < last:
            full = bisect_right(before, before[first] + longest) - 1
            heading = laid.heading(max(checked, bisect_left(before, before[first] + longest / 4)))
            if heading <= full:
                yield laid.part(first, heading)
                first, checked = heading, heading + 1
            elif full < last:
                yield laid.part(first, full)
                room = min(overlap, longest - (before[full + 1] - before[full]))
                first = min(full, max(first + 1, bisect_left(before, before[full] - room)))  # never all of it again
                checked = full + 1
            else:
                break
        if stop == len(text) and first < last:
            yield laid.part(first, last)
        start, checked = laid.end(first, start), max(0, checked - first)


def _short(text: str, longest: int) -> Part | None:
    """The only passage of a text that is plainly no longer than one; None where a closer look is needed.

    Most files of a folder of notes are so, and to lay them out costs more than all else that reads them.
    """
    words = text.split(None, longest)
    if not words or len(words) > longest or max(map(len, words)) > LONG_WORD:
        return None
    if "#" in text and any(_headings(text, 0, len(text))):
        return None
    if not text.isascii() and _MIXED.search(text):
        return None
    begin = text.index(words[0])
    end = len(text.rstrip())
    if _PARAGRAPH.search(text, begin, end):
        lines = [" ".join(paragraph.split()) for paragraph in _PARAGRAPH.split(text[begin:end])]
        return Part("\n".join(lines), begin, end)
    return Part(" ".join(words), begin, end)


class _Block:
    """A stretch of a text, in pieces: a sentence, a heading, or what is left of one that is longer than a passage.

    `before` tells how many words come before each piece, and, last, how many there are; no piece is without words.
    """

    def __init__(self, text: str, start: int, stop: int, longest: int) -> None:
        self._text = text
        kinds = _kinds(text[start:stop])
        gaps = [found.start() - start for found in _PARAGRAPH.finditer(text, start, stop)]
        headings = list(_headings(text, start, stop)) if "#" in text else []
        edges = np.array(headings, np.intp).reshape(-1, 2) - start
        closing = np.concatenate([np.array(gaps, np.intp), edges.ravel()])
        self._wide = kinds.max(initial=_BLANK) >= _WIDE_END
        self._plain = not (kinds == _SPACE).any()
        if self._wide:
            ends = np.array([found.end() for found in _SENTENCE_END.finditer(text, start, stop)], np.intp) - start
            ends = _outside(ends, edges)
            first, last = _mixed_words(kinds, np.concatenate([ends, closing]))
        else:
            first, last = _words(kinds)
            ends = _outside(last[_ending(kinds, last)], edges)
        first, last = _cut_long(first, last)
        found = np.searchsorted(first, np.concatenate([closing, ends]))
        closed = found[: len(closing)]
        bounds = np.zeros(len(first) + 1, np.bool_)
        bounds[found] = bounds[0] = bounds[-1] = True
        pieces = np.flatnonzero(bounds)
        if len(pieces) > 1 and (pieces[1:] - pieces[:-1]).max() > longest:
            pieces = np.concatenate([*(np.arange(a, b, longest) for a, b in pairwise(pieces)), pieces[-1:]])
        self.before: list[int] = pieces.tolist()
        self._begins: list[int] = (first[pieces[:-1]] + start).tolist()
        self._ends: list[int] = (last[pieces[1:] - 1] + start).tolist()
        self._closed: list[int] = np.searchsorted(pieces, np.sort(closed)).tolist()
        self._headings: list[int] = np.searchsorted(pieces, closed[len(gaps) :: 2]).tolist() if headings else []

    def heading(self, piece: int) -> int:
        """The first piece from this one on with which a heading begins; beyond all of them without one."""
        at = bisect_left(self._headings, piece)
        return self._headings[at] if at < len(self._headings) else len(self.before)

    def end(self, pieces: int, start: int) -> int:
        """The offset at which so many pieces end; `start` for none."""
        return self._ends[pieces - 1] if pieces else start

    def part(self, first: int, stop: int) -> Part:
        """The passage of some pieces: a line each paragraph."""
        lines = []
        begin = first
        for after in (*self._closed[bisect_right(self._closed, first) : bisect_left(self._closed, stop)], stop):
            if after > begin:
                lines.append(self._line(begin, after))
                begin = after
        return Part("\n".join(lines), self._begins[first], self._ends[stop - 1])

    def _line(self, first: int, stop: int) -> str:
        """Pieces of one paragraph, with one blank for all space between two words."""
        if self._wide:
            pieces = (self._text[self._begins[n] : self._ends[n]] for n in range(first, stop))
            return " ".join([" ".join(_AFTER_WIDE.sub("", piece).split()) for piece in pieces])
        line = self._text[self._begins[first] : self._ends[stop - 1]]
        if self._plain and "\n" not in line and "  " not in line:
            return line
        return " ".join(line.split())


def _headings(text: str, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """Where headings begin and end. To look at what is before each mark is many times as fast as at all lines."""
    for found in _HEADING.finditer(text, start, stop):
        begin, end = found.span()
        before = text[max(0, begin - _INDENT - 1) : begin].rstrip(" ")
        if before.endswith("\n") or (not before and begin <= _INDENT):
            yield begin, end


def _words(kinds: Kinds) -> tuple[Places, Places]:
    """Where what lies between spaces begins, and where it ends."""
    solid = kinds > _SPACE
    edges = np.empty(len(kinds) + 1, np.bool_)
    edges[0], edges[-1] = solid[0], solid[-1]
    np.not_equal(solid[1:], solid[:-1], out=edges[1:-1])
    places = np.flatnonzero(edges)
    return places[::2].copy(), places[1::2]  # where words begin is looked up in, again and again


def _ending(kinds: Kinds, last: Places) -> NDArray[np.bool_]:
    """Whether a sentence ends with each of the words that end at `last`, its quotes and brackets passed over."""
    at = last - 1
    found = kinds[at]
    for _ in range(_MOST_CLOSERS):
        closers = found == _CLOSER
        if not closers.any():
            break
        at = np.maximum(at - closers, 0)
        found = kinds[at]
    ends: NDArray[np.bool_] = found == _END
    return ends


def _cut_long(first: Places, last: Places) -> tuple[Places, Places]:
    """Words of which each counts up to 40 letters."""
    lengths = last - first
    if not len(first) or lengths.max() <= LONG_WORD:
        return first, last
    times = -(-lengths // LONG_WORD)
    part = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    first = np.repeat(first, times) + part * LONG_WORD
    return first, np.minimum(first + LONG_WORD, np.repeat(last, times))


def _outside(places: Places, edges: Places) -> Places:
    """The places that do not lie inside of what has these edges, (n, 2): nothing is cut inside of a heading."""
    if not len(edges):
        return places
    at = np.searchsorted(edges[:, 0], places) - 1
    outside: Places = places[(at < 0) | (places >= edges[at, 1])]
    return outside


def _mixed_words(kinds: Kinds, bounds: Places) -> tuple[Places, Places]:
    """As `_words`, where some characters are words each, and a word may end at one of `bounds` without a space."""
    begins = np.empty(len(kinds) + 1, np.bool_)
    begins[0] = begins[-1] = True
    solid, alone = kinds > _SPACE, kinds == _ALONE
    np.not_equal(solid[1:], solid[:-1], out=begins[1:-1])
    begins[:-1] |= alone
    begins[1:] |= alone
    begins[bounds] = True
    places = np.flatnonzero(begins)
    some = solid[places[:-1]]
    return places[:-1][some], places[1:][some]


def _kinds(text: str) -> Kinds:
    """The kind of each character."""
    if text.isascii():
        return np.frombuffer(text.encode("ascii").translate(_ascii_table()), np.uint8)
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return _table()[np.minimum(codes, _BASIC - 1)]


@cache
def _ascii_table() -> bytes:
    return _table()[:256].tobytes()


@cache
def _table() -> Kinds:
    """The kinds of all characters of the basic plane. No space lies beyond the ideographic one."""
    table = np.full(_BASIC, _LETTER, np.uint8)
    table[[code for code in range(0x3001) if chr(code).isspace()]] = _SPACE
    for characters, kind in ((" \n", _BLANK), (_ENDS, _END), (_CLOSERS, _CLOSER), (_WIDE_ENDS, _WIDE_END)):
        table[[ord(character) for character in characters]] = kind
    for first, last in re.findall("(.)-(.)", _WIDE):
        table[ord(first) : ord(last) + 1] = _ALONE
    return table
