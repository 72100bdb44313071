"""Fitted models on a server: a companion collection of points without vectors, each with a part of the bytes.

An artifact is switched at once: its parts are written under a new version, then the one point that names the version,
then the parts of the old version are deleted. A reader sees the old one or the new one, whole.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import uuid4, uuid5

from qdrant_client import QdrantClient, models

from schemas.errors import StoreError
from schemas.payload import NAMESPACE
from store import artifacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

PART = 1 << 20  # bytes of a part, before base64
_TRIES = 3


class ServerArtifacts:
    """The artifacts of one collection.

    Args:
        client: to the server.
        collection: name of the companion collection; made when first written.
        call: does a request with retries and errors of ours: `call(method, *args, **kwargs)`.
    """

    def __init__(self, client: QdrantClient, collection: str, call: Callable[..., Any]) -> None:
        self._client, self._collection, self._call = client, collection, call

    def save(self, name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Keep arrays and JSON values under a name."""
        artifacts.check_name(name)
        data = artifacts.pack(name, arrays, meta)
        if not self._exists():
            self._create()
        version = uuid4().hex
        parts = [data[start : start + PART] for start in range(0, len(data), PART)]
        for number, part in enumerate(parts):
            self._write(
                _id(name, version, number),
                {"artifact": name, "version": version, "part": number, "data": b64encode(part).decode()},
            )
        head = {
            "artifact": name,
            "head": name,
            "version": version,
            "parts": len(parts),
            "sha256": sha256(data).hexdigest(),
        }
        self._write(_id(name), head)
        others = models.Filter(
            must=[_match("artifact", name)],
            must_not=[_match("version", version)],
        )
        self._call(self._client.delete, self._collection, others, wait=True)

    def load(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """What is kept under a name, or None."""
        artifacts.check_name(name)
        if not self._exists():
            return None
        for _ in range(_TRIES):  # it may be switched between our reading of its head and of its parts
            heads = self._call(self._client.retrieve, self._collection, [_id(name)])
            if not heads:
                return None
            head = heads[0].payload
            ids = [_id(name, head["version"], number) for number in range(head["parts"])]
            found = self._call(self._client.retrieve, self._collection, ids)
            parts = {record.payload["part"]: record.payload["data"] for record in found}
            if len(parts) == head["parts"]:
                data = b"".join(b64decode(parts[number]) for number in range(head["parts"]))
                if sha256(data).hexdigest() == head["sha256"]:
                    return artifacts.unpack(name, data, self._collection)
        raise StoreError(f"Artifact {name!r} of {self._collection} is damaged (parts are missing): fit it again.")

    def names(self) -> list[str]:
        """The names that `load` knows, sorted."""
        if not self._exists():
            return []
        heads = models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key="head"))])
        found, _ = self._call(self._client.scroll, self._collection, heads, limit=10_000, with_payload=["head"])
        return sorted(record.payload["head"] for record in found)

    def delete(self, name: str) -> None:
        """Forget a name: its head first, so that it is gone at once."""
        artifacts.check_name(name)
        if self._exists():
            self._call(self._client.delete, self._collection, [_id(name)], wait=True)
            whole = models.Filter(must=[_match("artifact", name)])
            self._call(self._client.delete, self._collection, whole, wait=True)

    def _exists(self) -> bool:
        return bool(self._call(self._client.collection_exists, self._collection))

    def _create(self) -> None:
        try:
            self._call(self._client.create_collection, self._collection, vectors_config={})
        except StoreError:
            if not self._exists():  # else another process was quicker
                raise
        for key in ("artifact", "version", "head"):
            keyword = models.PayloadSchemaType.KEYWORD
            self._call(self._client.create_payload_index, self._collection, key, keyword, wait=True)

    def _write(self, point_id: str, payload: dict[str, Any]) -> None:
        point = models.PointStruct(id=point_id, vector={}, payload=payload)
        self._call(self._client.upsert, self._collection, [point], wait=True)


def _id(*parts: object) -> str:
    return str(uuid5(NAMESPACE, "\n".join(map(str, ("artifact", *parts)))))


def _match(key: str, value: str) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
