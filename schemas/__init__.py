"""The vocabulary: media items, segments, vectors, payloads, reports, errors. Light: no torch, no Prefect, no I/O.

Settings and the pydantic models (`schemas.settings`, `schemas.report`, `schemas.search` …) are imported from their own
modules, so that what needs only the words pays only for the words.
"""

from schemas.errors import (
    CollectionMismatchError,
    EmptyCollectionError,
    EncodeError,
    FileChangedError,
    GateError,
    MedleyError,
    NotFoundError,
    NotOfferedError,
    ReadError,
    RefusedError,
    ScarceError,
    SourceUnavailableError,
    StoreError,
    StoreLockedError,
    StoreUnavailableError,
    TransientReadError,
    UnknownNameError,
    UnreachableError,
    UnsupportedError,
    UsageError,
)
from schemas.media import ExcludedFile, FoundFile, Modality, Reading, ReadOptions, Segment, UnreadableFile, WordKind
from schemas.vectors import EncoderSpec, VectorSpec

__all__ = [
    "CollectionMismatchError",
    "EmptyCollectionError",
    "EncodeError",
    "EncoderSpec",
    "ExcludedFile",
    "FileChangedError",
    "FoundFile",
    "GateError",
    "MedleyError",
    "Modality",
    "NotFoundError",
    "NotOfferedError",
    "ReadError",
    "ReadOptions",
    "Reading",
    "RefusedError",
    "ScarceError",
    "Segment",
    "SourceUnavailableError",
    "StoreError",
    "StoreLockedError",
    "StoreUnavailableError",
    "TransientReadError",
    "UnknownNameError",
    "UnreachableError",
    "UnreadableFile",
    "UnsupportedError",
    "UsageError",
    "VectorSpec",
    "WordKind",
]
