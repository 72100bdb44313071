"""Bridges from one space to another, fitted at the end of a run on the captioned items of the collection.

Where words reach pictures or sounds through their captions alone, a bridge sends them to those without; and where
pictures share no space with words, another tells the words of pictures like a picture that is asked with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from flows.ingestion.progress import tell
from fusion import bridges
from fusion.bridge import MIN_PAIRS
from schemas import Modality, UsageError, WordKind, payload
from schemas.fit import BridgeChoice
from schemas.payload import State
from schemas.vectors import bridge_name

if TYPE_CHECKING:
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

REFIT_SHARE = 0.1
"""A bridge is fitted anew when the number of captioned items has changed by more than this share."""

MOST_PAIRS = 20_000
"""More pairs than this no longer change the fit, and would cost memory: (384 + 1,024) floats a pair."""

LEAST_TRIED = 2 * MIN_PAIRS
"""Pairs that the kinds of bridges are compared on, at least: a fifth is left out of each fit."""

MOST_TRIED = 4000
"""Pairs that the kinds of bridges are compared on: more do not change which is best, and each is fitted six times."""

THINGS = {Modality.IMAGE: "pictures", Modality.AUDIO: "sounds"}


@dataclass(frozen=True, slots=True)
class _Span:
    """A bridge that is wanted: between which named vectors, over items of which modality."""

    source: str
    target: str
    modality: Modality
    from_words: bool


def fit_bridges(store: Store, encoders: EncoderSet, kinds: Mapping[str, str] | None = None) -> list[str]:
    """Fit or refit the bridges that the encoders need; returns what a person should know of them.

    Args:
        store: the store.
        encoders: the encoders.
        kinds: of bridge that are fitted, by its name; else as it was once chosen, which is kept with it.
    """
    notes = [_fit(store, encoders, span, kinds or {}) for span in _spans(encoders)]
    return [note for note in notes if note]


def select_bridges(store: Store, encoders: EncoderSet) -> list[BridgeChoice]:
    """Try every kind of bridge by cross-validation on the collection's own pairs, and keep the best.

    Raises:
        UsageError: there are too few captioned items, or they are all the same.
        StoreError: the collection cannot be read or written.
    """
    found = []
    for span in _spans(encoders):
        captioned = _captioned(span.source, span.target, span.modality)
        if store.count(captioned) < LEAST_TRIED:
            continue
        x, y = _pairs(store, captioned, span.source, span.target, most=MOST_TRIED)
        prints = encoders.specs[span.source].fingerprint, encoders.specs[span.target].fingerprint
        best, against = bridges.select(
            x,
            y,
            source=prints[0],
            target=prints[1],
            weigh=span.from_words,
            progress=lambda done, total: tell("train", done, total),
        )
        store.save_artifact(bridge_name(span.source, span.target), best.arrays(), best.meta())
        found.append(
            BridgeChoice(source=span.source, target=span.target, kind=best.kind, pairs=len(x), against=against)
        )
    if not found:
        raise UsageError(
            f"There is nothing to choose bridges by: {LEAST_TRIED} captioned pictures or sounds are needed."
        )
    return found


def _spans(encoders: EncoderSet) -> Iterator[_Span]:
    """From words to pictures and sounds, and from pictures to words, where no space is shared.

    From sounds to words none is fitted: on held-out sounds it found worse likenesses than the sounds do themselves.
    """
    words = _plain(encoders, Modality.TEXT)
    if not words:
        return
    for modality in THINGS:
        reached = encoders.vectors_for(Modality.TEXT)
        for target in _plain(encoders, modality):
            if target not in reached:
                yield _Span(words[0], target, modality, from_words=True)
    pictures = _plain(encoders, Modality.IMAGE)
    if pictures and words[0] not in encoders.vectors_for(Modality.IMAGE):
        yield _Span(pictures[0], words[0], Modality.IMAGE, from_words=False)


def _plain(encoders: EncoderSet, modality: Modality) -> list[str]:
    """The named vectors of one vector each that hold contents of a modality."""
    specs = encoders.specs
    return [name for name in encoders.holding(modality) if not specs[name].sparse and not specs[name].multivector]


def _fit(store: Store, encoders: EncoderSet, span: _Span, kinds: Mapping[str, str]) -> str | None:
    source, target = span.source, span.target
    prints = encoders.specs[source].fingerprint, encoders.specs[target].fingerprint
    name = bridge_name(source, target)
    captioned = _captioned(source, target, span.modality)
    pairs = store.count(captioned)
    kept = store.load_artifact(name)
    things = THINGS[span.modality]
    if pairs < MIN_PAIRS:
        if kept is not None:
            store.delete_artifact(name)
        is_asked_for = span.from_words and _any_of(store, span.modality)
        return (
            f"Words do not reach {things} without captions yet: {pairs} captioned {things}, and {MIN_PAIRS} are needed."
            if is_asked_for
            else None
        )
    if kept is not None:
        bridge = bridges.load(*kept)
        if (bridge.source, bridge.target) == prints and abs(pairs - bridge.pairs) <= REFIT_SHARE * bridge.pairs:
            return None
    x, y = _pairs(store, captioned, source, target)
    # From a picture to words, the captions of its like are wanted, and not the one that it might have.
    kind = str(kinds.get(name) or (kept[1].get("kind", bridges.RIDGE) if kept is not None else bridges.RIDGE))
    try:
        bridge = bridges.fit(kind, x, y, source=prints[0], target=prints[1], weigh=span.from_words)
    except UsageError as error:  # thirty captions that a camera wrote are one caption: no reason for a run to fail
        if kept is not None:
            store.delete_artifact(name)
        return f"Words do not reach {things} without captions yet. {error}" if span.from_words else None
    store.save_artifact(name, bridge.arrays(), bridge.meta())
    if not span.from_words:
        return None
    found = "" if bridge.recall is None else f" (finds {bridge.recall:.0%} of left-out {things} among the first ten)"
    return f"Words now reach {things} without captions: fitted on {bridge.pairs} captioned {things}{found}."


def _any_of(store: Store, modality: Modality) -> bool:
    """Whether the collection has items of a modality at all."""
    from qdrant_client import models

    return store.count(models.Filter(must=_indexed(modality))) > 0


def _indexed(modality: Modality) -> list[models.Condition]:
    from qdrant_client import models

    return [
        models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value)),
        models.FieldCondition(key=payload.MODALITY, match=models.MatchValue(value=modality.value)),
    ]


def _captioned(source: str, target: str, modality: Modality) -> models.Filter:
    """Items that somebody described: words that a model read or heard in them are not a description."""
    from qdrant_client import models

    kinds = (WordKind.SIDECAR, WordKind.EMBEDDED)
    return models.Filter(
        must=[
            *_indexed(modality),
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
    store: Store, captioned: models.Filter, source: str, target: str, most: int = MOST_PAIRS
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The vectors of captioned items, at most so many of them: (n, d) of both spaces."""
    pairs: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []
    for record in store.scroll_all(captioned, with_payload=False, with_vectors=[source, target]):
        vectors = record.vector
        if isinstance(vectors, dict):  # as arrays: a list of Python's numbers takes eight times the memory
            pairs.append((np.asarray(vectors[source], np.float32), np.asarray(vectors[target], np.float32)))
        if len(pairs) >= most:
            break
    x, y = zip(*pairs, strict=True)
    return np.stack(x), np.stack(y)
