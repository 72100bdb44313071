"""The named vectors of a collection as JSON in its metadata, and whether two of them are the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from schemas.errors import CollectionMismatchError, UsageError
from schemas.vectors import VectorSpec

DISTANCES = ("cosine", "dot", "euclid", "manhattan")

VECTORS = "vectors"
"""Key of the metadata that holds the named vectors with their fingerprints; `Store.metadata` leaves it out."""


def to_json(specs: dict[str, VectorSpec]) -> dict[str, dict[str, Any]]:
    """Specs as plain JSON values, by name."""
    return {name: asdict(spec) for name, spec in specs.items()}


def from_json(values: dict[str, dict[str, Any]]) -> dict[str, VectorSpec]:
    """The inverse of `to_json`."""
    return {name: VectorSpec(**value) for name, value in values.items()}


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
        if names.count(spec.name) > 1:
            raise UsageError(f"The vector {spec.name!r} is asked for twice: give every encoder a name of its own.")
        if not spec.sparse and (spec.dim < 1 or spec.distance not in DISTANCES):
            raise UsageError(
                f"The vector {spec.name!r} cannot have {spec.dim} dimensions compared by {spec.distance!r}: "
                f"take at least 1, and one of {', '.join(DISTANCES)}."
            )


def check_same(have: VectorSpec, want: VectorSpec, where: str) -> None:
    """Raise if a vector of the collection is not the one asked for.

    Raises:
        CollectionMismatchError: with what the collection has, what was asked, and the way out.
    """
    if have == want:
        return
    if _shape(have) != _shape(want):
        raise CollectionMismatchError(
            f"The vector {want.name!r} of {where} holds {_words(have)}, and {_words(want)} is asked for: "
            "use the encoder it was made with, or ingest into a new store (--store)."
        )
    raise CollectionMismatchError(
        f"The vector {want.name!r} of {where} was made by the encoder {have.fingerprint}, and {want.fingerprint} "
        "is asked for: use the encoder it was made with, or ingest into a new store (--store)."
    )


def _shape(spec: VectorSpec) -> tuple[Any, ...]:
    return (spec.sparse,) if spec.sparse else (spec.dim, spec.distance, spec.multivector, spec.sparse)


def _words(spec: VectorSpec) -> str:
    if spec.sparse:
        return "sparse weights"
    several = "several vectors" if spec.multivector else "one vector"
    return f"{several} of {spec.dim} dimensions compared by {spec.distance}"
