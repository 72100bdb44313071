"""Is a point fit to be written? The engines accept NaN, and stop in the middle of a batch at a wrong dimension."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from schemas.errors import RefusedError, StoreError

if TYPE_CHECKING:
    from qdrant_client import models

    from schemas.vectors import VectorSpec

_LARGEST = float(np.finfo(np.float32).max)  # the engines keep float32: anything larger would become infinite


def check_points(
    points: Iterable[models.PointStruct | models.PointVectors], specs: Mapping[str, VectorSpec], where: str
) -> None:
    """Raise at the first point whose vectors the collection cannot hold.

    Raises:
        StoreError: names the point, the vector, and what is wrong with it.
    """
    points = list(points)
    with np.errstate(over="ignore"):  # an overflow is what is looked for
        if not _are_sound(points, specs):
            for point in points:
                _check_point(point, specs, where)


def _are_sound(points: Sequence[models.PointStruct | models.PointVectors], specs: Mapping[str, VectorSpec]) -> bool:
    """Whether nothing is wrong, looking at all arrays of a name at once; if not, each has to be asked what is."""
    rows: dict[str, list[np.ndarray[Any, Any]]] = {}
    for point in points:
        vectors: Any = point.vector
        if type(vectors) is not dict:
            return False
        for name, vector in vectors.items():
            if type(vector) is np.ndarray:
                rows.setdefault(name, []).append(vector)
            elif name not in specs or check_vector(vector, specs[name]):
                return False
    return all(name in specs and _are_alike(arrays, specs[name]) for name, arrays in rows.items())


def _are_alike(arrays: Sequence[np.ndarray[Any, Any]], spec: VectorSpec) -> bool:
    shape = (spec.dim,)
    if spec.sparse or spec.multivector:
        return not any(check_vector(array, spec) for array in arrays)
    if not all(array.shape == shape and array.dtype == np.float32 for array in arrays):
        return False
    flat = np.concatenate(arrays)
    return bool(flat.dot(flat) <= _LARGEST)


def check_ids(ids: Iterable[models.ExtendedPointId]) -> None:
    """Raise `RefusedError` at the first id that is neither a number from 0 nor a UUID."""
    for point_id in ids:
        if not _is_id(point_id):
            raise RefusedError(f"The point id {point_id!r} cannot be used: take a number from 0, or a UUID.")


def _is_id(point_id: Any) -> bool:
    if isinstance(point_id, int):
        return 0 <= point_id < 1 << 64
    try:
        return isinstance(point_id, UUID) or bool(UUID(point_id))
    except (ValueError, TypeError, AttributeError):
        return False


def _check_point(point: models.PointStruct | models.PointVectors, specs: Mapping[str, VectorSpec], where: str) -> None:
    vectors: Any = point.vector
    if not isinstance(vectors, dict):
        raise StoreError(
            f"Point {point.id} gives its vector without a name: give a dictionary with the names of {where} "
            f"({', '.join(specs) or 'none'})."
        )
    for name, vector in vectors.items():
        spec = specs.get(name)
        if spec is None:
            raise StoreError(
                f"Point {point.id} has a vector {name!r} that {where} lacks (it has {', '.join(specs) or 'none'}): "
                "add it with ensure first."
            )
        fault = check_vector(vector, spec)
        if fault:
            raise StoreError(f"The vector {name!r} of point {point.id} {fault}; nothing of its batch was written.")


def check_query(vector: Any) -> None:
    """Raise `RefusedError` if a vector to search with is not finite: an engine would answer nonsense."""
    if type(vector) is list and vector and type(vector[0]) is float:  # nearly always, and every query waits for it
        try:
            if math.hypot(*vector) <= _LARGEST:
                return
        except TypeError:
            pass
    if not _is_finite(vector):
        raise RefusedError("A vector to search with holds something that is no finite number: encode the query again.")


def _is_finite(vector: Any) -> bool:
    if isinstance(vector, np.ndarray):
        return vector.dtype.kind in "fiu" and bool((np.abs(vector) <= _LARGEST).all())
    rows = (
        [vector.values] if hasattr(vector, "values") else vector if vector and isinstance(vector[0], list) else [vector]
    )
    try:
        return all(math.hypot(*row) <= _LARGEST or all(abs(number) <= _LARGEST for number in row) for row in rows)
    except TypeError:
        return False


def check_vector(vector: Any, spec: VectorSpec) -> str | None:
    """What is wrong with a vector, in words, or None. Written for speed: it sees every number that is stored."""
    if spec.sparse:
        return _check_sparse(vector)
    if isinstance(vector, np.ndarray):
        return _check_array(vector, spec)
    if spec.multivector:
        if not isinstance(vector, list) or not vector:
            return f"must be a list of one or more vectors of {spec.dim} numbers"
        for row in vector:
            fault = _check_list(row, spec.dim)
            if fault:
                return fault
        return None
    return _check_list(vector, spec.dim)


def _check_sparse(vector: Any) -> str | None:
    indices, values = getattr(vector, "indices", None), getattr(vector, "values", None)
    if not isinstance(indices, list) or not isinstance(values, list):
        return "must be a SparseVector with lists of indices and values"
    if len(indices) != len(values) or len(set(indices)) != len(indices):
        return "must have one value for each index, and each index once"
    finite = math.hypot(*values) <= _LARGEST or all(abs(value) <= _LARGEST for value in values)  # see `_check_list`
    if (indices and min(indices) < 0) or not finite:
        return "holds a negative index, or a value that is not finite (NaN or infinity)"
    return None


def _check_list(vector: Any, dim: int) -> str | None:
    if not isinstance(vector, list):
        return f"is a {type(vector).__name__}, and must be a list of {dim} numbers or a float32 array"
    if len(vector) != dim:
        return f"has {len(vector)} dimensions instead of {dim}"
    try:
        # One call in C sees NaN (the comparison fails), infinities and what float32 cannot hold.
        if math.hypot(*vector) <= _LARGEST:
            return None
        # Only the length is too large: each number may still be fine.
        finite = all(abs(number) <= _LARGEST for number in vector)
    except TypeError:
        return "holds something that is no number"
    return None if finite else "holds a number that is not finite (NaN or infinity)"


def _check_array(vector: np.ndarray[Any, Any], spec: VectorSpec) -> str | None:
    if vector.dtype.kind != "f":
        return f"is an array of {vector.dtype}, and must be one of float32"
    if spec.multivector:
        if vector.ndim != 2 or not len(vector):  # noqa: PLR2004 - (n, dim)
            return f"has the shape {vector.shape} instead of (n, {spec.dim})"
    elif vector.ndim != 1:
        return f"has the shape {vector.shape} instead of ({spec.dim},)"
    if vector.shape[-1] != spec.dim:
        return f"has {vector.shape[-1]} dimensions instead of {spec.dim}"
    flat = vector.ravel()
    # The product is finite for all but broken and absurdly long vectors, and ten times as fast as asking each number.
    if flat.dot(flat) <= _LARGEST or bool((np.abs(flat) <= _LARGEST).all()):
        return None
    return "holds a number that is not finite (NaN or infinity)"
