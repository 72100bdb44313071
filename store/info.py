"""What a client is told of an embedded collection, in the words of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qdrant_client import models

from store.params import sparse_params, vector_params
from store.specs import EF_CONSTRUCT, HNSW_M, VECTORS, to_json

if TYPE_CHECKING:
    import qdrant_edge as edge

    from schemas.vectors import VectorSpec


def collection_info(
    found: edge.ShardInfo, specs: Mapping[str, VectorSpec], metadata: Mapping[str, Any]
) -> models.CollectionInfo:
    """The description of a collection; how each vector is kept and indexed stands with the vector.

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
                vectors={name: vector_params(spec) for name, spec in specs.items() if not spec.sparse},
                sparse_vectors={name: sparse_params(spec) for name, spec in specs.items() if spec.sparse},
                on_disk_payload=True,
            ),
            hnsw_config=models.HnswConfig(m=HNSW_M, ef_construct=EF_CONSTRUCT, full_scan_threshold=10_000),
            optimizer_config=models.OptimizersConfig(default_segment_number=1, flush_interval_sec=0),
            metadata={**metadata, VECTORS: to_json(dict(specs))},
        ),
        payload_schema={
            key: models.PayloadIndexInfo(data_type=_kind(field), points=field.points)
            for key, field in sorted(found.payload_schema.items())
        },
    )


def _kind(field: edge.PayloadIndexInfo) -> models.PayloadSchemaType:
    return models.PayloadSchemaType(str(field.data_type).rpartition(".")[2].lower())
