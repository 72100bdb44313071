"""Qdrant requests that ask with words or pictures instead of vectors: `models.Document` and `models.Image`.

A Qdrant server leaves their encoding to a service; here the collection's own encoders do it, so that a client in any
language can ask in words, and needs no model.
"""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from query.encode import encode_request
from query.reach import encoders_in_use
from schemas import NotOfferedError, RefusedError
from schemas.fields import Upload
from schemas.search import SearchRequest

if TYPE_CHECKING:
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

    Request = TypeVar("Request", models.QueryRequest, models.QueryGroupsRequest)

MODEL = "medley"
"""The model to name: whatever encoder the named vector was made with. Its own name or fingerprint will do, too."""


def with_vectors(request: Request, store: Store, encoders: EncoderSet) -> Request:
    """The request with vectors in the place of words and pictures; the same object if it has none.

    Raises:
        RefusedError: the model is not that of the named vector, or a picture is no base64.
        NotOfferedError: a picture is given by an address, or by something else than words or a picture.
        UsageError: the encoder cannot make a vector of it.
    """
    return _Inference(store, encoders).stage(request) if asks(request) else request


def asks(stage: Any) -> bool:
    """Whether a request or prefetch, or a stage below it, holds words or pictures."""
    return _holds(stage.query) or any(asks(below) for below in _below(stage))


def _below(stage: Any) -> list[Any]:
    if stage.prefetch is None:
        return []
    return stage.prefetch if isinstance(stage.prefetch, list) else [stage.prefetch]


def _holds(value: Any) -> bool:
    """Whether words or pictures stand anywhere in a query; a list is a vector, unless it begins with a model."""
    from qdrant_client import models

    if isinstance(value, models.Document | models.Image | models.InferenceObject):
        return True
    if isinstance(value, list):
        return bool(value) and not isinstance(value[0], float | int) and any(map(_holds, value))
    return isinstance(value, BaseModel) and any(_holds(inner) for _, inner in value)


class _Inference:
    def __init__(self, store: Store, encoders: EncoderSet) -> None:
        self._store = store
        self._specs = store.vectors()
        self._encoders = encoders_in_use(encoders, self._specs)

    def stage(self, stage: Any) -> Any:
        """A request or prefetch, with the stages below it."""
        below = [self.stage(one) if asks(one) else one for one in _below(stage)]
        return stage.model_copy(update={"query": self._value(stage.query, stage.using), "prefetch": below or None})

    def _value(self, value: Any, using: str | None) -> Any:
        from qdrant_client import models

        if not _holds(value):
            return value
        if isinstance(value, models.InferenceObject):
            raise NotOfferedError("Only words (text) and pictures (image) are encoded here: send a vector instead.")
        if isinstance(value, models.Document | models.Image):
            return self._vector(value, using)
        if isinstance(value, list):
            return [self._value(one, using) for one in value]
        return value.model_copy(update={name: self._value(inner, using) for name, inner in value})

    def _vector(self, given: Any, using: str | None) -> Any:
        from qdrant_client import models

        spec = self._specs.get(using or "")
        if spec is None:
            raise RefusedError(
                f"There is no vector named {using!r} to encode for: name one of {', '.join(self._specs)}."
            )
        encoder = self._encoders.specs.get(spec.name)
        known = {MODEL, spec.fingerprint, *([encoder.name, encoder.model] if encoder else [])}
        if given.model not in known:
            raise RefusedError(
                f"The vector {using!r} is not made by the model {given.model!r}: name {MODEL!r}, which is what made it."
            )
        part = {"text": given.text} if isinstance(given, models.Document) else {"image": _picture(given.image)}
        encoded = encode_request(
            SearchRequest.of(parts=[part], using=[spec.name]), self._encoders, self._store, self._specs
        )
        [term] = encoded.terms[spec.name]
        return term.vector if isinstance(term.vector, models.SparseVector) else term.vector.tolist()


def _picture(image: Any) -> Upload:
    if not isinstance(image, str) or image.startswith(("http://", "https://")):
        raise NotOfferedError("A picture is sent as base64: nothing is fetched from an address here.")
    try:
        return Upload(data=b64decode(image.partition(",")[2] if image.startswith("data:") else image, validate=True))
    except ValueError as error:
        raise RefusedError("The picture of the query is no base64.") from error
