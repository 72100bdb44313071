"""Files -> segments: threads that each drive a child process and hand over what it reads.

    work -> [thread: child process, words of pictures] -> queue, bounded in bytes

A thread waits for its child, so that it costs nothing; what it does itself is done per group of files, since a note of
a hundred words is read in a fraction of the time that handing it over would take.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import tee

from encoders import Enricher, Enriching, Lexical, begin, fingerprints
from encoders.running import out_of_memory
from flows.ingestion.points import Item, Vector, storable
from flows.ingestion.spent import Spent
from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Work
from readers import Closed, Event, Hashed, IsolatedReader, Job, Opened
from readers.trees import Here, Tree, Wanted
from schemas import (
    EncodeError,
    FileChangedError,
    ReadError,
    ReadOptions,
    Segment,
    TransientReadError,
    UnsupportedError,
)
from schemas.limits import ReadLimits
from schemas.media import join_words
from schemas.payload import State

QUEUE_BYTES = 12_000_000
"""Decoded media that may wait for the encoders: some 20 pictures, so that readers and encoders rarely wait for each
other and memory stays bounded whatever the files are."""

SEGMENT_BYTES = 8_000
"""What a segment without media takes: its words, their terms, what is known of its file."""

GROUP_BYTES, GROUP_FILES = 250_000, 64
"""Files go to a child in groups of up to so many bytes and files; one that is larger goes alone. A child with nothing
to do waits until a thread of ours gets its turn, which takes longer than to read a small file. A child reads its group
whether or not there is room in the queue, so that a group of pictures must be small."""

RETRY_AFTER = (0.5, 2.0, 8.0)
"""Seconds to wait before a file is read again that could not be read for a reason that may pass."""

Earlier = Mapping[int, tuple[Mapping[str, Vector], str]]
"""By segment number: the vectors that the same content already has, and the text that its text vector was made of."""


@dataclass(slots=True)
class Draft:
    """An item on its way from its file to its points."""

    work: Work
    item: Item
    earlier: Earlier = field(default_factory=dict)
    terms: dict[int, Vector] = field(default_factory=dict)  # the sparse vector of a segment's words, by its number
    enriching: Enriching = field(default_factory=Enriching)
    waiting: int = 0  # contents whose vectors are not made yet
    read: bool = False  # all segments have arrived

    def fail(self, state: State, reason: str, at_fault: str) -> None:
        """Give the item up; what comes later of it is ignored."""
        if self.item.state is State.INDEXED:
            self.item.state, self.item.reason, self.item.at_fault = state, reason, at_fault
            self.item.rows.clear()

    def abandon(self) -> None:
        """Forget this attempt: another draft takes the file's place, and this one is never whole."""
        self.fail(State.QUARANTINED, "", "")

    @property
    def done(self) -> bool:
        """Whether nothing is still to be read or encoded."""
        return self.read and not self.waiting


Read = list[tuple[Draft, Segment | None]]
"""Segments with the draft that they belong to; None after the last one of a draft."""


class ByteQueue(queue.Queue["Read | None"]):
    """A queue whose `maxsize` counts the bytes of the media in it. None: a thread has nothing left to read."""

    def _init(self, maxsize: int) -> None:
        super()._init(maxsize)
        self._bytes = 0

    def _qsize(self) -> int:
        return self._bytes

    def _put(self, item: Read | None) -> None:
        self._bytes += _weight(item)
        super()._put(item)

    def _get(self) -> Read | None:
        item = super()._get()
        self._bytes -= _weight(item)
        return item


def _weight(item: Read | None) -> int:
    # Never 0: a queue without weight counts as empty.
    return 1 + sum(SEGMENT_BYTES + segment.nbytes for _, segment in item or () if segment is not None)


