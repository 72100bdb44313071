"""The order of hits that was learnt from judged questions, and what it goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import log1p, nan
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.rank import Ranker
from query.kept import kept
from schemas import Modality, WordKind, payload
from schemas.vectors import RANKER

if TYPE_CHECKING:
    from query.passages import Highlighter
    from schemas import VectorSpec
    from store import Store

LEARNED = "learned"
"""What a request names to have its hits put in the learned order."""

NEAR = 10  # places within which a vector is taken to agree


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a hit.

    Attributes:
        found: by vector: rank from 1, raw score and share of the fused score.
        benefit: what it is given for vectors that it lacks.
        score: the fused score.
        fields: of the payload: words, modality, and when it was modified.
    """

    found: Mapping[str, tuple[int, float, float]]
    benefit: Mapping[str, float]
    score: float
    fields: Mapping[str, Any]


def feature_names(vectors: Sequence[str]) -> list[str]:
    """The names of the columns of `features`, for the named vectors of a collection."""
    return [
        *(f"{what} of {name}" for name in vectors for what in ("score", "place", "share", "lack")),
        "fused score",
        "fused place",
        "agreement",
        "agreement near the top",
        *(f"words in {kind.value}" for kind in WordKind),
        *(f"is {modality.value}" for modality in Modality),
        "freshness",
    ]


def features(vectors: Sequence[str], hits: Sequence[Known], highlighter: Highlighter | None) -> NDArray[np.float64]:
    """The columns of `feature_names` for the hits of a question, in the order in which they were found.

    Args:
        vectors: the named vectors of the collection.
        hits: what is known of them.
        highlighter: knows the words of the question.

    Returns:
        float64 (hits, features), NaN where something is not known.
    """
    now = datetime.now(UTC)
    rows = []
    for place, hit in enumerate(hits, start=1):
        row: list[float] = []
        for name in vectors:
            rank, raw, share = hit.found.get(name, (0, nan, 0.0))
            row += [raw, 1.0 / rank if rank else 0.0, share, float(name in hit.benefit)]
        near = sum(rank <= NEAR for rank, *_ in hit.found.values())
        row += [hit.score, 1.0 / place, float(len(hit.found)), float(near)]
        told = highlighter.shares(hit.fields.get(payload.WORDS, {})) if highlighter is not None else {}
        row += [told.get(kind.value, 0.0) for kind in WordKind]
        row += [float(hit.fields.get(payload.MODALITY) == modality.value) for modality in Modality]
        row.append(_freshness(hit.fields.get(payload.MODIFIED), now))
        rows.append(row)
    return np.asarray(rows, np.float64).reshape(len(rows), len(feature_names(vectors)))


def ranker_of(store: Store, specs: Mapping[str, VectorSpec]) -> Ranker | None:
    """The learned order of a collection, if it was learnt of the vectors that it has."""
    found = kept(store, RANKER, lambda arrays, meta: (arrays, meta))
    if found is None:
        return None
    arrays, meta = found
    if meta["prints"] != prints(specs) or not meta["in_use"]:
        return None
    return Ranker(tuple(meta["features"]), bytes(arrays["model"]).decode(), int(meta["questions"]))


def prints(specs: Mapping[str, VectorSpec]) -> dict[str, str]:
    """The fingerprint of each named vector."""
    return {name: spec.fingerprint for name, spec in specs.items()}


def modified(store: Store, ids: Sequence[Any]) -> dict[str, Any]:
    """When the files of segments were last changed, by the id of the point."""
    records = store.retrieve(ids, with_payload=[payload.MODIFIED])
    return {str(record.id): (record.payload or {}).get(payload.MODIFIED) for record in records}


def _freshness(told: Any, now: datetime) -> float:
    """Minus the logarithm of its age in days."""
    try:
        then = datetime.fromisoformat(str(told))
    except ValueError:
        return nan
    then = then if then.tzinfo else then.replace(tzinfo=UTC)
    return -log1p(max(0.0, (now - then).total_seconds() / 86_400))
