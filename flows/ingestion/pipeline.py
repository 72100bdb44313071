"""Reading and encoding at once: child processes decode ahead into a bounded queue while the encoders work in batches.

    work -> [`flows.ingestion.reading`: child processes] -> queue, bounded in bytes -> batches by named vector
         -> [encoders' threads] -> whole items

Batches are filled across files, and encoded while the next ones are filled. A file that cannot be read, or an encoder
that cannot take one of its segments, spoils that item alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from encoders import Clip, spread
from flows.ingestion.points import Item, Row, Vector
from flows.ingestion.reading import Draft
from flows.ingestion.spent import Spent
from schemas import Modality, Segment
from schemas.payload import State
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from encoders import Encoder, EncoderSet, Enricher
    from flows.ingestion.reading import FileReading


ENCODING = 2
"""Batches that are encoded at once: of several named vectors, or of one whose encoder says that it can do so. Meanwhile
the next one is filled."""


@dataclass(slots=True)
class _Content:
    """Something to encode, and the row that its vector belongs to."""

    draft: Draft
    row: Row
    value: Any


@dataclass(slots=True)
class _Batch:
    """Contents that are being encoded, or wait for their turn."""

    vector: str
    contents: list[_Content]  # all that were waiting
    wanted: list[_Content]  # those whose items have not been given up meanwhile
    result: Future[tuple[list[Vector], list[str]]]


class Pipeline:
    """A stream of whole items, in the order in which they are finished.

    Args:
        reading: the files, being read.
        encoders: encoder by named vector.
        enrichers: those that have added words, for their fingerprints.
        reached: is told of each segment that is read, with its item.
        spent: is told where the time went.
    """

    def __init__(
        self,
        reading: FileReading,
        encoders: EncoderSet,
        *,
        enrichers: Sequence[Enricher] = (),
        reached: Callable[[Item, Segment], object] = lambda item, segment: None,
        spent: Spent | None = None,
    ) -> None:
        self._reading = reading
        self._reached = reached
        self._spent = spent or Spent()
        self._encoders = encoders
        self._pending: dict[str, list[_Content]] = {vector: [] for vector in encoders}
        self._sizes = dict.fromkeys(encoders, 0)  # how many things the encoder will be given for them
        self._fingerprints = {spec.name: spec.fingerprint for spec in encoders.vector_specs()}
        self._fingerprints |= {enricher.name: enricher.fingerprint for enricher in enrichers}
        self._encoding: deque[_Batch] = deque()
        self._turns = {vector: threading.Lock() for vector in encoders}
        self._threads = ThreadPoolExecutor(ENCODING, thread_name_prefix="encoder")
        self.encoded: dict[str, int] = dict.fromkeys(encoders, 0)

    def __iter__(self) -> Iterator[Item]:
        """Whole items; close the pipeline when you leave early.

        Raises:
            MedleyError: the run cannot go on; no file is to blame.
        """
        for group in self._reading:
            for draft, segment in group:
                if segment is None:
                    draft.read = True
                    if draft.done:
                        yield draft.item
                elif draft.item.state is State.INDEXED:
                    self._take(draft, segment)
                    self._reached(draft.item, segment)
            yield from self._finished(ENCODING)
        for vector in self._pending:
            self._encode(vector)
        yield from self._finished(0)

    def close(self) -> None:
        """Stop reading and encoding."""
        self._reading.close()
        self._threads.shutdown(cancel_futures=True)

    def _take(self, draft: Draft, segment: Segment) -> None:
        """Queue what a segment has for the encoders."""
        contents = self._contents(segment)
        row = Row(segment)
        segment.frames, segment.sound = (), None  # the media live on in `contents` only, until they are encoded
        draft.item.rows.append(row)
        if (terms := draft.terms.pop(segment.number, None)) is not None:
            draft.item.encoders[LEXICAL] = self._fingerprints[LEXICAL]
            row.vectors[LEXICAL] = terms
        vectors, text = draft.earlier.get(segment.number, ({}, ""))
        for vector, value in contents:
            draft.item.encoders[vector] = self._fingerprints[vector]
            if vector in vectors and (not isinstance(value, str) or value == text):
                row.vectors[vector] = vectors[vector]
                continue
            draft.waiting += 1
            self._pending[vector].append(_Content(draft, row, value))
            self._sizes[vector] += len(value) if isinstance(value, tuple) else 1  # a scene has several frames
            if self._sizes[vector] >= self._encoders[vector].batch_size:
                self._encode_whole(vector)

    def _contents(self, segment: Segment) -> list[tuple[str, Any]]:
        contents: list[tuple[str, Any]] = []
        text = segment.text
        for vector, spec in self._encoders.specs.items():
            if Modality.TEXT in spec.stored and text:
                contents.append((vector, text))
            elif Modality.VIDEO in spec.stored and (clip := Clip.of(segment)) is not None:
                contents.append((vector, clip))
            elif Modality.IMAGE in spec.stored and segment.frames:
                contents.append((vector, spread(segment.frames)))
            elif Modality.AUDIO in spec.stored and segment.sound is not None:
                contents.append((vector, segment.sound))
        return contents

    def _encode_whole(self, vector: str) -> None:
        """Have encoded what waits for a named vector, and what its items want besides: whole, they can be written.

        Else a picture that is encoded might wait long for its caption, and a crash would cost more than a batch.
        """
        drafts = {id(content.draft) for content in self._pending[vector] if content.draft.read}
        self._encode(vector)
        for other, contents in self._pending.items():
            if any(id(content.draft) in drafts for content in contents):
                self._encode(other)

    def _encode(self, vector: str) -> None:
        """Have encoded what waits for a named vector."""
        contents, self._pending[vector], self._sizes[vector] = self._pending[vector], [], 0
        if contents:
            wanted = [content for content in contents if content.draft.item.state is State.INDEXED]
            values = [content.value for content in wanted]
            result = self._threads.submit(self._encode_now, vector, values)
            self._encoding.append(_Batch(vector, contents, wanted, result))

    def _encode_now(self, vector: str, values: Sequence[Any]) -> tuple[list[Vector], list[str]]:
        encoder = self._encoders[vector]
        if encoder.parallel:
            with self._spent.on("encode"):
                return _encode_contents(encoder, values)
        # It has threads of its own, or a GPU whose memory is counted for one batch.
        with self._turns[vector], self._spent.on("encode"):
            return _encode_contents(encoder, values)

    def _finished(self, most: int) -> Iterator[Item]:
        """Items that became whole by batches that are encoded; waits until no more than `most` batches are not."""
        while self._encoding and (len(self._encoding) > most or self._encoding[0].result.done()):
            batch = self._encoding.popleft()
            name = self._encoders[batch.vector].spec.name
            try:
                vectors, reasons = batch.result.result()
            except MemoryError:  # the machine's fault rather than a file's: the next run takes them
                for content in batch.wanted:
                    content.draft.fail(State.POSTPONED, f"There was not enough memory for {name}.", "")
                batch.wanted, vectors, reasons = [], [], []
            for content, made, reason in zip(batch.wanted, vectors, reasons, strict=True):
                if reason:
                    content.draft.fail(State.QUARANTINED, reason, name)
                else:
                    content.row.vectors[batch.vector] = made
                    self.encoded[batch.vector] += 1
            for content in batch.contents:
                content.draft.waiting -= 1
                if content.draft.done:
                    yield content.draft.item


def _encode_contents(encoder: Encoder, values: Sequence[Any]) -> tuple[list[Vector], list[str]]:
    """A vector and a reason ("" where it went well) for each value."""
    kinds = [_modality(encoder, value) for value in values]
    made: list[Any] = [None] * len(values)
    reasons = [""] * len(values)
    for modality in dict.fromkeys(kinds):
        chosen = [n for n, kind in enumerate(kinds) if kind is modality]
        found = _encode_alike(encoder, [values[n] for n in chosen], modality)
        for n, vector, reason in zip(chosen, *found, strict=True):
            made[n], reasons[n] = vector, reason
    return made, reasons


def _modality(encoder: Encoder, value: Any) -> Modality:
    """What a value is to an encoder that takes pictures and scenes, or one thing alone."""
    if isinstance(value, str):
        return Modality.TEXT
    return Modality.VIDEO if isinstance(value, Clip) else encoder.spec.stored[0]


def _encode_alike(encoder: Encoder, values: Sequence[Any], modality: Modality) -> tuple[list[Vector], list[str]]:
    """The same for values of one modality; the frames of a scene share one vector of theirs."""
    pictures = [value if isinstance(value, tuple) else (value,) for value in values]
    flat = [content for group in pictures for content in group]
    vectors, wrong = encoder.encode_each(flat, modality)
    made: list[Vector] = []
    reasons: list[str] = []
    at = 0
    for group in pictures:
        span = range(at, at + len(group))
        at += len(group)
        reasons.append(next((wrong[n] for n in span if n in wrong), ""))
        made.append(vectors[span.start] if len(group) == 1 else encoder.pool(vectors[span.start : span.stop]))
    return made, reasons