class FileReading:
    """Reads files in child processes, as many at once as there are cores, ahead of whoever draws.

    Args:
        tree: what the paths of the work are relative to.
        work: what to read; nothing of it is left there once it is read.
        options: how media are decoded.
        limits: what one file may take.
        lexical: makes the sparse vector of all words, where it is wanted: here, because these threads mostly wait.
        enrichers: they add words before anybody sees the segments.
        earlier: vectors that contents already have, by path; asked for a group at a time.
        readers: child processes; as many as there are cores where it is 0.
        spent: is told where the time went.
    """

    def __init__(
        self,
        tree: Tree,
        work: Packed[Work],
        *,
        lexical: Lexical | None = None,
        options: ReadOptions | None = None,
        limits: ReadLimits | None = None,
        enrichers: Sequence[Enricher] = (),
        earlier: Callable[[Sequence[Work]], Mapping[str, Earlier]] | None = None,
        readers: int = 0,
        spent: Spent | None = None,
    ) -> None:
        self._lexical = lexical
        self._enrichers = enrichers
        self._earlier = earlier
        self._spent = spent or Spent()
        groups, wanted = tee(_groups(work.drain()))
        self._stopped = threading.Event()
        self._brought = tree.bring(([Wanted(one.found, one.hash) for one in group] for group in wanted), self._stopped)
        self._groups = zip(groups, self._brought, strict=True)
        self._next = threading.Lock()
        self._queue = ByteQueue(QUEUE_BYTES)
        self._failure: BaseException | None = None
        self._readers = [
            IsolatedReader(options or ReadOptions(), limits)
            for _ in range(min(readers or os.cpu_count() or 1, max(1, len(work))))
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(reader,), name=f"reader-{n}", daemon=True)
            for n, reader in enumerate(self._readers)
        ]

    def __iter__(self) -> Iterator[Read]:
        """What is read, in groups; a draft's segments come in their order, those of several drafts mixed.

        Raises:
            MedleyError: the run cannot go on; no file is to blame.
        """
        for thread in self._threads:
            thread.start()
        reading = len(self._threads)
        while reading:
            group = self._queue.get()
            if self._failure is not None:
                raise self._failure
            if group is None:
                reading -= 1
            else:
                yield group

    def close(self) -> None:
        """Stop reading, whatever the children are at."""
        self._stopped.set()
        for reader in self._readers:
            reader.cancel()
        while any(thread.is_alive() for thread in self._threads):
            while not self._queue.empty():  # a thread may wait for room in the queue
                self._queue.get_nowait()
            for thread in self._threads:
                thread.join(0.05)
        self._brought.close()

    # -- in the threads

    def _run(self, reader: IsolatedReader) -> None:
        try:
            with reader:
                while not self._stopped.is_set():
                    with self._next:
                        found = next(self._groups, None)
                    if found is None:
                        break
                    group, brought = found
                    with brought as here:
                        self._read(reader, group, here)
        except BaseException as error:  # whatever it is, the thread that draws must hear of it, and not wait for ever
            self._failure = error
        self._queue.put(None)

    def _read(self, reader: IsolatedReader, group: Sequence[Work], here: Sequence[Here | ReadError]) -> None:
        """Read a group of files; those with a fault that may pass are read again after a while, a few times."""
        files: list[tuple[Work, Here]] = []
        for work, place in zip(group, here, strict=True):
            if isinstance(place, Here):
                files.append((work, place))
            else:  # it was tried a few times
                self._queue.put(self._take(self._drafts([work])[0], place))
        for wait in (*RETRY_AFTER, None):
            drafts = self._drafts([work for work, _ in files])
            jobs = [Job(place.path, place.found, work.hash) for work, place in files]
            again: list[tuple[Work, Here]] = []
            for events in reader.read(jobs):
                if self._stopped.is_set():
                    return
                read: Read = []
                for number, event in events:
                    if wait is not None and _may_pass(event):
                        drafts[number].abandon()
                        again.append(files[number])
                    else:
                        read += self._take(drafts[number], event)
                self._queue.put(read)
            if not again or self._stopped.wait(wait):
                return
            files = again

    def _drafts(self, group: Sequence[Work]) -> list[Draft]:
        """A draft for each file, with the vectors that the collection has of the same content."""
        same = [work for work in group if work.known is not None and work.hash and work.known.hash == work.hash]
        earlier = self._earlier(same) if same and self._earlier is not None else {}
        return [Draft(work, _item(work), earlier.get(work.found.path, {})) for work in group]

    def _take(self, draft: Draft, event: Event) -> Read:
        if isinstance(event, Segment):
            return self._enriched(draft, partial(draft.enriching.take, event))
        if isinstance(event, Opened):
            item = draft.item
            item.hash, item.modality, item.mime, item.info = (
                event.hash,
                event.modality,
                event.mime,
                storable(event.info),
            )
            draft.enriching = begin(self._enrichers, event.modality)
            item.encoders |= fingerprints(self._enrichers, event.modality)
            return []
        if isinstance(event, Closed):
            self._spent.add("read", event.reading)
            self._spent.add("decode", event.decoding)
            return [*self._enriched(draft, draft.enriching.end), (draft, None)]
        if isinstance(event, Hashed):
            draft.item.hash = event.hash
            return []
        if isinstance(event, TransientReadError):
            draft.fail(State.POSTPONED, str(event), "")
        elif isinstance(event, UnsupportedError):
            draft.fail(State.EXCLUDED, str(event), "")
        else:
            draft.fail(State.QUARANTINED, str(event), "reader")
        return [(draft, None)]

    def _enriched(self, draft: Draft, ready: Callable[[], list[Segment]]) -> Read:
        """The segments whose words are complete, with their terms; a fault of an enricher is the file's."""
        if draft.item.state is not State.INDEXED:
            return []
        began = time.perf_counter()
        try:
            segments = ready()
        except Exception as error:  # a bug in an enricher or a library must cost one file, and be seen in its reason
            if out_of_memory(error):  # the machine's fault rather than the file's: the next run takes it
                draft.fail(State.POSTPONED, "There was not enough memory to find its words.", "")
                return []
            said = str(error) if isinstance(error, EncodeError) else f"{type(error).__name__}: {error}"
            draft.fail(State.QUARANTINED, said, "enricher")
            return []
        for segment in segments:
            if self._lexical is not None and (words := join_words(segment.words, named=True)):
                draft.terms[segment.number] = self._lexical.document(words)
        self._spent.add("words", time.perf_counter() - began)
        return [(draft, segment) for segment in segments]


def _may_pass(event: Event) -> bool:
    """A fault of the disk or the network, say. A file that changed is no such: the next run finds it as it is then."""
    return isinstance(event, TransientReadError) and not isinstance(event, FileChangedError)


def _item(work: Work) -> Item:
    """What is to become of a file, with what the collection has under its path."""
    known = work.known
    if known is None:
        return Item(work.found, work.hash)
    return Item(work.found, work.hash, before=known.segments, first_attempt=known.first_attempt)


def _groups(work: Iterable[Work]) -> Iterator[list[Work]]:
    """Files that follow each other, in groups of a child's work."""
    group: list[Work] = []
    size = 0
    for one in work:
        if group and (size + one.found.size > GROUP_BYTES or len(group) == GROUP_FILES):
            yield group
            group, size = [], 0
        group.append(one)
        size += one.found.size
    if group:
        yield group
