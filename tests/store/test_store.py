"""What every engine does: the same table of behaviours over each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import CollectionMismatchError, StoreError, UsageError
from schemas.payload import INDEXES
from schemas.vectors import VectorSpec
from store import Store, open_store

from .conftest import SPECS, make_points, uid


def match(key: str, value: str | int) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value))])


# -- the collection ------------------------------------------------------------------------------------------------


def test_store_without_collection_says_so_and_holds_nothing(empty_store: Store) -> None:
    assert not empty_store.exists()
    assert empty_store.vectors() == {}
    assert empty_store.metadata() == {}
    assert empty_store.artifacts() == []
    assert empty_store.load_artifact("bridge") is None


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.count(),
        lambda store: store.upsert(make_points(1)),
        lambda store: store.scroll(),
        lambda store: store.set_metadata({"a": 1}),
        lambda store: store.save_artifact("a", {}, {}),
        lambda store: store.query(models.QueryRequest(query=[1.0], using="text")),
    ],
)
def test_using_a_collection_that_is_not_there_is_one_sentence(
    empty_store: Store, use: Callable[[Store], object]
) -> None:
    with pytest.raises(StoreError, match="medley"):
        use(empty_store)


def test_ensure_creates_the_collection_and_is_idempotent(empty_store: Store) -> None:
    empty_store.ensure(SPECS)
    empty_store.upsert(make_points(3))
    empty_store.ensure(SPECS)
    assert empty_store.exists()
    assert empty_store.vectors() == {spec.name: spec for spec in SPECS}
    assert empty_store.count() == 3


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (VectorSpec("text", 5, "cosine", "mini-1"), "5 dimensions"),
        (VectorSpec("text", 4, "dot", "mini-1"), "compared by dot"),
        (VectorSpec("text", 4, "cosine", "mini-1", multivector=True), "several vectors"),
        (VectorSpec("text", 0, "cosine", "mini-1", sparse=True), "sparse"),
        (VectorSpec("text", 4, "cosine", "other-2"), "mini-1.*other-2"),
    ],
)
def test_ensure_refuses_vectors_that_cannot_be_compared(library: Store, spec: VectorSpec, words: str) -> None:
    with pytest.raises(CollectionMismatchError, match=words) as caught:
        library.ensure([spec])
    assert "'text'" in str(caught.value)
    assert library.vectors()["text"] == SPECS[0]


def test_ensure_that_refuses_one_vector_adds_none(library: Store) -> None:
    with pytest.raises(CollectionMismatchError):
        library.ensure([VectorSpec("new", 2, "dot", "n-1"), VectorSpec("text", 5, "cosine", "mini-1")])
    assert "new" not in library.vectors()


@pytest.mark.parametrize(
    "spec",
    [
        VectorSpec("new", 2, "euclid", "n-1"),
        VectorSpec("new", 2, "manhattan", "n-1", multivector=True),
        VectorSpec("new", 0, "dot", "n-1", sparse=True),
        VectorSpec("new", 0, "dot", "n-1", sparse=True, idf=False),
    ],
)
def test_ensure_adds_a_missing_vector_and_keeps_the_points(own_store: Store, spec: VectorSpec) -> None:
    before = own_store.retrieve([uid(1)], with_vectors=True)[0].vector
    own_store.ensure([*SPECS, spec])
    vector = models.SparseVector(indices=[3], values=[1.0]) if spec.sparse else [1.0, 2.0]
    own_store.update_vectors([models.PointVectors(id=uid(1), vector={"new": [vector] if spec.multivector else vector})])
    after = own_store.retrieve([uid(1)], with_vectors=True)[0].vector
    assert own_store.vectors()["new"] == spec
    assert isinstance(after, dict)
    assert after.pop("new") == ([vector] if spec.multivector else vector)
    assert after == before


@pytest.mark.parametrize("created", [True, False])
def test_learnt_weights_are_not_weighed_by_rarity_again(empty_store: Store, created: bool) -> None:
    learnt = VectorSpec("learnt", 0, "dot", "splade-1", sparse=True, idf=False)
    empty_store.ensure([*SPECS, learnt] if created else SPECS)
    empty_store.ensure([*SPECS, learnt])
    made = models.SparseVector(indices=[3, 9], values=[2.0, 0.5])
    empty_store.upsert(
        [models.PointStruct(id=uid(n), vector={"learnt": made} if n == 1 else {}, payload={}) for n in range(1, 6)]
    )
    asked = models.SparseVector(indices=[3], values=[1.5])
    [hit] = empty_store.query(models.QueryRequest(query=asked, using="learnt", limit=3))
    assert hit.score == pytest.approx(3.0)


def test_replaced_vector_is_empty_and_its_fingerprint_is_forgotten(own_store: Store) -> None:
    new = VectorSpec("text", 6, "dot", "better-2")
    own_store.replace_vector(new)
    assert own_store.vectors()["text"] == new
    for record in own_store.scroll_all(with_vectors=True):
        assert isinstance(record.vector, dict)
        assert sorted(record.vector) == ["image", "late", "words"]
        assert record.payload is not None
        assert record.payload["encoders"] == {"image": "clip-1"}
    own_store.update_vectors([models.PointVectors(id=uid(1), vector={"text": [1.0] * 6})])
    assert [hit.id for hit in own_store.query(models.QueryRequest(query=[1.0] * 6, using="text"))] == [uid(1)]


def test_dropped_vector_is_gone_with_its_fingerprint(own_store: Store) -> None:
    own_store.drop_vector("text")
    own_store.drop_vector("text")
    assert list(own_store.vectors()) == ["image", "late", "words"]
    for record in own_store.scroll_all(with_vectors=True):
        assert isinstance(record.vector, dict)
        assert sorted(record.vector) == ["image", "late", "words"]
        assert record.payload is not None
        assert record.payload["encoders"] == {"image": "clip-1"}
    with pytest.raises(StoreError, match="text"):
        own_store.upsert([models.PointStruct(id=1, vector={"text": [1.0] * 4}, payload={})])
    own_store.ensure([VectorSpec("text", 2, "dot", "other-1")])
    own_store.update_vectors([models.PointVectors(id=uid(1), vector={"text": [1.0, 2.0]})])
    assert [hit.id for hit in own_store.query(models.QueryRequest(query=[1.0, 2.0], using="text"))] == [uid(1)]


def test_the_last_vector_is_not_dropped(empty_store: Store) -> None:
    empty_store.ensure(SPECS[:1])
    with pytest.raises(UsageError, match="'text' is the last"):
        empty_store.drop_vector("text")
    assert list(empty_store.vectors()) == ["text"]


KEPT = [
    VectorSpec("half", 4, "cosine", "a-1", datatype="float16", on_disk=True),
    VectorSpec("small", 8, "dot", "b-1", quantization="scalar", hnsw_m=8, ef_construct=32),
    VectorSpec("tiny", 8, "dot", "c-1", quantization="binary"),
    VectorSpec("late", 8, "cosine", "d-1", multivector=True, quantization="product", hnsw_m=0),
    VectorSpec("terms", 0, "dot", "e-1", sparse=True, on_disk=True),
]


def test_how_vectors_are_kept_and_indexed_is_part_of_their_spec(empty_store: Store) -> None:
    empty_store.ensure(SPECS[:1])
    empty_store.ensure(KEPT)
    assert [empty_store.vectors()[spec.name] for spec in KEPT] == KEPT
    vector = {"half": [1.0, 0, 0, 0], "small": [1.0] * 8, "late": [[1.0] * 8] * 2}
    empty_store.upsert([models.PointStruct(id=number, vector=vector, payload={}) for number in range(3)])
    assert len(empty_store.query(models.QueryRequest(query=[1.0] * 8, using="small"))) == 3
    assert len(empty_store.query(models.QueryRequest(query=[[1.0] * 8], using="late"))) == 3
    other = replace(KEPT[1], quantization=None, hnsw_m=None)
    empty_store.ensure([other])
    assert empty_store.vectors()["small"] == KEPT[1]  # how it is kept is left alone
    empty_store.configure(other)
    assert empty_store.vectors()["small"] == other
    assert empty_store.count() == 3


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (replace(SPECS[0], fingerprint="mini-2"), "mini-2"),
        (replace(SPECS[0], datatype="float16"), "kept as float32"),
        (replace(SPECS[0], name="nothing"), "no vector 'nothing'"),
    ],
)
def test_a_vector_cannot_be_made_another_in_place(library: Store, spec: VectorSpec, words: str) -> None:
    with pytest.raises(StoreError, match=words):
        library.configure(spec)
    assert library.vectors()["text"] == SPECS[0]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"datatype": "uint8"}, "'uint8' .take float32 or float16"),
        ({"quantization": "ternary"}, "'ternary' .take scalar, product, binary"),
        ({"quantization": "scalar", "sparse": True}, "sparse"),
        ({"hnsw_m": 1}, "1 edges"),
        ({"ef_construct": 0}, "ef_construct of 0"),
    ],
)
def test_ways_to_keep_a_vector_that_are_none_are_a_wrong_argument(
    library: Store, option: dict[str, object], words: str
) -> None:
    spec = replace(VectorSpec("new", 4, "dot", "n-1"), **option)  # type: ignore[arg-type] - what no spec may be
    for use in (library.replace_vector, library.configure, lambda spec: library.ensure([spec])):
        with pytest.raises(UsageError, match=words):
            use(spec)
    assert "new" not in library.vectors()


@pytest.mark.parametrize(
    "specs",
    [[], [VectorSpec("a", 0, "dot", "f")], [VectorSpec("a", 2, "cos", "f")], [VectorSpec("a", 2, "dot", "f")] * 2],
)
def test_impossible_specs_are_a_wrong_argument(empty_store: Store, specs: list[VectorSpec]) -> None:
    with pytest.raises(UsageError):
        empty_store.ensure(specs)
    assert not empty_store.exists()


@pytest.mark.parametrize("name", ["", "a/b", "a.b", "x" * 65, "ä"])
def test_collection_name_that_cannot_be_used_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="collection name"):
        open_store("somewhere", name)


def test_info_tells_of_points_and_indexes(library: Store) -> None:
    found = library.info()
    assert (found.points_count, found.segments_count > 0) == (12, True)
    assert isinstance(found.config.params.vectors, dict)
    assert sorted(found.config.params.vectors) == ["image", "late", "text"]
    assert {key: field.data_type.value for key, field in found.payload_schema.items()} == INDEXES


def test_aliases_are_other_names_that_can_be_moved(empty_store: Store) -> None:
    empty_store.ensure(SPECS)
    alias = f"current-{uuid4().hex}"
    empty_store.set_alias(alias)
    empty_store.set_alias(alias)
    assert empty_store.aliases() == [alias]
    with pytest.raises(UsageError, match="collection name"):
        empty_store.set_alias("a/b")
    with pytest.raises(StoreError):
        empty_store.set_alias(empty_store.collection)
    empty_store.delete_alias(alias)
    empty_store.delete_alias(alias)
    assert empty_store.aliases() == []


def test_metadata_merges_at_the_top_and_none_removes(store: Store) -> None:
    store.set_metadata({"sources": {"a": "/a"}, "kept": [1, 2]})
    store.set_metadata({"sources": {"b": "/b"}, "gone": 1})
    store.set_metadata({"gone": None})
    assert store.metadata() == {"sources": {"b": "/b"}, "kept": [1, 2]}
    assert store.vectors() == {spec.name: spec for spec in SPECS}


def test_metadata_given_back_is_a_copy(store: Store) -> None:
    store.set_metadata({"sources": {"a": "/a"}})
    store.metadata()["sources"]["b"] = "/b"
    assert store.metadata() == {"sources": {"a": "/a"}}


@pytest.mark.parametrize("wrong", [{"vectors": {}}, {"a": object()}, {"a": float("nan")}])
def test_metadata_refuses_what_is_no_json_or_not_ours(library: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        library.set_metadata(wrong)
    assert library.metadata() == {}


# -- writing -------------------------------------------------------------------------------------------------------


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


# -- reading -------------------------------------------------------------------------------------------------------


def test_retrieve_gives_each_point_once_in_the_order_asked(library: Store) -> None:
    found = library.retrieve([uid(5), uid(99), uid(2), uid(5)], with_payload=False)
    assert [record.id for record in found] == [uid(5), uid(2)]
    assert [(record.payload, record.vector) for record in found] == [(None, None)] * 2


def test_parts_of_payload_and_vectors_can_be_asked_for(library: Store) -> None:
    record = library.retrieve([uid(4)], with_payload=["path", "info.tags"], with_vectors=["image"])[0]
    assert record.payload == {"path": "trip/4.jpg", "info": {"tags": ["sea"]}}
    assert isinstance(record.vector, dict)
    assert list(record.vector) == ["image"]
    without = models.PayloadSelectorExclude(exclude=["info", "encoders"])
    keys = (library.retrieve([uid(4)], with_payload=without)[0].payload or {}).keys()
    assert "path" in keys
    assert not keys & {"info", "encoders"}


def test_scroll_pages_through_everything_once(library: Store) -> None:
    ids, offset = [], None
    while True:
        page, offset = library.scroll(limit=5, offset=offset)
        ids += [record.id for record in page]
        if offset is None:
            break
    assert ids == [uid(number) for number in range(1, 13)]
    assert [record.id for record in library.scroll_all(page=5)] == ids


def test_scroll_filters_and_orders(library: Store) -> None:
    order = models.OrderBy(key="size", direction=models.Direction.DESC)
    found, following = library.scroll(match("modality", "image"), limit=3, order_by=order, with_payload=["size"])
    assert [record.payload for record in found] == [{"size": 1000}, {"size": 700}, {"size": 400}]
    assert following is None
    from_there = models.OrderBy(key="size", start_from=1000)
    assert [record.id for record in library.scroll(order_by=from_there)[0]] == [uid(10), uid(11), uid(12)]
    with pytest.raises(UsageError, match="start_from"):
        library.scroll(order_by="size", offset=uid(3))


def test_scroll_orders_by_dates(library: Store) -> None:
    start = models.OrderBy(key="modified", start_from=datetime(2026, 1, 12, tzinfo=UTC))
    assert [record.id for record in library.scroll(order_by=start)[0]] == [uid(11), uid(12)]


def test_counts_and_facets(library: Store) -> None:
    assert library.count() == 12
    assert library.count(match("segment", 1)) == 6
    assert library.facet("modality") == {"image": 4, "audio": 4, "text": 4}
    assert library.facet("info.tags") == {"sea": 8, "red": 4}
    assert library.facet("info.tags", limit=1) == {"sea": 8}
    assert library.facet("segment", match("modality", "image")) == {0: 2, 1: 2}
    assert library.facet("mime") == {}


@pytest.mark.parametrize("key", [key for key, kind in INDEXES.items() if kind in ("keyword", "integer")])
def test_every_indexed_field_can_be_counted_by_value(library: Store, key: str) -> None:
    assert sum(library.facet(key).values()) <= 12 + 4  # an array counts once for each of its values


def test_a_batch_of_queries_is_answered_in_order(library: Store) -> None:
    near = make_points()[6].vector
    requests = [
        models.QueryRequest.model_construct(query=near["text"], using="text", limit=1),
        models.QueryRequest(query=near["image"].tolist(), using="image", limit=2, filter=match("segment", 0)),
        models.QueryRequest.model_construct(
            query=models.NearestQuery.model_construct(nearest=near["late"]), using="late", limit=3, with_payload=True
        ),
    ]
    first, second, third = library.query_batch(requests)
    assert [hit.id for hit in first] == [uid(7)]
    assert first[0].score == pytest.approx(1.0)
    assert first[0].payload is None
    assert len(second) == 2
    assert uid(7) not in [hit.id for hit in second]
    assert [(hit.payload or {})["source"] for hit in third] == ["holiday"] * 3
    assert library.rankings(requests) == [[(hit.id, hit.score) for hit in hits] for hits in (first, second, third)]
    assert library.rankings(requests[:1]) == [[(uid(7), first[0].score)]]


def test_a_fused_query_is_one_request(library: Store) -> None:
    near = make_points()[6].vector
    request = models.QueryRequest(
        prefetch=[
            models.Prefetch(query=near["text"].tolist(), using="text", limit=5),
            models.Prefetch(query=near["late"].tolist(), using="late", limit=5),
        ],
        query=models.FusionQuery(fusion=models.Fusion.RRF),
        limit=1,
    )
    hit = library.query(request)[0]
    assert hit.id == uid(7)
    assert hit.score == pytest.approx(1 / 2 + 1 / 2)  # 1 / (k + rank), with k = 2 and ranks from 0


# -- artifacts and upkeep ------------------------------------------------------------------------------------------


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
