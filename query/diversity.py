"""Maximal marginal relevance: hits that answer, and differ from each other.

Carbonell & Goldstein, "The Use of MMR, Diversity-Based Reranking", SIGIR 1998, equation 1. The next hit is the one with
the greatest (1 - diversity) * relevance - diversity * likeness to the likest of those before it. For one vector this is
what Qdrant does; for several, relevance is the fused score stretched to 0 … 1, and likeness the mean over the vectors
that both hits have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.scale import stretched
from query.combine import SIMILARITIES

if TYPE_CHECKING:
    from query.rank import Ranked
    from schemas import VectorSpec
    from store import Store

CANDIDATES = 100
"""The best hits among which diverse ones are sought."""


def diverse(
    ranked: Sequence[Ranked],
    diversity: float,
    count: int,
    store: Store,
    specs: Mapping[str, VectorSpec],
    *,
    alone: bool,
    reranked: bool,
) -> list[int]:
    """The places of `count` hits in their new order.

    Args:
        ranked: the best hits, best first.
        diversity: 0 to 1: the weight of difference against relevance.
        count: how many are wanted.
        store: has their vectors.
        specs: the named vectors that found them, dense ones of one vector a segment.
        alone: one of these found them all by itself, and a score is its similarity or distance.
        reranked: a closer look put them in order; what they were found with no longer tells how relevant they are.
    """
    likeness = _likeness(ranked, store, specs, alone=alone)
    if reranked:
        relevance = np.array(stretched(range(len(ranked), 0, -1)))  # some were looked at and some not: places compare
    elif alone:
        [spec] = specs.values()
        relevance = _similarity(np.array([one.score for one in ranked]), spec.distance)
    else:
        relevance = np.array(stretched([one.score for one in ranked]))
    chosen: list[int] = []
    left = list(range(len(ranked)))
    while left and len(chosen) < count:
        nearest = likeness[np.ix_(left, chosen)].max(axis=1) if chosen else np.zeros(len(left))
        worth = (1 - diversity) * relevance[left] - (diversity * nearest if chosen else 0.0)
        chosen.append(left.pop(int(np.argmax(worth))))
    return chosen


def _likeness(
    ranked: Sequence[Ranked], store: Store, specs: Mapping[str, VectorSpec], *, alone: bool
) -> NDArray[np.float64]:
    names = {spec.name: spec for spec in specs.values()}
    records = store.retrieve([one.id for one in ranked], with_payload=False, with_vectors=list(names))
    have: dict[str, Any] = {str(record.id): record.vector or {} for record in records}
    total = np.zeros((len(ranked), len(ranked)))
    counted = np.zeros_like(total)
    for name, spec in names.items():
        rows = [i for i, one in enumerate(ranked) if name in have.get(str(one.id), {})]
        if not rows:
            continue
        vectors = np.asarray([have[str(ranked[i].id)][name] for i in rows], np.float64)
        total[np.ix_(rows, rows)] += _alike(vectors, spec.distance, alone=alone)
        counted[np.ix_(rows, rows)] += 1
    return np.asarray(total / np.maximum(counted, 1))


def _alike(vectors: NDArray[np.float64], distance: str, *, alone: bool) -> NDArray[np.float64]:
    """How alike vectors (n, dim) are: (n, n), higher is more; of distances, 0 to 1 unless they stand `alone`."""
    if distance == "cosine":
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    if distance in SIMILARITIES:
        return np.asarray(vectors @ vectors.T)
    order = 2 if distance == "euclid" else 1
    apart = np.stack([np.linalg.norm(vectors - row, ord=order, axis=1) for row in vectors])
    return _similarity(apart, distance) if alone else np.asarray(1 / (1 + apart))


def _similarity(scores: NDArray[np.float64], distance: str) -> NDArray[np.float64]:
    """Scores as Qdrant compares them within itself: distances negated, those of Euclid squared."""
    if distance in SIMILARITIES:
        return scores
    return -(scores**2) if distance == "euclid" else -scores
