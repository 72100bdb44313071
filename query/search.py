"""One question, one request to Qdrant, one answer in which every hit says why it is there."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fusion
from query.encode import Encoded, encode_question
from query.question import Question
from query.where import parse_where
from schemas import UnknownNameError, UsageError, payload
from schemas.search import Hit, SearchResult, VectorHit
from schemas.vectors import INDEX, LEXICAL, SOURCES

if TYPE_CHECKING:
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

DEPTH = 10
"""Segments asked of each vector for a hit wanted: neighbours of one item crowd together, and fusion wants depth."""

LEAST, MOST = 50, 20_000  # segments asked of each vector


def search(store: Store, encoders: EncoderSet, question: Question) -> SearchResult:
    """Answer a question.

    All named vectors are searched in one request; their rankings are fused here, so that each hit keeps the rank and
    the score that each vector gave it; segments are grouped by item. Only where a few items with very many segments
    crowd out the others is a second, deeper request made.

    Raises:
        UsageError: the question cannot be asked of this collection.
        StoreError: the collection cannot be read.
    """
    fuse = fusion.get(question.fusion)
    for name in question.weights:
        if name not in {*encoders, LEXICAL}:
            raise UnknownNameError("vector", name, {*encoders, LEXICAL})
    started = time.perf_counter()
    _check(store, encoders)
    encoded = encode_question(question, encoders, store)
    metadata = store.metadata()
    thoroughness = _thoroughness(metadata, encoders)
    condition = _condition(question.where)
    after_encoding = time.perf_counter()
    depth = min(max(question.limit * DEPTH, LEAST), MOST)
    while True:
        answers = store.query_batch(_requests(encoded, condition, depth, thoroughness))
        rankings = dict(zip(encoded.vectors, answers, strict=True))
        hits = _hits(rankings, fuse, encoded.weights | question.weights)
        exhausted = all(len(answer) < depth for answer in answers)
        if len(hits) >= question.limit or exhausted or depth >= MOST:
            break
        depth = min(depth * 8, MOST)
    hits = hits[: question.limit]
    _locate(hits, metadata.get(SOURCES, {}))
    done = time.perf_counter()
    return SearchResult(
        hits=hits,
        fusion=question.fusion if len(rankings) > 1 else None,
        notes=encoded.notes,
        seconds={"encode": after_encoding - started, "search": done - after_encoding},
    )


def _check(store: Store, encoders: EncoderSet) -> None:
    if not store.exists():
        raise UsageError(f"There is nothing to search in {store.location} yet: run `medley ingest FOLDER` first.")
    store.ensure(encoders.vector_specs())


def _condition(where: str | None) -> models.Filter:
    """The filter of a question: what is searched are indexed segments, never the records of quarantined files."""
    from qdrant_client import models

    searchable = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=payload.State.INDEXED.value))
    must: list[models.Condition] = [searchable]
    if where:
        must.append(parse_where(where))
    return models.Filter(must=must)


def _thoroughness(metadata: Mapping[str, Any], encoders: EncoderSet) -> dict[str, int]:
    """The `hnsw_ef` of each vector for which one was measured, on vectors of the encoder that it still has."""
    measured = metadata.get(INDEX, {}).get("vectors", {})
    return {
        spec.name: measured[spec.name]["hnsw_ef"]
        for spec in encoders.vector_specs()
        if spec.name in measured and measured[spec.name]["encoder"] == spec.fingerprint
    }


def _requests(
    encoded: Encoded, condition: models.Filter, depth: int, thoroughness: Mapping[str, int]
) -> list[models.QueryRequest]:
    from qdrant_client import models

    fields = [
        payload.ITEM, payload.SOURCE, payload.PATH, payload.MODALITY, payload.SEGMENT, payload.START, payload.END,
        payload.PAGE, payload.WORDS, payload.INFO,
    ]  # fmt: skip
    return [
        models.QueryRequest(
            query=vector if isinstance(vector, models.SparseVector) else vector.tolist(),
            using=name,
            filter=condition,
            limit=depth,
            with_payload=fields,
            params=models.SearchParams(hnsw_ef=thoroughness[name]) if name in thoroughness else None,
        )
        for name, vector in encoded.vectors.items()
    ]


def _hits(
    rankings: Mapping[str, Sequence[models.ScoredPoint]], fuse: fusion.Fusion, weights: Mapping[str, float]
) -> list[Hit]:
    """Fuse the rankings and keep the best segment of each item."""
    points = {point.id: point for answer in rankings.values() for point in answer}
    if len(rankings) == 1:
        [(name, answer)] = rankings.items()
        ranked: list[tuple[Any, float, dict[str, VectorHit]]] = [
            (point.id, point.score, {name: VectorHit(rank=rank, score=point.score, share=point.score)})
            for rank, point in enumerate(answer, start=1)
        ]
    else:
        scored = {name: [(point.id, point.score) for point in answer] for name, answer in rankings.items()}
        ranked = [
            (
                fused.id,
                fused.score,
                {
                    name: VectorHit(rank=part.rank, score=part.score, share=part.share)
                    for name, part in fused.parts.items()
                },
            )
            for fused in fuse(scored, weights)
        ]
    hits: dict[str, Hit] = {}
    for identity, score, vectors in ranked:
        fields = points[identity].payload or {}
        if fields[payload.ITEM] not in hits:
            hits[fields[payload.ITEM]] = _hit(fields, score, vectors)
    return list(hits.values())


def _hit(fields: Mapping[str, Any], score: float, vectors: dict[str, VectorHit]) -> Hit:
    return Hit(
        item=fields[payload.ITEM],
        source=fields[payload.SOURCE],
        path=fields[payload.PATH],
        modality=fields[payload.MODALITY],
        score=score,
        start=fields.get(payload.START),
        end=fields.get(payload.END),
        page=fields.get(payload.PAGE),
        segment=fields[payload.SEGMENT],
        vectors=vectors,
        words=fields.get(payload.WORDS, {}),
        info=fields.get(payload.INFO, {}),
    )


def _locate(hits: Sequence[Hit], sources: Mapping[str, str]) -> None:
    """Name the file on this machine, where its source's folder is known and the file is there."""
    for hit in hits:
        if hit.source in sources:
            file = Path(sources[hit.source]) / hit.path
            hit.file = str(file) if file.exists() else None
