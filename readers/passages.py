"""Cut a text into passages, where it may be cut: at headings, paragraphs and sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_WIDE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0e7f"  # written without spaces
LONG_WORD = 40  # letters; what is longer counts as several words
_WORD = re.compile(rf"[{_WIDE}]|[^\s{_WIDE}]{{1,{LONG_WORD}}}\s?")
_SENTENCE_END = re.compile(r"[.!?…][.!?…]{0,7}+[\"'”’)\]]{0,8}+(?=\s)|[。！？]+[」』”]*")
_SENTENCE_END_ASCII = re.compile(r"[.!?][.!?]{0,7}+[\"')\]]{0,8}+(?=\s)")  # the same, many times as fast
_HEADING = re.compile(r" {0,3}#{1,6}\s+\S")
_PARAGRAPH = re.compile(r"\n\s*\n")
_LETTERS = bytes(0x20 if chr(code).isspace() else 0x78 for code in range(128)) + bytes(128)
_RARE_SPACE = "\t\v\f\r\x1c\x1d\x1e\x1f"


@dataclass(frozen=True, slots=True)
class Part:
    """A passage, and where it lies in its text: the offsets of its first character and of the one after its last."""

    text: str
    begin: int
    end: int


@dataclass(slots=True)
class Piece:
    """A sentence, or what is left of a longer one. `opens`: a heading begins here; `ends`: a paragraph ends here."""

    text: str
    words: int
    begin: int
    end: int
    opens: bool = False
    ends: bool = False


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


def _short(text: str, longest: int) -> Part | None:
    """The only passage of a text that is plainly no longer than one; None where a closer look is needed.

    Most files of a folder of notes are so, and cutting them into sentences costs more than all else that reads them.
    """
    bare = text.strip()
    if not text.isascii() or "\n\n" in bare or _PARAGRAPH.search(bare):
        return None
    words = bare.split()
    if len(words) > longest or (words and max(map(len, words)) > LONG_WORD):
        return None
    if not words or ("#" in text and any(_HEADING.match(line) for line in text.split("\n"))):
        return None
    begin = text.index(bare[0])
    return Part(" ".join(words), begin, begin + len(bare))


def _tail(held: list[Piece], most: int) -> list[Piece]:
    """The last whole sentences that hold no more than `most` words."""
    kept: list[Piece] = []
    for piece in reversed(held[1:]):  # never the whole passage again
        most -= piece.words
        if most < 0:
            break
        kept.insert(0, piece)
    return kept


def _join(held: list[Piece]) -> Part:
    text = "".join(piece.text + ("\n" if piece.ends else " ") for piece in held).strip()
    return Part(text, held[0].begin, held[-1].end)


def _pieces(text: str, longest: int) -> Iterator[Piece]:
    plain = text.isascii()
    easy = plain and _is_easy(text)
    sentence_end = _SENTENCE_END_ASCII if plain else _SENTENCE_END
    for begin, end in _paragraphs(text):
        for start, stop, opens in _runs(text, begin, end):
            pieces: list[Piece] = []
            at = start
            ends = [] if opens else [found.end() for found in sentence_end.finditer(text, start, stop)]
            for after in (*ends, stop):
                pieces += _split(text, at, after, longest, plain=plain, easy=easy)
                at = after
            if pieces:
                pieces[0].opens, pieces[-1].ends = opens, True
                yield from pieces


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for gap in _PARAGRAPH.finditer(text):
        yield begin, gap.start()
        begin = gap.end()
    yield begin, len(text)


def _runs(text: str, begin: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Where headings lie (True), and what lies between: its lines flow together, as an editor broke them."""
    run = at = begin
    for line in text[begin:end].split("\n") if "#" in text[begin:end] else ():
        if _HEADING.match(line):
            yield run, at, False
            run = at + len(line)
            yield at, run, True
        at += len(line) + 1
    yield run, end, False


def _is_easy(text: str) -> bool:
    """Whether a text of ASCII has no long words, and no other space than blanks and line ends.

    Its sentences need not be split to know how many words they have. To look for long words in bytes that are all the
    same costs a tenth of what it does in words.
    """
    if any(space in text for space in _RARE_SPACE):
        return False
    return b"x" * (LONG_WORD + 1) not in text.encode("ascii").translate(_LETTERS)


def _split(text: str, begin: int, end: int, longest: int, *, plain: bool, easy: bool) -> list[Piece]:
    """A sentence in parts of up to `longest` whole words. Words count up to 40 letters each."""
    sentence = text[begin:end].strip()
    if not sentence:
        return []
    begin = text.index(sentence[0], begin)
    if easy and "\n" not in sentence and "  " not in sentence:
        count = sentence.count(" ") + 1
        if count <= longest:
            return [Piece(sentence, count, begin, begin + len(sentence))]
    words = sentence.split()
    if plain and max(map(len, words)) <= LONG_WORD:  # words are what lies between spaces
        count = len(words)
    else:
        found = _WORD.findall(sentence)
        count, words = len(found), "".join(found).split()
    if count <= longest:
        return [Piece(" ".join(words), count, begin, begin + len(sentence))]
    places = [match.span() for match in _WORD.finditer(sentence)]
    pieces = []
    for at in range(0, len(places), longest):
        part = places[at : at + longest]
        bare = "".join(sentence[first:last] for first, last in part)
        after = part[-1][1] - (len(bare) - len(bare.rstrip()))
        pieces.append(Piece(" ".join(bare.split()), len(part), begin + part[0][0], begin + after))
    return pieces
