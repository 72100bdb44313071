"""Deployments on a live Prefect server: what is registered, and how scheduled runs behave."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

import medley
from flows.ingestion.lease import leased
from flows.ingestion.run import configured, sharing
from flows.operations.deploy import Wanted, When, deploy, named_sources, trigger
from flows.operations.jobs import JOBS
from medley.cli import app
from schemas import MedleyError, UsageError
from schemas.settings import Settings, load_settings
from tests.integration.live import read, runs_of, wait_for
from tests.media import picture

pytestmark = pytest.mark.usefixtures("prefect_api")


def settings_of(folder: Path) -> Settings:
    return load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})


@contextmanager
def worker(pool: str, library: medley.Library) -> Iterator[None]:
    from flows.operations.worker import Host, Worker, WorkerThread  # with Prefect, which not all who collect this need

    class Here(Host):
        @contextmanager
        def around(self, flow_run: Any) -> Iterator[None]:
            with sharing(library.store), configured(library.settings):
                yield

    thread = WorkerThread(lambda: Worker(pool, Here(), name=pool))
    thread.start()
    try:
        yield
    finally:
        thread.stop()


def test_each_source_has_its_deployments_and_the_collection_has_its_own(tmp_path: Path) -> None:
    picture(tmp_path / "boats" / "red.png")
    picture(tmp_path / "birds" / "red.png")
    wanted = Wanted(
        settings_of(tmp_path),
        named_sources([tmp_path / "boats", tmp_path / "birds"], {}),
        When(cron="15 * * * *"),
        pool="registered",
        backups=str(tmp_path / "backups"),
        prefix="a",
    )

    made = deploy(wanted)
    again = deploy(wanted, JOBS[:1])

    assert again.items() <= made.items()
    assert list(made) == [
        "ingest/a ingest boats",
        "ingest/a ingest birds",
        "ingest/a reconcile-full boats",
        "ingest/a reconcile-full birds",
        "maintenance/a maintenance",
        "fit/a fit",
        "evaluate/a evaluation",
    ]
    assert made["ingest/a ingest boats"].startswith("15 * * * * (")
    boats = read(lambda client: client.read_deployment_by_name("ingest/a ingest boats"))
    assert boats.parameters["folder"] == str(tmp_path / "boats")
    assert boats.parameters["source"] == "boats"
    assert boats.parameters["store"] == str(tmp_path / "store")
    assert boats.global_concurrency_limit.limit == 1
    assert boats.concurrency_options.collision_strategy == "CANCEL_NEW"
    full = read(lambda client: client.read_deployment_by_name("ingest/a reconcile-full boats"))
    assert full.parameters["verify"] is True
    upkeep = read(lambda client: client.read_deployment_by_name("maintenance/a maintenance"))
    assert upkeep.parameters["backups"] == str(tmp_path / "backups")


def test_parameters_are_a_form_and_wrong_ones_are_refused_before_a_run(tmp_path: Path) -> None:
    from prefect.deployments import run_deployment
    from prefect.exceptions import PrefectHTTPStatusError

    picture(tmp_path / "forms" / "red.png")
    deploy(
        Wanted(settings_of(tmp_path), named_sources([tmp_path / "forms"], {}), pool="forms", prefix="form"),
        (JOBS[0], JOBS[2]),
    )

    deployment = read(lambda client: client.read_deployment_by_name("maintenance/form maintenance"))
    form = deployment.parameter_openapi_schema["properties"]
    assert form["keep"] | {"position": 0} == {
        "title": "keep",
        "type": "integer",
        "default": 7,
        "minimum": 1,
        "maximum": 1000,
        "description": "so many backups are kept; older ones are deleted.",
        "position": 0,
    }
    assert all(field["description"] for field in form.values())
    ingest = read(lambda client: client.read_deployment_by_name("ingest/form ingest forms"))
    assert ingest.parameter_openapi_schema["required"] == ["folder"]
    assert all(field["description"] for field in ingest.parameter_openapi_schema["properties"].values())
    with pytest.raises(PrefectHTTPStatusError, match=r"409|422"):
        run_deployment("maintenance/form maintenance", parameters={"keep": 0}, timeout=0)


def test_deployments_of_one_store_never_become_those_of_another(tmp_path: Path) -> None:
    picture(tmp_path / "twins" / "red.png")
    sources = named_sources([tmp_path / "twins"], {})
    deploy(Wanted(settings_of(tmp_path), sources, pool="twins", prefix="twin"), JOBS[:1])

    with pytest.raises(UsageError, match=r"'ingest/twin ingest twins'.*--prefix"):
        deploy(Wanted(settings_of(tmp_path / "other"), sources, pool="twins", prefix="twin"), JOBS[:1])


def test_a_schedule_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'now and then' is no cron expression"):
        deploy(Wanted(settings_of(tmp_path), {"any": str(tmp_path)}, When(cron="now and then")))


def test_a_deployment_that_somebody_deleted_is_a_sentence() -> None:
    with pytest.raises(MedleyError, match="no deployment 'ingest/gone' any more: start `medley up` again"):
        trigger("ingest/gone", {}, "api")


def test_runs_of_a_source_never_overlap_and_one_that_is_due_meanwhile_is_left_out(tmp_path: Path) -> None:
    picture(tmp_path / "busy" / "red.png")
    settings = settings_of(tmp_path)
    with medley.Library(settings) as library:
        library.ingest(tmp_path / "busy")
        deploy(
            Wanted(settings, {"busy": str(tmp_path / "busy")}, When(every=5), "busy", prefix="busy", in_process=True),
            JOBS[:1],
        )
        held, let_go = threading.Event(), threading.Event()

        def hold() -> None:
            with leased(library.store):
                held.set()
                let_go.wait(60)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(10)
        with worker("busy", library):
            name = "ingest/busy ingest busy"
            at_work = wait_for(lambda: [run for run in runs_of(name) if run.state.is_running()], "none began")
            wait_for(lambda: [run for run in runs_of(name) if run.state.is_cancelled()], "none was left out")
            assert [run.id for run in runs_of(name) if run.state.is_running()] == [at_work[0].id]  # it waits
            let_go.set()
            holder.join()
            done = wait_for(
                lambda: len(found := [run for run in runs_of(name) if run.state.is_completed()]) > 1 and found,
                "no two were completed",
            )
        assert all(first.end_time <= second.start_time for first, second in pairwise(done))
        assert done[0].id == at_work[0].id
        assert "busy" in done[0].name
        ended = runs_of(name)
        assert not [run for run in ended if run.state.is_running()]


def test_a_stopped_worker_leaves_no_run_running(tmp_path: Path) -> None:
    from prefect.deployments import run_deployment

    picture(tmp_path / "halted" / "red.png")
    settings = settings_of(tmp_path)
    with medley.Library(settings) as library:
        library.ingest(tmp_path / "halted")
        deploy(
            Wanted(settings, {"halted": str(tmp_path / "halted")}, pool="halted", prefix="halted", in_process=True),
            JOBS[:1],
        )
        with leased(library.store), worker("halted", library):
            name = "ingest/halted ingest halted"
            run = run_deployment(name, timeout=0)
            wait_for(lambda: [one for one in runs_of(name) if one.state.is_running()], "it did not begin")
    ended = read(lambda client: client.read_flow_run(run.id)).state
    assert ended.is_cancelled()
    assert "the next run goes on from there" in ended.message


def test_the_file_for_prefect_deploy_says_the_same_as_the_command() -> None:
    from prefect.flows import load_flow_from_entrypoint

    root = Path(__file__).parents[2]
    written = yaml.safe_load((root / "prefect.yaml").read_text())
    by_name = {one["name"].removesuffix(" media"): one for one in written["deployments"]}
    assert set(by_name) == {job.name for job in JOBS}
    for job in JOBS:
        one = by_name[job.name]
        module, _, function = job.flow.rpartition(".")
        assert one["entrypoint"] == f"{module.replace('.', '/')}.py:{function}"
        assert [schedule["cron"] for schedule in one["schedules"]] == [job.cron]
        assert one["description"] == job.about
        assert one["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
        assert job.parameters.items() <= one["parameters"].items()
        flow = load_flow_from_entrypoint(str(root / one["entrypoint"]))
        flow.validate_parameters({**one["parameters"]})


def test_the_command_deploys_and_tells_when_each_runs(
    tmp_path: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "asked" / "red.png")
    words = ["deploy", str(tmp_path / "asked"), "--store", str(tmp_path / "store"), "--every", "15", "--prefix", "cli"]

    refused = CliRunner().invoke(app, words)
    assert refused.exit_code == 2
    assert "PREFECT_API_URL" in refused.stderr
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    done = CliRunner().invoke(app, [*words, "--json"])

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["deployments"]["ingest/cli ingest asked"] == "every 900 s"


def test_maintenance_is_a_flow_that_keeps_its_accounts(tmp_path: Path) -> None:
    from flows.maintenance import maintenance

    picture(tmp_path / "kept" / "red.png")
    (tmp_path / "kept" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = settings_of(tmp_path)
    with medley.Library(settings) as library:
        library.ingest(tmp_path / "kept")
    with configured(settings):
        report = maintenance(backups=str(tmp_path / "backups"))

    assert (report.retried, report.quarantined) == (1, 1)
    assert report.backup is not None
    with medley.open(report.backup) as copy:
        assert copy.status().items == 1


def test_a_collection_that_is_too_small_to_fit_is_no_failure_and_its_open_store_is_used(tmp_path: Path) -> None:
    from flows.fit import fit

    picture(tmp_path / "small" / "red.png")
    with medley.Library(settings_of(tmp_path)) as library:
        library.ingest(tmp_path / "small")
        with library.filling():
            state = fit(return_state=True)
            graph = fit("graph", return_state=True)
            wrong = fit("no-such-method", return_state=True)
    assert state.is_completed()
    assert state.message
    assert graph.is_completed()
    assert "caption some more" in graph.message
    assert wrong.is_failed()


def test_a_run_that_somebody_cancels_on_the_dashboard_stops(tmp_path: Path) -> None:
    from prefect.deployments import run_deployment
    from prefect.states import Cancelling

    picture(tmp_path / "unwanted" / "red.png")
    settings = settings_of(tmp_path)
    with medley.Library(settings) as library:
        library.ingest(tmp_path / "unwanted")
        sources = {"unwanted": str(tmp_path / "unwanted")}
        deploy(Wanted(settings, sources, pool="unwanted", prefix="unwanted", in_process=True), JOBS[:1])
        with leased(library.store), worker("unwanted", library):
            run = run_deployment("ingest/unwanted ingest unwanted", timeout=0)

            def state() -> Any:
                return read(lambda client: client.read_flow_run(run.id)).state

            wait_for(lambda: state().is_running(), "it did not begin")
            read(lambda client: client.set_flow_run_state(run.id, Cancelling()))
            wait_for(lambda: state().is_final(), "it goes on")
            assert state().is_cancelled()
