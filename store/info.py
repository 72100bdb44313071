"""What a client is told of an embedded collection, in the words of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qdrant_client import models

from store.specs import VECTORS, to_json

if TYPE_CHECKING:
    import qdrant_edge as edge

    from schemas.vectors import VectorSpec

DISTANCES = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclid": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}


def collection_info(
    found: edge.ShardInfo, specs: Mapping[str, VectorSpec], metadata: Mapping[str, Any]
) -> models.CollectionInfo:
    """The description of a collection; the settings of its graph are the engine's own, which nobody can change.

    Args:
        found: what the engine tells of itself.
        specs: the named vectors.
        metadata: of the collection, without the vectors.
    """
    return models.CollectionInfo(
        status=models.CollectionStatus.GREEN,
        optimizer_status=models.OptimizersStatusOneOf.OK,
        points_count=found.points_count,
        indexed_vectors_count=found.indexed_vectors_count,
        segments_count=found.segments_count,
        config=models.CollectionConfig(
            params=models.CollectionParams(
                vectors={name: _dense(spec) for name, spec in specs.items() if not spec.sparse},
                sparse_vectors={
                    name: models.SparseVectorParams(modifier=models.Modifier.IDF)
                    for name, spec in specs.items()
                    if spec.sparse
                },
                on_disk_payload=True,
            ),
            hnsw_config=models.HnswConfig(m=16, ef_construct=100, full_scan_threshold=10_000),
            optimizer_config=models.OptimizersConfig(default_segment_number=1, flush_interval_sec=0),
            metadata={**metadata, VECTORS: to_json(dict(specs))},
        ),
        payload_schema={
            key: models.PayloadIndexInfo(data_type=_kind(field), points=field.points)
            for key, field in sorted(found.payload_schema.items())
        },
    )


def _dense(spec: VectorSpec) -> models.VectorParams:
    several = models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM) if spec.multivector else None
    return models.VectorParams(size=spec.dim, distance=DISTANCES[spec.distance], multivector_config=several)


def _kind(field: edge.PayloadIndexInfo) -> models.PayloadSchemaType:
    return models.PayloadSchemaType(str(field.data_type).rpartition(".")[2].lower())
