"""Workers in other processes, perhaps on other machines: a Dask or a Ray cluster, as something that makes futures.

Nothing else of Medley knows either of them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

from schemas.errors import MedleyError, UsageError
from schemas.settings import ClusterSettings

PACKAGES = {"dask": "distributed", "ray": "ray"}
PATIENCE = 30.0  # seconds in which a cluster must answer, and have a worker


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster at work.

    Attributes:
        submit: has a function called by some worker; it is called again by another where that one dies.
        workers: how many there were when it was opened.
        share: how many of them are on one machine, where they are most.
        lost: what a future raises after several workers have died of its call.
        alive: how many workers there are now.
    """

    submit: Callable[..., Future[Any]]
    workers: int
    share: int
    lost: tuple[type[BaseException], ...]
    alive: Callable[[], int]


def check_cluster(settings: ClusterSettings, store: str) -> None:
    """See that there can be a cluster, if one is wanted.

    Raises:
        UsageError: its package is not installed, or the store is one process's at a time.
    """
    from store import is_server

    if settings.engine is None:
        return
    if not is_server(store):
        raise UsageError(
            f"The workers of a cluster need a Qdrant server to write to, and {store} is one process's at a time: set "
            "store to a server's URL, or leave cluster.engine out."
        )
    if find_spec(PACKAGES[settings.engine]) is None:
        raise UsageError(
            f"The setting cluster.engine is {settings.engine!r}, which is not installed. "
            f"Run: pip install 'medley[{settings.engine}]'"
        )


def open_cluster(settings: ClusterSettings) -> AbstractContextManager[Cluster]:
    """The cluster that the settings name, or one on this machine that ends with what runs inside.

    Raises:
        MedleyError: it does not answer, or has no workers.
    """
    return _ray(settings) if settings.engine == "ray" else _dask(settings)


@contextmanager
def _dask(settings: ClusterSettings) -> Iterator[Cluster]:
    from distributed import Client, KilledWorker, LocalCluster

    with ExitStack() as held:
        try:
            if settings.address is None:
                held.enter_context(_quiet("distributed"))  # Prefect's log would hear of each of its steps
                local = LocalCluster(
                    n_workers=settings.workers or os.cpu_count() or 1,
                    threads_per_worker=1,
                    memory_limit=None,  # it would kill workers for the size of their models; files have their own
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # its health page listens all the same
                    security=True,  # else whoever has an account on this machine could have the workers run anything
                    silence_logs=logging.ERROR,
                )
                client = held.enter_context(Client(held.enter_context(local), set_as_default=False))
                client.register_worker_callbacks(_leave_interrupts)
            else:
                client = held.enter_context(Client(settings.address, timeout=PATIENCE, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE)
            _unprofiled(client)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            raise _away("Dask", settings, error) from error

        def hosts() -> list[str]:
            return [worker["host"] for worker in client.scheduler_info()["workers"].values()]

        there = hosts()
        share = max(Counter(there).values())
        submit = client.get_executor(pure=False).submit
        yield Cluster(submit, len(there), share, (KilledWorker,), lambda: len(hosts()))


def _unprofiled(client: Any) -> None:
    """Have no worker take profiles: under Python 3.11, to look at what threads do can lock a process up for ever.

    Dask takes none of its own loops there, for the same reason: https://github.com/python/cpython/issues/106883
    """
    from distributed import WorkerPlugin

    class Unprofiled(WorkerPlugin):  # type: ignore[misc]  # it has no types
        name = "medley-unprofiled"  # so that a cluster that stays has one, however many runs there are

        def setup(self, worker: Any) -> None:
            if sys.version_info < (3, 12):
                for name in ("profile", "profile-cycle"):
                    if (taken := worker.periodic_callbacks.pop(name, None)) is not None:
                        taken.stop()

    client.register_plugin(Unprofiled())


@contextmanager
def _quiet(logger: str) -> Iterator[None]:
    """Hear of a library's errors alone."""
    log = logging.getLogger(logger)
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _ray(settings: ClusterSettings) -> Iterator[Cluster]:
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

    ours = not ray.is_initialized()
    try:
        if ours and settings.address is None:
            ray.init(
                "local",
                num_cpus=settings.workers or None,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        elif ours:
            ray.init(settings.address, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise _away("Ray", settings, error) from error
    try:
        kind = "GPU" if ray.cluster_resources().get("GPU") else "CPU"  # GPUs are hidden from who does not ask for one
        needs: dict[str, int] = {f"num_{kind.lower()}s": 1}

        def counts() -> list[int]:
            return [int(node["Resources"].get(kind, 0)) for node in ray.nodes() if node["Alive"]]

        @cache
        def remote(function: Callable[..., Any]) -> Any:
            return ray.remote(max_retries=3, **needs)(function)

        def submit(function: Callable[..., Any], *given: Any) -> Future[Any]:
            future: Future[Any] = remote(function).remote(*given).future()
            return future

        lost = (WorkerCrashedError, NodeDiedError, OutOfMemoryError)
        yield Cluster(submit, sum(counts()), max(counts(), default=1), lost, lambda: sum(counts()))
    finally:
        if ours:
            ray.shutdown()


def _away(name: str, settings: ClusterSettings, error: Exception) -> MedleyError:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
    where = f"at {settings.address}" if settings.address else "on this machine"
    return MedleyError(f"No {name} cluster with workers answers {where} ({said}): see the setting cluster.address.")


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that asks, which tells the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
