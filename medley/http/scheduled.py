"""The same as `medley.http.intake`, where Prefect says when: runs are those of its deployments, in this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.operations.worker import Host, Worker, WorkerThread
from medley.http.intake import Intake, IntakeReport, IntakeStatus
from schemas import UnknownNameError
from schemas.report import IngestReport

if TYPE_CHECKING:
    from medley.library import Library


class ScheduledIntake(Intake, Host):
    """Runs what Prefect's server says is due, over a library that is open.

    Args:
        library: where to.
        pool: the work pool that is this process's own.
        deployments: the one that ingests it, by the name of each source.
    """

    def __init__(self, library: Library, pool: str, deployments: Mapping[str, str]) -> None:
        super().__init__(library)
        self._deployments = deployments
        self._runs: dict[str, IntakeStatus] = {}  # under way, by id
        self._changing = threading.Lock()
        self._worker = WorkerThread(lambda: Worker(pool, self, name=pool))

    def start(self) -> None:
        """Begin."""
        self._worker.start()

    def stop(self) -> None:
        """Stop the runs that are under way, and wait until Prefect's server knows it."""
        self._worker.stop()
        with self._changing:
            self._now = IntakeStatus(state="stopped")

    def ask(
        self,
        source: str | None = None,
        *,
        retry: bool = False,
        only: Sequence[str] | None = None,
        tag: str = "api",
    ) -> None:
        """Have a source (or all of them) taken in again.

        Args:
            source: its name.
            retry: try quarantined files again.
            only: what changed; nothing else is looked at.
            tag: tells who asks.

        Raises:
            UnknownNameError: there is no such source, or it has no schedule.
            MedleyError: Prefect's server does not answer.
        """
        from flows.operations.deploy import trigger

        if source is not None and source not in self._deployments:
            raise UnknownNameError("source", source, self._deployments)
        for name in [source] if source is not None else self._deployments:
            trigger(self._deployments[name], {"retry": retry, "only": list(only) if only is not None else None}, tag)

    def status(self) -> IntakeStatus:
        """How things stand: the run that works, else one that waits."""
        with self._changing:
            runs = sorted(self._runs.values(), key=lambda run: run.stage == "wait")
            now = runs[0] if runs else self._now
            waiting = [str(run.folder) for run in runs[1:]]
            return now.model_copy(update={"waiting": waiting, "last": list(self._last.values())})

    # -- what the worker is told: see `flows.operations.worker.Host`

    @contextmanager
    def around(self, flow_run: Any) -> Iterator[None]:
        """This process's store, unless the run was given another one."""
        with self._changing:
            self._runs[str(flow_run.id)] = IntakeStatus(state="running", folder=_subject(flow_run), stage="scan")
        given = flow_run.parameters.get("store")
        ours = self._library.store.location
        if given is None or given == ours or Path(given).expanduser().resolve() == Path(ours).expanduser().resolve():
            with self._library.filling():
                yield
        else:
            yield

    def told(self, flow_run: Any, stage: str, done: float, total: int) -> None:
        """Note how far it is."""
        run = self._runs[str(flow_run.id)]
        run.stage, run.done, run.total = stage, int(done), total

    def ended(self, flow_run: Any, state: Any) -> None:
        """Note how it ended."""
        subject = _subject(flow_run)
        with self._changing:
            self._runs.pop(str(flow_run.id), None)
            if state is None:
                return
            found = state.result(raise_on_failure=False) if state.is_completed() else None
            report = found if isinstance(found, IngestReport) else None
            error = None if state.is_completed() else str(state.message)
            self._last[subject] = IntakeReport(folder=subject, report=report, error=error)


def _subject(flow_run: Any) -> str:
    return str(flow_run.parameters.get("folder") or flow_run.name)
