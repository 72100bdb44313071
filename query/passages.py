"""Which words of a hit were asked for, and the passage that they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING

from schemas.answer import Passage
from schemas.trusted import trusted

if TYPE_CHECKING:
    from encoders.lexical import Lexical

LONGEST = 240  # characters of a passage
WORD = re.compile(r"[^\W_]+")  # as the engine reads them
WORDS = 50_000  # whose terms are kept
BETWEEN = " \n_-"  # what may stand between the parts of a word
JOINED = 5  # letters of a word that may be written as two: of shorter ones too many are two by chance


class Highlighter:
    """Finds the words of a question, as the words' own search does: by their stems, without stop words.

    Args:
        question: what was asked in words.
        lexical: makes the terms that words are searched by.
    """

    def __init__(self, question: str, lexical: Lexical) -> None:
        self._question = question
        self._asked = frozenset(lexical.terms(question))
        self._read, self._terms = lexical.terms, _terms(lexical)
        self._found: dict[str, frozenset[int]] = {}  # of each text it is asked twice

    def _in(self, text: str) -> frozenset[int]:
        """Those of the terms that were asked for that a text has."""
        if (found := self._found.get(text)) is None:
            found = self._found[text] = self._asked.intersection(self._read(text))
        return found

    def _marks(self, text: str) -> list[tuple[int, int, int | None]]:
        """Where the words that were asked for begin and end, and their terms."""
        words = WORD.findall(text)
        terms = list(map(self._terms.__getitem__, words))
        self._found[text] = found = self._asked.intersection(terms)
        if not found:
            return []
        marks: list[tuple[int, int, int | None]] = []
        end = 0
        for word, term in zip(words, terms, strict=True):
            begin = text.index(word, end)  # between two words nothing is a letter
            end = begin + len(word)
            if term in found:
                marks.append((begin, end, term))
        return marks

    def covered(self, words: Mapping[str, str]) -> bool:
        """Whether all words that were asked for are there, in whatever kind."""
        return bool(self._asked) and self._asked == frozenset().union(*map(self._in, words.values()))

    def joined(self, words: Mapping[str, str]) -> bool:
        """The same, where words may be written as one or as two, which takes longer to tell."""
        missing = self._asked.difference(*map(self._in, words.values()))
        if not missing:
            return bool(self._asked)
        # As most texts have none of them, that is told before anything is compiled.
        closed_up = " ".join(words.values()).lower()
        for between in BETWEEN:
            closed_up = closed_up.replace(between, "")
        return all(
            any(
                form in closed_up and any(map(_joined(form).search, words.values()))
                for form in self._forms.get(term, ())
            )
            for term in missing
        )

    @cached_property
    def _forms(self) -> dict[int | None, list[str]]:
        """What stands for a term that is joined otherwise: itself (fire truck), or with the one beside (firetruck)."""
        words = WORD.findall(self._question.lower())
        terms = [self._terms[word] for word in words]
        forms: dict[int | None, list[str]] = {term: [word] for word, term in zip(words, terms, strict=True)}
        for at in range(len(words) - 1):
            if None not in terms[at : at + 2]:  # they stand side by side, without a stop word
                forms[terms[at]].append(words[at] + words[at + 1])
                forms[terms[at + 1]].append(words[at] + words[at + 1])
        return {term: [one for one in some if len(one) >= JOINED] for term, some in forms.items()}

    def shares(self, words: Mapping[str, str]) -> dict[str, float]:
        """By kind of words, the share of the words that were asked for that are among them."""
        if not self._asked:
            return {}
        return {kind: len(self._in(text)) / len(self._asked) for kind, text in words.items()}

    def passages(self, words: Mapping[str, str], *, likely: bool = False) -> list[Passage]:
        """A passage of each kind of words that has some that were asked for, the one with the most of them first.

        Args:
            words: by their kind.
            likely: whether some of them were probably asked for: then it is not looked first whether any were, which
                takes a third of the time that it takes to find where they stand.
        """
        found = []
        for kind, text in words.items() if self._asked else ():
            if (likely or self._in(text)) and (marks := self._marks(text)):
                found.append((len({term for *_, term in marks}), _passage(kind, text, marks)))
        found.sort(key=itemgetter(0), reverse=True)
        return [passage for _, passage in found]


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
        term = self[word] = next(iter(self._lexical.terms(word)), None)
        return term


@lru_cache(maxsize=256)
def _joined(word: str) -> re.Pattern[str]:
    """A word as one or as several, from the first letter of a word to the last of one."""
    letters = f"[{BETWEEN}]*".join(word)
    return re.compile(rf"(?<![^\W_]){letters}(?![^\W_])", re.IGNORECASE)


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
