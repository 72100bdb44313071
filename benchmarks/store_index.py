"""What the vector index brings: time and recall of queries before and after `optimize`, part of `benchmarks.store`.

The vectors lie near a surface of 32 dimensions in 512, as those of encoders do; without any such neighbourhood an index
has nothing to go by.
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median

import numpy as np
from qdrant_client import models

from schemas.payload import point_id
from schemas.vectors import VectorSpec
from store import Store, open_store, recall

DIM, INNER, NOISE, BATCH, QUERIES = 512, 32, 0.05, 1000, 100


def run(folder: Path, points: int) -> None:
    """Fill a store, build its index, measure and print."""
    rng = np.random.default_rng(0)
    surface = rng.normal(size=(INNER, DIM)).astype(np.float32) / INNER**0.5

    def draw(count: int) -> np.ndarray:
        inner = rng.normal(size=(count, INNER)).astype(np.float32)
        return inner @ surface + NOISE * rng.normal(size=(count, DIM)).astype(np.float32)

    with open_store(folder) as store:
        store.ensure([VectorSpec("image", DIM, "cosine", "image-1", quantization="scalar")])
        for start in range(0, points, BATCH):
            rows = draw(BATCH)
            store.upsert(
                [
                    models.PointStruct.model_construct(
                        id=point_id("bench", str(start + row)),
                        vector={"image": rows[row]},
                        payload={"state": "indexed", "path": f"{start + row}.jpg"},
                    )
                    for row in range(BATCH)
                ],
                sync=False,
            )
        store.sync()
        questions = draw(QUERIES)
        before = milliseconds(store, questions)
        began = time.perf_counter()
        measured = recall.optimize(store)
        took = time.perf_counter() - began
        if not measured:
            print(f"{points:,} points x {DIM} are too few for an index.")
            return
        [image] = measured
        after = milliseconds(store, questions, image.hnsw_ef)
        found = recall_of(store, questions, image.hnsw_ef)
        print(f"{points:,} points x {DIM}: optimize and measure {took:.0f} s; query p50 {before:.2f} ms before and")
        print(
            f"{after:.2f} ms after ({before / after:.1f} times); hnsw_ef {image.hnsw_ef}; recall@10 {image.recall:.3f} "
            f"by its own vectors, {found:.3f} by new ones"
        )


def recall_of(store: Store, questions: np.ndarray, ef: int) -> float:
    """Of questions that are no points of the collection."""
    found = 0
    for question in questions:
        asked = models.QueryRequest(query=question.tolist(), using="image", limit=10)
        exact, fast = (
            {hit.id for hit in store.query(asked.model_copy(update={"params": params}))}
            for params in (models.SearchParams(exact=True), models.SearchParams(hnsw_ef=ef))
        )
        found += len(exact & fast)
    return found / (10 * len(questions))


def milliseconds(store: Store, questions: np.ndarray, ef: int | None = None) -> float:
    """Median of the time of a query for ten points."""
    times = []
    for question in questions:
        params = models.SearchParams(hnsw_ef=ef) if ef else None
        asked = models.QueryRequest(query=question.tolist(), using="image", limit=10, with_payload=True, params=params)
        began = time.perf_counter()
        store.query(asked)
        times.append((time.perf_counter() - began) * 1e3)
    return median(times)
