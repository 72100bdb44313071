"""A Prefect worker whose runs are threads of this process: an embedded store has one owner, and models load once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from anyio import CapacityLimiter, to_thread
from prefect.exceptions import Abort
from prefect.flow_engine import run_flow
from prefect.flows import load_flow_from_flow_run
from prefect.workers.base import BaseJobConfiguration, BaseVariables, BaseWorker, BaseWorkerResult

from flows.ingestion.progress import Stopped, listening

if TYPE_CHECKING:
    from anyio.abc import TaskStatus
    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun, State

SENDING = 10.0  # seconds that logs and events have to reach the server
AT_ONCE = 32  # runs; all but one wait for the collection, and those that are too many are cancelled when they are due


class Host:
    """The process that runs flows: what it gives them, and what it is told of them. This one gives nothing."""

    def around(self, flow_run: FlowRun) -> AbstractContextManager[object]:
        """Is entered in the thread of a run: see `flows.ingestion.run.sharing` and `flows.ingestion.run.configured`."""
        return nullcontext()

    def told(self, flow_run: FlowRun, stage: str, done: float, total: int) -> None:
        """Hears of the progress of a run."""

    def ended(self, flow_run: FlowRun, state: State | None) -> None:
        """Hears how a run ended; None: it did not begin."""


class Worker(BaseWorker[BaseJobConfiguration, BaseVariables, BaseWorkerResult]):
    """Polls a work pool, and runs what is due in this process, where the store is open.

    Args:
        pool: the work pool; it is this process's alone.
        host: this process.
        name: of the worker on the dashboard.
    """

    type = "medley"
    _description = "Runs flows in the process that holds the collection: `medley up`."

    def __init__(self, pool: str, host: Host | None = None, name: str | None = None) -> None:
        super().__init__(work_pool_name=pool, name=name, limit=AT_ONCE, prefetch_seconds=0)
        self._host = host or Host()
        self._stopping = threading.Event()
        self._threads = CapacityLimiter(AT_ONCE)

    def stop(self) -> None:
        """Take nothing more, and stop the runs that are under way; `idle` tells when they have ended."""
        self._stopping.set()

    @property
    def idle(self) -> bool:
        """Whether no run is under way."""
        return not self._limiter or not self.limiter.borrowed_tokens

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take what is due."""
        return [] if self._stopping.is_set() else await super().get_and_submit_flow_runs()

    async def run(
        self,
        flow_run: FlowRun,
        configuration: BaseJobConfiguration,
        task_status: TaskStatus[int] | None = None,
    ) -> BaseWorkerResult:
        """Run a flow run to its end."""
        if task_status is not None:
            task_status.started(os.getpid())
        flow = await load_flow_from_flow_run(flow_run=flow_run, ignore_storage=True, use_placeholder_flow=False)
        await to_thread.run_sync(partial(self._run_here, flow_run, flow), limiter=self._threads)
        return BaseWorkerResult(status_code=0, identifier=str(flow_run.id))

    def _run_here(self, flow_run: FlowRun, flow: Flow[..., Any]) -> None:
        """What the engine catches it also reports; anything else is nobody's to handle here."""
        state: Any = None
        try:
            with suppress(Abort, Stopped), listening(partial(self._listen, flow_run)), self._host.around(flow_run):
                state = run_flow(flow, flow_run=flow_run, return_type="state")
        finally:
            self._host.ended(flow_run, state)

    def _listen(self, flow_run: FlowRun, stage: str, done: float, total: int) -> None:
        if self._stopping.is_set():
            raise Stopped
        self._host.told(flow_run, stage, done, total)


class WorkerThread:
    """A worker with an event loop and a thread of its own.

    Args:
        make: makes the worker, in that thread.
    """

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._stop = threading.Event()
        within = copy_context()  # Prefect keeps its settings there
        self._thread = threading.Thread(target=within.run, args=[self._run], name="worker", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Take nothing more, stop the runs that are under way, and return when each has said how it ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        _send_what_is_left()

    def _run(self) -> None:
        anyio.run(self._work)

    async def _work(self) -> None:
        worker = self._make()
        async with anyio.create_task_group() as group:
            group.start_soon(partial(worker.start, printer=_silent))
            while not self._stop.is_set():
                await anyio.sleep(0.1)
            worker.stop()
            while not worker.idle:
                await anyio.sleep(0.05)
            group.cancel_scope.cancel()


def _send_what_is_left() -> None:
    """Logs and events are sent by threads of Prefect's own, which would find no server once we have stopped it."""
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    for service in (EventsWorker, APILogWorker):
        service.drain_all(timeout=SENDING, at_exit=False)


def _silent(*_: Any) -> None:
    pass
