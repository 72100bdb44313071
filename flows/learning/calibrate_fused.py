"""How the scores of the fused vector are distributed where nothing is meant; measured when it is put in use.

What a segment is made of decides how high its scores are: a text alone lies far nearer to words than a picture with a
text, whatever they say. So they are measured for each choice of vectors that segments have, too.

A question is fused of what it has, so that words alone, a picture alone and both have scores of their own: each choice
of the vectors that are fused is asked. What is stored stands for the questions, so that no model has to be loaded: on
clip art the evidence of right answers came out as with questions proper (a by `fusion.calibration`: 0.17 and 0.17 by
words, 0.30 and 0.31 by looks, for the sum; concatenation differs by a third by looks).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders import registry
from flows.ingestion.points import named_vectors
from flows.learning.fused import artifact
from flows.learning.things import FIELDS, TOKENS, encoded, having
from fusion import fusers
from fusion.calibration import (
    DIRECT,
    FUSED_SEEN,
    STORED,
    Calibration,
    Null,
    different,
    fused_way,
    key,
    numbered,
    random_pairs,
    said,
)
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
BEYOND = 8
"""Different scores beyond the last quantile, without which the tail of segments of one kind is not told: a few texts
that are there a thousand times have a thousand pairs, and still only a few scores."""
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
    items: list[str] = []
    hashes: list[str | None] = []
    words: list[str | None] = []
    rows, made = [], []
    names = [one.name for one in (*specs.values(), spec)]
    for record in islice(
        store.scroll_all(having({FUSED: spec}), PAGE, with_payload=[*FIELDS], with_vectors=names), SAMPLE
    ):
        known = record.payload or {}
        items.append(known[payload.ITEM])
        hashes.append(known.get(payload.HASH))
        words.append(said(join_words(known.get(payload.WORDS, {}), named=False)))
        rows.append(encoded(record, specs))
        made.append(np.asarray(named_vectors(record)[spec.name], np.float32))
    if not made:
        return nothing
    stored, points = np.stack(made), store.count(having({FUSED: spec}))
    views = Views.of(rows, {name: one.dim for name, one in specs.items()}, TOKENS)
    kinds: dict[tuple[str, ...], list[int]] = {}
    for j, row in enumerate(rows):
        kinds.setdefault(tuple(sorted(row)), []).append(j)
    if len(kinds) == 1:
        kinds = {}
    known_by = [numbered(items), numbered(hashes), numbered(words)]
    nulls = {}
    for way, a, some, asked in _asked(fuser, views, stored, words, hashes):
        scores = asked @ stored.T
        for parts, found in (((), range(len(rows))), *kinds.items()):
            pairs = random_pairs(scores[:, found], some, found, *known_by)
            null = Null.fit(pairs, a=a, points=points)
            if null is not None and (not parts or _tail_is_told(pairs, null)):
                nulls[key(FUSED, way, parts)] = null
    return Calibration(nulls, dict.fromkeys(nulls, spec.fingerprint))


def _tail_is_told(pairs: NDArray[np.float64], null: Null) -> bool:
    return len(np.unique(pairs[pairs > null.quantiles[-1]].round(4))) >= BEYOND


def _asked(
    fuser: Any, views: Views, stored: Any, words: Sequence[Hashable], hashes: Sequence[Hashable]
) -> Iterator[tuple[str, float, list[int], Any]]:
    """Each way to ask, what its evidence is worth, whose questions they are, and the questions (n, dim)."""
    names = views.names
    for count in range(1, min(TOGETHER, len(names)) + 1):
        for chosen in combinations(names, count):
            has = np.logical_and.reduce([views.has(name) for name in chosen])
            worded = any(_holds_words(fuser.inputs[name]) for name in chosen)
            some = different(words if worded else hashes, np.flatnonzero(has).tolist(), QUESTIONS)
            if some:
                asked = fuser.fuse(views.take(some).only(chosen))
                yield fused_way(chosen), DIRECT if count > 1 or worded else FUSED_SEEN, some, asked
    some = different(hashes, range(len(stored)), QUESTIONS)
    yield STORED, DIRECT, some, stored[some]


def _holds_words(fingerprint: str) -> bool:
    name = registry.made_by(fingerprint)
    return name is None or Modality.TEXT in registry.spec(name).stored
