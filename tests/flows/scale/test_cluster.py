"""A run on a cluster of two processes: the collection is that of a run on one, whatever dies."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion import lease
from flows.ingestion.direct import ingest
from flows.ingestion.lease import leased, stands
from flows.ingestion.progress import Stopped, listening
from flows.reconciliation.plan import Known, Work
from flows.scale import cluster as clusters
from flows.scale import spread
from flows.scale.cluster import check_cluster, open_cluster
from flows.scale.shard import _written, already_done
from schemas import FoundFile, StoreLockedError, UsageError, VectorSpec
from schemas.payload import State
from schemas.report import IngestReport
from schemas.settings import ClusterSettings, Settings, load_settings
from schemas.vectors import LEASE
from store import Store
from store.server import ServerStore
from tests.collection import contents_of, placeless
from tests.elsewhere import on_the_web
from tests.rest import RestServer, stall
from tests.soak.crash import change, make_folder
from tests.store.conftest import quick_folder

FILES = 70
PAGE = {"dashboard_address": "127.0.0.1:0"}
QUIET: dict[str, Any] = {
    "threads_per_worker": 1,
    "dashboard_address": None,
    "scheduler_kwargs": PAGE,
    "silence_logs": 50,
}
ACCOUNTS = ("found", "indexed", "unchanged", "excluded", "quarantined", "postponed", "copied", "encoded", "by_modality")


@pytest.fixture(scope="module")
def media() -> Iterator[Path]:
    with quick_folder() as folder:
        make_folder(folder / "media", FILES)
        yield folder / "media"


@pytest.fixture(scope="module")
def undisturbed(media: Path) -> tuple[dict[str, Any], IngestReport]:
    """What one process makes of the folder."""
    rest = RestServer()
    report = ingest(media, settings_for(rest))
    found = held(rest)
    rest.stop()
    return found, report


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of a hundred files is worth a cluster here, and a run waits for nobody's second thoughts."""
    monkeypatch.setattr(spread, "LEAST", 1_000_000)
    monkeypatch.setattr("flows.scale.shards.LEAST", 1_000_000)
    monkeypatch.setattr(spread, "LOOK", 0.1)
    monkeypatch.setattr(lease, "SETTLED", 0.01)


@pytest.fixture
def rest() -> Iterator[RestServer]:
    server = RestServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A cluster that runs already, as one on other machines does."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    with (
        distributed.LocalCluster(n_workers=2, **QUIET) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        yield client


def settings_for(rest: RestServer, **cluster: Any) -> Settings:
    return load_settings(store=rest.url, encoders={"preset": "tiny", "ocr": "off"}, cluster=cluster)


def on(dask: Any, rest: RestServer) -> Settings:
    return settings_for(rest, engine="dask", address=dask.scheduler.address)


def held(rest: RestServer) -> dict[str, Any]:
    with ServerStore(rest.url, "medley") as store:
        return contents_of(store)


def writes(rest: RestServer) -> int:
    return sum(request.startswith("PUT") and request.endswith("/points") for request in rest.asked)


def accounts(report: IngestReport) -> dict[str, Any]:
    return report.model_dump(include=set(ACCOUNTS))


def when_written(rest: RestServer, number: int, act: Callable[[], object]) -> threading.Thread:
    """Do something once so many points are there, which become more than that."""

    def watch() -> None:
        while not writes(rest) or points(rest) < number:
            time.sleep(0.01)
        act()

    watcher = threading.Thread(target=watch)
    watcher.start()
    return watcher


def points(rest: RestServer) -> int:
    with rest.lock:
        return rest.local.count("medley").count


def forget_models() -> None:
    from flows.scale.shard import models

    models.cache_clear()


def loads() -> int:
    """How often models were loaded, in the process in which it is asked."""
    from flows.scale.shard import models

    return models.cache_info().misses


def test_collection_and_accounts_are_those_of_a_run_on_one_process(
    dask: Any, rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport]
) -> None:
    expected, alone = undisturbed
    dask.run(forget_models)

    report = ingest(media, on(dask, rest))

    assert held(rest) == expected
    assert accounts(report) == accounts(alone)
    assert [entry.path for entry in sorted(report.quarantine, key=lambda e: e.path)] == [
        entry.path for entry in sorted(alone.quarantine, key=lambda e: e.path)
    ]
    assert {"decode", "encode", "write"} <= set(report.spent)
    assert list(dask.run(loads).values()) == [1, 1], "both worked, and loaded their models once for all shards"

    again = ingest(media, on(dask, rest))
    assert (again.unchanged, again.indexed, sum(again.encoded.values())) == (alone.indexed, 0, 0)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="profiles do no harm there")
