"""Deployments: what a Prefect server is told of the flows, to run them on schedule and to show them with a form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.ingestion.run import media_root, source_name
from flows.operations.automate import ensure_automation
from flows.operations.jobs import JOBS, Job
from flows.operations.prefect_run import HEARTBEAT, prepare
from readers.trees import open_tree
from schemas import MedleyError, UsageError
from store import is_server, shown_location

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from schemas.settings import Settings

POOL = "medley"
TAG = "medley"


@dataclass(frozen=True, slots=True)
class When:
    """When sources are taken in: by a cron expression, or after so many seconds; else as the job says."""

    cron: str | None = None
    every: float | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be deployed.

    Attributes:
        settings: their store and collection are meant.
        sources: folder by name.
        when: sources are taken in.
        pool: whose workers run it.
        backups: where maintenance puts backups; None: nowhere.
        prefix: before the names of all deployments, where one Prefect server has those of several collections.
        in_process: the pool belongs to one process that runs everything itself (see `flows.operations.worker`).
        queueing: a run whose predecessor is still at work waits for it; else it is cancelled, as the next will do.
    """

    settings: Settings
    sources: Mapping[str, str]
    when: When = field(default_factory=When)
    pool: str = POOL
    backups: str | None = None
    prefix: str = ""
    queueing: bool = False
    in_process: bool = False


def deploy(wanted: Wanted, jobs: Sequence[Job] = JOBS) -> dict[str, str]:
    """Create the deployments, or bring them up to date.

    Returns:
        When each runs, by its full name (flow/deployment).

    Raises:
        UsageError: a schedule is not understood, or a deployment of that name belongs to another store.
        MedleyError: the Prefect API does not answer, or refuses.
    """
    prepare()
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.deployments.runner import DeploymentApplyError

    made = [deployment for job in jobs for deployment in _deployments(job, wanted)]
    try:
        with get_client(sync_client=True) as client:
            _ensure_pool(client, wanted.pool, in_process=wanted.in_process)
            for one in made:
                _check_ours(client, one)
        for one in made:
            one.apply()
        ensure_automation(TAG, block=wanted.settings.notify.block)
    except (httpx.HTTPError, DeploymentApplyError) as error:
        raise MedleyError(
            f"The Prefect API cannot be used ({str(error).rstrip('.')}): start it, or correct PREFECT_API_URL."
        ) from error
    return {f"{one.flow_name}/{one.name}": _when(one) for one in made}


def trigger(name: str, parameters: Mapping[str, Any], tag: str) -> None:
    """Have a deployment run now, with other parameters than its own; the tag tells who asked.

    Raises:
        MedleyError: the Prefect API does not answer, or refuses.
    """
    import httpx
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound

    try:
        run_deployment(name, parameters=dict(parameters), tags=[TAG, tag], timeout=0, as_subflow=False)
    except ObjectNotFound as error:
        raise MedleyError(
            f"Prefect's server has no deployment {name!r} any more: start `medley up` again, which makes it."
        ) from error
    except (httpx.HTTPError, ValueError) as error:
        raise MedleyError(f"{name} cannot be run ({str(error).rstrip('.')}): look at the Prefect server.") from error


def mark_crashed(names: Iterable[str]) -> int:
    """Say of the runs of deployments that seem to be under way that they are not: who ran them is no more."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter, FlowRunFilterState
    from prefect.client.schemas.filters import FlowRunFilterStateType as StateFilter
    from prefect.client.schemas.objects import StateType
    from prefect.states import Crashed

    with get_client(sync_client=True) as client:
        ours = [client.read_deployment_by_name(name).id for name in names]
        alive = StateFilter(any_=[StateType.PENDING, StateType.RUNNING, StateType.CANCELLING])
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=alive)),
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=ours)),
        )
        for run in runs:
            said = "The process that ran it ended without a word. The next run goes on from there."
            client.set_flow_run_state(run.id, Crashed(message=said), force=run.state_type is StateType.CANCELLING)
    return len(runs)


def named_sources(folders: Iterable[str | Path], known: Mapping[str, str]) -> dict[str, str]:
    """Folders by the names of their sources, where the collection has the `known` ones; those, if no folder is given.

    Raises:
        UsageError: there is nothing to deploy, no such folder, or its name stands for another one.
    """
    found = dict(known)
    trees = [open_tree(media_root(folder)) for folder in folders]
    for tree in trees:
        found[source_name(found, tree, None)] = str(tree)
    if not found:
        raise UsageError("The collection has no source yet: name a folder.")
    roots = set(map(str, trees))
    return found if not trees else {name: at for name, at in found.items() if at in roots}


def deployment_name(job: str, prefix: str = "", source: str = "") -> str:
    """The name of a deployment, without its flow's."""
    return " ".join(part for part in (prefix, job, source) if part)


