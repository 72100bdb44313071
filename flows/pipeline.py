"""Reading and encoding at once: threads decode ahead into a bounded queue while the encoders work in batches.

    work -> [reader threads] -> queue, bounded in bytes -> batches by named vector -> whole items

Pillow, PyAV and the hash release the interpreter's lock, so that decoding overlaps with encoding. Batches are filled
across files. A file that cannot be read, or an encoder that cannot take one of its segments, spoils that item alone.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders import Enricher
from flows.plan import Work
from flows.points import Item, Row, Vector
from readers import content_hash, read
from schemas import EncodeError, Modality, ReadError, ReadOptions, Segment, StoreError, UnsupportedError
from schemas.media import join_words
from schemas.payload import State
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from encoders import Encoder, EncoderSet

QUEUE_BYTES = 32_000_000
"""Decoded media that may wait for the encoders: some 40 pictures, so that readers and encoders rarely wait for each
other and memory stays bounded whatever the files are."""

Earlier = Mapping[int, tuple[Mapping[str, Vector], str]]
"""By segment number: the vectors that the same content already has, and the text that its text vector was made of."""


class ByteQueue(queue.Queue["_Message"]):
    """A queue whose `maxsize` counts the bytes of the media in it."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: _Message) -> None:
        self._bytes += _weight(item)
        super()._put(item)

    def _get(self) -> _Message:
        item = super()._get()
        self._bytes -= _weight(item)
        return item


def _weight(item: _Message) -> int:
    segment = item[1]
    if segment is None:
        return 1  # never 0: a queue without weight counts as empty
    sound = 0 if segment.sound is None else segment.sound.nbytes
    return 1 + sound + sum(frame.nbytes for frame in segment.frames)


@dataclass(slots=True)
class _Draft:
    """An item on its way through the pipeline."""

    work: Work
    item: Item
    earlier: Earlier = field(default_factory=dict)
    waiting: int = 0  # contents whose vectors are not made yet
    read: bool = False  # all segments have arrived

    def fail(self, state: State, reason: str, at_fault: str) -> None:
        """Give the item up; what comes later of it is ignored."""
        if self.item.state is State.INDEXED:
            self.item.state, self.item.reason, self.item.at_fault = state, reason, at_fault
            self.item.rows.clear()

    @property
    def done(self) -> bool:
        return self.read and not self.waiting


@dataclass(slots=True)
class _Content:
    """Something to encode, and the row that its vector belongs to."""

    draft: _Draft
    row: Row
    value: Any


