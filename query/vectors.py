"""Vectors as a question has them: dense, of late interaction, or sparse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError
from schemas.fields import SparseVector
from schemas.trusted import trusted

if TYPE_CHECKING:
    from schemas import VectorSpec

Vector = Any
"""float32 (dim,), float32 (n, dim) for late interaction, or `models.SparseVector`."""


def mean(vectors: Sequence[Vector], spec: VectorSpec) -> Vector:
    """Several vectors as one: their mean, of length 1 with cosine; of late interaction, all rows together."""
    if len(vectors) == 1:
        return vectors[0]
    if spec.sparse:
        return sum_sparse([(vector, 1.0 / len(vectors)) for vector in vectors])
    if spec.multivector:
        return np.concatenate([np.atleast_2d(vector) for vector in vectors]).astype(np.float32)
    return unit(np.mean(np.stack(vectors), axis=0)) if spec.distance == "cosine" else np.mean(np.stack(vectors), axis=0)


def likeness(query: NDArray[Any], vectors: NDArray[Any], distance: str) -> NDArray[np.float64]:
    """How alike vectors (n, dim) are to a query (dim,): (n,), higher is more; distances are negated."""
    if distance in ("cosine", "dot"):
        product = np.asarray(vectors, np.float64) @ query
        if distance == "dot":
            return np.asarray(product)
        return np.asarray(product / np.maximum(np.linalg.norm(vectors, axis=1) * np.linalg.norm(query), 1e-12))
    return np.asarray(-np.linalg.norm(vectors - query, ord=2 if distance == "euclid" else 1, axis=1), np.float64)


def unit(vector: NDArray[Any]) -> NDArray[np.float32]:
    """The vector of length 1 in its direction; one of zeros as it is."""
    norm = float(np.linalg.norm(vector))
    return np.asarray(vector / norm if norm > 0 else vector, np.float32)


def sum_sparse(weighted: Iterable[tuple[Any, float]]) -> Any:
    """The sum of sparse vectors, each times its weight."""
    from qdrant_client import models

    total: dict[int, float] = {}
    for vector, weight in weighted:
        for index, value in zip(vector.indices, vector.values, strict=True):
            total[index] = total.get(index, 0.0) + weight * value
    indices = sorted(total)
    return trusted(models.SparseVector, indices=indices, values=[total[index] for index in indices])


def raw(given: Any, spec: VectorSpec) -> Vector:
    """A vector given as numbers.

    Raises:
        UsageError: it is of another kind or dimension than those of the named vector.
    """
    if isinstance(given, SparseVector) != spec.sparse:
        raise UsageError(
            f"The vector {spec.name!r} is {'sparse' if spec.sparse else 'dense'}, and the one given is not."
        )
    if isinstance(given, SparseVector):
        from qdrant_client import models

        return models.SparseVector(indices=given.indices, values=given.values)
    try:
        made = np.asarray(given, np.float32)
    except ValueError as error:
        raise UsageError(f"The rows of the vector given for {spec.name!r} differ in length.") from error
    if spec.multivector:
        made = np.atleast_2d(made)
    if made.ndim != (2 if spec.multivector else 1) or made.shape[-1] != spec.dim:
        raise UsageError(
            f"The vector {spec.name!r} has {spec.dim} numbers, and the one given is of shape {made.shape}."
        )
    return made
