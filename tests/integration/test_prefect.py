"""The flow `ingest`, run by Prefect itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from flows.ingestion.run import sharing
from schemas import GateError, MedleyError, UsageError
from schemas.settings import load_settings
from store.server import ServerStore
from tests.collection import contents, contents_of
from tests.integration.live import read, wait_for
from tests.media import picture, tone
from tests.rest import RestServer
from tests.soak.crash import make_folder

pytestmark = pytest.mark.usefixtures("prefect_api")


def test_flow_makes_the_collection_that_the_plain_run_makes(tmp_path: Path) -> None:
    from flows.ingestion import direct
    from flows.operations.prefect_run import ingest_as_flow

    media = tmp_path / "media"
    picture(media / "red.png")
    tone(media / "high.wav", hertz=1500)
    (media / "empty.png").touch()
    by = {
        name: load_settings(store=str(tmp_path / name), encoders={"preset": "tiny", "ocr": "off"})
        for name in ("flow", "plain")
    }

    report = ingest_as_flow(media, by["flow"])
    plain = direct.ingest(media, by["plain"])

    times = {
        "seconds": True,
        "spent": True,
        "ended": True,
        "quarantine": {"__all__": {"first_attempt", "last_attempt"}},
    }
    assert report.model_dump(exclude=times) == plain.model_dump(exclude=times)
    points = contents(by["flow"])
    assert points == contents(by["plain"])
    assert {fields["state"] for fields, _ in points.values()} == {"indexed", "quarantined"}


def test_flow_that_is_spread_over_a_cluster_makes_the_same_collection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed", reason="the extra dask is not installed")
    from flows.ingestion import direct
    from flows.operations.prefect_run import ingest_as_flow
    from flows.scale import spread

    monkeypatch.setattr(spread, "LEAST", 1_000_000)
    monkeypatch.setattr("flows.scale.shards.LEAST", 1_000_000)
    make_folder(tmp_path / "media", 20)
    points, accounts = [], []
    for engine in ("dask", None):
        rest = RestServer()
        settings = load_settings(
            store=rest.url, encoders={"preset": "tiny", "ocr": "off"}, cluster={"engine": engine, "workers": 2}
        )
        report = (ingest_as_flow if engine else direct.ingest)(tmp_path / "media", settings)
        with ServerStore(rest.url, "medley") as store:
            points.append(contents_of(store))
        accounts.append(report.model_dump(include={"found", "indexed", "quarantined", "copied", "encoded"}))
        rest.stop()

    assert points[0] == points[1]
    assert accounts[0] == accounts[1]
    assert accounts[0]["quarantined"] == 2


def test_run_is_seen_on_the_dashboard(tmp_path: Path) -> None:
    from prefect.artifacts import Artifact

    from flows.operations.prefect_run import ingest_as_flow

    picture(tmp_path / "album" / "red.png")

    ingest_as_flow(
        tmp_path / "album", load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    )

    run = next(run for run in read(lambda client: client.read_flow_runs()) if "album" in run.name)
    assert run.state.is_completed()

    def tasks() -> set[str]:
        found = read(lambda client: client.read_task_runs())
        return {task.name.split("-")[0] for task in found if task.flow_run_id == run.id}

    steps = {"compare", "carry", "index", "forget", "reencode", "fit", "optimize", "account"}
    wait_for(lambda: tasks() == steps, "a task is missing")  # the server hears of tasks by events, a little later
    assert run.name == "ingest album (command line)"
    pages = {key: Artifact.get(f"{key}-album") for key in ("plan", "progress", "ingest", "added")}
    assert "| 1 | to add |" in str(pages["plan"].data)
    assert float(pages["progress"].data) == 100
    assert "| image | 1 |" in str(pages["ingest"].data)
    assert str(pages["added"].data).startswith("data:image/jpeg;base64,")
    overview = Artifact.get("collection-medley")
    assert overview is not None
    assert "| **all** | **1** | **1** |" in str(overview.data)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_secrets_are_not_seen_on_the_dashboard(tmp_path: Path) -> None:
    from prefect.client.orchestration import get_client

    from flows.operations.prefect_run import ingest_as_flow

    picture(tmp_path / "secret" / "red.png")
    settings = load_settings(
        store="http://name:hidden@in-memory", api_key="s3cret", encoders={"preset": "tiny", "ocr": "off"}
    )

    with ServerStore("http://in-memory", "medley", client=QdrantClient(":memory:")) as store, sharing(store):
        assert ingest_as_flow(tmp_path / "secret", settings).indexed == 1
        assert store.count() == 1

    with get_client(sync_client=True) as client:
        run = next(run for run in client.read_flow_runs() if "secret" in run.name)
    assert run.parameters["store"] == "http://in-memory"
    assert "hidden" not in run.model_dump_json()
    assert "s3cret" not in run.model_dump_json()


def test_error_of_a_step_is_the_same_sentence(tmp_path: Path) -> None:
    from flows.operations.prefect_run import ingest_as_flow

    with pytest.raises(UsageError, match="There is no folder"):
        ingest_as_flow(tmp_path / "nowhere", load_settings(store=str(tmp_path / "store")))


def test_run_that_is_cancelled_on_the_dashboard_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from flows.dashboard import artifacts
    from flows.operations.prefect_run import ingest_as_flow

    def cancel() -> bool:
        from prefect.runtime import flow_run
        from prefect.states import Cancelling

        read(lambda client: client.set_flow_run_state(flow_run.id, Cancelling()))
        return asked()

    asked = artifacts._cancelled
    monkeypatch.setattr(artifacts, "EVERY", 0.0)
    monkeypatch.setattr(artifacts, "_cancelled", cancel)
    picture(tmp_path / "media" / "red.png")

    with pytest.raises(MedleyError, match="The run was stopped"):
        ingest_as_flow(
            tmp_path / "media", load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
        )


def test_a_fault_in_a_run_is_not_taken_for_a_server_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from flows.operations.prefect_run import ingest_as_flow

    def exhausted(*_: object, **__: object) -> None:
        raise RuntimeError("out of memory")

    settings = load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    picture(tmp_path / "media" / "red.png")
    monkeypatch.setattr("flows.ingest.open_run", exhausted)

    with pytest.raises(RuntimeError, match="out of memory"):
        ingest_as_flow(tmp_path / "media", settings)
    with (
        temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}),
        pytest.raises(MedleyError, match=r"Prefect API cannot be reached \(.*Start it"),
    ):
        ingest_as_flow(tmp_path / "media", settings)


def test_nobody_who_did_not_ask_sees_a_warning_with_prefect_either(prefect_api: str) -> None:
    code = """
