"""How much of what an exact search finds the vector index finds, and how thoroughly it has to look for that.

An HNSW index is searched with a list of `hnsw_ef` candidates: more of them find more and take longer. How many are
needed depends on the collection, so it is measured on its own vectors, and kept in its metadata for those who query.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from schemas import payload
from schemas.payload import State
from schemas.vectors import INDEX

if TYPE_CHECKING:
    from qdrant_client import models

    from schemas.vectors import VectorSpec
    from store.base import Store

WANTED = 0.98  # recall that is enough
TOP = 10  # neighbours of which it is the share
SAMPLE = 100  # vectors that are searched with
STEPS = (16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 192, 224, 256, 320, 384, 512, 768, 1024)  # of hnsw_ef
INDEXED_FROM = 10_000 * 1024  # bytes of vectors; fewer are not indexed (`indexing_threshold` of both engines)
_SAME = 1e-5  # scores that differ by less are ties


@dataclass(frozen=True, slots=True)
class Recall:
    """What was measured of a named vector.

    Attributes:
        vector: its name.
        hnsw_ef: the smallest of `STEPS` that is enough, or the largest if none is.
        recall: share of the `TOP` exact neighbours that were found with it.
        sample: how many vectors were searched with.
        exact: milliseconds of an exact search, median.
        indexed: milliseconds of a search with the index, median.
    """

    vector: str
    hnsw_ef: int
    recall: float
    sample: int
    exact: float
    indexed: float


def searchable() -> models.Filter:
    """What a question searches: the indexed segments, not the records of files that could not be read."""
    from qdrant_client import models

    return models.Filter(
        must=[models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))]
    )


def optimize(store: Store, *, wanted: float = WANTED, sample: int = SAMPLE) -> list[Recall]:
    """Build the vector index, measure what it finds, and keep the `hnsw_ef` of each vector in the metadata.

    Returns:
        What was measured, by vector. Vectors that are too few for an index are searched by a scan, which finds
        everything: they are left out.

    Raises:
        StoreError: the collection does not exist, or the index could not be built.
    """
    store.optimize()
    specs = store.vectors()
    measured = [measure(store, name, wanted, sample) for name, spec in specs.items() if _has_index(store, spec)]
    store.set_metadata({INDEX: _to_keep(store.count(searchable()), measured, specs)})
    return measured


def measure(store: Store, name: str, wanted: float = WANTED, sample: int = SAMPLE) -> Recall:
    """Find the smallest `hnsw_ef` with which a named vector is searched well enough.

    Searched with are a random sample of the collection's own vectors, each left out of its own answer, and as many
    that are not in it: a graph finds the neighbours of its own nodes much more easily than those of what a question
    brings (0.98 of them where it finds 0.85 of the other's, seen with 100,000 vectors). The recall is the lower.
    """
    from qdrant_client import models

    drawn = store.query(
        models.QueryRequest(
            query=models.SampleQuery(sample=models.Sample.RANDOM),
            filter=models.Filter(must=[*_conditions(), models.HasVectorCondition(has_vector=name)]),
            limit=sample,
            with_vector=[name],
        )
    )
    vectors: list[tuple[Any, Any]] = [(one.id, one.vector[name]) for one in drawn if isinstance(one.vector, dict)]
    exactly = models.SearchParams(exact=True)
    own = _Questions(vectors)
    own_truths, exact_time = own.ask(store, name, exactly)
    new = _Questions(_stepped(store, name, vectors, own_truths))
    new_truths, _ = new.ask(store, name, exactly)
    distance = store.vectors()[name].distance
    best, best_time, ef = 0.0, 0.0, 0
    for ef in STEPS:
        params = models.SearchParams(hnsw_ef=ef)
        found, best_time = own.ask(store, name, params)
        best = _recall(found, own_truths, distance)
        if best >= wanted:
            found, _ = new.ask(store, name, params)
            best = min(best, _recall(found, new_truths, distance))
        if best >= wanted:
            break
    return Recall(name, ef, best, len(vectors), exact_time, best_time)


class _Questions:
    """Vectors to search with, each with the id of the point that is left out of the answer, or None."""

    def __init__(self, questions: Sequence[tuple[Any, Any]]) -> None:
        self._questions = questions

    def ask(self, store: Store, name: str, params: models.SearchParams) -> tuple[list[list[models.ScoredPoint]], float]:
        """The `TOP` best of each, and the median of the milliseconds that they took."""
        from qdrant_client import models

        answers, times = [], []
        for itself, vector in self._questions:
            request = models.QueryRequest.model_construct(
                query=vector, using=name, filter=searchable(), limit=TOP + 1, params=params
            )
            started = time.perf_counter()
            found = store.query(request)
            times.append((time.perf_counter() - started) * 1e3)
            answers.append([hit for hit in found if hit.id != itself][:TOP])
        return answers, median(times) if times else 0.0


def _stepped(
    store: Store, name: str, vectors: Sequence[tuple[Any, Any]], truths: Sequence[Sequence[models.ScoredPoint]]
) -> list[tuple[Any, Any]]:
    """Vectors that might be the collection's, but are not.

    Each is one of its own, moved as far as its nearest neighbour lies, in the direction from one of the others to
    another: so it stays among them, whatever their shape. Late interaction has no such place.
    """
    import numpy as np

    if len(vectors) < 3 or np.ndim(vectors[0][1]) != 1:  # noqa: PLR2004 - the one and two others
        return []
    nearest: dict[Any, Any] = {
        record.id: record.vector[name]
        for record in store.retrieve(
            [truth[0].id for truth in truths if truth], with_payload=False, with_vectors=[name]
        )
        if isinstance(record.vector, dict)
    }
    rows = np.array([vector for _, vector in vectors], np.float32)
    ends = np.array(
        [nearest[truth[0].id] if truth else vector for (_, vector), truth in zip(vectors, truths, strict=True)]
    )
    directions = np.roll(rows, 1, axis=0) - np.roll(rows, 2, axis=0)
    directions /= np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-12)
    moved = rows + directions * np.linalg.norm(ends - rows, axis=1, keepdims=True)
    return [(None, vector.tolist()) for vector in moved]


def _has_index(store: Store, spec: VectorSpec) -> bool:
    """Neither engine tells it of a single vector, but both go by the size of what is to be indexed."""
    return spec.indexed and _count(store, spec.name) * spec.dim * 4 > INDEXED_FROM


def _count(store: Store, name: str) -> int:
    from qdrant_client import models

    return store.count(models.Filter(must=[models.HasVectorCondition(has_vector=name)]))


def _conditions() -> Sequence[Any]:
    must = searchable().must
    return must if isinstance(must, list) else []


def _recall(
    found: Sequence[Sequence[models.ScoredPoint]], truths: Sequence[Sequence[models.ScoredPoint]], distance: str
) -> float:
    """The share of neighbours no farther than the last exact one: among equals, any will do."""
    sign = 1 if distance in ("cosine", "dot") else -1  # of distances, the smaller is the nearer
    hits = wanted = 0
    for answer, truth in zip(found, truths, strict=True):
        if truth:
            last = sign * truth[-1].score
            hits += sum(sign * hit.score >= last - _SAME * max(1.0, abs(last)) for hit in answer)
            wanted += len(truth)
    return hits / wanted if wanted else 1.0


def _to_keep(points: int, measured: Sequence[Recall], specs: dict[str, VectorSpec]) -> dict[str, Any]:
    vectors = {
        one.vector: {"hnsw_ef": one.hnsw_ef, "recall": round(one.recall, 4), "encoder": specs[one.vector].fingerprint}
        for one in measured
    }
    return {"points": points, "vectors": vectors}
