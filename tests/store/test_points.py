"""What every engine does with points that are written, changed and deleted."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreError
from store import Store

from .conftest import match, uid


def test_upsert_writes_a_point_whole(full_store: Store) -> None:
    full_store.upsert([models.PointStruct(id=uid(1), vector={"image": [1.0, 2.0, 3.0]}, payload={"path": "new"})])
    record = full_store.retrieve([uid(1)], with_vectors=True)[0]
    assert record.vector == {"image": [1.0, 2.0, 3.0]}
    assert record.payload == {"path": "new"}
    assert full_store.count() == 12


def test_a_point_may_have_no_vectors(store: Store) -> None:
    store.upsert([models.PointStruct(id=uid(1), vector={}, payload={"state": "quarantined"})])
    assert store.retrieve([uid(1)], with_vectors=True)[0].payload == {"state": "quarantined"}
    assert store.facet("state") == {"quarantined": 1}


def test_lists_and_arrays_of_any_float_type_are_the_same(store: Store) -> None:
    values = [0.5, -0.25, 2.0]
    for number, vector in enumerate([values, np.array(values, np.float32), np.array(values, np.float64)], start=1):
        store.upsert([models.PointStruct.model_construct(id=number, vector={"image": vector}, payload={})])
    assert [record.vector for record in store.scroll_all(with_vectors=True)] == [{"image": values}] * 3


@pytest.mark.parametrize(
    ("name", "vector", "words"),
    [
        ("text", [1.0, 2.0, 3.0, float("nan")], "finite"),
        ("text", [1.0, 2.0, 3.0, float("inf")], "finite"),
        ("text", [1.0, 2.0, 3.0, 1e39], "finite"),
        ("text", np.array([1, 2, 3, np.nan], np.float32), "finite"),
        ("text", np.array([1, 2, 3, -np.inf], np.float32), "finite"),
        ("text", np.array([1, 2, 3, 1e300]), "finite"),
        ("text", [1.0, 2.0, 3.0], "3 dimensions instead of 4"),
        ("text", np.ones(5, np.float32), "5 dimensions instead of 4"),
        ("text", np.ones((1, 4), np.float32), "shape"),
        ("text", np.ones(4, np.int64), "int64"),
        ("text", "abcd", "str"),
        ("text", [1.0, 2.0, 3.0, "x"], "no number"),
        ("text", models.SparseVector(indices=[1], values=[1.0]), "SparseVector"),
        ("late", [[1.0, 2.0], [1.0]], "1 dimensions instead of 2"),
        ("late", [[1.0, 2.0], [1.0, float("nan")]], "finite"),
        ("late", [], "one or more"),
        ("late", [1.0, 2.0], "float"),
        ("late", np.ones((0, 2), np.float32), "shape"),
        ("late", np.ones(2, np.float32), "shape"),
        ("words", [1.0, 2.0], "SparseVector"),
        ("words", models.SparseVector(indices=[1, 1], values=[1.0, 2.0]), "each index once"),
        ("words", models.SparseVector(indices=[1, 2], values=[1.0]), "one value for each"),
        ("words", models.SparseVector(indices=[1], values=[float("nan")]), "finite"),
        ("other", [1.0], "'other'.*text, image"),
    ],
)
@pytest.mark.parametrize("write", ["upsert", "update_vectors"])
def test_a_bad_vector_is_refused_and_nothing_of_its_batch_is_written(
    library: Store, write: str, name: str, vector: object, words: str
) -> None:
    ids = [uid(1), uid(2)]
    before = library.retrieve(ids, with_vectors=True)
    kind = models.PointStruct if write == "upsert" else models.PointVectors
    batch = [
        kind.model_construct(id=ids[0], vector={"image": [1.0, 2.0, 3.0]}, payload={"new": True}),
        kind.model_construct(id=ids[1], vector={name: vector}, payload={"new": True}),
    ]
    with pytest.raises(StoreError, match=words) as caught:
        getattr(library, write)(batch)
    assert f"oint {ids[1]}" in str(caught.value)
    assert library.retrieve(ids, with_vectors=True) == before


def test_a_vector_without_a_name_is_refused_with_the_names(library: Store) -> None:
    with pytest.raises(StoreError, match="text, image, late, words"):
        library.upsert([models.PointStruct(id=1, vector=[1.0, 2.0, 3.0, 4.0])])


def test_very_long_but_finite_vectors_are_stored(store: Store) -> None:
    vector = np.full(3, 3e38, np.float32)
    store.upsert([models.PointStruct.model_construct(id=1, vector={"image": vector}, payload=None)])
    store.upsert([models.PointStruct.model_construct(id=2, vector={"image": vector.tolist()}, payload=None)])
    assert [record.vector for record in store.scroll_all(with_vectors=True)] == [{"image": vector.tolist()}] * 2


@pytest.mark.parametrize("point_id", ["no-uuid", -1])
def test_an_id_that_is_no_uuid_is_refused(library: Store, point_id: str | int) -> None:
    with pytest.raises(StoreError, match=str(point_id)):
        library.upsert([models.PointStruct.model_construct(id=point_id, vector={}, payload={})])
    assert library.count() == 12


def test_dates_in_a_payload_become_words(store: Store) -> None:
    taken = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
    store.upsert([models.PointStruct.model_construct(id=1, vector={}, payload={"modified": taken})])
    store.set_payload({"info": {"taken": taken}}, [1])
    assert store.retrieve([1])[0].payload == {
        "modified": "2026-05-04T12:30:00Z",
        "info": {"taken": "2026-05-04T12:30:00Z"},
    }


def test_payload_comes_back_as_it_went(store: Store) -> None:
    payload = {"a": [1, 2.5, None, True, "é 🦊"], "b": {"c": {}, "d": []}, "big": 2**53 + 1, "negative": -7, "e": ""}
    store.upsert([models.PointStruct(id=1, vector={}, payload=payload)])
    assert store.retrieve([1])[0].payload == payload


def test_set_payload_leaves_other_keys_and_overwrite_does_not(full_store: Store) -> None:
    full_store.set_payload({"state": "quarantined", "new": 1}, [uid(1), uid(2)])
    full_store.overwrite_payload({"only": True}, [uid(3)])
    full_store.clear_payload([uid(4)])
    assert full_store.retrieve([uid(4)])[0].payload == {}
    first, _, third = full_store.retrieve([uid(1), uid(2), uid(3)])
    assert first.payload is not None
    assert first.payload["path"] == "trip/1.jpg"
    assert (first.payload["state"], first.payload["new"]) == ("quarantined", 1)
    assert third.payload == {"only": True}


def test_payloads_are_written_by_filter(full_store: Store) -> None:
    full_store.set_payload({"state": "excluded"}, match("modality", "image"))
    assert full_store.facet("state") == {"indexed": 8, "excluded": 4}
    full_store.overwrite_payload({"modality": "video"}, match("modality", "audio"))
    assert full_store.facet("modality") == {"text": 4, "image": 4, "video": 4}
    full_store.delete_payload(["modality", "encoders.text"], match("state", "excluded"))
    assert full_store.facet("modality") == {"text": 4, "video": 4}
    record = full_store.scroll(match("state", "excluded"), limit=1)[0][0]
    assert record.payload is not None
    assert record.payload["encoders"] == {"image": "clip-1"}


def test_points_are_deleted_by_id_and_by_filter(full_store: Store) -> None:
    full_store.delete([uid(1), uid(2), uid(99)])
    assert full_store.count() == 10
    full_store.delete(match("modality", "audio"))
    assert {(record.payload or {})["modality"] for record in full_store.scroll_all()} == {"text", "image"}


def test_empty_batches_do_nothing(full_store: Store) -> None:
    full_store.upsert([])
    full_store.update_vectors([])
    full_store.set_payload({"a": 1}, [])
    full_store.overwrite_payload({"a": 1}, [])
    full_store.delete_payload(["path"], [])
    full_store.delete([])
    assert full_store.retrieve([]) == []
    assert full_store.query_batch([]) == []
    assert full_store.count() == 12
    assert full_store.count(match("source", "holiday")) == 12


def test_ids_that_are_not_there_stop_nothing(full_store: Store) -> None:
    ids = [uid(99), uid(1), 7]
    full_store.set_payload({"state": "excluded"}, ids)
    full_store.delete_payload(["modality"], ids)
    assert full_store.count(match("state", "excluded")) == 1
    full_store.overwrite_payload({"source": "work"}, ids)
    assert full_store.retrieve(ids)[0].payload == {"source": "work"}
    full_store.delete(ids)
    assert full_store.count() == 11


def test_vectors_of_a_point_that_is_not_there_are_refused_and_no_others_written(full_store: Store) -> None:
    before = full_store.retrieve([uid(1)], with_vectors=True)
    new = {"image": [7.0, 8.0, 9.0]}
    with pytest.raises(StoreError, match=uid(99)):
        full_store.update_vectors([models.PointVectors(id=number, vector=new) for number in (uid(1), uid(99))])
    assert full_store.retrieve([uid(1)], with_vectors=True) == before


def test_update_vectors_leaves_other_vectors_and_the_payload(full_store: Store) -> None:
    before = full_store.retrieve([uid(1)], with_vectors=True)[0]
    full_store.update_vectors([models.PointVectors(id=uid(1), vector={"image": [7.0, 8.0, 9.0]})])
    after = full_store.retrieve([uid(1)], with_vectors=True)[0]
    assert isinstance(before.vector, dict)
    assert after.vector == {**before.vector, "image": [7.0, 8.0, 9.0]}
    assert after.payload == before.payload
