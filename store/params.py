"""The named vectors of a collection in the words of a server."""

from __future__ import annotations

from qdrant_client import models

from schemas.vectors import VectorSpec
from store.specs import EF_CONSTRUCT, SCALAR_QUANTILE, edges

DISTANCES = {
    "cosine": models.Distance.COSINE,
    "dot": models.Distance.DOT,
    "euclid": models.Distance.EUCLID,
    "manhattan": models.Distance.MANHATTAN,
}


def vector_params(spec: VectorSpec) -> models.VectorParams:
    """A dense vector of a collection that is made."""
    return models.VectorParams(
        size=spec.dim,
        distance=DISTANCES[spec.distance],
        multivector_config=_several(spec),
        datatype=_datatype(spec),
        on_disk=spec.on_disk or None,
        hnsw_config=_hnsw(spec),
        quantization_config=_quantization(spec),
    )


def sparse_params(spec: VectorSpec) -> models.SparseVectorParams:
    """A sparse vector of a collection that is made."""
    return models.SparseVectorParams(
        modifier=_modifier(spec), index=models.SparseIndexParams(on_disk=True) if spec.on_disk else None
    )


def new_vector(spec: VectorSpec) -> models.VectorNameConfig:
    """A vector that is added to a collection; a server takes how it is kept and indexed only afterwards."""
    if spec.sparse:
        return models.SparseVectorNameConfig(sparse=models.SparseVectorConfig(modifier=_modifier(spec)))
    return models.DenseVectorNameConfig(
        dense=models.DenseVectorConfig(
            size=spec.dim,
            distance=DISTANCES[spec.distance],
            multivector_config=_several(spec),
            datatype=None if spec.datatype == "float32" else models.VectorStorageDatatype(spec.datatype),
        )
    )


def is_kept_specially(spec: VectorSpec) -> bool:
    """Whether a server has to be told more of a vector than `new_vector` can say."""
    return spec.on_disk or _hnsw(spec) is not None or spec.quantization is not None


def _datatype(spec: VectorSpec) -> models.Datatype | None:
    return None if spec.datatype == "float32" else models.Datatype(spec.datatype)


def _hnsw(spec: VectorSpec) -> models.HnswConfigDiff | None:
    if spec.indexed and spec.hnsw_m is None and spec.ef_construct is None:
        return None
    return models.HnswConfigDiff(m=edges(spec), ef_construct=spec.ef_construct or EF_CONSTRUCT)


def _quantization(spec: VectorSpec) -> models.QuantizationConfig | None:
    if spec.quantization == "scalar":
        scalar = models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=SCALAR_QUANTILE, always_ram=True)
        return models.ScalarQuantization(scalar=scalar)
    if spec.quantization == "product":
        product = models.ProductQuantizationConfig(compression=models.CompressionRatio.X16, always_ram=True)
        return models.ProductQuantization(product=product)
    if spec.quantization == "binary":
        return models.BinaryQuantization(binary=models.BinaryQuantizationConfig(always_ram=True))
    return None


def _several(spec: VectorSpec) -> models.MultiVectorConfig | None:
    if not spec.multivector:
        return None
    return models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM)


def changed_params(spec: VectorSpec) -> models.VectorParamsDiff:
    """What a server has to be told for it to keep and index a vector that it has as `spec` says."""
    return models.VectorParamsDiff(
        on_disk=spec.on_disk,
        hnsw_config=models.HnswConfigDiff(m=edges(spec), ef_construct=spec.ef_construct or EF_CONSTRUCT),
        quantization_config=_quantization(spec) or models.Disabled.DISABLED,
    )


def _modifier(spec: VectorSpec) -> models.Modifier | None:
    return models.Modifier.IDF if spec.idf else None
