"""The child: reads the files it is told to, and sends what they hold."""

from __future__ import annotations

import errno
import time
from collections.abc import Sequence
from pathlib import Path

from readers.hash import content_hash
from readers.isolated import wire
from readers.isolated.arena import Writer
from readers.isolated.events import ENDS, Closed, Draw, Drawn, Event, Hashed, Job, Opened, Working
from readers.preview import preview
from readers.read import read
from schemas import ReadError, ReadOptions, Segment

_TOO_LARGE = "Reading the file takes more memory than a file may take."
_HELD_SECONDS = 0.02  # that events may wait for company, so that a thousand notes are not a thousand messages
_HELD_BYTES = 2_000_000  # of media: two or three pictures


class Outbox:
    """Sends events in groups; those of a file that is not at its end go only when they are large or old.

    A file of which something was sent is sent to its end before the next one is read: if that kills the child, all
    others were sent whole, or not at all and can be read again.
    """

    def __init__(self, end: int, arena: Writer) -> None:
        self._end, self._arena = end, arena
        self._events: list[tuple[int, Event | Working | wire.Packed]] = []
        self._bytes = 0
        self._since = 0.0
        self._begun: int | None = None  # the file of which the beginning was sent, and not the end

    def add(self, number: int, event: Event | Working) -> None:
        """Take an event of the file with this number."""
        if not self._events:
            self._since = time.monotonic()
        if isinstance(event, Segment) and event.nbytes:
            self._bytes += event.nbytes
            self._events.append((number, wire.pack(event, self._arena)))
        else:
            self._events.append((number, event))
        due = self._bytes > _HELD_BYTES or time.monotonic() - self._since > _HELD_SECONDS
        if due or (number == self._begun and isinstance(event, ENDS)):
            self.flush()

    def flush(self) -> None:
        """Send what is held."""
        if self._events:
            wire.send(self._end, self._events)
            number, last = self._events[-1]
            self._begun = None if isinstance(last, ENDS) else number
            self._events, self._bytes = [], 0


def serve(jobs: int, events: int, memory: int) -> None:
    """Read what comes through the pipe `jobs` until it is closed; write to the pipe `events` and shared `memory`.

    What comes first is how all of it is to be read.
    """
    arena = Writer(memory)
    outbox = Outbox(events, arena)
    options: ReadOptions | None = None
    while True:
        arena.mark(None)
        try:
            options = options or wire.receive(jobs)
            todo: Sequence[Job | Draw] = wire.receive(jobs)
        except EOFError:
            return
        for number, job in enumerate(todo):
            arena.mark(number)
            _do(number, job, options, outbox)
        outbox.flush()


def _do(number: int, job: Job | Draw, options: ReadOptions, outbox: Outbox) -> None:
    end = Closed()
    try:
        if isinstance(job, Draw):
            picture = preview(Path(job.path), job.modality, job.start, job.end, job.side, page=job.page)
            outbox.add(number, Drawn(picture))
        else:
            end = _read(number, job, options, outbox)
    except ReadError as error:
        # The system's word for our own limit; or, once in a while, for what it really lacks.
        full = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENOMEM
        outbox.add(number, ReadError(_TOO_LARGE) if full else error.with_traceback(None))
    except MemoryError:
        outbox.add(number, ReadError(_TOO_LARGE))
    except BrokenPipeError:
        raise
    except Exception as error:  # a bug in a reader or a library must cost one file, and be seen in its reason
        outbox.add(number, ReadError(f"Reading failed: {type(error).__name__}: {error}"))
    else:
        outbox.add(number, end)


def _read(number: int, job: Job, options: ReadOptions, outbox: Outbox) -> Closed:
    path = Path(job.path)
    began = time.perf_counter()
    digest = job.hash or content_hash(path, progress=lambda: outbox.add(number, Working()))
    hashed = time.perf_counter()
    try:
        reading = read(path, job.found, options)
    except (ReadError, MemoryError):
        outbox.add(number, Hashed(digest))
        raise
    outbox.add(number, Opened(digest, reading.modality, reading.mime, reading.info))
    waited = 0.0  # until what was decoded is taken
    for segment in reading.segments:
        before = time.perf_counter()
        outbox.add(number, segment)
        waited += time.perf_counter() - before
    return Closed(hashed - began, time.perf_counter() - hashed - waited)
