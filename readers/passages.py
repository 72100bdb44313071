"""Cut a text into passages, where it may be cut: at headings, paragraphs and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0e7f"  # written without spaces
LONG_WORD = 40  # letters; what is longer counts as several words
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]{{1,{LONG_WORD}}}\s?")
_SENTENCE_END = re.compile(r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+(?=\s)|[。！？]+[」』”]*")
_HEADING = re.compile(r"#{1,6}\s+\S")
_PARAGRAPH = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence, or what is left of a longer one. `opens`: a heading begins here; `ends`: a paragraph ends here."""

    text: str
    words: int
    opens: bool = False
    ends: bool = False


def count_words(text: str) -> int:
    """Words of a text; where words are not separated, every character is one."""
    return sum(1 for _ in _WORD.finditer(text))


def passages(text: str, longest: int, overlap: int) -> Iterator[str]:
    """Passages of at most `longest` words, of which neighbours share up to `overlap`, in whole sentences.

    A passage ends before a heading if it is a quarter full. Nothing is shared across a heading.
    """
    longest = max(1, longest)
    if short := _short(text, longest):
        yield short
        return
    held: list[Piece] = []
    fresh = count = 0  # pieces that no passage has yet; words held
    for piece in _pieces(text, longest):
        heading = piece.opens and count >= longest / 4
        if held and (heading or count + piece.words > longest):
            if fresh:
                yield _join(held)
            held = [] if heading else _tail(held, min(overlap, longest - piece.words))
            count, fresh = sum(kept.words for kept in held), 0
        held.append(piece)
        count, fresh = count + piece.words, fresh + 1
    if fresh:
        yield _join(held)


def _short(text: str, longest: int) -> str:
    """The only passage of a text that is plainly no longer than one; "" where a closer look is needed.

    Most files of a folder of notes are so, and cutting them into sentences costs more than all else that reads them.
    """
    if not text.isascii() or _PARAGRAPH.search(text.strip()):
        return ""
    words = text.split()
    if len(words) > longest or any(len(word) > LONG_WORD for word in words):
        return ""
    return "" if any(_HEADING.match(line) for line in text.split("\n")) else " ".join(words)


def _tail(held: list[Piece], most: int) -> list[Piece]:
    """The last whole sentences that hold no more than `most` words."""
    kept: list[Piece] = []
    for piece in reversed(held[1:]):  # never the whole passage again
        most -= piece.words
        if most < 0:
            break
        kept.insert(0, piece)
    return kept


def _join(held: list[Piece]) -> str:
    return "".join(piece.text + ("\n" if piece.ends else " ") for piece in held).strip()


def _pieces(text: str, longest: int) -> Iterator[Piece]:
    for paragraph in _PARAGRAPH.split(text):
        lines = _flow(paragraph)
        for line in lines:
            opens = bool(_HEADING.match(line))
            sentences = [line] if opens else _sentences(line)
            for number, sentence in enumerate(sentences):
                bits = _split(sentence.strip(), longest)
                for at, (bit, words) in enumerate(bits):
                    last = number == len(sentences) - 1 and at == len(bits) - 1
                    yield Piece(bit, words, opens=opens and at == 0, ends=last)


def _sentences(line: str) -> list[str]:
    ends = [match.end() for match in _SENTENCE_END.finditer(line)]
    parts = (line[begin:end].strip() for begin, end in pairwise([0, *ends, len(line)]))
    return [part for part in parts if part]


def _flow(paragraph: str) -> list[str]:
    """Headings by themselves; other lines flow together, as their writer's editor broke them."""
    flowed: list[str] = []
    running: list[str] = []
    for line in paragraph.split("\n"):
        if _HEADING.match(line):
            flowed += [" ".join(running)] if running else []
            flowed.append(" ".join(line.split()))
            running = []
        elif line.strip():
            running.append(" ".join(line.split()))
    return [*flowed, " ".join(running)] if running else flowed


def _split(sentence: str, longest: int) -> list[tuple[str, int]]:
    """A sentence that is longer than a passage, in parts of whole words. Words count up to 40 letters each."""
    found = [match.group() for match in _WORD.finditer(sentence)]
    return [
        ("".join(found[at : at + longest]).strip(), len(found[at : at + longest]))
        for at in range(0, len(found), longest)
    ]
