"""A search that is refined turn by turn; each turn is a whole request, which can be seen, kept and asked again."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field

from schemas.errors import UsageError
from schemas.search import Part, SearchRequest
from schemas.sentences import Strict

LIKED, DISLIKED, AVOIDED = 0.75, -0.2, -0.5
"""Weights of items that were judged and of words that are to be avoided, beside what was asked.

A disliked hit is much like what was asked, or it would be no hit: taken off whole it takes the question along (Rocchio,
"Relevance Feedback in Information Retrieval", 1971, lets dislikes count less as well). docs/query.md has figures."""

_PRONOUN = re.compile(r"\b(ones?|those|them|these)\b", re.IGNORECASE)


class Turn(BaseModel):
    """What was said, and the request that it made."""

    said: str
    request: SearchRequest


class Conversation(Strict):
    """Turns of a search, the last of them the one in force.

    Every method adds a turn and gives the conversation back, so that they can be chained:

        Conversation().ask("dresses").refine("red ones").less_like("shop/17.jpg").request
    """

    turns: Annotated[list[Turn], Field(max_length=1000)] = Field(default_factory=list)

    @property
    def request(self) -> SearchRequest:
        """The request in force.

        Raises:
            UsageError: nothing has been asked yet.
        """
        if not self.turns:
            raise UsageError("Nothing has been asked in this conversation yet: begin with a question.")
        return self.turns[-1].request

    def ask(self, question: str | SearchRequest) -> Self:
        """Begin anew with a question; the turns before it stay to go back to."""
        request = SearchRequest.of(text=question) if isinstance(question, str) else question
        return self._turn(question if isinstance(question, str) else "a request", request)

    def refine(self, words: str) -> Self:
        """Say more: `red ones` after `dresses` asks for `red dresses`, `with flowers` for `dresses, with flowers`."""
        if not self.turns:
            return self.ask(words)
        parts = list(self.request.parts)
        at = next((i for i in reversed(range(len(parts))) if parts[i].text and parts[i].weight > 0), None)
        if at is None:
            return self._with(words, [*parts, Part(text=words)])
        parts[at] = parts[at].model_copy(update={"text": _said(parts[at].text or "", words)})
        return self._with(words, parts)

    def add(self, part: Part | dict[str, Any], said: str = "") -> Self:
        """Add a part: a picture, a sound, an item."""
        made = Part.model_validate(part)
        parts = list(self.request.parts) if self.turns else []
        return self._with(said or f"add {made.kind}", [*parts, made])

    def without(self, words: str) -> Self:
        """Keep away from words."""
        return self.add(Part(text=words, weight=AVOIDED), f"without {words}")

    def more_like(self, item: str) -> Self:
        """Go towards an item, by its id or its path in the source."""
        return self.add(Part(item=item, weight=LIKED), f"more like {item}")

    def less_like(self, item: str) -> Self:
        """Go away from an item."""
        return self.add(Part(item=item, weight=DISLIKED), f"less like {item}")

    def drop(self) -> Self:
        """Take the last part away again, whichever turn added it.

        Raises:
            UsageError: it is the only one.
        """
        parts = list(self.request.parts)
        if len(parts) == 1:
            raise UsageError("The only part of a question cannot be dropped: go back, or ask anew.")
        return self._with("drop the last", parts[:-1])

    def where(self, condition: str) -> Self:
        """Filter further."""
        before = self.request.where
        both = f"({before}) and ({condition})" if before else condition
        return self._turn(f"where {condition}", self.request.model_copy(update={"where": both}))

    def back(self, turns: int = 1) -> Self:
        """Forget the last turns.

        Raises:
            UsageError: there are not so many before the first.
        """
        if not 0 < turns < len(self.turns):
            raise UsageError(f"The conversation has {len(self.turns)} turns: it cannot go back {turns}.")
        del self.turns[-turns:]
        return self

    def _with(self, said: str, parts: list[Part]) -> Self:
        if not self.turns:
            return self._turn(said, SearchRequest(parts=parts))
        # Another question begins with its best hits again.
        return self._turn(said, self.request.model_copy(update={"parts": parts, "offset": 0}))

    def _turn(self, said: str, request: SearchRequest) -> Self:
        # Checked again: a part may have become too many, and what is kept must be read back.
        self.turns.append(Turn(said=said, request=SearchRequest.of(**request.model_dump())))
        return self


def _said(before: str, words: str) -> str:
    """Words with what was meant in the place of a pronoun, or after it."""
    if _PRONOUN.search(words):
        return _PRONOUN.sub(lambda _: before, words, count=1)
    return f"{before}, {words}"
