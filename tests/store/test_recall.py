"""The index is measured against an exact search, and what was found is kept for those who query."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge
from qdrant_client import models

from schemas.errors import StoreError, StoreLockedError
from schemas.payload import point_id
from schemas.vectors import INDEX, VectorSpec
from store import Store, open_store, recall
from store.builder import Builder
from store.embedded import EmbeddedStore
from store.lock import FolderLock
from store.recall import STEPS, TOP, WANTED, measure, optimize, searchable
from store.transfer import copy

from .conftest import clone, opened, quick_folder

DIM, COUNT = 1024, 3500  # the engine indexes from 10 MB of vectors on, and many points would take long
SPECS = [
    VectorSpec("image", DIM, "cosine", "clip-1", quantization="scalar"),
    VectorSpec("small", 4, "euclid", "mini-1"),
]


def make_rows() -> np.ndarray:
    """Vectors without neighbourhoods: the hardest for an index."""
    return np.random.default_rng(0).normal(size=(COUNT, DIM)).astype(np.float32)


def fill(store: Store) -> None:
    store.ensure(SPECS)
    rows = make_rows()
    points = [
        models.PointStruct.model_construct(
            id=point_id("s", str(number)), vector={"image": rows[number]}, payload={"state": "indexed", "n": number}
        )
        for number in range(COUNT)
    ]
    for number, point in enumerate(points[:50]):
        point.vector["small"] = [float(number), 0.0, 0.0, 1.0]
    store.upsert(points)
    store.upsert([models.PointStruct(id=1, vector={}, payload={"state": "quarantined"})])


@pytest.fixture(scope="module")
def filled() -> Iterator[Path]:
    with quick_folder() as folder:
        with open_store(folder) as store:
            fill(store)
        yield folder


@pytest.fixture(scope="module")
def indexed(filled: Path) -> Iterator[tuple[Store, list[recall.Recall]]]:
    with quick_folder() as folder, open_store(clone(filled, folder / "store")) as store:
        yield store, optimize(store, sample=60)


def numpy_recall(store: Store, ef: int) -> float:
    """Against the order that numpy finds."""
    rows = make_rows()
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    hits = 0
    for number in range(60):
        truth = set(np.argsort(-(rows @ rows[number]))[1 : TOP + 1].tolist())
        found = store.query(
            models.QueryRequest(
                query=rows[number],
                using="image",
                limit=TOP + 1,
                with_payload=True,
                params=models.SearchParams(hnsw_ef=ef),
                filter=searchable(),
            )
        )
        hits += len(truth & {hit.payload["n"] for hit in found if hit.payload})
    return hits / (60 * TOP)


def test_the_smallest_list_that_finds_enough_is_chosen(indexed: tuple[Store, list[recall.Recall]]) -> None:
    store, measured = indexed
    [image] = measured
    assert image.sample == 60
    assert STEPS[0] < image.hnsw_ef < STEPS[-1]  # else this collection would show nothing
    assert image.recall >= WANTED
    assert numpy_recall(store, image.hnsw_ef) >= WANTED - 0.02
    assert numpy_recall(store, STEPS[0]) < WANTED


def test_what_was_measured_is_kept_with_the_encoder(indexed: tuple[Store, list[recall.Recall]]) -> None:
    store, measured = indexed
    [image] = measured
    assert image.vector == "image"
    assert store.metadata()[INDEX] == {
        "points": COUNT,
        "vectors": {"image": {"hnsw_ef": image.hnsw_ef, "recall": round(image.recall, 4), "encoder": "clip-1"}},
    }


def test_vectors_that_are_scanned_are_all_found(indexed: tuple[Store, list[recall.Recall]]) -> None:
    small = measure(indexed[0], "small")
    assert (small.recall, small.hnsw_ef, small.sample) == (1.0, STEPS[0], 50)


def test_a_copy_has_no_index_yet(indexed: tuple[Store, list[recall.Recall]], tmp_path: Path) -> None:
    store, _ = indexed
    with open_store(tmp_path / "copy") as target:
        copy(store, target)
        assert INDEX not in target.metadata()
        assert target.count() == COUNT + 1


def test_reading_and_writing_go_on_while_the_index_is_built(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written meanwhile is in the store that has the index, too."""
    during = []
    real = Builder.build
    with open_store(clone(filled, tmp_path / "store")) as store:

        def build(self: Builder, shard: Path, fields: Mapping[str, str], lock: FolderLock | None) -> str | None:
            store.upsert([models.PointStruct(id=2, vector={"small": [1.0, 2.0, 3.0, 4.0]}, payload={"n": -1})])
            store.delete([1])
            store.set_payload({"n": -2}, [2])
            during.append((store.count(), len(store.query(models.QueryRequest(query=[0.0] * 4, using="small")))))
            return real(self, shard, fields, lock)

        monkeypatch.setattr(Builder, "build", build)
        store.optimize()
        assert during == [(COUNT + 1, 10)]
        assert (store.info().indexed_vectors_count or 0) >= COUNT
        assert [record.payload for record in store.retrieve([1, 2])] == [{"n": -2}]
    with open_store(tmp_path / "store") as store:
        assert store.count() == COUNT + 1
        assert [record.payload for record in store.retrieve([1, 2])] == [{"n": -2}]


