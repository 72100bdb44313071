"""What every engine does with a collection: its vectors, its aliases, its metadata."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from qdrant_client import models

from schemas.errors import CollectionMismatchError, StoreError, UsageError
from schemas.payload import INDEXES
from schemas.vectors import VectorSpec
from store import Store, open_store

from .conftest import SPECS, make_points, uid


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
