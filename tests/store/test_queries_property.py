"""Whatever the points, the filter and the fusion: an engine and the reference agree."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from qdrant_client import models as m

from schemas.vectors import VectorSpec
from store import Store

from .conftest import opened, quick_folder, uid

WORDS = ["red", "sea", "boat", ""]
SPECS = [
    VectorSpec("a", 3, "cosine", "a-1"),
    VectorSpec("b", 2, "dot", "b-1"),
    VectorSpec("c", 2, "euclid", "c-1"),
    VectorSpec("d", 2, "manhattan", "d-1"),
]


@pytest.fixture(scope="module", params=["embedded", "server"])
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Store]]:
    with quick_folder() as folder, opened(request.param, folder) as store, opened("oracle", folder) as oracle:
        for each in (store, oracle):
            each.ensure(SPECS)
        yield store, oracle


# Halves are exact in float32, so that equal scores are equal on both and a tie is a tie.
numbers = st.integers(-8, 8).map(lambda number: number / 2)


def vectors(dim: int) -> st.SearchStrategy[list[float]]:
    return st.lists(numbers, min_size=dim, max_size=dim).filter(any)  # cosine says nothing of a zero vector


payloads = st.fixed_dictionaries(
    {},
    optional={
        "modality": st.sampled_from(WORDS),
        "segment": st.integers(-3, 3),
        "size": st.integers(-(2**40), 2**40),
        "info": st.fixed_dictionaries({"tags": st.lists(st.sampled_from(WORDS), max_size=3)}),
        "score": numbers,
        "note": st.none() | st.sampled_from(WORDS),
    },
)
points = st.lists(
    st.builds(
        lambda number, vector, payload: m.PointStruct(id=uid(number), vector=vector, payload=payload),
        st.integers(1, 40),
        st.fixed_dictionaries({}, optional={spec.name: vectors(spec.dim) for spec in SPECS}),
        payloads,
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda point: point.id,
)


def field(key: str, **condition: Any) -> m.FieldCondition:
    return m.FieldCondition(key=key, **condition)


leaves = st.one_of(
    st.sampled_from(WORDS).map(lambda word: field("modality", match=m.MatchValue(value=word))),
    st.integers(-3, 3).map(lambda number: field("segment", match=m.MatchValue(value=number))),
    st.lists(st.sampled_from(WORDS), max_size=3).map(lambda words: field("info.tags", match=m.MatchAny(any=words))),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(
        lambda words: field("modality", match=m.MatchExcept(**{"except": words}))
    ),
    st.tuples(numbers, numbers).map(lambda ends: field("score", range=m.Range(gte=ends[0], lt=ends[1]))),
    st.integers(-(2**40), 2**40).map(lambda size: field("size", range=m.Range(gt=size))),
    st.integers(0, 3).map(lambda count: field("info.tags", values_count=m.ValuesCount(gt=count))),
    st.sampled_from(["note", "modality", "info.tags", "nowhere"]).flatmap(
        lambda key: st.sampled_from(
            [
                m.IsEmptyCondition(is_empty=m.PayloadField(key=key)),
                m.IsNullCondition(is_null=m.PayloadField(key=key)),
            ]
        )
    ),
    st.lists(st.integers(1, 40).map(uid), max_size=4).map(lambda ids: m.HasIdCondition(has_id=ids)),
    st.sampled_from(["a", "b", "c", "d"]).map(lambda name: m.HasVectorCondition(has_vector=name)),
)


def clauses(conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[m.Filter]:
    some = st.none() | st.lists(conditions, min_size=1, max_size=3)
    return st.builds(m.Filter, must=some, should=some, must_not=some)


filters = clauses(st.recursive(leaves, clauses, max_leaves=5))


def searches() -> st.SearchStrategy[m.Prefetch]:
    return st.sampled_from(SPECS).flatmap(
        lambda spec: st.builds(
            m.Prefetch,
            query=vectors(spec.dim),
            using=st.just(spec.name),
            filter=st.none() | filters,
            limit=st.just(100),  # all of them: a limit may cut anywhere within a tie
        )
    )


fusions = st.one_of(
    st.just(m.FusionQuery(fusion=m.Fusion.DBSF)),
    st.integers(1, 80).map(lambda k: m.RrfQuery(rrf=m.Rrf(k=k))),
    st.tuples(st.integers(1, 80), st.lists(st.integers(1, 9).map(float), min_size=2, max_size=2)).map(
        lambda given: m.RrfQuery(rrf=m.Rrf(k=given[0], weights=given[1]))
    ),
)
relaxed = settings(
    max_examples=int(os.environ.get("MEDLEY_EXAMPLES", "20")),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


def fill(engines: tuple[Store, Store], batch: list[m.PointStruct]) -> None:
    for store in engines:
        store.delete(m.Filter())
        store.upsert(batch)


def scores(hits: list[m.ScoredPoint]) -> dict[Any, float]:
    return {hit.id: hit.score for hit in hits}


@relaxed
@given(batch=points, condition=filters)
def test_any_filter_passes_the_same_points(
    engines: tuple[Store, Store], batch: list[m.PointStruct], condition: m.Filter
) -> None:
    fill(engines, batch)
    got, expected = ([record.id for record in store.scroll_all(condition)] for store in engines)
    assert got == expected


@relaxed
@given(batch=points, search=searches(), condition=st.none() | filters)
def test_any_search_scores_the_same(
    engines: tuple[Store, Store], batch: list[m.PointStruct], search: m.Prefetch, condition: m.Filter | None
) -> None:
    fill(engines, batch)
    request = m.QueryRequest(query=search.query, using=search.using, filter=condition, limit=100)
    got, expected = (scores(store.query(request)) for store in engines)
    assert got == pytest.approx(expected, abs=1e-5)


@relaxed
@given(batch=points, stages=st.lists(searches(), min_size=2, max_size=2), fusion=fusions, data=st.data())
def test_any_fusion_scores_the_same_where_no_ranks_are_tied(
    engines: tuple[Store, Store], batch: list[m.PointStruct], stages: list[m.Prefetch], fusion: Any, data: st.DataObject
) -> None:
    fill(engines, batch)
    for stage in stages:  # tied ranks are in any order, and the fused scores with them
        alone = m.QueryRequest(query=stage.query, using=stage.using, filter=stage.filter, limit=100)
        found = [round(hit.score, 5) for hit in engines[1].query(alone)]
        if len(set(found)) < len(found):
            return
    request = m.QueryRequest(prefetch=stages, query=fusion, limit=100)
    got, expected = (scores(store.query(request)) for store in engines)
    assert got == pytest.approx(expected, abs=1e-5)


@relaxed
@given(batch=points, again=points, gone=st.sets(st.integers(1, 40).map(uid)), condition=filters)
def test_any_writes_leave_the_same_points(
    engines: tuple[Store, Store],
    batch: list[m.PointStruct],
    again: list[m.PointStruct],
    gone: set[str],
    condition: m.Filter,
) -> None:
    fill(engines, batch)
    states = []
    for store in engines:
        store.upsert(again)
        store.set_payload({"note": "set", "info": {"tags": ["sea"]}}, condition)
        store.delete_payload(["score", "info.nothing"], sorted(gone))
        store.delete(sorted(gone)[:3])
        states.append({record.id: (record.payload, record.vector) for record in store.scroll_all(with_vectors=True)})
    assert states[0].keys() == states[1].keys()
    for point_id, (payload, found) in states[0].items():
        assert payload == states[1][point_id][0]
        assert isinstance(found, dict)
        assert found.keys() == states[1][point_id][1].keys()
        for name, vector in found.items():
            assert vector == pytest.approx(states[1][point_id][1][name], abs=1e-5)
