"""Which words of a hit were asked for, and the passage that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from query.vectors import words_of
from schemas.answer import Passage
from schemas.trusted import trusted

if TYPE_CHECKING:
    from encoders.lexical import Lexical

LONGEST = 240  # characters of a passage
WORD = re.compile(r"\w+")
WORDS = 50_000  # whose terms are kept


class Highlighter:
    """Finds the words of a question, as the words' own search does: by their stems, without stop words.

    Args:
        question: what was asked in words.
        lexical: makes the terms that words are searched by.
    """

    def __init__(self, question: str, lexical: Lexical) -> None:
        self._asked = set(words_of(lexical, question).indices)
        self._terms = _terms(lexical)
        self._texts: dict[str, tuple[list[str], set[int | None]]] = {}

    def _read(self, text: str) -> tuple[list[str], set[int | None]]:
        """The words of a text as they are written, and their terms; of each text they are asked for twice."""
        if (read := self._texts.get(text)) is None:
            words = WORD.findall(text)
            read = self._texts[text] = words, set(map(self._terms.__getitem__, words))
        return read

    def _said(self, text: str) -> set[int | None]:
        return self._read(text)[1]

    def _marks(self, text: str) -> list[tuple[int, int, int | None]]:
        """Where the words that were asked for begin and end, and their terms."""
        marks, end = [], 0
        for word in self._read(text)[0]:
            begin = text.index(word, end)  # between two words nothing is a letter
            end = begin + len(word)
            if (term := self._terms[word]) in self._asked:
                marks.append((begin, end, term))
        return marks

    def covered(self, words: Mapping[str, str]) -> bool:
        """Whether all words that were asked for are there, in whatever kind."""
        found = set().union(*map(self._said, words.values()))
        return bool(self._asked) and self._asked <= found

    def shares(self, words: Mapping[str, str]) -> dict[str, float]:
        """By kind of words, the share of the words that were asked for that are among them."""
        if not self._asked:
            return {}
        return {kind: len(self._asked & self._said(text)) / len(self._asked) for kind, text in words.items()}

    def passages(self, words: Mapping[str, str]) -> list[Passage]:
        """A passage of each kind of words that has some that were asked for, the one with the most of them first."""
        found = []
        for kind, text in words.items():
            if self._asked.isdisjoint(self._said(text)):  # as mostly: where they stand takes longer to tell
                continue
            if marks := self._marks(text):
                found.append((len({term for *_, term in marks}), _passage(kind, text, marks)))
        return [passage for _, passage in sorted(found, key=lambda pair: -pair[0])]


class _Terms(dict[str, int | None]):
    """The term of each word, however it is written; None: it has none, being a stop word.

    They are kept, for the same words come again and again.
    """

    def __init__(self, lexical: Lexical) -> None:
        super().__init__()
        self._lexical = lexical

    def __missing__(self, word: str) -> int | None:
        if len(self) >= WORDS:
            self.clear()
        term = self[word] = next(iter(self._lexical.query(word.lower()).indices), None)
        return term


@lru_cache(maxsize=4)
def _terms(lexical: Lexical) -> _Terms:
    return _Terms(lexical)


def _passage(kind: str, text: str, marks: Sequence[tuple[int, int, int | None]]) -> Passage:
    """The stretch of a text with the most different words that were asked for."""
    if len(text) <= LONGEST:
        begin, end = 0, len(text)
    else:
        within = [[m for m in marks if first[0] <= m[0] and m[1] <= first[0] + LONGEST * 2 // 3] for first in marks]
        best = max(within, key=lambda some: len({term for *_, term in some}))
        begin = max(0, best[0][0] - LONGEST // 3) if best else 0
        begin = text.rfind(" ", 0, begin) + 1 if begin else 0
        end = min(len(text), begin + LONGEST)
        end = max(text.rfind(" ", begin, end), end - LONGEST // 4) if end < len(text) else end
    spans = [(start - begin, stop - begin) for start, stop, _ in marks if start >= begin and stop <= end]
    return trusted(Passage, kind=kind, text=text[begin:end], spans=spans)