def test_no_worker_takes_profiles_which_may_lock_it_up(dask: Any, rest: RestServer) -> None:
    for _ in range(2):  # runs on a cluster that stays leave one note with it
        with open_cluster(on(dask, rest).cluster):
            pass

    def profiled(dask_worker: Any) -> list[str]:
        return [name for name in dask_worker.periodic_callbacks if "profile" in name]

    assert list(dask.run(profiled).values()) == [[], []]
    assert sum("medley" in name for name in dask.run_on_scheduler(plugins)) == 1


def plugins(dask_scheduler: Any) -> list[str]:
    return list(dask_scheduler.worker_plugins)


def test_source_that_lies_elsewhere_is_fetched_by_the_workers(
    dask: Any, rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport], tmp_path: Path
) -> None:
    expected, alone = undisturbed
    with on_the_web(tmp_path / "web") as place:
        place.fill(media)
        report = ingest(place.address, on(dask, rest))
        asked = [one for one in place.asked if one.startswith("GET") and not one.endswith("/")]

    assert placeless(held(rest)) == placeless(expected)
    assert accounts(report) == accounts(alone)
    assert len(asked) >= report.indexed - report.copied


def test_workers_that_die_in_the_middle_cost_nothing_but_time(
    dask: Any,
    rest: RestServer,
    media: Path,
    undisturbed: tuple[dict[str, Any], IngestReport],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, alone = undisturbed
    monkeypatch.setattr("flows.scale.shards.LEAST", 4_000_000)  # shards that are half written when their worker dies
    victims = list(dask.run(os.getpid).values())
    rest.faults = [stall(0.02) for _ in range(1000)]
    killed: list[int] = []
    written: Counter[str] = Counter()  # by the id of an item's segment 0, which is written last
    upsert = rest.local.upsert

    def noted(name: str, given: Any) -> Any:
        written.update(str(point.id) for point in given if name == "medley" and point.payload["segment"] == 0)
        return upsert(name, given)

    monkeypatch.setattr(rest.local, "upsert", noted)

    def kill() -> None:
        killed.append(points(rest))
        for victim in victims:
            os.kill(victim, signal.SIGKILL)

    watcher = when_written(rest, len(expected) // 5, kill)
    report = ingest(media, on(dask, rest))
    watcher.join()

    assert 0 < killed[0] < len(expected)
    assert held(rest) == expected
    assert report.balanced
    assert (report.indexed, report.quarantined, report.postponed) == (alone.indexed, alone.quarantined, 0)
    assert max(written.values()) == 1, "what the dead had written was made again"
    assert all(number <= alone.encoded[name] for name, number in report.encoded.items())


@pytest.mark.parametrize("engine", ["dask", "ray"])
def test_cluster_on_this_machine_lasts_as_long_as_the_run(
    engine: str, rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport]
) -> None:
    pytest.importorskip(clusters.PACKAGES[engine], reason=f"the extra {engine} is not installed")
    expected, alone = undisturbed

    report = ingest(media, settings_for(rest, engine=engine, workers=2))

    assert held(rest) == expected
    assert accounts(report) == accounts(alone)


def test_shard_whose_workers_all_die_is_left_to_the_next_run(
    rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport]
) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    expected, alone = undisturbed
    rest.faults = [stall(0.02) for _ in range(1000)]

    with (
        distributed.LocalCluster(
            n_workers=1, **{**QUIET, "scheduler_kwargs": {**PAGE, "allowed_failures": 0}}
        ) as local,
        distributed.Client(local, set_as_default=False) as client,
    ):
        [victim] = client.run(os.getpid).values()
        watcher = when_written(rest, len(expected) // 5, lambda: os.kill(victim, signal.SIGKILL))
        report = ingest(media, on(client, rest))
        watcher.join()

    assert report.balanced
    assert report.postponed > 0
    assert {entry.reason for entry in report.postponements} == {spread.KILLED}
    assert held(rest) != expected
    rest.faults = []

    after = ingest(media, settings_for(rest))

    assert after.balanced
    assert held(rest) == expected
    assert all(after.encoded[name] + report.encoded.get(name, 0) <= alone.encoded[name] for name in after.encoded)


def test_run_that_is_stopped_stops_its_workers_before_it_gives_the_collection_back(
    dask: Any, rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport]
) -> None:
    rest.faults = [stall(0.02) for _ in range(1000)]

    def stop(stage: str, done: float, total: int) -> None:
        if stage == "index" and writes(rest) > 4:
            raise Stopped

    with listening(stop), pytest.raises(Stopped):
        ingest(media, on(dask, rest))

    half = points(rest)
    time.sleep(0.5)
    assert 0 < points(rest) == half < len(undisturbed[0])
    with ServerStore(rest.url, "medley") as store:
        assert LEASE not in store.metadata()
    rest.faults = []
    ingest(media, on(dask, rest))
    assert held(rest) == undisturbed[0]


