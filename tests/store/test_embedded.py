"""What only the embedded engine does: it keeps what it has, indexes what it must, and serves threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreError
from schemas.payload import INDEXES
from store import Store, open_store
from store.embedded import EmbeddedStore
from store.engine import Engine

from .conftest import SPECS, make_points


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
