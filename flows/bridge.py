"""The bridge from words to pictures, fitted at the end of a run on the captioned pictures of the collection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from fusion.bridge import MIN_PAIRS, Bridge
from schemas import Modality, WordKind, payload
from schemas.payload import State
from schemas.vectors import bridge_name

if TYPE_CHECKING:
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

REFIT_SHARE = 0.1
"""A bridge is fitted anew when the number of captioned pictures has changed by more than this share."""

MOST_PAIRS = 20_000
"""More pairs than this no longer change the fit, and would cost memory: (384 + 1,024) floats a pair."""


def fit_bridge(store: Store, encoders: EncoderSet) -> str | None:
    """Fit or refit the bridge where pictures and texts share no space; returns what a person should know of it."""
    source, target = _ends(encoders)
    if not source or not target:
        return None
    prints = encoders.specs[source].fingerprint, encoders.specs[target].fingerprint
    name = bridge_name(source, target)
    captioned = _captioned(source, target)
    pairs = store.count(captioned)
    kept = store.load_artifact(name)
    if pairs < MIN_PAIRS:
        if kept is not None:
            store.delete_artifact(name)
        return (
            f"Words do not reach pictures without captions yet: {pairs} captioned pictures, and {MIN_PAIRS} are needed."
        )
    if kept is not None:
        bridge = Bridge.from_arrays(*kept)
        if (bridge.source, bridge.target) == prints and abs(pairs - bridge.pairs) <= REFIT_SHARE * bridge.pairs:
            return None
    texts, pictures = _pairs(store, captioned, source, target)
    bridge = Bridge.fit(texts, pictures, source=prints[0], target=prints[1])
    store.save_artifact(name, bridge.arrays(), bridge.meta())
    found = "" if bridge.recall is None else f" (finds {bridge.recall:.0%} of left-out pictures among the first ten)"
    return f"Words now reach pictures without captions: fitted on {bridge.pairs} captioned pictures{found}."


def _ends(encoders: EncoderSet) -> tuple[str, str]:
    """The named vectors of texts and of pictures, where they share no space; else two empty names."""
    texts = encoders.vectors_for(Modality.TEXT)
    pictures = encoders.vectors_for(Modality.IMAGE)
    if not texts or not pictures or encoders.specs[texts[0]].space == encoders.specs[pictures[0]].space:
        return "", ""
    return texts[0], pictures[0]


def _captioned(source: str, target: str) -> models.Filter:
    """Pictures that somebody described: words that OCR read on them are not a description."""
    from qdrant_client import models

    kinds = (WordKind.SIDECAR, WordKind.EMBEDDED)
    return models.Filter(
        must=[
            models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value)),
            models.FieldCondition(key=payload.MODALITY, match=models.MatchValue(value=Modality.IMAGE.value)),
            models.HasVectorCondition(has_vector=source),
            models.HasVectorCondition(has_vector=target),
        ],
        must_not=[
            models.Filter(
                must=[
                    models.IsEmptyCondition(is_empty=models.PayloadField(key=f"{payload.WORDS}.{kind.value}"))
                    for kind in kinds
                ]
            )
        ],
    )


def _pairs(
    store: Store, captioned: models.Filter, source: str, target: str
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float32]], np.ndarray[tuple[int, int], np.dtype[np.float32]]]:
    texts: list[list[float]] = []
    pictures: list[list[float]] = []
    for record in store.scroll_all(captioned, with_payload=False, with_vectors=[source, target]):
        vectors = record.vector
        if isinstance(vectors, dict):
            texts.append(vectors[source])  # type: ignore[arg-type]  # a dense vector: the filter asks for it
            pictures.append(vectors[target])  # type: ignore[arg-type]  # likewise
        if len(texts) >= MOST_PAIRS:
            break
    return np.asarray(texts, np.float32), np.asarray(pictures, np.float32)
