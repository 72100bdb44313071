"""Copies, backups and their return: whole, resumable, and never over something else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import CollectionMismatchError, StoreError, UsageError
from schemas.vectors import INDEX, VectorSpec
from store import Store, open_store
from store.check import verify
from store.retry import Backoff
from store.server import ServerStore
from store.transfer import backup, copy, restore
from tests.rest import RestServer, cut, hang_up, status

from .conftest import ENGINES, SPECS, make_points, opened, quick_folder

ONCE = Backoff(attempts=1)
PAGE = 20
COUNT = PAGE * 2 + 5


class PowerCutError(Exception):
    """Ends a copy somewhere."""


@pytest.fixture(scope="module", params=ENGINES)
def source(request: pytest.FixtureRequest) -> Iterator[Store]:
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        store.set_metadata({"sources": {"holiday": "/photos"}})
        store.save_artifact("bridge", {"w": np.eye(2)}, {"n": 1})
        yield store


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with opened(request.param, tmp_path) as store:
        yield store


def contents(store: Store) -> dict[str, tuple[Any, dict[str, list[float]]]]:
    """Payloads and vectors, with all numbers of a vector in a row."""
    points = {}
    for record in store.scroll_all(with_vectors=True):
        vectors: Any = record.vector
        words = vectors.pop("words")
        flat = {name: np.ravel(vector).tolist() for name, vector in vectors.items()}
        flat["words"] = [*words.indices, *words.values]
        points[str(record.id)] = (record.payload, flat)
    return points


Contents = dict[str, tuple[Any, dict[str, list[float]]]]


def assert_same(got: Contents, expected: Contents) -> None:
    assert got.keys() == expected.keys()
    for point_id, (payload, vectors) in got.items():
        assert payload == expected[point_id][0]
        assert vectors.keys() == expected[point_id][1].keys()
        for name, vector in vectors.items():
            np.testing.assert_allclose(vector, expected[point_id][1][name], rtol=1e-6, atol=1e-6)


def assert_equal(target: Store, source: Store) -> None:
    assert_same(contents(target), contents(source))
    assert target.vectors() == source.vectors()
    assert target.metadata() == source.metadata()
    loaded = target.load_artifact("bridge")
    assert loaded is not None
    np.testing.assert_array_equal(loaded[0]["w"], np.eye(2))


def test_a_copy_is_equal_on_any_engine(source: Store, target: Store) -> None:
    told: list[tuple[int, int]] = []
    assert copy(source, target, progress=lambda done, total: told.append((done, total)), page=PAGE) == COUNT
    assert told == [(PAGE, COUNT), (PAGE * 2, COUNT), (COUNT, COUNT)]
    assert_equal(target, source)


def test_an_interrupted_copy_goes_on_where_it_stopped(source: Store, target: Store) -> None:
    def cut(done: int, _: int) -> None:
        if done == PAGE * 2:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        copy(source, target, progress=cut, page=PAGE)
    assert "not finished" in verify(target).problems[0]
    told: list[int] = []
    copy(source, target, progress=lambda done, _: told.append(done), page=PAGE)
    assert len(told) == 2  # the first page was not copied again
    assert_equal(target, source)


def test_a_copy_is_never_made_over_something_else(source: Store, target: Store) -> None:
    target.ensure(SPECS)
    target.upsert(make_points(1))
    with pytest.raises(StoreError, match="not empty"):
        copy(source, target)
    assert target.count() == 1
    target.delete(list(contents(target)))
    assert copy(source, target) == COUNT


def test_another_copy_that_was_interrupted_is_not_continued(source: Store, target: Store) -> None:
    target.ensure(SPECS)
    target.set_metadata({"copying": {"from": "elsewhere", "next": None}})
    with pytest.raises(StoreError, match="not empty"):
        copy(source, target)


def test_a_target_for_other_vectors_is_refused(source: Store, target: Store) -> None:
    target.ensure([VectorSpec("text", 9, "dot", "other-1")])
    with pytest.raises(CollectionMismatchError, match="'text'"):
        copy(source, target)


def test_there_must_be_something_to_copy(target: Store, tmp_path: Path) -> None:
    with open_store(tmp_path / "nothing") as nothing, pytest.raises(StoreError, match="to copy"):
        copy(nothing, target)
    assert not target.exists()


def test_a_backup_is_a_store_and_comes_back(source: Store, target: Store, tmp_path: Path) -> None:
    if isinstance(source, ServerStore) and source.snapshots:
        pytest.skip("a server's backup are its own snapshots")
    assert backup(source, tmp_path / "backup") == COUNT
    with open_store(tmp_path / "backup") as kept:
        assert_equal(kept, source)
        assert verify_counts(kept)
    assert restore(tmp_path / "backup", target) == COUNT
    assert_equal(target, source)
    with pytest.raises(StoreError, match=r"there already|not empty"):
        backup(source, tmp_path / "backup")


def verify_counts(store: Store) -> bool:
    return not [problem for problem in verify(store).problems if "engine counts" in problem]


def test_a_backup_of_an_embedded_store_has_its_index_and_can_be_made_while_it_is_written(tmp_path: Path) -> None:
    with open_store(tmp_path / "store") as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        store.set_metadata({INDEX: {"points": COUNT, "vectors": {}}})
        writing, stop = threading.Event(), threading.Event()

        def write() -> None:
            while not stop.is_set():
                store.set_payload({"seen": True}, [make_points(1)[0].id])
                writing.set()

        thread = threading.Thread(target=write)
        thread.start()
        writing.wait(10)
        assert backup(store, tmp_path / "backup") == COUNT
        stop.set()
        thread.join()
        with open_store(tmp_path / "backup") as kept:
            assert contents(kept) == contents(store)
            assert kept.metadata() == store.metadata()
        with open_store(tmp_path / "fresh", "other") as fresh:
            assert restore(tmp_path / "backup", fresh) == COUNT
            assert contents(fresh) == contents(store)
        with open_store(tmp_path / "fresh", "other") as fresh:
            assert contents(fresh) == contents(store)


@pytest.fixture(params=["rest", "server"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServerStore]:
    with opened(request.param, tmp_path) as store:
        assert isinstance(store, ServerStore)
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        store.save_artifact("bridge", {"w": np.eye(2)}, {"n": 1})
        yield store


def test_a_servers_backup_are_its_snapshots_and_come_back(server: ServerStore, tmp_path: Path) -> None:
    before = contents(server)
    assert backup(server, tmp_path / "backup") == COUNT
    names = [f"{server.collection}.artifacts.snapshot", f"{server.collection}.snapshot", "snapshot.json"]
    assert sorted(file.name for file in (tmp_path / "backup").iterdir()) == names
    with pytest.raises(StoreError, match="is not empty"):
        backup(server, tmp_path / "backup")
    with pytest.raises(StoreError, match="is not empty"):
        restore(tmp_path / "backup", server)
    server.delete(list(before))
    server.delete_artifact("bridge")
    assert restore(tmp_path / "backup", server) == COUNT
    assert_same(contents(server), before)
    loaded = server.load_artifact("bridge")
    assert loaded is not None
    np.testing.assert_array_equal(loaded[0]["w"], np.eye(2))


def test_a_servers_backup_goes_nowhere_else_and_never_half(server: ServerStore, tmp_path: Path) -> None:
    backup(server, tmp_path / "backup")
    with (
        open_store(tmp_path / "store", server.collection) as store,
        pytest.raises(UsageError, match=r"a server's own.*store copy"),
    ):
        restore(tmp_path / "backup", store)
    server.delete(list(contents(server)))
    file = tmp_path / "backup" / f"{server.collection}.snapshot"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(StoreError, match=r"\.snapshot is damaged"):
        restore(tmp_path / "backup", server)
    assert server.count() == 0
    (tmp_path / "backup" / "snapshot.json").unlink()
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path / "backup", server)


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_a_servers_backup_tells_no_secrets_and_a_fault_in_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    rest = RestServer()
    with ServerStore(rest.url.replace("://", "://name:passw0rd@"), "medley", api_key="s3cret", backoff=ONCE) as store:
        store.ensure(SPECS)
        store.upsert(make_points(3))
        assert backup(store, tmp_path / "backup") == 3
        said = ""
        for place in range(20):  # of the request that fails
            rest.faults = [*[None] * place, [status(503), hang_up, cut][place % 3]]
            try:
                backup(store, tmp_path / f"backup {place}")
            except StoreError as error:
                assert "\n" not in str(error)
                said += str(error)
                assert not (tmp_path / f"backup {place}" / "snapshot.json").exists()
        rest.faults = []
        assert said.count("status 503") > 0 < said.count("does not answer")
        shown = f"{said} {vars(store)} {vars(store.snapshots)} {caplog.text}"
    rest.stop()
    assert "s3cret" not in shown
    assert "passw0rd" not in shown


def test_a_backup_comes_back_under_another_name(tmp_path: Path) -> None:
    with open_store(tmp_path / "store") as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        backup(store, tmp_path / "backup")
    with open_store(tmp_path / "other", "renamed") as store:
        assert restore(tmp_path / "backup", store) == COUNT


def test_a_backup_that_is_killed_leaves_nothing_that_is_taken_for_one(tmp_path: Path) -> None:
    """As files are copied into a draft, which the next backup clears away."""
    with open_store(tmp_path / "store") as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        half = tmp_path / "backup" / "medley" / "shard.new"
        half.mkdir(parents=True)
        (half / "half").touch()
        with open_store(tmp_path / "fresh") as fresh, pytest.raises(UsageError, match="no backup"):
            restore(tmp_path / "backup", fresh)
        assert backup(store, tmp_path / "backup") == COUNT


def test_half_a_copy_does_not_come_back_as_a_backup(tmp_path: Path) -> None:
    def cut(done: int, _: int) -> None:
        raise PowerCutError(done)

    with open_store(tmp_path / "store") as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        with open_store(tmp_path / "half") as half, pytest.raises(PowerCutError):
            copy(store, half, progress=cut)
    with open_store(tmp_path / "fresh") as fresh:
        with pytest.raises(StoreError, match="was not finished"):
            restore(tmp_path / "half", fresh)
        assert not fresh.exists()


def test_a_folder_without_a_backup_is_said(target: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path, target)
