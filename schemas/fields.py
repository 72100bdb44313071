"""What the fields of a request are made of: files as bytes, vectors as numbers. All of it is plain JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BeforeValidator,
    Field,
    FiniteFloat,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from schemas.sentences import Strict


def _decoded(data: Any) -> Any:
    return b64decode(data, validate=True) if isinstance(data, str) else data


Bytes = Annotated[
    bytes,
    BeforeValidator(_decoded),  # pydantic's own would take raw bytes for base64 as well
    PlainSerializer(lambda data: b64encode(data).decode(), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "contentEncoding": "base64"}),
]


class Upload(Strict):
    """A file given by its bytes (base64 in JSON). `name` is what an error calls it."""

    data: Annotated[Bytes, Field(min_length=1)]
    name: str = "the upload"


class SparseVector(Strict):
    """Weights of terms: those of a sparse named vector."""

    indices: list[Annotated[int, Field(ge=0, lt=2**32)]]
    values: list[FiniteFloat]

    @model_validator(mode="after")
    def _paired(self) -> Self:
        if not self.indices or len(self.indices) != len(self.values) or len(set(self.indices)) != len(self.indices):
            raise ValueError("a sparse vector needs as many values as indices, at least one, and each index once")
        return self


def _uploaded(given: Any) -> Any:
    return {"data": given} if isinstance(given, bytes | bytearray | memoryview) else given


File = Annotated[Path | Upload, BeforeValidator(_uploaded)]
"""A path on this machine, or the bytes themselves."""

Dense = Annotated[list[FiniteFloat], Field(min_length=1)]