from flows.operations.prefect_run import _prefect
with _prefect():
    from prefect.logging.configuration import setup_logging
    setup_logging()
import logging
from flows.ingestion import events
events.event("quarantined", level=logging.WARNING)
"""
    env = {**os.environ, "PREFECT_API_URL": prefect_api}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_flow_file_is_loaded_by_its_path_as_prefect_does(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    code = (
        "from prefect.flows import load_flow_from_entrypoint as load;"
        f"print(load({str(root / 'flows' / 'ingest.py')!r} + ':ingest').name)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)

    assert done.stdout.strip() == "ingest"


def test_evaluation_as_a_flow_leaves_its_report_as_an_artifact_and_fails_at_its_gate(tmp_path: Path) -> None:
    from prefect.artifacts import Artifact

    from flows.evaluate import evaluate
    from flows.evaluation import runs
    from flows.ingestion import direct
    from flows.ingestion.run import configured

    for colour in ("red", "green"):
        picture(tmp_path / "media" / f"{colour}.png", colour)
        (tmp_path / "media" / f"{colour}.txt").write_text(f"a {colour} circle")
    settings = load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    direct.ingest(tmp_path / "media", settings)
    good, bad = tmp_path / "good.jsonl", tmp_path / "bad.jsonl"
    good.write_text('{"id": "q", "query": "a red circle", "relevant": ["red.png"]}\n')
    bad.write_text('{"id": "q", "query": "a red circle", "relevant": ["green.png"]}\n')

    with configured(settings):
        report = evaluate("query:search", questions=str(good), name="good", against="latest", gate={"mrr": 0.1})
        with pytest.raises(GateError, match=r"mrr fell from 1\.000"):
            evaluate("query:search", questions=str(bad), name="bad", against="good", gate={"mrr": 0.1})

    assert report is not None
    assert report.overall.means["mrr"].mean == 1.0
    assert [runs.load(one, settings).name for one in runs.kept(settings)] == ["good", "bad"]
    page = Artifact.get("evaluation")
    assert page is not None
    assert "| mrr | 1.000 | 0.500 |" in str(page.data)