def test_what_changed_is_done_by_workers_as_it_is_by_one_process(dask: Any, rest: RestServer) -> None:
    """Renames, swaps, copies, edits, new captions and deletions."""
    found, reports = [], []
    alone = RestServer()
    with quick_folder() as folder:
        make_folder(folder / "as it was", 40)
        for server, settings in ((rest, on(dask, rest)), (alone, settings_for(alone))):
            root = folder / str(len(found)) / "media"
            shutil.copytree(folder / "as it was", root)
            ingest(root, settings_for(server))
            change(root)
            reports.append(ingest(root, settings))
            found.append(held(server))
    alone.stop()

    assert found[0] == found[1]
    assert accounts(reports[0]) == accounts(reports[1])


def test_what_a_dead_worker_wrote_is_neither_read_nor_encoded_again(
    rest: RestServer, media: Path, undisturbed: tuple[dict[str, Any], IngestReport]
) -> None:
    from flows.ingestion import steps
    from flows.ingestion.run import open_run

    with open_run(media, settings_for(rest)) as run:
        steps.compare(run)
        steps.carry(run)
        work = list(run.plan.index)
        assert already_done(run.store, run.source, work) == ([], work)
        while steps.index(run):
            pass
        items, left = already_done(run.store, run.source, work)

        assert left == []
        assert [item.found for item in items] == [job.found for job in work]
        assert sum(item.state.value == "quarantined" for item in items) == undisturbed[1].quarantined


def test_what_is_read_again_for_its_words_is_never_taken_for_done() -> None:
    found = FoundFile("a.png", 10, 20)
    indexed = Known("a.png", State.INDEXED, 10, 20, "hash")
    failed = Known("a.png", State.QUARANTINED, 10, 20, "", reason="It was damaged.")

    assert _written(Work(found), indexed)
    assert _written(Work(found, known=failed), indexed)
    assert not _written(Work(found, known=failed), failed)
    assert not _written(Work(found, "hash", indexed._replace(sidecars="others")), indexed)
    assert not _written(Work(found), indexed._replace(mtime_ns=19))


def test_embedded_store_and_a_package_that_is_missing_are_told_before_anything_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.txt").write_text("a boat")
    settings = load_settings(store=str(tmp_path / "store"), cluster={"engine": "dask"})

    with pytest.raises(UsageError, match=r"need a Qdrant server.*store.*one process's at a time: set store"):
        ingest(tmp_path / "media", settings)
    monkeypatch.setattr(clusters, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"'ray', which is not installed. Run: pip install 'medley\[ray\]'"):
        check_cluster(ClusterSettings(engine="ray"), "http://qdrant:6333")


def test_lease_that_was_lent_stands_until_it_is_recalled_or_nobody_prolongs_it(rest: RestServer) -> None:
    with ServerStore(rest.url, "medley") as store, leased_on(store) as ours:
        token = ours.lend()
        assert stands(store, token)
        assert not stands(store, "another run's")
        ours.recall()
        assert not stands(store, token)
        ours.lend()
        kept = store.metadata()[LEASE]
        store.set_metadata({LEASE: {**kept, "until": time.time() + lease.STALE - 1}})
        assert not stands(store, token)
        ours.take_back()
        assert "workers" not in store.metadata()[LEASE]


def test_collection_of_a_killed_run_is_not_taken_over_while_its_workers_may_write(rest: RestServer) -> None:
    with ServerStore(rest.url, "medley") as store:
        store.ensure([VectorSpec("image", 4, "cosine", "a-1")])
        with leased(store) as ours:
            ours.lend()
            left = store.metadata()[LEASE]
        dead = {**left, "token": "x", "pid": 2**22 + 1}
        store.set_metadata({LEASE: dead})
        with pytest.raises(StoreLockedError, match=r"was killed, and its workers may write to it for another \d+ s"):
            take(store)
        store.set_metadata({LEASE: {**dead, "until": time.time() - 1}})
        take(store)


def leased_on(store: Store) -> Any:
    store.ensure([VectorSpec("image", 4, "cosine", "a-1")])
    return leased(store)


def take(store: Store) -> None:
    with leased(store):
        pass