def test_a_write_that_the_copy_does_not_take_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is given up rather than what was acknowledged while it was built."""
    with open_store(tmp_path) as store:
        store.ensure([SPECS[1], VectorSpec("other", 4, "dot", "other-1")])
        store.upsert([models.PointStruct(id=1, vector={"other": [1.0, 0, 0, 0]}, payload={})])

        def build(_: Builder, shard: Path, *__: object) -> None:
            copied = edge.EdgeShard.load(str(shard))
            copied.update(edge.UpdateOperation.delete_vector_name("other"))
            copied.close()
            store.upsert([models.PointStruct(id=1, vector={"other": [2.0, 0, 0, 0]}, payload={"n": 1})])

        monkeypatch.setattr(Builder, "build", build)
        with pytest.raises(StoreError, match="other"):
            store.optimize()
        [point] = store.retrieve([1], with_vectors=True)
        assert (point.vector, point.payload) == ({"other": [2.0, 0, 0, 0]}, {"n": 1})
        store.upsert([models.PointStruct(id=2, vector={}, payload={})])


def test_a_write_that_was_refused_while_the_index_was_built_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedStore(tmp_path, "medley") as store:
        store.ensure([SPECS[1]])

        def build(*_: object) -> None:
            with pytest.raises(StoreError, match="refused"):
                store._engine.update(edge.UpdateOperation.set_payload([99], {"n": 1}))
            store.upsert([models.PointStruct(id=1, vector={}, payload={})])

        monkeypatch.setattr(Builder, "build", build)
        store.optimize()
        assert [record.id for record in store.scroll_all()] == [1]


def test_closing_ends_the_building(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process would work for minutes; what it works in is thrown away."""
    (tmp_path / "optimizer.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr("store.builder.SCRIPT", tmp_path / "optimizer.py")
    store = EmbeddedStore(clone(filled, tmp_path / "store"), "medley")
    said: list[str] = []

    def build() -> None:
        with pytest.raises(StoreError) as caught:
            store.optimize()
        said.append(str(caught.value))

    thread = threading.Thread(target=build)
    thread.start()
    while store._engine._builder._process is None:
        time.sleep(0.01)
    assert store.count() == COUNT + 1
    store.close()
    thread.join()
    assert "was closed" in said[0]
    with open_store(tmp_path / "store") as again:
        assert again.count() == COUNT + 1
        assert sorted(file.name for file in (tmp_path / "store" / "medley").glob("shard*")) == ["shard"]


def test_what_is_quantized_is_found_and_scored_as_without(filled: Path, tmp_path: Path) -> None:
    with open_store(clone(filled, tmp_path / "store")) as store:
        store.configure(replace(SPECS[0], quantization="scalar", ef_construct=50))
        [found] = optimize(store, sample=20)
        assert found.recall >= WANTED
        rows = make_rows()
        request = models.QueryRequest(query=rows[7].tolist(), using="image", limit=5)
        exact, fast = (
            store.query(request.model_copy(update={"params": params}))
            for params in (models.SearchParams(exact=True), models.SearchParams(hnsw_ef=512))
        )
        assert [hit.id for hit in fast] == [hit.id for hit in exact]
        assert [hit.score for hit in fast] == pytest.approx([hit.score for hit in exact], abs=1e-6)
        raw = models.SearchParams(hnsw_ef=512, quantization=models.QuantizationSearchParams(rescore=False))
        unscored = store.query(request.model_copy(update={"params": raw}))
        assert [hit.score for hit in unscored] != pytest.approx([hit.score for hit in exact], abs=1e-6)


def test_a_vector_without_an_index_is_scanned_after_optimizing(filled: Path, tmp_path: Path) -> None:
    with open_store(clone(filled, tmp_path / "store")) as store:
        store.configure(replace(SPECS[0], hnsw_m=0))
        assert optimize(store) == []
        assert numpy_recall(store, STEPS[0]) == 1.0


@pytest.mark.parametrize("engine", ["embedded", "oracle"])
def test_a_collection_without_index_is_not_measured(engine: str, tmp_path: Path) -> None:
    with opened(engine, tmp_path) as store:
        store.ensure([SPECS[1]])
        store.upsert([models.PointStruct(id=1, vector={"small": [1.0, 0, 0, 0]}, payload={"state": "indexed"})])
        assert optimize(store) == []
        assert store.metadata()[INDEX] == {"points": 1, "vectors": {}}


def test_an_index_that_cannot_be_built_leaves_the_store_as_it_was(
    filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(clone(filled, tmp_path / "store")) as store:
        monkeypatch.setattr(sys, "executable", "/nowhere/python")
        with pytest.raises(StoreError, match="no process can be started: No such file"):
            store.optimize()
        assert store.count() == COUNT + 1
        store.upsert([models.PointStruct(id=2, vector={}, payload={})])
        monkeypatch.setattr(sys, "executable", shutil.which("false"))
        with pytest.raises(StoreError, match="it was killed"):
            store.optimize()
        assert store.count() == COUNT + 2
    with open_store(tmp_path / "store") as store:
        assert store.count() == COUNT + 2


def test_the_lock_is_held_as_long_as_a_process_works_for_its_holder(tmp_path: Path) -> None:
    """Its holder may be killed meanwhile: another must not open the files that are still being written."""
    lock = FolderLock(tmp_path / "lock")
    worker = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(lock.descriptor,))
    lock.release()
    with pytest.raises(StoreLockedError):
        FolderLock(tmp_path / "lock")
    worker.communicate(b"\n")
    FolderLock(tmp_path / "lock").release()


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.6])
def test_a_build_that_is_killed_costs_nothing(filled: Path, tmp_path: Path, seconds: float) -> None:
    """Wherever it was: both the process that asked for it and the one that does it."""
    folder = clone(filled, tmp_path / "store")
    code = f"from store import open_store; store = open_store({str(folder)!r}); print(1, flush=True); store.optimize()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, start_new_session=True
    ) as worker:
        assert worker.stdout is not None
        worker.stdout.readline()
        time.sleep(seconds)
        os.killpg(worker.pid, signal.SIGKILL)
    with open_when_free(folder) as store:
        assert store.count() == COUNT + 1
        store.upsert([models.PointStruct(id=2, vector={}, payload={})])
        assert numpy_recall(store, STEPS[-1]) > WANTED
    with open_store(folder) as store:
        assert store.count() == COUNT + 2


def open_when_free(folder: Path) -> Store:
    """The kernel may take a moment to bury the process that was killed."""
    for _ in range(100):
        try:
            return open_store(folder)
        except StoreLockedError:
            time.sleep(0.05)
    return open_store(folder)
