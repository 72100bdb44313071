"""A cross-encoder's closer look: the question and a hit are read together, and looked at where its model sees."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from query.located import at_hand
from query.pictures import drawn
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
        store: knows where files lie.
        clock: the budget.
    """

    def __init__(self, reranker: Reranker, name: str, store: Store, clock: Clock) -> None:
        self._reranker, self._name, self._clock = reranker, name, clock
        self._sources: Mapping[str, str] = store.metadata().get(SOURCES, {})
        self.unseen = 0  # hits whose picture cannot be had any more

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
        if not self.unseen:
            return ""
        what = "The picture of a hit" if self.unseen == 1 else f"The pictures of {self.unseen} hits"
        return f"{what} cannot be had any more: {self._name!r} went by words, or left the hit in its place."

    def _asked(self, request: SearchRequest, sample_rate: int) -> Shown:
        from encoders import Shown

        parts = [part for part in request.parts if part.weight > 0]
        words = " ".join(part.text for part in parts if part.text)
        files = [part for part in parts if part.kind in ("image", "video")]
        if not words and not files:
            raise UsageError(f"A reranker such as {self._name!r} reads words or looks at pictures: give either.")
        pictures: list[NDArray[np.uint8]] = []
        if files and self._reranker.sees:
            from query.files import contents

            for part in files:
                found = contents(part.value, Modality(part.kind), sample_rate).get(Modality.IMAGE, [])
                pictures += _spread(found, ASKED if part.kind == "video" else 1)
        if not words and not pictures:
            raise UsageError(f"The reranker {self._name!r} reads words, and this question has none.")
        return Shown(words, tuple(_spread(pictures, ASKED)))

    def _shown(self, hits: Sequence[Ranked]) -> list[Shown]:
        """The words of each hit, and its picture where the model sees: as it is shown to a person, but larger."""
        from encoders import Shown

        words = [join_words(hit.fields.get(payload.WORDS, {}), named=True) for hit in hits]
        if not self._reranker.sees:
            return [Shown(one) for one in words]
        with ExitStack() as held:
            jobs = {n: job for n, hit in enumerate(hits) if (job := self._job(hit.fields, held)) is not None}
            made = drawn(list(jobs.values()), max(0.0, self._clock.left()))
        self.unseen += len(jobs) - len(made)
        found = {n: made.get(at) for at, n in enumerate(jobs)}
        return [Shown(one, _decoded(found.get(n))) for n, one in enumerate(words)]

    def _job(self, fields: Mapping[str, Any], held: ExitStack) -> Draw | None:
        from encoders.reranker import SIDE
        from readers import Draw

        modality, page = Modality(fields[payload.MODALITY]), fields.get(payload.PAGE)
        if modality is Modality.AUDIO or (modality is Modality.TEXT and page is None):
            return None
        path = held.enter_context(at_hand(self._sources, fields[payload.SOURCE], fields[payload.PATH]))
        if path is None:
            self.unseen += 1
            return None
        return Draw(str(path), modality, fields.get(payload.START), fields.get(payload.END), SIDE, page)


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
