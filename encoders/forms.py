"""The three forms a vector has: one vector, several vectors (late interaction), weights of terms (sparse).

A form checks a batch of what an encoder made, and puts the rows of all batches together:

- dense: float32 (n, dim); a row is float32 (dim,);
- several: a list of float32 (tokens, dim), each content with as many as it needs;
- sparse: a list of `qdrant_client.models.SparseVector`.

A row is what the store takes as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from schemas import EncodeError, EncoderSpec

if TYPE_CHECKING:
    from qdrant_client import models

SMALLEST_NORM = 1e-12  # of a vector that still has a direction


class Form(Protocol):
    """How vectors of one form are checked, gathered and pooled."""

    def rows(self, made: Any, count: int, spec: EncoderSpec) -> Iterable[Any]:
        """Checks what an encoder made of `count` contents; returns a row for each, of length 1 if cosine.

        Raises:
            EncodeError: it is not what the spec describes, or cannot be compared.
        """

    def gather(self, rows: Sequence[Any], spec: EncoderSpec) -> Any:
        """The rows of all contents as one result; None stands for a content without a vector."""

    def pool(self, rows: Any, spec: EncoderSpec) -> Any:
        """One row from those of several contents of one segment, such as the frames of a scene."""


class Dense:
    """One vector for each content."""

    def rows(self, made: Any, count: int, spec: EncoderSpec) -> NDArray[np.float32]:
        """See `Form`."""
        vectors = np.asarray(made, np.float32)
        if vectors.shape != (count, spec.dim):
            raise EncodeError(
                f"{spec.name} made an array of shape {vectors.shape}, "
                f"not {(count, spec.dim)}: its spec does not describe it."
            )
        return _directed(vectors, spec)

    def gather(self, rows: Sequence[Any], spec: EncoderSpec) -> NDArray[np.float32]:
        """float32 (n, dim), zeros where there is no vector."""
        vectors = np.zeros((len(rows), spec.dim), np.float32)
        for vector, row in zip(vectors, rows, strict=True):
            if row is not None:
                vector[:] = row
        return vectors

    def pool(self, rows: Any, spec: EncoderSpec) -> NDArray[np.float32]:
        """Their mean, of length 1 if the distance is cosine."""
        mean = np.asarray(rows, np.float32).mean(axis=0)
        norm = float(np.linalg.norm(mean))
        if len(rows) == 1 or spec.distance != "cosine" or norm < SMALLEST_NORM:
            return np.asarray(mean, np.float32)
        return np.asarray(mean / norm, np.float32)


class Several:
    """As many vectors for each content as it has tokens or patches."""

    def rows(self, made: Any, count: int, spec: EncoderSpec) -> list[NDArray[np.float32]]:
        """See `Form`."""
        if len(made) != count:
            raise EncodeError(f"{spec.name} made {len(made)} results for {count} contents.")
        rows = []
        for one in made:
            vectors = np.asarray(one, np.float32)
            if vectors.shape[1:] != (spec.dim,) or not len(vectors):
                raise EncodeError(
                    f"{spec.name} made an array of shape {vectors.shape}, "
                    f"not (tokens, {spec.dim}): its spec does not describe it."
                )
            rows.append(_directed(vectors, spec))
        return rows

    def gather(self, rows: Sequence[Any], spec: EncoderSpec) -> list[NDArray[np.float32]]:
        """A list of float32 (tokens, dim), of no tokens where there is no vector."""
        return [np.zeros((0, spec.dim), np.float32) if row is None else row for row in rows]

    def pool(self, rows: Any, spec: EncoderSpec) -> NDArray[np.float32]:
        """All of them: MaxSim finds the best match in any."""
        return np.concatenate(list(rows))


class Sparse:
    """Weights of terms."""

    def rows(self, made: Any, count: int, spec: EncoderSpec) -> list[models.SparseVector]:
        """See `Form`; the weights of an empty text are no error, for they match nothing."""
        if len(made) != count:
            raise EncodeError(f"{spec.name} made {len(made)} results for {count} contents.")
        if not all(np.isfinite(vector.values).all() for vector in made):
            raise EncodeError(f"{spec.name} made a weight that is not finite.")
        return list(made)

    def gather(self, rows: Sequence[Any], spec: EncoderSpec) -> list[models.SparseVector]:
        """A list, without a term where there is no vector."""
        return [sparse_vector([], []) if row is None else row for row in rows]

    def pool(self, rows: Any, spec: EncoderSpec) -> models.SparseVector:
        """The largest weight of each term."""
        weights: dict[int, float] = {}
        for row in rows:
            for index, value in zip(row.indices, row.values, strict=True):
                weights[index] = max(value, weights.get(index, value))
        return sparse_vector(list(weights), list(weights.values()))


def form_of(spec: EncoderSpec) -> Form:
    """The form of an encoder's vectors."""
    if spec.sparse:
        return Sparse()
    if spec.multivector:
        return Several()
    return Dense()


def sparse_vector(indices: list[int], values: list[float]) -> models.SparseVector:
    """A sparse vector without pydantic's validation of each number."""
    from qdrant_client import models

    return models.SparseVector.model_construct(indices=indices, values=values)


def _directed(vectors: NDArray[np.float32], spec: EncoderSpec) -> NDArray[np.float32]:
    """Vectors (n, dim) of length 1 if the distance is cosine.

    Raises:
        EncodeError: one of them is not finite, or has no direction.
    """
    if not np.isfinite(vectors).all():
        raise EncodeError(f"{spec.name} made a vector that is not finite.")
    if spec.distance != "cosine":
        return vectors
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (norms < SMALLEST_NORM).any():
        raise EncodeError(f"{spec.name} made a vector of zeros, which has no direction to compare.")
    return np.asarray(vectors / norms, np.float32)
