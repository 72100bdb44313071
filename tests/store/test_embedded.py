"""What only the embedded engine does: its folder, its lock, its process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreError, StoreLockedError, UsageError
from schemas.payload import INDEXES
from store import Store, open_store
from store.embedded import EmbeddedStore
from store.engine import Engine

from .conftest import SPECS, clone, make_points, quick_folder, uid

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from store import Store, open_store
with open_store(Path(sys.argv[1])) as store:
    print("held", flush=True)
    sys.stdin.read()
    print(store.count(), flush=True)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """The folder of a closed store with twelve points."""
    with quick_folder() as folder:
        with open_store(folder / "store") as store:
            store.ensure(SPECS)
            store.upsert(make_points())
            store.set_metadata({"sources": {"holiday": "/photos"}})
            store.save_artifact("bridge", {"w": np.eye(2)}, {"n": 1})
        yield folder / "store"


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return clone(template, tmp_path / "store")


def test_everything_is_there_after_reopening(template: Path) -> None:
    with open_store(template) as store:
        assert store.vectors() == {spec.name: spec for spec in SPECS}
        assert store.metadata() == {"sources": {"holiday": "/photos"}}
        assert store.artifacts() == ["bridge"]
        expected = make_points()
        for record, point in zip(store.scroll_all(with_vectors=True), expected, strict=True):
            assert (record.id, record.payload) == (point.id, point.payload)
            assert isinstance(record.vector, dict)
            np.testing.assert_array_equal(record.vector["image"], point.vector["image"])
            assert record.vector["words"].indices == point.vector["words"].indices
            assert record.vector["words"].values == pytest.approx(point.vector["words"].values)


def test_opening_a_folder_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with open_store(tmp_path / "nothing" / "store") as store:
        assert not store.exists()
    assert list(tmp_path.iterdir()) == []


def test_two_collections_of_one_folder_are_independent(folder: Path) -> None:
    with open_store(folder) as first, open_store(folder, "other") as second:
        second.ensure(SPECS[:1])
        assert (first.count(), second.count()) == (12, 0)


def test_a_collection_is_opened_by_its_alias_and_another_takes_it_over(folder: Path) -> None:
    with open_store(folder) as first:
        first.set_alias("current")
    with open_store(folder, "current") as current:
        assert (current.collection, current.count(), current.aliases()) == ("medley", 12, ["current"])
    with open_store(folder, "second") as second:
        second.ensure(SPECS[:1])
        second.set_alias("current")
        with pytest.raises(StoreError, match="'medley' cannot be made: a collection"):
            second.set_alias("medley")
    with open_store(folder, "current") as current, open_store(folder) as first:
        assert (current.collection, current.count(), first.aliases()) == ("second", 0, [])
    (folder / "aliases.json").write_text("{")
    with pytest.raises(StoreError, match=r"aliases\.json cannot be read"):
        open_store(folder)


def test_all_payload_fields_are_indexed(folder: Path) -> None:
    with EmbeddedStore(folder, "medley") as store, store._engine.use() as shard:
        assert shard.info().payload_schema.keys() == INDEXES.keys()


@contextmanager
def lean(folder: Path, points: list[models.PointStruct]) -> Iterator[EmbeddedStore]:
    """A store that is being filled, and has left its payload indexes to the end."""
    with EmbeddedStore(folder, "medley") as store:
        store.ensure(SPECS, bulk=True)
        store.upsert(points)
        assert fields(store) == {"state", "modality"}
        yield store


def scores(hits: list[models.ScoredPoint]) -> list[tuple[object, float]]:
    return [(hit.id, hit.score) for hit in hits]


def fields(store: EmbeddedStore) -> set[str]:
    with store._engine.use() as shard:
        return set(shard.info().payload_schema)


def test_filters_need_no_payload_index_and_what_needs_one_has_it_made(tmp_path: Path, folder: Path) -> None:
    def filtered(store: Store) -> object:
        small = models.Filter(must=[models.FieldCondition(key="size", range=models.Range(lte=500))])
        found = store.query(models.QueryRequest(query=[1.0, 0.5, 0.2], using="image", filter=small))
        return scores(found), store.count(small)

    def grouped(store: Store) -> object:
        asked = models.QueryGroupsRequest(query=[1.0, 0.5, 0.2], using="image", group_by="item", limit=3, group_size=2)
        return [(found.id, scores(found.hits)) for found in store.query_groups(asked)]

    def ordered(store: Store) -> object:
        by_size = models.OrderByQuery(order_by=models.OrderBy(key="size", direction=models.Direction.DESC))
        stage = models.Prefetch(query=by_size, limit=3)
        return scores(store.query(models.QueryRequest(prefetch=stage, query=[1.0, 0.5, 0.2], using="image")))

    asked: list[tuple[Callable[[Store], object], set[str]]] = [
        (filtered, set()),
        (lambda store: store.facet("source"), {"source"}),
        (lambda store: store.scroll(order_by="modified", limit=5), {"modified"}),
        (ordered, {"size"}),
        (grouped, {"item"}),
    ]
    made = {"state", "modality"}
    with open_store(folder) as usual, lean(tmp_path / "lean", make_points()) as store:
        for ask, needed in asked:
            assert ask(store) == ask(usual)
            made |= needed
            assert fields(store) == made
        store.index_payloads()
        assert fields(store) == INDEXES.keys()


def test_payload_indexes_that_were_left_are_made_with_the_vector_index(tmp_path: Path) -> None:
    with lean(tmp_path / "store", make_points()) as store:
        store.optimize()
        assert fields(store) == INDEXES.keys()
        assert store.facet("modality") == {"audio": 4, "image": 4, "text": 4}
        assert store.count() == 12


def test_a_store_without_its_payload_indexes_opens_and_has_them_made(tmp_path: Path) -> None:
    with lean(tmp_path / "store", make_points()):
        pass
    with EmbeddedStore(tmp_path / "store", "medley") as store:
        assert fields(store) == {"state", "modality"}
        store.ensure(SPECS)
        assert fields(store) == INDEXES.keys()
        assert store.count(models.Filter(must=[models.FieldCondition(key="size", range=models.Range(gt=600))])) == 6


# -- the lock ------------------------------------------------------------------------------------------------------


def test_second_process_is_told_who_holds_the_store_and_harms_nothing(folder: Path) -> None:
    with holder(folder) as process:
        for _ in range(50):
            with pytest.raises(StoreLockedError) as caught:
                open_store(folder)
        said = str(caught.value)
        assert f"process {process.pid}" in said
        assert "-c" in said
        assert str(folder) in said
        assert "Qdrant server" in said
        assert process.communicate("", timeout=60)[0] == "12\n"
    with open_store(folder) as store:
        assert store.count() == 12
        store.upsert(make_points(20))
        assert store.count() == 20


WRITER = """
import sys, threading
from pathlib import Path
from qdrant_client import models
from store import Store, open_store
told = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told.set()), daemon=True).start()
with open_store(Path(sys.argv[1])) as store:
    number = 100
    while not told.is_set():
        vectors = [{"image": [float(number), 1.0, float(n)]} for n in range(8)]
        store.upsert([models.PointStruct(id=number + n, vector=vector) for n, vector in enumerate(vectors)])
        number += 8
        if number == 108:
            print("writing", flush=True)
    print(number, flush=True)
