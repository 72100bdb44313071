"""Every engine answers as the client's own reference does: the same ids, and scores within 1e-5.

Where it does not, the reason stands beside the case: see `UNSUPPORTED` and the last test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from qdrant_client import models as m

from schemas.errors import StoreError
from store import Store
from store.embedded import EmbeddedStore

from .conftest import ENGINES, SPECS, opened, quick_folder, uid
from .questions import (
    COUNT,
    FILTERS,
    GROUPS,
    IMAGE,
    IMAGES,
    QUERIES,
    TEXT,
    UNSUPPORTED,
    WRONG,
    collection,
    must,
    near,
    stage,
)


@pytest.fixture(scope="module")
def oracle() -> Iterator[Store]:
    with quick_folder() as folder, opened("oracle", folder) as store:
        store.ensure(SPECS)
        store.upsert(collection())
        yield store


@pytest.fixture(scope="module", params=[engine for engine in ENGINES if engine != "oracle"])
def engines(request: pytest.FixtureRequest, oracle: Store) -> Iterator[tuple[Store, Store]]:
    """An engine and the oracle, with the same points."""
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        store.upsert(collection())
        yield store, oracle


@pytest.fixture(scope="module")
def embedded() -> Iterator[Store]:
    with quick_folder() as folder, opened("embedded", folder) as store:
        store.ensure(SPECS)
        store.upsert(collection())
        yield store


@pytest.mark.parametrize("name", FILTERS)
def test_filters_pass_the_same_points(engines: tuple[Store, Store], name: str) -> None:
    store, oracle = engines
    passed = [[record.id for record in store.scroll_all(FILTERS[name], with_payload=False)] for store in engines]
    assert passed[0] == passed[1]
    assert store.count(FILTERS[name]) == oracle.count(FILTERS[name]) == len(passed[0])


# Fused ranks are often equal (1st here and 3rd there, 3rd here and 1st there), and the engine orders those at random.
# So a fusion that is cut before the end of the answer has weights that make all scores differ.


def ranks(hits: list[m.ScoredPoint]) -> list[tuple[float, set[str]]]:
    """Hits as groups of equal score: among those the order means nothing."""
    groups: list[tuple[float, set[str]]] = []
    for hit in hits:
        if groups and abs(groups[-1][0] - hit.score) < 1e-6 * max(1.0, abs(hit.score)):
            groups[-1][1].add(str(hit.id))
        else:
            groups.append((hit.score, {str(hit.id)}))
    return groups


def assert_same(got: list[m.ScoredPoint], expected: list[m.ScoredPoint]) -> None:
    scores = [[hit.score for hit in hits] for hits in (got, expected)]
    assert scores[0] == pytest.approx(scores[1], rel=1e-5, abs=1e-5)
    left, right = ranks(got), ranks(expected)
    # The last group may be cut by the limit anywhere within a tie.
    assert [ids for _, ids in left[:-1]] == [ids for _, ids in right[:-1]]
    assert not left or len(left[-1][1]) == len(right[-1][1])


@pytest.mark.parametrize("name", QUERIES)
def test_queries_find_the_same_points_with_the_same_scores(engines: tuple[Store, Store], name: str) -> None:
    store, oracle = engines
    got, expected = store.query(QUERIES[name]), oracle.query(QUERIES[name])
    assert expected, "a case that finds nothing shows nothing"
    assert_same(got, expected)
    assert [hit.payload for hit in got] == [hit.payload for hit in expected] or len(ranks(got)) < len(got)


@pytest.mark.parametrize("name", GROUPS)
def test_groups_are_the_same(engines: tuple[Store, Store], name: str) -> None:
    got, expected = (store.query_groups(GROUPS[name]) for store in engines)
    assert [each.id for each in got] == [each.id for each in expected]
    for one, other in zip(got, expected, strict=True):
        assert_same(one.hits, other.hits)
        assert [(hit.id, hit.payload) for hit in one.hits] == [(hit.id, hit.payload) for hit in other.hits]
        assert [(hit.vector or {}).keys() for hit in one.hits] == [(hit.vector or {}).keys() for hit in other.hits]


def test_groups_are_filled_from_beyond_the_first_fetch(embedded: Store) -> None:
    """One group has all the best hits, so that the second is found only after many more are fetched."""
    order = m.OrderByQuery(order_by="size")
    request = m.QueryGroupsRequest(query=order, group_by="size", limit=50, group_size=1)
    assert [each.id for each in embedded.query_groups(request)] == [100 * number for number in range(1, 51)]
    late = m.QueryGroupsRequest(query=order, group_by="folder", limit=2, group_size=1)
    assert [each.id for each in embedded.query_groups(late)] == ["trip"]


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_the_engine_lacks_is_named_with_the_way_out(embedded: Store, name: str) -> None:
    request, words = UNSUPPORTED[name]
    with pytest.raises(StoreError, match=words) as caught:
        embedded.query(request)
    assert "use a Qdrant server" in str(caught.value)


def test_the_engines_own_bm25_ranks_by_a_text_index() -> None:
    """The payload indexes of a collection are none of text: another program may have added one."""
    import qdrant_edge as edge

    asked = near(query=m.TextQuery(text="boats 17"), using="info.title", limit=3)
    with quick_folder() as folder, EmbeddedStore(folder, "medley") as store:
        store.ensure(SPECS)
        with pytest.raises(StoreError, match="text index"):
            store.query(asked)
        index = edge.TextIndexParams(scoring=True)
        store._engine.update(edge.UpdateOperation.create_field_index("info.title", index))
        store.upsert(collection())
        store.set_payload({"info": {"title": "17 boats, and 17 more of them, out at sea"}}, [uid(17)])
        found = store.query(asked)
        assert [len(found), found[0].id] == [3, uid(17)]
        assert found[0].score > found[1].score == pytest.approx(found[2].score)
        softer = m.TextQueryInput(query="boats 17", scoring=m.Bm25Scoring(bm25=m.Bm25Params(k=0.0, b=0.0)))
        again = store.query(near(query=m.TextQuery(text=softer), using="info.title", limit=1))
        assert again[0].id == uid(17)
        assert again[0].score != pytest.approx(found[0].score)


def test_a_field_that_is_no_path_is_refused(embedded: Store) -> None:
    with pytest.raises(StoreError, match="cannot be grouped by"):
        embedded.query_groups(m.QueryGroupsRequest(query=TEXT, using="text", group_by="\u00d0 ["))


def test_lookup_of_groups_is_named_too(embedded: Store) -> None:
    request = m.QueryGroupsRequest(query=TEXT, using="text", group_by="item", with_lookup="other")
    with pytest.raises(StoreError, match=r"with_lookup.*use a Qdrant server"):
        embedded.query_groups(request)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_are_one_sentence_on_both(engines: tuple[Store, Store], name: str) -> None:
    for store in engines:
        with pytest.raises(StoreError) as caught:
            store.query(WRONG[name])
        assert "\n" not in str(caught.value)


def test_order_by_a_field_without_an_index_is_said(embedded: Store) -> None:
    with pytest.raises(StoreError, match="index"):
        embedded.query(near(query=m.OrderByQuery(order_by="score"), using=None))
    with pytest.raises(StoreError, match="index"):
        embedded.facet("score")


def test_samples_are_random_points_that_pass(engines: tuple[Store, Store]) -> None:
    request = near(query=m.SampleQuery(sample=m.Sample.RANDOM), using=None, filter=must(IMAGES), limit=15)
    drawn = [[hit.id for hit in engines[0].query(request)] for _ in range(4)]
    images = {record.id for record in engines[0].scroll_all(must(IMAGES))}
    assert all(set(ids) < images and len(set(ids)) == 15 for ids in drawn)
    assert len({tuple(ids) for ids in drawn}) > 1


def test_points_named_in_any_stage_are_kept_out_of_the_answer_as_on_a_server(embedded: Store) -> None:
    """The client's local mode keeps them out of their own stage only; the server leaves them out of all."""
    request = near(
        prefetch=[stage(query=uid(5)), stage(query=IMAGE, using="image", limit=COUNT)],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        using=None,
        limit=COUNT,
    )
    assert uid(5) not in [hit.id for hit in embedded.query(request)]
