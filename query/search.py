"""One request, one batch to Qdrant, one answer in which every hit says why it is there."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fusion.calibration import Calibration
from query import fuse
from query.combine import ascending
from query.confidence import judge
from query.encode import encode_request
from query.plan import MOST, condition, first_depth, group_key, requests, thoroughness
from query.rank import Ranked, grouped, rank, to_hit
from query.reach import encoders_in_use
from schemas import EmptyCollectionError, UsageError, payload
from schemas.search import Hit, SearchRequest, SearchResult
from schemas.vectors import CALIBRATION, SOURCES, vectors_in_use

if TYPE_CHECKING:
    from encoders import EncoderSet
    from store import Store


def search(store: Store, encoders: EncoderSet, request: SearchRequest) -> SearchResult:
    """Answer a request.

    All named vectors are searched in one request; their rankings are fused here, so that each hit keeps the rank and
    the score that each vector gave it; segments are grouped. Only where a few groups with very many segments crowd out
    the others is a second, deeper request made.

    Raises:
        UsageError: the request cannot be asked of this collection.
        StoreError: the collection cannot be read.
    """
    started = time.perf_counter()
    _refuse(request)
    if not store.exists():
        raise EmptyCollectionError(
            f"There is nothing to search in {store.location} yet: run `medley ingest FOLDER` first."
        )
    metadata = store.metadata()
    specs = vectors_in_use(store.vectors(), metadata)
    fuse.check(request, specs)
    key = group_key(request)
    filter_in_words = condition(request, [])  # a filter that is wrong is told before anything is encoded
    encoded = encode_request(request, encoders_in_use(encoders, specs), store, specs)
    fuse.check_distances(request, list(encoded.terms), specs)
    after_encoding = time.perf_counter()
    filter_ = condition(request, encoded.items) if encoded.items else filter_in_words
    efforts = thoroughness(metadata, specs)
    nulls = fuse.known_nulls(_calibration(store), encoded, specs)
    weights = fuse.weights(request, encoded)
    depth = first_depth(request)
    wanted = request.offset + request.limit
    while True:
        asked = requests(request, encoded, specs, filter_, depth=depth, efforts=efforts)
        answers = dict(zip(asked, store.query_batch(list(asked.values())), strict=True))
        payloads: dict[Hashable, Any] = {
            point.id: point.payload or {} for answer in answers.values() for point in answer
        }
        fusing = fuse.fusing(request, specs, nulls, payloads.__getitem__)
        ranked = _above(rank(answers, fusing, weights, specs), request, specs, answers)
        groups = grouped(ranked, key, request.group_size)
        exhausted = all(len(answer) < depth for answer in answers.values())
        if len(groups) >= wanted or exhausted or depth >= MOST or request.candidates is not None:
            break
        depth = min(depth * 8, MOST)
    chosen = list(groups.items())[request.offset : wanted]
    own = key if key != payload.ITEM else None
    hits = [to_hit(one, group if own else None) for group, members in chosen for one in members]
    relevant = judge(hits, nulls, specs, encoded) if nulls else None
    if request.min_confidence is not None:
        if not nulls:
            raise UsageError("How sure a hit is, is not known of this question: leave min_confidence out.")
        hits = [hit for hit in hits if (hit.confidence or 0.0) >= request.min_confidence]
    _locate(hits, metadata.get(SOURCES, {}))
    done = time.perf_counter()
    return SearchResult.model_construct(
        hits=hits,
        relevant=relevant,
        fusion=request.fusion.method if len(answers) > 1 else None,
        notes=encoded.notes,
        seconds={"encode": after_encoding - started, "search": done - after_encoding},
    )


def _calibration(store: Store) -> Calibration | None:
    kept = store.load_artifact(CALIBRATION)
    return None if kept is None else Calibration.from_arrays(*kept)


def _refuse(request: SearchRequest) -> None:
    """Say what cannot be asked yet, rather than answer something else."""
    later = {
        "fusion.side": request.fusion.side != "client",
        "rerank": request.rerank is not None,
        "diversity": request.diversity is not None,
        "combine": request.combine != "sum",
    }
    for name, asked in later.items():
        if asked:
            raise UsageError(f"{name} cannot be asked for yet: leave it out.")


def _above(
    ranked: list[Ranked], request: SearchRequest, specs: Mapping[str, Any], answers: Mapping[str, Any]
) -> list[Ranked]:
    """Those that reach the score that was asked for; a distance must not exceed it."""
    least = request.score_threshold
    if least is None:
        return ranked
    if len(answers) == 1 and ascending(specs[next(iter(answers))]):
        return [one for one in ranked if one.score <= least]
    return [one for one in ranked if one.score >= least]


def _locate(hits: Sequence[Hit], sources: Mapping[str, str]) -> None:
    """Name the file on this machine, where its source's folder is known and the file is there."""
    for hit in hits:
        if hit.source in sources:
            file = Path(sources[hit.source]) / hit.path
            hit.file = str(file) if file.exists() else None