class Pipeline:
    """A stream of whole items, in the order in which they are finished.

    Args:
        root: folder that the paths of the work are relative to.
        work: what to read and encode.
        encoders: encoder by named vector.
        enrichers: they add words to pictures before these are encoded.
        earlier: vectors that the content of a piece of work already has, by segment number.
        readers: threads that read; as many as there are cores where it is 0.
    """

    def __init__(
        self,
        root: Path,
        work: Sequence[Work],
        encoders: EncoderSet,
        *,
        enrichers: Sequence[Enricher] = (),
        options: ReadOptions | None = None,
        earlier: Callable[[Work], Earlier] | None = None,
        readers: int = 0,
    ) -> None:
        self._root = root
        self._encoders = encoders
        self._lexical = encoders.lexical
        self._enrichers = enrichers
        self._options = options or ReadOptions()
        self._earlier = earlier
        self._work = iter(work)
        self._next = threading.Lock()
        self._queue = ByteQueue(QUEUE_BYTES)
        self._stopped = threading.Event()
        self._failure: StoreError | None = None
        self._pending: dict[str, list[_Content]] = {vector: [] for vector in encoders}
        self._sizes = dict.fromkeys(encoders, 0)  # how many things the encoder will be given for them
        self._fingerprints = {spec.name: spec.fingerprint for spec in encoders.vector_specs()}
        self._fingerprints |= {enricher.name: enricher.fingerprint for enricher in enrichers}
        self.encoded: dict[str, int] = dict.fromkeys(encoders, 0)
        self._threads = [
            threading.Thread(target=self._read_files, name=f"reader-{n}", daemon=True)
            for n in range(readers or os.cpu_count() or 1)
        ]
        self._reading = len(self._threads)

    def __iter__(self) -> Iterator[Item]:
        """Whole items; close the pipeline when you leave early.

        Raises:
            StoreError: what the collection has of a content could not be read.
        """
        for thread in self._threads:
            thread.start()
        while self._reading:
            draft, segment = self._queue.get()
            if self._failure is not None:
                raise self._failure
            ready: list[_Draft] = []
            if draft is None:  # a reader has nothing left to read
                self._reading -= 1
            elif segment is None:
                draft.read = True
                ready = [draft] if draft.done else []
            elif draft.item.state is State.INDEXED:
                ready = self._take(draft, segment)
            for whole in ready:
                yield whole.item
        for vector in self._pending:
            for draft in self._encode(vector):
                yield draft.item

    def close(self) -> None:
        """Stop reading and wait for the readers: each ends at its next segment."""
        self._stopped.set()
        while any(thread.is_alive() for thread in self._threads):
            while not self._queue.empty():  # a reader may wait for room in the queue
                self._queue.get_nowait()
            for thread in self._threads:
                thread.join(0.05)

    # -- in the reader threads

    def _read_files(self) -> None:
        while not self._stopped.is_set():
            with self._next:
                work = next(self._work, None)
            if work is None:
                break
            draft = _Draft(work, Item(work.found, work.hash))
            try:
                self._read_file(draft)
            except UnsupportedError as error:
                draft.fail(State.EXCLUDED, str(error), "")
            except ReadError as error:
                draft.fail(State.QUARANTINED, str(error), "reader")
            except EncodeError as error:
                draft.fail(State.QUARANTINED, str(error), "enricher")
            except StoreError as error:  # no file's fault: the run fails, and the next one takes the file
                self._failure = error
                break
            except Exception as error:  # a bug in a reader or a library must cost one file, and be seen in its reason
                draft.fail(State.QUARANTINED, f"Reading failed: {type(error).__name__}: {error}", "reader")
            self._queue.put((draft, None))
        self._queue.put((None, None))

    def _read_file(self, draft: _Draft) -> None:
        found, item = draft.work.found, draft.item
        path = self._root / found.path
        if not item.hash:
            item.hash = content_hash(path)
        if self._earlier is not None and draft.work.known is not None and draft.work.known.hash == item.hash:
            draft.earlier = self._earlier(draft.work)
        reading = read(path, found, self._options)
        item.modality, item.mime, item.info = reading.modality, reading.mime, reading.info
        for segment in reading.segments:
            if self._stopped.is_set():
                return
            if reading.modality is Modality.IMAGE:
                self._enrich(segment)
            self._queue.put((draft, segment))

    def _enrich(self, segment: Segment) -> None:
        for enricher in self._enrichers:
            words = "\n".join(text for text in enricher.words(segment.frames) if text)
            if words:
                segment.words[enricher.kind] = words

    # -- in the thread that draws the items

    def _take(self, draft: _Draft, segment: Segment) -> list[_Draft]:
        """Queue what a segment has for the encoders; returns drafts that became whole by the batches run for it."""
        contents = self._contents(segment)
        row = Row(segment)
        segment.frames, segment.sound = (), None  # the media live on in `contents` only, until they are encoded
        draft.item.rows.append(row)
        if words := join_words(segment.words, named=True):
            draft.item.encoders[LEXICAL] = self._fingerprints[LEXICAL]
            row.vectors[LEXICAL] = self._lexical.document(words)
        vectors, text = draft.earlier.get(segment.number, ({}, ""))
        done: list[_Draft] = []
        for vector, value in contents:
            draft.item.encoders[vector] = self._fingerprints[vector]
            if vector in vectors and (not isinstance(value, str) or value == text):
                row.vectors[vector] = vectors[vector]
                continue
            draft.waiting += 1
            self._pending[vector].append(_Content(draft, row, value))
            self._sizes[vector] += len(value) if isinstance(value, tuple) else 1  # a scene has several frames
            if self._sizes[vector] >= self._encoders[vector].batch_size:
                done += self._encode(vector)
        return done

    def _contents(self, segment: Segment) -> list[tuple[str, Any]]:
        contents: list[tuple[str, Any]] = []
        for vector, spec in self._encoders.specs.items():
            if Modality.TEXT in spec.stored and segment.text:
                contents.append((vector, segment.text))
            elif Modality.IMAGE in spec.stored and segment.frames:
                contents.append((vector, segment.frames))
            elif Modality.AUDIO in spec.stored and segment.sound is not None:
                contents.append((vector, segment.sound))
        return contents

    def _encode(self, vector: str) -> list[_Draft]:
        """Encode what waits for a named vector; returns the drafts that became whole by it."""
        batch, self._pending[vector], self._sizes[vector] = self._pending[vector], [], 0
        if not batch:
            return []
        encoder = self._encoders[vector]
        wanted = [content for content in batch if content.draft.item.state is State.INDEXED]
        vectors, reasons = _encode_contents(encoder, [content.value for content in wanted])
        for content, made, reason in zip(wanted, vectors, reasons, strict=True):
            if reason:
                content.draft.fail(State.QUARANTINED, reason, encoder.spec.name)
            else:
                content.row.vectors[vector] = made
                self.encoded[vector] += 1
        done = []
        for content in batch:
            content.draft.waiting -= 1
            if content.draft.done:
                done.append(content.draft)
        return done


_Message = tuple[_Draft | None, Segment | None]
"""A segment of a draft; a draft that is read to its end; or neither: a reader that has ended."""


def _encode_contents(encoder: Encoder, values: Sequence[Any]) -> tuple[list[Vector], list[str]]:
    """A vector and a reason ("" where it went well) for each value; the frames of a scene share one of theirs."""
    pictures = [value if isinstance(value, tuple) else (value,) for value in values]
    flat = [content for group in pictures for content in group]
    modality = Modality.TEXT if flat and isinstance(flat[0], str) else encoder.spec.stored[0]
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
