"""Fitted models as bytes: the same on both engines, and nothing in them is ever executed."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from schemas.errors import StoreError, UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 64_000_000  # bytes; more belongs in a file of its own, not with a collection
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_META = "__meta__"


def check_name(name: str) -> None:
    """Raise `UsageError` if a name cannot be a file's and a point's."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"The artifact name {name!r} cannot be used: take letters, digits, '_', '.' and '-', at most 64, "
            "and begin with a letter or digit."
        )


def pack(name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """Arrays and JSON values as an npz archive.

    Raises:
        UsageError: an array holds Python objects, the values are no JSON, or there is too much of it.
    """
    try:
        described = json.dumps(dict(meta), allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(f"The meta of artifact {name!r} must be plain JSON values ({error}).") from error
    for key, array in arrays.items():
        if key == _META or np.asarray(array).dtype.hasobject:
            raise UsageError(
                f"The array {key!r} of artifact {name!r} cannot be kept: its name or its type is not allowed."
            )
    buffer = io.BytesIO()
    members: dict[str, Any] = {**arrays, _META: np.frombuffer(described, np.uint8)}
    np.savez(buffer, allow_pickle=False, **members)
    data = buffer.getvalue()
    if len(data) > LARGEST:
        raise UsageError(f"Artifact {name!r} has {len(data):,} bytes, and at most {LARGEST:,} can be kept.")
    return data


def unpack(name: str, data: bytes, where: str) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """The inverse of `pack`.

    Raises:
        StoreError: the bytes are damaged.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        meta = json.loads(arrays.pop(_META).tobytes())
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"Artifact {name!r} of {where} is damaged ({error}): fit it again.") from error
    return arrays, meta
