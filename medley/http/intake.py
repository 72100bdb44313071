"""Ingestion beside the answering: one thread makes the collection equal to its folders, while requests go on."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from flows.ingestion.progress import Stopped
from schemas import MedleyError, UnknownNameError, UsageError
from schemas.report import IngestReport
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from medley.library import Library


class IntakeReport(BaseModel):
    """How the last run over a folder ended: with its accounts, or with what went wrong."""

    folder: str
    report: IngestReport | None = None
    error: str | None = None


class IntakeStatus(BaseModel):
    """What is being ingested, what waits, and how the last runs ended."""

    state: Literal["idle", "running", "stopped"] = "idle"
    folder: Annotated[str | None, Field(description="what is being ingested")] = None
    stage: Annotated[str | None, Field(description="scan, index or optimize")] = None
    done: Annotated[int, Field(description="files done in this stage")] = 0
    total: Annotated[int, Field(description="files of this stage; 0: not known yet")] = 0
    waiting: list[str] = []
    last: Annotated[list[IntakeReport], Field(description="the last run over each folder")] = []


@dataclass(frozen=True)
class _Job:
    folder: str
    source: str | None = None
    retry: bool = False


class Intake:
    """Ingests folders one after the other in a thread.

    Args:
        library: where to.
        folders: what to begin with.
        every: seconds after which every source of the collection is taken in again; None: only when asked.
    """

    def __init__(self, library: Library, folders: Sequence[str | Path] = (), every: float | None = None) -> None:
        self._library, self._every = library, every
        self._jobs: deque[_Job] = deque(_Job(str(folder)) for folder in folders)
        self._changed = threading.Condition()
        self._stopping = False
        self._now = IntakeStatus()
        self._last: dict[str, IntakeReport] = {}
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End the run at its next file; what is whole is written, and the next run goes on from there."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def ask(self, source: str | None = None, *, retry: bool = False) -> None:
        """Take a source that the collection knows (or all of them) in again.

        Raises:
            UnknownNameError: there is no such source.
            UsageError: there is none at all.
        """
        known = self._sources()
        if source is not None and source not in known:
            raise UnknownNameError("source", source, known)
        if not known:
            raise UsageError("The collection has no source yet: start `medley serve FOLDER`, or run `medley ingest`.")
        chosen = known if source is None else {source: known[source]}
        self._queue([_Job(folder, name, retry) for name, folder in chosen.items()])

    def status(self) -> IntakeStatus:
        """How things stand."""
        with self._changed:
            return self._now.model_copy(
                update={"waiting": [job.folder for job in self._jobs], "last": list(self._last.values())}
            )

    def _queue(self, jobs: Sequence[_Job]) -> None:
        with self._changed:
            self._jobs.extend(job for job in jobs if job not in self._jobs)
            self._changed.notify_all()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            self._show(IntakeStatus(state="running", folder=job.folder, stage="scan"))
            try:
                report = self._library.ingest(job.folder, source=job.source, retry=job.retry, progress=self._listen)
                ended = IntakeReport(folder=job.folder, report=report)
            except Stopped:
                break
            except MedleyError as error:
                ended = IntakeReport(folder=job.folder, error=str(error))
            except Exception as error:  # a bug must not end the thread unseen: it is shown, and the next run goes on
                ended = IntakeReport(folder=job.folder, error=f"A fault in Medley: {type(error).__name__}: {error}")
            with self._changed:
                self._last[job.folder] = ended
            self._show(IntakeStatus())
        self._show(IntakeStatus(state="stopped"))

    def _next(self) -> _Job | None:
        """The next job, waited for; None when it is time to stop."""
        with self._changed:
            while not self._changed.wait_for(lambda: self._jobs or self._stopping, self._every):
                with suppress(MedleyError):  # a store that is away now is asked again next time
                    self._jobs.extend(_Job(folder, name) for name, folder in self._sources().items())
            return None if self._stopping else self._jobs.popleft()

    def _sources(self) -> dict[str, str]:
        sources: dict[str, str] = self._library.store.metadata().get(SOURCES, {})
        return sources

    def _listen(self, stage: str, done: float, total: int) -> None:
        if self._stopping:
            raise Stopped
        self._now.stage, self._now.done, self._now.total = stage, int(done), total

    def _show(self, status: IntakeStatus) -> None:
        with self._changed:
            self._now = status
