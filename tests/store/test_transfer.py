"""Copies, backups and their return: whole, resumable, and never over something else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.errors import CollectionMismatchError, StoreError, UsageError
from schemas.vectors import VectorSpec
from store import Store, open_store
from store.check import verify
from store.transfer import backup, copy, restore

from .conftest import SPECS, make_points, opened, quick_folder

PAGE = 20
COUNT = PAGE * 2 + 5


class PowerCutError(Exception):
    """Ends a copy somewhere."""


@pytest.fixture(scope="module", params=["embedded", "oracle"])
def source(request: pytest.FixtureRequest) -> Iterator[Store]:
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        store.upsert(make_points(COUNT))
        store.set_metadata({"sources": {"holiday": "/photos"}})
        store.save_artifact("bridge", {"w": np.eye(2)}, {"n": 1})
        yield store


@pytest.fixture(params=["embedded", "oracle"])
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


def assert_equal(target: Store, source: Store) -> None:
    got, expected = contents(target), contents(source)
    assert got.keys() == expected.keys()
    for point_id, (payload, vectors) in got.items():
        assert payload == expected[point_id][0]
        assert vectors.keys() == expected[point_id][1].keys()
        for name, vector in vectors.items():
            np.testing.assert_allclose(vector, expected[point_id][1][name], rtol=1e-6, atol=1e-6)
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
    assert backup(source, tmp_path / "backup") == COUNT
    with open_store(tmp_path / "backup") as kept:
        assert_equal(kept, source)
    assert restore(tmp_path / "backup", target) == COUNT
    assert_equal(target, source)


def test_a_backup_comes_back_under_another_name(source: Store, tmp_path: Path) -> None:
    backup(source, tmp_path / "backup")
    with open_store(tmp_path / "store", "renamed") as store:
        assert restore(tmp_path / "backup", store) == COUNT


def test_half_a_backup_does_not_come_back(source: Store, target: Store, tmp_path: Path) -> None:
    def cut(done: int, _: int) -> None:
        raise PowerCutError(done)

    with pytest.raises(PowerCutError):
        backup(source, tmp_path / "backup", progress=cut)
    with pytest.raises(StoreError, match="was not finished"):
        restore(tmp_path / "backup", target)
    assert not target.exists()
    assert backup(source, tmp_path / "backup") == COUNT
    assert restore(tmp_path / "backup", target) == COUNT


def test_a_folder_without_a_backup_is_said(target: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no backup"):
        restore(tmp_path, target)
