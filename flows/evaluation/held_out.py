"""A copy of a collection without what the questions are about, and with all that is fitted fitted anew.

A question made of a caption would find the caption. It is asked of a copy instead in which the item has no words, and
whose bridges and calibration have never seen them; it is searched as the collection itself is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from flows.evaluation.catalogue import Thing, catalogue, file_of
from flows.evaluation.questions import Asking, Kinds, Withheld
from flows.ingestion.points import named_vectors
from flows.ingestion.progress import tell
from flows.reconciliation.migrate import pages
from fusion.evaluation import content_groups
from schemas import Modality, UsageError, payload
from schemas.evaluation import EvaluationOptions, Judged
from schemas.vectors import BRIDGE, FUSED, INFERRING, LEXICAL, PRESET, SOURCES, WEIGHTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

PAGE = 500
MOST_COMPARED = 5000
"""Items that are compared with each other for near-duplicates; of more, those are found by bytes and captions alone."""


def hold_out(source: Store, target: Store, encoders: EncoderSet, options: EvaluationOptions) -> Judged:
    """Fill an empty store with a copy that lacks what the questions are about, and return those.

    Args:
        source: the collection; it is only read.
        target: where the copy is made.
        encoders: those of the collection.
        options: what is asked.
    """
    things, there = catalogue(source, options.items)
    kinds = _kinds(source, encoders)
    groups = _groups(source, things, kinds)
    asking = Asking(things, groups.tolist(), kinds, options, lambda thing: file_of(source, thing))
    asking.run()
    judged = asking.judged
    if there > len(things):
        judged.notes.append(f"Asked of a sample of {len(things):,} of {there:,} items.")
    kept = {name for name in source.vectors() if name in encoders.specs or name == LEXICAL}
    target.ensure([spec for name, spec in source.vectors().items() if name in kept])
    metadata = source.metadata()
    target.set_metadata({key: metadata[key] for key in (PRESET, SOURCES) if key in metadata})
    wanted = {thing.id for thing in things}
    total, done = sum(len(thing.segments) for thing in things), 0
    for points in pages(_copied(source, wanted, kept, kinds, asking.withheld), PAGE):
        target.upsert(points, sync=False)
        done += len(points)
        tell("copy", done, total)
    if (weights := source.load_artifact(WEIGHTS)) is not None:
        target.save_artifact(WEIGHTS, *weights)
    notes = _fit(target, encoders, _bridges(source), metadata)
    judged.notes += [f"Of the copy that was asked: {note[0].lower()}{note[1:]}" for note in notes]
    return judged


def _bridges(source: Store) -> dict[str, str]:
    """The kind of each bridge, by its name."""
    kept = {name: source.load_artifact(name) for name in source.artifacts() if name.startswith(BRIDGE)}
    return {name: str(bridge[1].get("kind", "")) for name, bridge in kept.items() if bridge is not None}


def _fit(target: Store, encoders: EncoderSet, bridges: Mapping[str, str], metadata: Mapping[str, Any]) -> list[str]:
    """Fit anew what was fitted on the collection; returns what a person should know."""
    from flows.learning import infer, steps
    from flows.learning.bridge import fit_bridges
    from flows.learning.calibrate import calibrate

    notes = fit_bridges(target, encoders, bridges)
    if (inferring := metadata.get(INFERRING)) is not None:
        try:
            infer.fit_graph(target, inferring["name"])
        except UsageError as error:
            notes.append(f"Asked without inferred vectors, for none could be fitted anew. {error}")
    if (fused := metadata.get(FUSED)) is not None:
        method = str(fused["version"]).rpartition("-")[0]
        try:
            report = steps.fit(target, steps.FitOptions(method, tuple(fused["inputs"])))
            steps.use(target, report.version, asked=bool(fused["asked"]))
        except UsageError as error:
            notes.append(f"Asked without a fused vector, for none could be fitted anew. {error}")
    calibrate(target, encoders)
    return notes


def _kinds(store: Store, encoders: EncoderSet) -> Kinds:
    have = set(store.vectors())

    def holding(*modalities: Modality) -> frozenset[str]:
        return frozenset(name for one in modalities for name in encoders.holding(one) if name in have)

    words = holding(Modality.TEXT) | ({LEXICAL} & have)
    # What holds words and pictures alike (one space, one vector) is withheld with the words: they are in it.
    looks = holding(Modality.IMAGE, Modality.AUDIO, Modality.VIDEO) - words
    return Kinds(words, looks, holding(Modality.AUDIO) - words)


def _groups(store: Store, things: Sequence[Thing], kinds: Kinds) -> NDArray[np.intp]:
    """What is alike: by bytes, by caption, and by looks or sound."""
    keys: list[list[Any]] = [[thing.hash for thing in things], [thing.caption for thing in things]]
    if not things:
        return np.zeros(0, np.intp)
    if len(things) > MOST_COMPARED:
        return content_groups(*keys)
    place = {thing.segments[0][0]: n for n, thing in enumerate(things) if 0 in thing.segments}
    specs = store.vectors()
    for name in sorted(kinds.looks):
        if specs[name].multivector or specs[name].sparse or specs[name].distance != "cosine":
            continue
        vectors = np.zeros((len(things), specs[name].dim), np.float32)
        ids = list(place)
        for start in range(0, len(ids), PAGE):
            for record in store.retrieve(ids[start : start + PAGE], with_payload=False, with_vectors=[name]):
                have = named_vectors(record)
                if name in have:
                    vectors[place[str(record.id)]] = have[name]
        keys.append(content_groups(vectors=vectors).tolist())
    return content_groups(*keys)


def _copied(
    source: Store, wanted: set[str], kept: set[str], kinds: Kinds, withheld: Withheld
) -> Iterator[models.PointStruct]:
    """The points of the copy."""
    from qdrant_client import models

    from store.recall import searchable

    for record in source.scroll_all(searchable(), PAGE, with_vectors=sorted(kept)):
        fields: dict[str, Any] = dict(record.payload or {})
        item, vectors = fields[payload.ITEM], named_vectors(record)
        if item not in wanted or str(record.id) in withheld.left_out:
            continue
        # What was fitted or inferred has learnt from what is asked: it is made anew.
        vectors, fields = _without(vectors, fields, frozenset(fields.get(payload.ENCODERS, {})) - kept)
        vectors, fields = _without(vectors, fields, frozenset(fields.pop(payload.INFERRED, {})))
        if item in withheld.words:
            vectors, fields = _without(vectors, fields, kinds.words)
            fields[payload.WORDS] = {}
        if item in withheld.looks:
            vectors, fields = _without(vectors, fields, kinds.looks)
        if item in withheld.muted:
            sounds = {name: vector for name, vector in vectors.items() if name in kinds.sounds}
            vectors, fields = _without(vectors, fields, kinds.sounds)
            if sounds and fields[payload.SEGMENT] == 0:
                alone = withheld.muted[item]
                yield models.PointStruct.model_construct(
                    id=alone, vector=sounds, payload={**fields, payload.ITEM: alone, payload.WORDS: {}}
                )
        if str(record.id) in withheld.apart:
            fields |= {payload.ITEM: str(record.id), payload.SEGMENT: 0}
        if vectors:
            yield models.PointStruct.model_construct(id=record.id, vector=vectors, payload=fields)


def _without(
    vectors: dict[str, Any], fields: dict[str, Any], names: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    encoders: Mapping[str, str] = fields.get(payload.ENCODERS, {})
    return (
        {name: vector for name, vector in vectors.items() if name not in names},
        {**fields, payload.ENCODERS: {name: made for name, made in encoders.items() if name not in names}},
    )
