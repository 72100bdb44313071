"""Every write leaves the same points on every engine as on the client's own reference."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from qdrant_client import models as m

from store import Store

from .conftest import ENGINES, SPECS, make_points, opened, quick_folder, uid

IMAGES = m.Filter(must=[m.FieldCondition(key="modality", match=m.MatchValue(value="image"))])
LARGE = m.Filter(must=[m.FieldCondition(key="size", range=m.Range(gt=600))])
NOBODY = m.Filter(must=[m.FieldCondition(key="modality", match=m.MatchValue(value="nothing"))])
SOME = [uid(2), uid(3), uid(99)]


def point(number: int, vector: dict[str, Any], payload: dict[str, Any] | None = None) -> m.PointStruct:
    return m.PointStruct.model_construct(id=uid(number), vector=vector, payload=payload)


def vectors(number: int, **vector: Any) -> m.PointVectors:
    return m.PointVectors.model_construct(id=uid(number), vector=vector)


TERMS = m.SparseVector(indices=[3, 7], values=[0.5, 2.0])
LATE = np.array([[1, 2], [3, 4], [5, 6]], np.float32)
WRITES: dict[str, Callable[[Store], None]] = {
    "nothing": lambda store: store.upsert([]),
    "new point": lambda store: store.upsert([point(50, {"image": [1.0, 2.0, 3.0]}, {"path": "new"})]),
    "new point without vectors": lambda store: store.upsert([point(50, {}, {"state": "quarantined"})]),
    "new point without payload": lambda store: store.upsert([point(50, {"image": [1.0, 2.0, 3.0]})]),
    "new point by number": lambda store: store.upsert([m.PointStruct(id=7, vector={"words": TERMS}, payload={})]),
    "whole point again": lambda store: store.upsert([point(1, {"text": [1.0, 2.0, 3.0, 4.0]}, {"only": [1, None]})]),
    "the same twice in a batch": lambda store: store.upsert(
        [point(1, {"image": [1.0] * 3}, {"n": 1}), point(1, {"image": [2.0] * 3}, {"n": 2})]
    ),
    "late interaction": lambda store: store.upsert([point(1, {"late": LATE}, {})]),
    "dense vector of a point": lambda store: store.update_vectors([vectors(1, image=[7.0, 8.0, 9.0])]),
    "all vectors of points": lambda store: store.update_vectors(
        [vectors(n, text=np.ones(4, np.float32), image=[1.0] * 3, late=LATE, words=TERMS) for n in (1, 2)]
    ),
    "payload by ids": lambda store: store.set_payload({"state": "excluded", "new": {"a": [1]}}, SOME),
    "payload by filter": lambda store: store.set_payload({"info": {"title": "x"}}, IMAGES),
    "payload of all": lambda store: store.set_payload({"seen": True}, m.Filter()),
    "payload of nobody": lambda store: store.set_payload({"seen": True}, NOBODY),
    "whole payload by ids": lambda store: store.overwrite_payload({"only": 1.5}, SOME),
    "whole payload by filter": lambda store: store.overwrite_payload({"modality": "video"}, IMAGES),
    "no payload any more, by ids": lambda store: store.clear_payload(SOME),
    "no payload any more, by filter": lambda store: store.clear_payload(LARGE),
    "keys by ids": lambda store: store.delete_payload(["state", "nowhere"], SOME),
    "nested keys by filter": lambda store: store.delete_payload(["encoders.text", "info.place.lon"], IMAGES),
    "points by ids": lambda store: store.delete(SOME),
    "points by filter": lambda store: store.delete(LARGE),
    "all points": lambda store: store.delete(m.Filter()),
    "no points": lambda store: store.delete(NOBODY),
    "a point again after it was deleted": lambda store: (
        store.delete([uid(1)]),
        store.upsert([point(1, {"words": TERMS}, {})]),
    )[0],
    "metadata": lambda store: store.set_metadata({"sources": {"a": "/a"}, "gone": None}),
}


@pytest.fixture(scope="module")
def oracle() -> Iterator[Store]:
    with quick_folder() as folder, opened("oracle", folder) as store:
        store.ensure(SPECS)
        yield store


@pytest.fixture(scope="module", params=[engine for engine in ENGINES if engine != "oracle"])
def engine(request: pytest.FixtureRequest) -> Iterator[Store]:
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        yield store


def state(store: Store, write: Callable[[Store], None]) -> dict[Any, tuple[Any, dict[str, Any]]]:
    """What twelve points are after a write."""
    store.delete(m.Filter())
    store.set_metadata(dict.fromkeys(store.metadata()))
    store.upsert(make_points())
    write(store)
    records: Any = store.scroll_all(with_vectors=True)  # whose vectors may be of any kind
    return {
        record.id: (record.payload or {}, {name: flat(vector) for name, vector in (record.vector or {}).items()})
        for record in records
    }


def flat(vector: Any) -> list[float]:
    """All numbers of a vector in a row."""
    if isinstance(vector, m.SparseVector):
        return [*vector.indices, *vector.values]
    return list(np.ravel(vector))


@pytest.mark.parametrize("name", WRITES)
def test_writes_leave_the_same_points(engine: Store, oracle: Store, name: str) -> None:
    got, expected = state(engine, WRITES[name]), state(oracle, WRITES[name])
    assert got.keys() == expected.keys()
    for point_id, (payload, found) in got.items():
        assert payload == expected[point_id][0]
        assert found == {key: pytest.approx(vector, abs=1e-5) for key, vector in expected[point_id][1].items()}
    assert engine.metadata() == oracle.metadata()
    for key in ("modality", "state", "info.tags"):
        assert engine.facet(key) == oracle.facet(key)
