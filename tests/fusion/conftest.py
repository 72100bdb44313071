from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qdrant_edge as edge
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models

Ranked = list[tuple[int, float]]
VECTORS = ("image", "text", "audio")
DIM = 6
LIMIT = 8


class Engines:
    """The same points in Qdrant's embedded engine and in the client's own, asked the same questions."""

    def __init__(self, folder: Path) -> None:
        rng = np.random.default_rng(5)
        self.queries: dict[str, list[float]] = {name: rng.normal(size=DIM).tolist() for name in VECTORS}
        # Every third point has no sound, so that the rankings do not all hold the same ids.
        self.points: dict[int, dict[str, list[float]]] = {
            i: {name: rng.normal(size=DIM).tolist() for name in VECTORS if name != "audio" or i % 3} for i in range(20)
        }
        self.client = QdrantClient(":memory:")
        params = models.VectorParams(size=DIM, distance=models.Distance.DOT)
        self.client.create_collection("all", vectors_config=dict.fromkeys(VECTORS, params))
        self.client.upsert("all", [models.PointStruct(id=i, vector=dict(v)) for i, v in self.points.items()])
        config = edge.EdgeConfig(vectors={name: edge.EdgeVectorParams(DIM, edge.Distance.Dot) for name in VECTORS})
        self.shard = edge.EdgeShard.create(str(folder), config)
        self.shard.update(edge.UpdateOperation.upsert_points([edge.Point(i, v, {}) for i, v in self.points.items()]))

    def rankings(self) -> dict[str, Ranked]:
        """What each named vector alone finds."""
        return {
            name: [
                (int(point.id), point.score)
                for point in self.client.query_points("all", query=self.queries[name], using=name, limit=LIMIT).points
            ]
            for name in VECTORS
        }

    def of_client(self, query: Any) -> Ranked:
        prefetch = [models.Prefetch(query=self.queries[name], using=name, limit=LIMIT) for name in VECTORS]
        found = self.client.query_points("all", prefetch=prefetch, query=query, limit=100)
        return [(int(point.id), point.score) for point in found.points]

    def of_edge(self, query: Any) -> Ranked:
        prefetch = [
            edge.Prefetch(limit=LIMIT, query=edge.Query.Nearest(self.queries[name], using=name)) for name in VECTORS
        ]
        found = self.shard.query(edge.QueryRequest(limit=100, query=query, prefetches=prefetch))
        return [(int(point.id), point.score) for point in found]


@pytest.fixture(scope="session")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Engines(tmp_path_factory.mktemp("edge"))
    yield made
    made.client.close()
    made.shard.close()


@pytest.fixture
def pairs() -> Callable[[int], tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Sources and targets that a linear map with noise ties together, the targets with a large common part."""

    def make(count: int, noise: float = 0.5) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        rng = np.random.default_rng(3)
        x = rng.normal(size=(count, 12))
        y = x @ rng.normal(size=(12, 20)) + noise * rng.normal(size=(count, 20)) + 10 * rng.normal(size=20)
        return (
            (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32),
            (y / np.linalg.norm(y, axis=1, keepdims=True)).astype(np.float32),
        )

    return make
