"""The named vectors of a collection as JSON in its metadata, and whether two of them are the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from schemas.errors import CollectionMismatchError, UsageError
from schemas.vectors import VectorSpec

_COLLECTION = re.compile(r"[A-Za-z0-9_-]{1,64}")
DISTANCES = ("cosine", "dot", "euclid", "manhattan")
DATATYPES = ("float32", "float16")
QUANTIZATIONS = (None, "scalar", "product", "binary")
OVERSAMPLING = 2.0  # candidates of a quantized vector that are scored anew with the whole vector, for each hit wanted
HNSW_M, EF_CONSTRUCT = 16, 100  # of both engines, where nothing is said
SCALAR_QUANTILE = 0.99  # of the numbers that the eight bits of scalar quantization span; the rest is cut off

VECTORS = "vectors"
"""Key of the metadata that holds the named vectors with their fingerprints; `Store.metadata` leaves it out."""


def to_json(specs: dict[str, VectorSpec]) -> dict[str, dict[str, Any]]:
    """Specs as plain JSON values, by name."""
    return {name: asdict(spec) for name, spec in specs.items()}


def from_json(values: dict[str, dict[str, Any]]) -> dict[str, VectorSpec]:
    """The inverse of `to_json`."""
    return {name: VectorSpec(**value) for name, value in values.items()}


def check_collection(name: str) -> None:
    """Raise `UsageError` if a name can be neither a collection's nor an alias."""
    if not _COLLECTION.fullmatch(name):
        raise UsageError(f"The collection name {name!r} cannot be used: take letters, digits, '_' and '-', at most 64.")


def check_metadata(metadata: Mapping[str, Any]) -> None:
    """Raise `UsageError` if the values are no JSON, or would overwrite what `ensure` keeps."""
    if VECTORS in metadata:
        raise UsageError(f"The metadata key {VECTORS!r} is kept by the store: add vectors with ensure.")
    try:
        json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The metadata must be plain JSON values ({error}).") from error


def check_wanted(wanted: Sequence[VectorSpec]) -> None:
    """Raise `UsageError` if no collection can be made with these vectors."""
    if not wanted:
        raise UsageError("A collection needs at least one named vector: choose an encoder.")
    names = [spec.name for spec in wanted]
    for spec in wanted:
        check_kept(spec)
        if names.count(spec.name) > 1:
            raise UsageError(f"The vector {spec.name!r} is asked for twice: give every encoder a name of its own.")
        if not spec.sparse and (spec.dim < 1 or spec.distance not in DISTANCES):
            raise UsageError(
                f"The vector {spec.name!r} cannot have {spec.dim} dimensions compared by {spec.distance!r}: "
                f"take at least 1, and one of {', '.join(DISTANCES)}."
            )


def check_kept(spec: VectorSpec) -> None:
    """Raise `UsageError` if a vector cannot be kept or indexed as it says."""
    wrong = [
        f"the datatype {spec.datatype!r} (take {' or '.join(DATATYPES)})" if spec.datatype not in DATATYPES else "",
        f"the quantization {spec.quantization!r} (take {', '.join(filter(None, QUANTIZATIONS))})"
        if spec.quantization not in QUANTIZATIONS
        else "",
        "a quantization, being sparse (leave it out)" if spec.sparse and spec.quantization else "",
        f"{spec.hnsw_m} edges a node of its index (take 0 for none, or 4 to 128)"
        if spec.hnsw_m not in (None, 0, *range(4, 129))
        else "",
        f"an ef_construct of {spec.ef_construct} (take 4 to 4,096)"
        if spec.ef_construct not in (None, *range(4, 4097))
        else "",
    ]
    for what in filter(None, wrong):
        raise UsageError(f"The vector {spec.name!r} cannot have {what}.")


def check_same(have: VectorSpec, want: VectorSpec, where: str) -> None:
    """Raise if a vector of the collection is not the one asked for; how it is kept and indexed may differ.

    Raises:
        CollectionMismatchError: with what the collection has, what was asked, and the way out.
    """
    if _shape(have) != _shape(want):
        raise CollectionMismatchError(
            f"The vector {want.name!r} of {where} holds {_words(have)}, and {_words(want)} is asked for: "
            "use the encoder it was made with, or ingest into a new store (--store)."
        )
    if have.fingerprint == want.fingerprint:
        return
    raise CollectionMismatchError(
        f"The vector {want.name!r} of {where} was made by the encoder {have.fingerprint}, and {want.fingerprint} "
        "is asked for: use the encoder it was made with, or ingest into a new store (--store)."
    )


def _shape(spec: VectorSpec) -> tuple[Any, ...]:
    return (spec.sparse, spec.idf) if spec.sparse else (spec.dim, spec.distance, spec.multivector, spec.sparse)


def _words(spec: VectorSpec) -> str:
    if spec.sparse:
        return "sparse weights"
    several = "several vectors" if spec.multivector else "one vector"
    return f"{several} of {spec.dim} dimensions compared by {spec.distance}"


def quantized(specs: Mapping[str, VectorSpec]) -> frozenset[str]:
    """The vectors whose candidates have to be scored anew, for their scores to be true."""
    return frozenset(name for name, spec in specs.items() if spec.quantization)


def edges(spec: VectorSpec) -> int:
    """Edges of a node of a vector's index; 0: it has none."""
    return (HNSW_M if spec.hnsw_m is None else spec.hnsw_m) if spec.indexed else 0
