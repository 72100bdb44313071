"""A small collection of raw vectors in any distance, asked through the whole query module."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from qdrant_client import models

from encoders import EncoderSet, load_preset
from query import SearchRequest, search
from schemas import VectorSpec, payload
from schemas.answer import SearchResult
from schemas.payload import point_id
from store import Store, open_store

DIM = 6
COUNT = 40


class Collection:
    """Points of one segment each, `p0` … `p39`, with the vectors `a` and `b`; every third has no `b`."""

    def __init__(self, folder: Path, distance: str, *, late: bool = False) -> None:
        rng = np.random.default_rng(7)
        specs = [VectorSpec(name, DIM, distance, f"{name}-1") for name in ("a", "b")]
        if late:
            specs.append(VectorSpec("tokens", DIM, "cosine", "tokens-1", multivector=True))
        self.distance = distance
        self.store: Store = open_store(folder)
        self.store.ensure(specs)
        self.vectors: list[dict[str, Any]] = []
        points = []
        for i in range(COUNT):
            vectors = {"a": rng.normal(size=DIM), "b": rng.normal(size=DIM), "tokens": rng.normal(size=(3, DIM))}
            have = {s.name: vectors[s.name].astype(np.float32) for s in specs if s.name != "b" or i % 3}
            self.vectors.append(have)
            points.append(
                models.PointStruct.model_construct(id=self.id(i), vector=have, payload=self._payload(i, have))
            )
        self.store.upsert(points)
        self.encoders: EncoderSet = load_preset("tiny")

    @staticmethod
    def id(i: int) -> str:
        return point_id("test", f"p{i}")

    def _payload(self, i: int, have: Mapping[str, Any]) -> dict[str, Any]:
        return {
            payload.STATE: "indexed",
            payload.ITEM: self.id(i),
            payload.SOURCE: "test",
            payload.PATH: f"p{i}",
            payload.MODALITY: "image" if i % 2 else "text",
            payload.SEGMENT: 0,
            payload.ENCODERS: {name: f"{name}-1" for name in have},
            payload.WORDS: {"sidecar": f"thing number {i}", "name": f"p{i}"},
        }

    def ask(self, *parts: Mapping[str, Any], **more: Any) -> SearchResult:
        return search(self.store, self.encoders, SearchRequest.of(parts=list(parts), **more))

    def paths(self, *parts: Mapping[str, Any], **more: Any) -> list[str]:
        return [hit.path for hit in self.ask(*parts, **more).hits]


def raw(vector: Any, using: str, weight: float = 1.0) -> dict[str, Any]:
    """A part that is a vector."""
    return {"vector": np.asarray(vector).tolist(), "using": [using], "weight": weight}