def _deployments(job: Job, wanted: Wanted) -> list[RunnerDeployment]:
    module, _, name = job.flow.rpartition(".")
    flow = getattr(import_module(module), name)
    store = wanted.settings.store
    store = shown_location(store) if is_server(store) else str(Path(store).expanduser().resolve())
    given: dict[str, Any] = {**job.parameters, "store": store}
    if job.name == "maintenance":
        given["backups"] = wanted.backups
    if not job.each_source:
        return [_deployment(job, flow, wanted, "", given)]
    return [
        _deployment(job, flow, wanted, source, {**given, "folder": folder, "source": source})
        for source, folder in wanted.sources.items()
    ]


def _deployment(job: Job, flow: Any, wanted: Wanted, source: str, parameters: dict[str, Any]) -> RunnerDeployment:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.deployments.runner import RunnerDeployment
    from prefect.schedules import Cron, Interval
    from prefect.types.entrypoint import EntrypointType

    when = wanted.when if job.name == "ingest" else When()
    strategy = ConcurrencyLimitStrategy.ENQUEUE if wanted.queueing else ConcurrencyLimitStrategy.CANCEL_NEW
    try:
        schedule = Interval(timedelta(seconds=when.every)) if when.every else Cron(when.cron or job.cron, _time_zone())
    except ValueError as error:
        raise UsageError(f"The schedule {when.cron!r} is no cron expression such as '0 3 * * *'.") from error
    return RunnerDeployment.from_flow(
        flow,
        name=deployment_name(job.name, wanted.prefix, source),
        description=job.about,
        tags=[TAG],
        parameters=parameters,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=strategy),
        work_pool_name=wanted.pool,
        job_variables=_surroundings(wanted.settings),
        entrypoint_type=EntrypointType.MODULE_PATH,
        schedule=schedule,
    )


def _time_zone() -> str:
    """The machine's, by name: at three in the morning means there."""
    import tzlocal

    return tzlocal.get_localzone_name() or "UTC"


def _surroundings(settings: Settings) -> dict[str, Any]:
    """What the process of a run needs besides its parameters. Secrets stay in the worker's own environment."""
    env = {**HEARTBEAT, "MEDLEY_COLLECTION": settings.collection, "PREFECT_LOGGING_EXTRA_LOGGERS": "medley"}
    here = {"working_dir": str(Path.cwd())} if Path("medley.toml").exists() else {}
    return {"env": env, **here}


def _ensure_pool(client: Any, name: str, *, in_process: bool) -> None:
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.exceptions import ObjectNotFound
    from prefect.workers.process import ProcessWorker

    from flows.operations.worker import Worker

    worker = Worker if in_process else ProcessWorker
    try:
        there = client.read_work_pool(name)
    except ObjectNotFound:
        template = worker.get_default_base_job_template()
        client.create_work_pool(WorkPoolCreate(name=name, type=worker.type, base_job_template=template))
        return
    if there.type != worker.type:
        raise UsageError(f"The work pool {name!r} is of the type {there.type!r}: choose another one with --pool.")


def _check_ours(client: Any, deployment: RunnerDeployment) -> None:
    """Two collections may know sources of one name; the deployments of one must not become the other's."""
    from prefect.exceptions import ObjectNotFound

    name = f"{deployment.flow_name}/{deployment.name}"
    try:
        there = client.read_deployment_by_name(name)
    except ObjectNotFound:
        return
    theirs, ours = there.parameters.get("store"), deployment.parameters["store"]
    if theirs != ours:
        raise UsageError(
            f"This Prefect server already has a deployment {name!r}, for the store {theirs}: give those of {ours} "
            "other names with --prefix."
        )


def _when(deployment: RunnerDeployment) -> str:
    from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule

    def said(schedule: object) -> str:
        if isinstance(schedule, CronSchedule):
            return f"{schedule.cron} ({schedule.timezone or 'UTC'})"
        return f"every {schedule.interval.total_seconds():g} s" if isinstance(schedule, IntervalSchedule) else ""

    return ", ".join(said(one.schedule) for one in deployment.schedules or ())
