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
_META = "__metadata__"  # of the header of safetensors
_LENGTH = 8  # bytes that tell how long the header is
_ZIP = b"PK"


def check_name(name: str) -> None:
    """Raise `UsageError` if a name cannot be a file's and a point's."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"The artifact name {name!r} cannot be used: take letters, digits, '_', '.' and '-', at most 64, "
            "and begin with a letter or digit."
        )


def pack(name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """Arrays and JSON values as safetensors, the values in its header.

    Raises:
        UsageError: an array holds Python objects, the values are no JSON, or there is too much of it.
    """
    from safetensors.numpy import save

    try:
        described = json.dumps(dict(meta), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UsageError(f"The meta of artifact {name!r} must be plain JSON values ({error}).") from error
    whole = {key: np.asarray(array, order="C") for key, array in arrays.items()}
    for key, array in whole.items():
        if key == _META or array.dtype.kind not in "biuf":
            raise UsageError(
                f"The array {key!r} of artifact {name!r} cannot be kept: its name or its type is not allowed."
            )
    data: bytes = save(whole, {"meta": described})
    if len(data) > LARGEST:
        raise UsageError(f"Artifact {name!r} has {len(data):,} bytes, and at most {LARGEST:,} can be kept.")
    return data


def unpack(name: str, data: bytes, where: str) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """The inverse of `pack`; archives of numpy, as earlier versions wrote them, are read as well.

    Raises:
        StoreError: the bytes are damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        if data.startswith(_ZIP):
            return _unzip(data)
        arrays = load(data)
        end = _LENGTH + int.from_bytes(data[:_LENGTH], "little")
        meta = json.loads(json.loads(data[_LENGTH:end])[_META]["meta"])
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, SafetensorError) as error:
        raise StoreError(f"Artifact {name!r} of {where} is damaged ({error}): fit it again.") from error
    return arrays, meta


def _unzip(data: bytes) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    meta = json.loads(arrays.pop("__meta__").tobytes())
    return arrays, meta
