"""What every engine reads: points in order, counts, batches."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from qdrant_client import models

from schemas.errors import UsageError
from schemas.payload import INDEXES
from store import Store

from .conftest import make_points, match, uid


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
