"""A sound collection is found sound, and each fault is named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from schemas.payload import point_id
from store import Store, open_store
from store.check import LISTED, verify
from store.embedded import EmbeddedStore

from .conftest import SPECS, clone, opened, quick_folder

POINTS = 30


def sound_points() -> list[models.PointStruct]:
    """Ten items of three segments each, as the flows write them."""
    rng = np.random.default_rng(1)
    points = []
    for number in range(POINTS):
        path, segment = f"trip/{number // 3}.jpg", number % 3
        payload = {
            "source": "holiday",
            "path": path,
            "item": point_id("holiday", path),
            "segment": segment,
            "state": "indexed",
            "encoders": {spec.name: spec.fingerprint for spec in SPECS},
        }
        if not segment:
            payload["segments"] = 3
        vectors = {
            "text": rng.normal(size=4).astype(np.float32),
            "late": rng.normal(size=(2, 2)).astype(np.float32),
            "words": models.SparseVector(indices=[number], values=[1.0]),
        }
        points.append(
            models.PointStruct.model_construct(id=point_id("holiday", path, segment), vector=vectors, payload=payload)
        )
    return points


IDS = [point.id for point in sound_points()]


@pytest.fixture(scope="module", params=["embedded", "oracle"])
def sound(request: pytest.FixtureRequest) -> Iterator[Store]:
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        store.upsert(sound_points())
        store.save_artifact("bridge", {"w": np.eye(2)}, {})
        yield store


def test_a_sound_collection_is_sound(sound: Store) -> None:
    told: list[tuple[int, int]] = []
    found = verify(sound, progress=lambda done, total: told.append((done, total)))
    assert found.sound
    assert found.problems == []
    assert (found.points, found.vectors) == (30, {"text": 30, "image": 0, "late": 30, "words": 30})
    assert told[-1] == (30, 30)


def write_raw(store: Store, vectors: dict[str, Any]) -> None:
    import qdrant_edge as edge

    assert isinstance(store, EmbeddedStore)
    store._engine.update(edge.UpdateOperation.update_vectors([edge.PointVectors(IDS[4], vectors)]))


def write_unknown(store: Store) -> None:
    import qdrant_edge as edge

    assert isinstance(store, EmbeddedStore)
    store._engine.update(edge.UpdateOperation.create_dense_vector("other", 2, edge.Distance.Dot))
    write_raw(store, {"other": [1.0, 2.0]})


FAULTS: dict[str, tuple[Callable[[Store], Any], str]] = {
    "fingerprint": (lambda store: store.set_payload({"encoders": {"text": "old-1"}}, IDS[4:5]), "made by old-1"),
    "no fingerprint": (lambda store: store.delete_payload(["encoders"], IDS[4:5]), "an unknown encoder"),
    "id": (lambda store: store.set_payload({"path": "elsewhere.jpg"}, IDS[4:5]), "id is not that of"),
    "payload": (lambda store: store.delete_payload(["state", "source"], IDS[4:5]), "lacks source, state"),
    "segment": (lambda store: store.delete(IDS[4:5]), "has 2 segments and should have 3"),
    "copy": (lambda store: store.set_metadata({"copying": {"from": "x", "next": None}}), "copy that was not finished"),
    "artifact": (
        lambda store: (Path(store.location) / "medley" / "artifacts" / "bridge.safetensors").write_bytes(b"x"),
        "'bridge'.*damaged",
    ),
    # Past the adapter's checks, as another program might write.
    "not finite": (
        lambda store: write_raw(store, {"text": [1.0, 2.0, float("nan"), 1.0]}),
        "'text' holds a number that is not finite",
    ),
    "unknown vector": (write_unknown, "'other' that the collection does not know"),
}


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with quick_folder() as folder:
        with open_store(folder / "store") as store:
            store.ensure(SPECS)
            store.upsert(sound_points())
            store.save_artifact("bridge", {"w": np.eye(2)}, {})
        yield folder / "store"


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named(template: Path, tmp_path: Path, name: str) -> None:
    fault, words = FAULTS[name]
    with open_store(clone(template, tmp_path / "store")) as store:
        fault(store)
        found = verify(store)
    assert not found.sound
    assert any(re.search(words, problem) for problem in found.problems), found.problems


def test_many_faults_are_counted_and_some_told(template: Path, tmp_path: Path) -> None:
    with open_store(clone(template, tmp_path / "store")) as store:
        store.set_payload({"encoders": {}}, models.Filter())
        more = [
            models.PointStruct(id=number, vector={"text": [1.0, 2.0, 3.0, 4.0]}, payload={}) for number in range(60)
        ]
        store.upsert(more)
        found = verify(store)
    assert found.faults == 30 * 3 + 60 * 2
    assert len(found.problems) == LISTED
