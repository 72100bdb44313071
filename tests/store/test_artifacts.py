"""What every engine does with artifacts, and at its end."""

from __future__ import annotations

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreError, UsageError
from store import Store


def test_artifacts_come_back_as_they_went(store: Store) -> None:
    arrays = {
        "weights": np.arange(12, dtype=np.float32).reshape(3, 4),
        "none": np.zeros((0, 7), np.int16),
        "scalar": np.float64(3.5),
    }
    store.save_artifact("bridge.text-image", arrays, {"fitted": "2026", "n": 3, "deep": [{"a": None}]})
    loaded = store.load_artifact("bridge.text-image")
    assert loaded is not None
    got, meta = loaded
    assert meta == {"fitted": "2026", "n": 3, "deep": [{"a": None}]}
    assert got.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(got[key], array)
        assert got[key].dtype == np.asarray(array).dtype


def test_artifacts_are_listed_replaced_and_deleted(store: Store) -> None:
    store.save_artifact("b", {"x": np.zeros(1_500_000, np.float32)}, {"version": 1})  # several parts on a server
    store.save_artifact("a", {}, {})
    store.save_artifact("b", {"y": np.ones(2)}, {"version": 2})
    assert store.artifacts() == ["a", "b"]
    loaded = store.load_artifact("b")
    assert loaded is not None
    assert (list(loaded[0]), loaded[1]) == (["y"], {"version": 2})
    store.delete_artifact("b")
    store.delete_artifact("b")
    assert store.artifacts() == ["a"]
    assert store.load_artifact("b") is None


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 65, "a\n"])
def test_artifact_names_cannot_leave_the_store(library: Store, name: str) -> None:
    for use in (library.load_artifact, library.delete_artifact, lambda name: library.save_artifact(name, {}, {})):
        with pytest.raises(UsageError, match="artifact name"):
            use(name)


@pytest.mark.parametrize(
    ("arrays", "meta"),
    [
        ({"a": np.array([object()])}, {}),
        ({"a": np.array(["b"])}, {}),
        ({"__metadata__": np.ones(1)}, {}),
        ({}, {"a": object()}),
        ({}, {"a": np.nan}),
    ],
)
def test_artifacts_hold_no_objects(library: Store, arrays: dict[str, np.ndarray], meta: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"'a'|'__metadata__'"):
        library.save_artifact("a", arrays, meta)
    assert library.artifacts() == []


def test_optimizing_changes_no_answer(own_store: Store) -> None:
    request = models.QueryRequest(query=[1.0, 0.0, 0.0, 0.0], using="text", limit=12)
    before = own_store.query(request)
    own_store.optimize()
    assert [hit.id for hit in own_store.query(request)] == [hit.id for hit in before]
    assert own_store.count() == 12


def test_a_closed_store_can_be_closed_again(own_store: Store) -> None:
    own_store.close()
    own_store.close()
    with pytest.raises(StoreError):
        own_store.count()
