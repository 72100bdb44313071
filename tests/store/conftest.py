"""Stores to try: the embedded engine, the client's local mode as the oracle, and a server where there is one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from qdrant_client import QdrantClient, models

from schemas.vectors import VectorSpec
from store import Store, open_store
from store.embedded import EmbeddedStore
from store.files import copy_tree
from store.server import ServerStore
from tests.rest import Local, RestServer
from tests.server import server_url

SPECS = [
    VectorSpec("text", 4, "cosine", "mini-1"),
    VectorSpec("image", 3, "dot", "clip-1"),
    VectorSpec("late", 2, "cosine", "colbert-1", multivector=True),
    VectorSpec("words", 0, "dot", "bm25-1", sparse=True),
]


def uid(number: int) -> str:
    """A UUID that sorts as its number does."""
    return str(UUID(int=number))


def match(key: str, value: str | int) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=key, match=models.MatchValue(value=value))])


def make_points(count: int = 12, seed: int = 0) -> list[models.PointStruct]:
    """Points with every kind of vector and a payload such as the flows write."""
    rng = np.random.default_rng(seed)
    points = []
    for number in range(1, count + 1):
        vectors = {
            "text": rng.normal(size=4).astype(np.float32),
            "image": rng.normal(size=3).astype(np.float32),
            "late": rng.normal(size=(1 + number % 3, 2)).astype(np.float32),
            "words": models.SparseVector(indices=[number % 5, 100 + number % 3], values=[1.0, 0.5 + number / 10]),
        }
        payload = {
            "source": "holiday",
            "path": f"trip/{number}.jpg",
            "item": uid(1 + number // 2),
            "segment": number % 2,
            "state": "indexed",
            "modality": ["text", "image", "audio"][number % 3],
            "size": 100 * number,
            "modified": f"2026-01-{number % 28 + 1:02}T12:00:00Z",
            "encoders": {"text": "mini-1", "image": "clip-1"},
            "info": {"tags": [["red", "sea"], ["sea"], []][number % 3], "place": {"lon": number, "lat": -number}},
        }
        points.append(models.PointStruct.model_construct(id=uid(number), vector=vectors, payload=payload))
    return points


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is room: the engine syncs dozens of files a write, and a busy disk takes its time.

    Nothing here depends on the disk: what a killed process wrote survives in memory as well.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30
    with tempfile.TemporaryDirectory(prefix="medley-", dir=memory if roomy else None) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Replaces pytest's own."""
    with quick_folder() as folder:
        yield folder


def clone(source: Path, target: Path) -> Path:
    """A copy of a store."""
    copy_tree(source, target)
    return target


ENGINES = ["embedded", "oracle", "rest", "server"]  # rest: the oracle, over HTTP


@contextmanager
def opened(engine: str, folder: Path) -> Iterator[Store]:
    """A store without its collection, on an engine."""
    if engine == "embedded":
        with EmbeddedStore(folder / "store", "medley") as store:
            yield store
        return
    if engine == "oracle":
        with ServerStore("http://in-memory", "medley", client=Local()) as store:
            yield store
        return
    if engine == "rest":
        rest = RestServer()
        with ServerStore(rest.url, "medley") as store:
            yield store
        rest.stop()
        return
    url = server_url()
    name = f"medley-test-{uuid4().hex}"
    with ServerStore(url, name, api_key=os.environ.get("QDRANT_API_KEY")) as store:
        yield store
        cleaner = QdrantClient(url=url, api_key=os.environ.get("QDRANT_API_KEY"))
        for collection in (name, f"{name}.artifacts"):
            cleaner.delete_collection(collection)


@pytest.fixture(params=ENGINES)
def empty_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A store without its collection, on each engine in turn."""
    with opened(request.param, tmp_path) as store:
        yield store


@pytest.fixture
def own_store(empty_store: Store) -> Store:
    """A store with twelve points, for tests that leave it unusable for others."""
    empty_store.ensure(SPECS)
    empty_store.upsert(make_points())
    return empty_store


@pytest.fixture(scope="module", params=ENGINES)
def shared_store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """One for all tests of a module: to make one takes longer than most tests."""
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        yield store


@pytest.fixture
def store(shared_store: Store) -> Store:
    """A store with an empty collection."""
    shared_store.delete(models.Filter())
    shared_store.set_metadata(dict.fromkeys(shared_store.metadata()))
    for name in shared_store.artifacts():
        shared_store.delete_artifact(name)
    return shared_store


@pytest.fixture
def full_store(store: Store) -> Store:
    """A store with twelve points."""
    store.upsert(make_points())
    return store


@pytest.fixture(scope="module", params=ENGINES)
def library(request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store with twelve points that no test changes: it is made once, because making one takes half a second."""
    with quick_folder() as folder, opened(request.param, folder) as store:
        store.ensure(SPECS)
        store.upsert(make_points())
        yield store


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """The folder of a closed store with twelve points."""
    with quick_folder() as folder:
        with open_store(folder / "store") as store:
            store.ensure(SPECS)
            store.upsert(make_points())
            store.set_metadata({"sources": {"holiday": "/photos"}})
            store.save_artifact("bridge", {"w": np.eye(2)}, {"n": 1})
        yield folder / "store"


@pytest.fixture
def folder(template: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return clone(template, tmp_path / "store")
