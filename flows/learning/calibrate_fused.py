"""How the scores of the fused vector are distributed where nothing is meant; measured when it is put in use.

A question is fused of what it has, so that words alone, a picture alone and both have scores of their own: each choice
of the vectors that are fused is asked. What is stored stands for the questions, so that no model has to be loaded: on
clip art the evidence of right answers came out as with questions proper (a by `fusion.calibration`: 0.17 and 0.17 by
words, 0.30 and 0.31 by looks, for the sum; concatenation differs by a third by looks).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders import registry
from flows.ingestion.points import named_vectors
from flows.learning.fused import artifact
from flows.learning.things import FIELDS, TOKENS, encoded, having
from fusion import fusers
from fusion.calibration import DIRECT, FUSED_SEEN, STORED, Calibration, Null, fused_way, key, random_pairs
from fusion.views import Views
from schemas import Modality, payload
from schemas.media import join_words
from schemas.vectors import CALIBRATION, FUSED, vectors_in_use

if TYPE_CHECKING:
    from store import Store

SAMPLE = 1000
"""Segments that are looked at. Ids are hashes, so that the first by id are as good as drawn by lot."""

PAGE = 100  # of them at a time
QUESTIONS = 64
TOGETHER = 3  # vectors in one question, at most


def print_of(store: Store) -> str:
    """The fingerprint of the fused vector that questions can use; "" where there is none."""
    have = vectors_in_use(store.vectors(), store.metadata())
    return have[FUSED].fingerprint if FUSED in have and store.metadata().get(FUSED) else ""


def recalibrate(store: Store) -> None:
    """Measure the fused vector again, and leave what is known of the others as it is."""
    kept = store.load_artifact(CALIBRATION)
    known = Calibration.from_arrays(*kept) if kept is not None else Calibration({}, {})
    fitted = known.without(FUSED).beside(fused_nulls(store))
    stamp = {**(kept[1].get("stamp", {}) if kept is not None else {}), FUSED: print_of(store)}
    store.save_artifact(CALIBRATION, fitted.arrays(), fitted.meta() | {"stamp": stamp})


def fused_nulls(store: Store) -> Calibration:
    """The null distributions of the fused vector by each way to ask it; none where nothing was fused."""
    nothing: Calibration = Calibration({}, {})
    note: Any = store.metadata().get(FUSED)
    kept = store.load_artifact(artifact(note["version"])) if note and print_of(store) else None
    if kept is None:
        return nothing
    fuser = fusers.load(*kept)
    have = vectors_in_use(store.vectors(), store.metadata())
    if any(name not in have or have[name].fingerprint != made for name, made in fuser.inputs.items()):
        return nothing
    spec, specs = have[FUSED], {name: have[name] for name in fuser.inputs}
    fields, items, texts, rows = [*FIELDS], [], [], []
    made = []
    names = [one.name for one in (*specs.values(), spec)]
    for record in islice(
        store.scroll_all(having({FUSED: spec}), PAGE, with_payload=fields, with_vectors=names), SAMPLE
    ):
        known = record.payload or {}
        items.append(known[payload.ITEM])
        texts.append(join_words(known.get(payload.WORDS, {}), named=False))
        rows.append(encoded(record, specs))
        made.append(np.asarray(named_vectors(record)[spec.name], np.float32))
    if not made:
        return nothing
    stored, points = np.stack(made), store.count(having({FUSED: spec}))
    views = Views.of(rows, {name: one.dim for name, one in specs.items()}, TOKENS)
    nulls = {}
    for way, a, some, asked in _asked(fuser, views, stored):
        pairs = random_pairs(
            asked @ stored.T,
            [items[i] for i in some],
            items,
            # A text that is empty equals nothing, not even another empty one.
            other=([texts[i] or i for i in some], [text or -1 - j for j, text in enumerate(texts)]),
        )
        null = Null.fit(pairs, a=a, points=points)
        if null is not None:
            nulls[key(FUSED, way)] = null
    return Calibration(nulls, dict.fromkeys(nulls, spec.fingerprint))


def _asked(fuser: Any, views: Views, stored: Any) -> Iterator[tuple[str, float, list[int], Any]]:
    """Each way to ask, what its evidence is worth, whose questions they are, and the questions (n, dim)."""
    names = views.names
    for count in range(1, min(TOGETHER, len(names)) + 1):
        for chosen in combinations(names, count):
            has = np.logical_and.reduce([views.has(name) for name in chosen])
            some = np.flatnonzero(has)[:QUESTIONS]
            if len(some):
                told = count > 1 or _holds_words(fuser.inputs[chosen[0]])
                asked = fuser.fuse(views.take(some).only(chosen))
                yield fused_way(chosen), DIRECT if told else FUSED_SEEN, some.tolist(), asked
    yield STORED, DIRECT, list(range(min(QUESTIONS, len(stored)))), stored[:QUESTIONS]


def _holds_words(fingerprint: str) -> bool:
    name = registry.made_by(fingerprint)
    return name is None or Modality.TEXT in registry.spec(name).stored