"""


def test_fifty_attempts_while_a_process_writes_harm_nothing(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        for _ in range(50):
            with pytest.raises(StoreLockedError, match=f"process {writer.pid} .*stop it"):
                open_store(folder)
        end = int(writer.communicate("", timeout=60)[0])
    assert end > 108
    with open_store(folder) as store:
        written = {
            record.id: record.vector for record in store.scroll_all(with_vectors=True) if record.id in range(100, end)
        }
        assert written == {
            number: {"image": [float(100 + (number - 100) // 8 * 8), 1.0, float((number - 100) % 8)]}
            for number in range(100, end)
        }
        assert store.count() == 12 + end - 100


def test_lock_of_a_killed_process_is_free(folder: Path) -> None:
    with holder(folder) as process:
        process.kill()
        process.wait()
        with open_store(folder) as store:
            assert store.count() == 12


def test_same_process_twice_is_told_so(folder: Path) -> None:
    with open_store(folder) as store:
        with pytest.raises(StoreLockedError, match="already open in this process"):
            open_store(folder)
        assert store.count() == 12
    open_store(folder).close()


def test_one_of_two_that_create_at_once_wins(tmp_path: Path) -> None:
    first, second = open_store(tmp_path / "store"), open_store(tmp_path / "store")
    first.ensure(SPECS)
    with pytest.raises(StoreLockedError):
        second.ensure(SPECS)
    first.close()
    second.ensure(SPECS)
    second.upsert(make_points(1))
    assert second.count() == 1
    second.close()


def test_damaged_lock_file_still_says_that_the_store_is_in_use(folder: Path) -> None:
    with open_store(folder):
        (folder / "medley" / "lock").write_text("{")
        with pytest.raises(StoreLockedError, match="in use by another process"):
            open_store(folder)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_cannot_use_its_parents_store(folder: Path) -> None:
    with open_store(folder) as store:
        child = os.fork()
        if not child:  # the child: its exit status is the answer
            status = 1
            try:
                store.count()
            except StoreError as error:
                status = 0 if "before a fork" in str(error) else 2
            finally:
                store.close()
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(StoreLockedError):
            open_store(folder)
        store.upsert(make_points(13))
        assert store.count() == 13


# -- the folder ----------------------------------------------------------------------------------------------------


def test_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    with pytest.raises(UsageError, match="is a file"):
        open_store(tmp_path / "store")


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("htpp://localhost:6333", "http://localhost:6333"),
        ("htpps://key@example.org/qdrant", "https://example.org/qdrant"),
        ("http:/localhost:6333", "http://localhost:6333"),
        ("HTTP://localhost:6333", "http://localhost:6333"),
        ("ftp://example.org", "http://example.org"),
        ("localhost:6333", "http://localhost:6333"),
    ],
)
def test_mistyped_url_is_no_folder(location: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}\\?") as caught:
        open_store(location)
    assert "key" not in str(caught.value)


def test_folder_may_be_called_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("./localhost:6333") as store:
        assert store.location == "localhost:6333"


def test_collection_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "medley").write_text("hello")
    with pytest.raises(UsageError, match="is a file"):
        open_store(tmp_path)


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "medley").mkdir()
    (tmp_path / "medley" / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"photo\.jpg"):
        open_store(tmp_path)
    assert [file.name for file in (tmp_path / "medley").iterdir()] == ["photo.jpg"]


def test_folder_that_cannot_be_written_is_one_sentence() -> None:
    with open_store("/proc/medley-store") as store, pytest.raises(StoreError, match="/proc/medley-store"):
        store.ensure(SPECS)


def test_interrupted_creation_is_cleared_away(tmp_path: Path) -> None:
    draft = tmp_path / "medley" / "shard.new"
    draft.mkdir(parents=True)
    (draft / "half").write_text("of it")
    with open_store(tmp_path) as store:
        assert not store.exists()
        store.ensure(SPECS)
        store.upsert(make_points())
        assert store.count() == 12


def test_creation_interrupted_before_its_last_step_is_finished(folder: Path) -> None:
    collection = folder / "medley"
    (collection / "shard").rename(collection / "shard.new")
    with open_store(folder) as store:
        assert store.exists()
        assert store.count() == 12


def test_interrupted_replacement_of_a_vector_never_brings_old_vectors_back(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    record = json.loads(sidecar.read_text())
    del record["metadata"]["vectors"]["image"]  # as recorded just before the engine drops it
    sidecar.write_text(json.dumps(record))
    with open_store(folder) as store:
        store.ensure(SPECS)
        vector = store.retrieve([uid(1)], with_vectors=True)[0].vector
        assert isinstance(vector, dict)
        assert sorted(vector) == ["late", "text", "words"]


def test_a_newer_format_is_refused(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "format": 99}))
    with pytest.raises(StoreError, match="newer Medley"):
        open_store(folder)


def test_refused_opening_releases_the_lock(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    sound = sidecar.read_text()
    sidecar.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        open_store(folder)
    sidecar.write_text(sound)
    with open_store(folder) as store:
        assert store.count() == 12


def test_metadata_survives_a_write_that_fails_halfway(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(folder) as store:
        before = sorted(file.name for file in (folder / "medley").iterdir())

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left on device"):
            store.set_metadata({"sources": {}})
        monkeypatch.undo()
        assert store.metadata() == {"sources": {"holiday": "/photos"}}
        assert sorted(file.name for file in (folder / "medley").iterdir()) == before
    with open_store(folder) as store:
        assert store.metadata() == {"sources": {"holiday": "/photos"}}


def test_damaged_artifact_is_one_sentence(folder: Path) -> None:
    file = folder / "medley" / "artifacts" / "bridge.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with open_store(folder) as store, pytest.raises(StoreError, match=r"'bridge'.*fit it again"):
        store.load_artifact("bridge")


def test_artifact_of_an_earlier_version_is_read_and_written_anew(folder: Path) -> None:
    kept = folder / "medley" / "artifacts"
    described = np.frombuffer(b'{"n": 1}', np.uint8)
    np.savez(kept / "old.npz", w=np.eye(2), __meta__=described)
    with open_store(folder) as store:
        assert store.artifacts() == ["bridge", "old"]
        arrays, meta = store.load_artifact("old") or ({}, {})
        np.testing.assert_array_equal(arrays["w"], np.eye(2))
        assert meta == {"n": 1}
        store.save_artifact("old", arrays, {"n": 2})
        assert (store.load_artifact("old") or ({}, {}))[1] == {"n": 2}
        assert sorted(file.name for file in kept.iterdir()) == ["bridge.safetensors", "old.safetensors"]
        store.delete_artifact("old")
        assert store.artifacts() == ["bridge"]


# -- threads -------------------------------------------------------------------------------------------------------


def test_threads_read_and_write_at_once_while_the_index_is_built(folder: Path) -> None:
    request = models.QueryRequest(query=[1.0, 0.0, 0.0, 0.0], using="text", limit=5)
    with open_store(folder) as store:

        def write(number: int) -> int:
            store.upsert([models.PointStruct(id=number, vector={"text": [float(number), 1.0, 0.0, 0.0]}, payload={})])
            store.set_metadata({f"written {number}": True})
            return len(store.query(request))

        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(write, range(1, 41))
            store.optimize()
            store.optimize()
            assert list(answers) == [5] * 40
        assert store.count() == 52
        assert len(store.metadata()) == 41


def test_a_write_in_the_moment_in_which_the_building_ends_is_none_the_worse(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At one look the writes are still remembered, at the next they are not."""
    looks = cycle([[], None])
    monkeypatch.setattr(Engine, "_missed", property(lambda _: next(looks), lambda *_: None), raising=False)
    with open_store(folder) as store:
        for number in range(1, 4):
            store.upsert([models.PointStruct(id=number, vector={}, payload={})])
            next(looks)  # so that each of two looks is the first of a write once
        assert store.count() == 15


def test_closing_waits_for_the_threads_inside(folder: Path) -> None:
    store = EmbeddedStore(folder, "medley")
    inside, leave = threading.Event(), threading.Event()

    def stay() -> None:
        with store._engine.use() as shard:
            inside.set()
            leave.wait(10)
            counts.append(shard.info().points_count)

    counts: list[int] = []
    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait(10)
    closing = threading.Thread(target=store.close)
    closing.start()
    leave.set()
    thread.join()
    closing.join()
    assert counts == [12]
    with pytest.raises(StoreError, match="was closed"):
        store.count()
