"""What one request carries: so many points, and so many numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import models as m

from schemas.errors import StoreError
from schemas.vectors import VectorSpec
from store import Store, embedded, server
from store.portions import portions

from .conftest import opened, quick_folder


def point(number: int, **vectors: Any) -> m.PointStruct:
    return m.PointStruct.model_construct(id=number, vector=vectors, payload={})


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([1], [1]),
        ([1] * 7, [3, 3, 1]),
        ([4, 4, 4], [2, 1]),
        ([100, 1, 1, 1, 1], [1, 3, 1]),
        ([1, 100, 1], [1, 1, 1]),
        ([0, 0, 0, 0], [3, 1]),
    ],
)
def test_points_stay_in_order_within_the_bounds(sizes: list[int], expected: list[int]) -> None:
    points = [point(number, a=[0.5] * size) for number, size in enumerate(sizes)]
    parts = list(portions(points, 3, 10))
    assert [len(part) for part in parts] == expected
    assert [one.id for part in parts for one in part] == list(range(len(sizes)))


def test_every_kind_of_vector_is_counted() -> None:
    kinds = [
        np.zeros(6),
        np.zeros((2, 3)),
        [0.0] * 6,
        [[0.0] * 3] * 2,
        m.SparseVector(indices=[1, 2, 3], values=[1.0] * 3),
    ]
    assert [len(part) for part in portions([point(0, a=kind) for kind in kinds], 99, 12)] == [2, 2, 1]
    assert len(list(portions([point(0, **dict(zip("abcde", kinds, strict=True)))] * 2, 99, 30))) == 2


@pytest.fixture(params=["embedded", "rest", "server"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(embedded, "NUMBERS", 20)
    monkeypatch.setattr(server, "NUMBERS", 20)
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure([VectorSpec("late", 4, "dot", "c-1", multivector=True)])
        yield store


def test_long_points_are_written_whole_in_several_requests(store: Store) -> None:
    rng = np.random.default_rng(0)
    vectors = [rng.integers(-8, 8, size=(1 + number % 9, 4)).astype(np.float32) / 2 for number in range(20)]
    store.upsert([point(number, late=vector) for number, vector in enumerate(vectors)])
    store.update_vectors([m.PointVectors.model_construct(id=n, vector={"late": vectors[n] * 2}) for n in range(10)])
    records: Any = list(store.scroll_all(with_vectors=True))  # whose vectors may be of any kind
    found = [record.vector["late"] for record in records]
    assert found == [(vector * (2 if number < 10 else 1)).tolist() for number, vector in enumerate(vectors)]


@pytest.mark.parametrize(
    ("wrong", "words"), [({"id": "no-uuid"}, "no-uuid"), ({"payload": {"a": object()}}, r"point 9|cannot be sent")]
)
def test_a_point_that_cannot_be_written_keeps_the_portions_before_it_out(
    store: Store, wrong: dict[str, Any], words: str
) -> None:
    points = [point(number, late=np.ones((5, 4), np.float32)) for number in range(10)]
    with pytest.raises(StoreError, match=words):
        store.upsert([*points[:-1], points[-1].model_copy(update=wrong)])
    if isinstance(store, embedded.EmbeddedStore):  # a server writes what comes before
        assert store.count() == 0
