"""Points of `qdrant_client.models` as those of the embedded engine, and its answers as `qdrant_client.models`.

Answers are built with `schemas.trusted`: they come from the engine, and to check them again would cost more than the
search itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import qdrant_edge as edge
from pydantic_core import PydanticSerializationError, to_jsonable_python
from qdrant_client import models

from schemas.errors import StoreError
from schemas.trusted import maker
from store.checks import check_ids
from store.specs import EF_CONSTRUCT, SCALAR_QUANTILE, edges

if TYPE_CHECKING:
    from schemas.vectors import VectorSpec

DISTANCES = {
    "cosine": edge.Distance.Cosine,
    "dot": edge.Distance.Dot,
    "euclid": edge.Distance.Euclid,
    "manhattan": edge.Distance.Manhattan,
}
_FULL_SCAN = 10_000  # KB up to which the engine scans: its own default
_DATATYPES = {"float32": edge.VectorStorageDatatype.Float32, "float16": edge.VectorStorageDatatype.Float16}
_QUANTIZATIONS: dict[str | None, Callable[[], Any]] = {
    None: lambda: None,
    "scalar": lambda: edge.ScalarQuantizationConfig(
        edge.ScalarType.Int8, quantile=SCALAR_QUANTILE, memory=edge.Memory.Pinned
    ),
    "product": lambda: edge.ProductQuantizationConfig(edge.CompressionRatio.X16, memory=edge.Memory.Pinned),
    "binary": lambda: edge.BinaryQuantizationConfig(memory=edge.Memory.Pinned),
}


def to_config(specs: Iterable[VectorSpec]) -> edge.EdgeConfig:
    """The places of all named vectors, and how the engine keeps and indexes each."""
    specs = list(specs)
    return edge.EdgeConfig(
        vectors={spec.name: _params(spec) for spec in specs if not spec.sparse},
        sparse_vectors={spec.name: _sparse_params(spec) for spec in specs if spec.sparse},
    )


def to_new_vector(spec: VectorSpec) -> edge.UpdateOperation:
    """The operation that adds a named vector to a collection; how it is kept and indexed says `to_config`."""
    if spec.sparse:
        return edge.UpdateOperation.create_sparse_vector(spec.name, _modifier(spec))
    return edge.UpdateOperation.create_dense_vector(
        spec.name, spec.dim, DISTANCES[spec.distance], _several(spec), _DATATYPES[spec.datatype]
    )


def _params(spec: VectorSpec) -> edge.EdgeVectorParams:
    return edge.EdgeVectorParams(
        spec.dim,
        DISTANCES[spec.distance],
        multivector_config=_several(spec),
        datatype=_DATATYPES[spec.datatype],
        quantization_config=_QUANTIZATIONS[spec.quantization](),
        hnsw_config=_hnsw(spec),
        memory=edge.Memory.Cold if spec.on_disk else edge.Memory.Cached,
    )


def _modifier(spec: VectorSpec) -> edge.Modifier | None:
    """Whether the engine weighs the terms of a sparse vector by how rare they are (IDF)."""
    return edge.Modifier.Idf if spec.idf else None


def _sparse_params(spec: VectorSpec) -> edge.EdgeSparseVectorParams:
    return edge.EdgeSparseVectorParams(
        modifier=_modifier(spec), memory=edge.Memory.Cold if spec.on_disk else edge.Memory.Pinned
    )


def _several(spec: VectorSpec) -> edge.MultiVectorConfig | None:
    """The configuration of late interaction (MaxSim), for a vector that has it."""
    return edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim) if spec.multivector else None


def _hnsw(spec: VectorSpec) -> edge.HnswIndexConfig:
    return edge.HnswIndexConfig(edges(spec), spec.ef_construct or EF_CONSTRUCT, full_scan_threshold=_FULL_SCAN)


def to_points(points: Iterable[models.PointStruct]) -> list[edge.Point]:
    """Points that `check_points` has passed.

    Raises:
        StoreError: an id is neither a number nor a UUID, or a payload is no JSON.
    """
    converted = []
    for point in points:
        vectors: Any = to_vectors(point.vector)
        try:
            converted.append(edge.Point(point.id, vectors, point.payload))
        except (TypeError, ValueError, OverflowError):
            # Rare, so slow is fine: dates and the like are no JSON yet, and what else it is, is said by `to_payload`.
            check_ids([point.id])
            converted.append(edge.Point(point.id, vectors, to_payload(point.payload, f"point {point.id}")))
    return converted


def check_convertible(points: Iterable[models.PointStruct]) -> None:
    """Raise `StoreError` at the first point whose id or payload `to_points` cannot convert."""
    for point in points:
        check_ids([point.id])
        to_payload(point.payload, f"point {point.id}")


def to_point_vectors(points: Iterable[models.PointVectors]) -> list[edge.PointVectors]:
    """Vectors of points that `check_points` has passed."""
    points = list(points)
    check_ids([point.id for point in points])
    return [edge.PointVectors(point.id, to_vectors(point.vector)) for point in points]


def to_payload(payload: Mapping[str, Any] | None, of: str) -> dict[str, Any]:
    """A payload as plain JSON values: dates, UUIDs and enumerations become words, as a client would send them.

    Raises:
        StoreError: a value is no JSON (NaN, undecodable text, an object).
    """
    try:
        plain: dict[str, Any] = to_jsonable_python(payload or {})
        edge.Point(0, {}, plain)
    except (TypeError, ValueError, OverflowError, PydanticSerializationError) as error:
        raise StoreError(f"The payload of {of} cannot be stored: {str(error).splitlines()[0]}.") from error
    return plain


def to_vectors(vectors: Any) -> dict[str, Any]:
    """Named vectors: arrays become lists, which the engine reads faster, and sparse vectors its own."""
    return {name: to_vector(vector) for name, vector in vectors.items()}


def to_vector(vector: Any) -> Any:
    """One vector, dense, multi or sparse, that has been checked."""
    if type(vector) is list:
        return vector
    if isinstance(vector, np.ndarray):
        return vector.tolist()
    if isinstance(vector, models.SparseVector):
        return edge.SparseVector(vector.indices, vector.values)
    return vector


def to_payload_selector(given: models.WithPayloadInterface | None) -> Any:
    """Which keys of the payload to give back: none, all, or a list of paths to include or exclude."""
    if type(given) is bool:
        return given
    if isinstance(given, models.PayloadSelectorInclude):
        return edge.PayloadSelector.Include(given.include)
    if isinstance(given, models.PayloadSelectorExclude):
        return edge.PayloadSelector.Exclude(given.exclude)
    return given or False


def from_records(found: Iterable[edge.Record]) -> list[models.Record]:
    """Points."""
    make = maker(models.Record)
    return [
        make(
            {
                "id": id_ if type(id_ := record.id) is int else str(id_),
                "payload": record.payload,
                "vector": None if (vectors := record.vector) is None else from_vectors(vectors),
                "shard_key": None,
                "order_value": record.order_value,
            }
        )
        for record in found
    ]


def from_scored(found: Iterable[edge.ScoredPoint]) -> list[models.ScoredPoint]:
    """Points with their scores."""
    make = maker(models.ScoredPoint)
    return [
        make(
            {
                "id": id_ if type(id_ := hit.id) is int else str(id_),
                "version": hit.version,
                "score": hit.score,
                "payload": hit.payload,
                "vector": None if (vectors := hit.vector) is None else from_vectors(vectors),
                "shard_key": None,
                "order_value": hit.order_value,
            }
        )
        for hit in found
    ]


def from_ranked(found: Iterable[edge.ScoredPoint]) -> list[tuple[models.ExtendedPointId, float]]:
    """The ids of points with their scores."""
    return [(id_ if type(id_ := hit.id) is int else str(id_), hit.score) for hit in found]


def from_id(found: Any) -> int | str:
    """A number, or a UUID as words, as a server gives it."""
    return found if isinstance(found, int) else str(found)


def from_vectors(found: Any) -> Any:
    """Named vectors as lists."""
    return {
        name: models.SparseVector(indices=vector.indices, values=vector.values)
        if isinstance(vector, edge.SparseVector)
        else vector
        for name, vector in found.items()
    }
