"""A cross-encoder's closer look: the question and a hit are read together, and looked at where its model sees."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from query.items import segments_of
from query.located import at_hand
from query.pictures import drawn
from query.plan import FIELDS
from schemas import Modality, UsageError, payload
from schemas.media import join_words
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from encoders import Reranker, Shown
    from query.rank import Ranked
    from readers import Draw
    from schemas.search import SearchRequest
    from store import Store

BATCH = 8  # hits that are read before the clock is looked at

ASKED = 4  # pictures of a question that are looked at: those of a clip are many, and much alike


class Clock:
    """What is left of a budget.

    Args:
        milliseconds: of the budget; None: there is none.
    """

    def __init__(self, milliseconds: float | None) -> None:
        self._ends = None if milliseconds is None else time.perf_counter() + milliseconds / 1000

    def left(self) -> float:
        """Seconds; below 0: it is spent."""
        return float("inf") if self._ends is None else self._ends - time.perf_counter()

    def over(self) -> bool:
        """Whether it is spent."""
        return self.left() < 0


class CloseReading:
    """Reads hits closely.

    Args:
        reranker: reads them.
        name: by which it was asked for.
        store: has the items that are asked with, and knows where files lie.
        clock: the budget.
    """

    def __init__(self, reranker: Reranker, name: str, store: Store, clock: Clock) -> None:
        self._reranker, self._name, self._store, self._clock = reranker, name, store, clock
        self._sources: Mapping[str, str] = store.metadata().get(SOURCES, {})
        self.unseen = 0  # hits whose picture cannot be had any more
        self.lost: list[str] = []  # items of the question, likewise

    def scores(self, request: SearchRequest, hits: Sequence[Ranked], sample_rate: int) -> list[float | None] | None:
        """How well each hit answers; None for one of which nothing can be read, or for all: it would take too long.

        Raises:
            UsageError: the question has nothing that the reranker takes.
        """
        if self._clock.over():
            return None
        asked = self._asked(request, sample_rate)
        scores: list[float | None] = [None] * len(hits)
        for start in range(0, len(hits), BATCH):
            if self._clock.over():
                return None
            shown = self._shown(hits[start : start + BATCH])
            if self._clock.over():
                return None
            told = [i for i, one in enumerate(shown) if one.words or one.pictures]
            for i, score in zip(told, self._reranker.score(asked, [shown[i] for i in told]), strict=True):
                scores[start + i] = float(score)
        return None if self._clock.over() else scores

    def note(self) -> str:
        """What the person should know of it; "" if there is nothing to say."""
        notes = [f"The picture of {item!r} cannot be had any more: {self._name!r} went by words." for item in self.lost]
        if self.unseen:
            what = "The picture of a hit" if self.unseen == 1 else f"The pictures of {self.unseen} hits"
            notes.append(f"{what} cannot be had any more: {self._name!r} went by words, or left the hit in its place.")
        return " ".join(notes)

    def _asked(self, request: SearchRequest, sample_rate: int) -> Shown:
        from encoders import Shown

        parts = [part for part in request.parts if part.weight > 0 and part.kind in ("text", "image", "video", "item")]
        if not parts:
            raise UsageError(f"A reranker such as {self._name!r} reads words or looks at pictures: give either.")
        words: list[str] = []
        pictures: list[NDArray[np.uint8]] = []
        for part in parts:
            if part.text is not None:
                words.append(part.text)
            elif part.item is not None:
                said, seen = self._item(part.item, part.segment)
                words += said
                pictures += seen
            elif self._reranker.sees:
                from query.files import contents

                found = contents(part.value, Modality(part.kind), sample_rate).get(Modality.IMAGE, [])
                pictures += _spread(found, ASKED if part.kind == "video" else 1)
        if not words and not pictures:
            raise UsageError(f"The reranker {self._name!r} reads words, and this question has none.")
        return Shown(" ".join(words), tuple(_spread(pictures, ASKED)))

    def _item(self, item: str, segment: int | None) -> tuple[list[str], list[NDArray[np.uint8]]]:
        """What an indexed item is asked with: its pictures where the model sees and there are any, else its words."""
        records = segments_of(self._store, item, segment, FIELDS)
        fields = sorted((record.payload or {} for record in records), key=lambda one: int(one[payload.SEGMENT]))
        some = _spread(fields, ASKED)
        seen: list[NDArray[np.uint8]] = []
        if self._reranker.sees:
            pictures, missing = self._pictures(some)
            seen = [picture for several in pictures for picture in several]
            if missing and not seen:
                self.lost.append(item)
        if seen:
            return [], seen
        return [text for one in some if (text := join_words(one.get(payload.WORDS, {}), named=False))], []

    def _shown(self, hits: Sequence[Ranked]) -> list[Shown]:
        """The words of each hit, and its picture where the model sees: as it is shown to a person, but larger."""
        from encoders import Shown

        words = [join_words(hit.fields.get(payload.WORDS, {}), named=True) for hit in hits]
        if not self._reranker.sees:
            return [Shown(one) for one in words]
        pictures, missing = self._pictures([hit.fields for hit in hits])
        self.unseen += missing
        return [Shown(said, seen) for said, seen in zip(words, pictures, strict=True)]

    def _pictures(self, segments: Sequence[Mapping[str, Any]]) -> tuple[list[tuple[NDArray[np.uint8], ...]], int]:
        """What there is to see of each segment, drawn in a child process, and how many cannot be had any more."""
        with ExitStack() as held:
            jobs = {n: self._job(fields, held) for n, fields in enumerate(segments) if _visible(fields)}
            there = {n: job for n, job in jobs.items() if job is not None}
            made = drawn(list(there.values()), max(0.0, self._clock.left()))
        found = {n: made.get(at) for at, n in enumerate(there)}
        return [_decoded(found.get(n)) for n in range(len(segments))], len(jobs) - len(made)

    def _job(self, fields: Mapping[str, Any], held: ExitStack) -> Draw | None:
        """How to draw a segment; None: its file is not there any more."""
        from encoders.reranker import SIDE
        from readers import Draw

        path = held.enter_context(at_hand(self._sources, fields[payload.SOURCE], fields[payload.PATH]))
        if path is None:
            return None
        modality = Modality(fields[payload.MODALITY])
        return Draw(
            str(path), modality, fields.get(payload.START), fields.get(payload.END), SIDE, fields.get(payload.PAGE)
        )


def _visible(fields: Mapping[str, Any]) -> bool:
    """Whether a segment has a picture: a sound has none, and of texts only those with pages."""
    modality = fields[payload.MODALITY]
    return modality != Modality.AUDIO and (modality != Modality.TEXT or fields.get(payload.PAGE) is not None)


def _decoded(jpeg: bytes | None) -> tuple[NDArray[np.uint8], ...]:
    if jpeg is None:
        return ()
    from PIL import Image

    return (np.asarray(Image.open(BytesIO(jpeg)).convert("RGB")),)


def _spread(pictures: Sequence[Any], most: int) -> list[Any]:
    """At most so many of the pictures, from first to last."""
    if len(pictures) <= most:
        return list(pictures)
    return [pictures[n] for n in np.linspace(0, len(pictures) - 1, most).round().astype(int)]
