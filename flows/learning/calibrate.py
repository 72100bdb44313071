"""How scores are distributed where nothing is meant, measured at the end of a run on a sample of the collection."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from flows.ingestion.points import named_vectors
from flows.learning.calibrate_fused import fused_nulls, print_of, recalibrate
from fusion import bridges
from fusion.answers import COHORT, LIKE, Answers, evidence
from fusion.calibration import (
    BRIDGE,
    BRIDGED,
    DIRECT,
    LEAST_PAIRS,
    WORDS,
    Calibration,
    Null,
    different,
    key,
    numbered,
    random_pairs,
    said,
)
from schemas import Modality, payload
from schemas.media import join_words
from schemas.payload import State
from schemas.vectors import ANSWERS, CALIBRATION, FUSED, LEXICAL, bridge_name

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store

SAMPLE = 1000
"""Segments that are looked at. Ids are hashes, so that the first by id are as good as drawn by lot."""

PAGE = 100  # of them at a time: numbers are objects on their way here, ten times the size of those in an array
WORDED = 125
"""Segments of the sample whose words are scored: each score comes as a point of the engine's answer. Twice as many
changed the surprise of a score by 5 % at most, on 9,500 segments of clip art."""

QUESTIONS = 64
ASKED = 128  # questions without an answer
SHOWN = 64  # segments of each that share its words most
QUESTION = 8  # words of a text that stand for a question
REFIT_SHARE = 0.1  # the change in the number of segments from which on all is measured anew

Scores = Iterator[tuple[str, "NDArray[Any]", list[int], list[int]]]
"""A key, scores (n, m), which questions and which segments of the sample they belong to."""


def calibrate(store: Store, encoders: EncoderSet) -> None:
    """Measure the null distributions if there are enough segments, and none or too old ones are known."""
    from store.recall import searchable

    points = store.count(searchable())
    if points * (points - 1) < LEAST_PAIRS:
        return
    stamp = {
        "points": points,
        "bridges": _bridges(store),
        "encoders": {n: s.fingerprint for n, s in _specs(encoders)},
        FUSED: print_of(store),
        ANSWERS: 2,  # the way in which all this is measured
    }
    kept = store.load_artifact(CALIBRATION)
    if kept is not None:
        was = kept[1].get("stamp", {})
        near = abs(points - was.get("points", 0)) <= REFIT_SHARE * was.get("points", 0)
        if near and all(was.get(what) == stamp[what] for what in ("bridges", "encoders", ANSWERS)):
            if was.get(FUSED, "") != stamp[FUSED]:
                recalibrate(store)
            return
    sample = _Sample(store, encoders)
    fitted = sample.fit().beside(fused_nulls(store))
    answers = sample.answers(fitted)
    if answers is None:
        store.delete_artifact(ANSWERS)
    else:
        store.save_artifact(ANSWERS, answers.arrays(), answers.meta())
    store.save_artifact(CALIBRATION, fitted.arrays(), fitted.meta() | {"stamp": stamp})


def _specs(encoders: EncoderSet) -> list[tuple[str, Any]]:
    return [(spec.name, spec) for spec in encoders.vector_specs()]


def _bridges(store: Store) -> dict[str, int]:
    """How many pairs each bridge was fitted on: another number means another bridge."""
    found = {name: store.load_artifact(name) for name in store.artifacts() if name != CALIBRATION}
    return {name: int(kept[1]["pairs"]) for name, kept in found.items() if kept is not None and "pairs" in kept[1]}


class _Sample:
    """A sample of segments, and questions made from it."""

    def __init__(self, store: Store, encoders: EncoderSet) -> None:
        from store.recall import searchable

        self._store, self._encoders = store, encoders
        self._specs = dict(_specs(encoders))
        self._dense = [n for n, s in self._specs.items() if not s.sparse and not s.multivector and n in store.vectors()]
        fields = [payload.ITEM, payload.HASH, payload.WORDS, payload.INFERRED]
        self._ids, self._items, self._hashes, words = [], [], [], []
        self._rows: dict[str, dict[int, NDArray[np.float32]]] = {name: {} for name in self._dense}
        scrolled = store.scroll_all(searchable(), PAGE, with_payload=fields, with_vectors=self._dense)
        for i, record in enumerate(islice(scrolled, SAMPLE)):
            known, vectors = record.payload or {}, named_vectors(record)
            self._ids.append(record.id)
            self._items.append(known[payload.ITEM])
            self._hashes.append(known.get(payload.HASH))
            words.append(known.get(payload.WORDS, {}))
            for name in vectors.keys() - known.get(payload.INFERRED, {}).keys():
                vector = vectors[name]
                self._rows[name][i] = np.asarray(vector, np.float32)
        self._texts = [join_words(one, named=False) for one in words]
        self._said = [said(text) for text in self._texts]
        told = [i for i, text in enumerate(self._texts) if text]
        named = [join_words(one, named=True) for one in words]
        self._asked = different(self._said, told or [i for i, text in enumerate(named) if text], QUESTIONS)
        self._questions = [" ".join(named[i].split()[:QUESTION]) for i in self._asked]

    def fit(self) -> Calibration:
        nulls, prints = {}, {}
        known_by = [numbered(self._items), numbered(self._hashes), numbered(self._said)]
        for name, scores, questions, segments in self._scores():
            vector = name.rpartition(".")[0]
            spec = self._specs[vector]
            a = WORDS if spec.sparse else BRIDGED if name.endswith(f".{BRIDGE}") else DIRECT
            pairs = random_pairs(scores, questions, segments, *known_by)
            null = Null.fit(pairs, a=a, points=self._store.count(_having(vector)))
            if null is not None:
                nulls[name], prints[name] = null, spec.fingerprint
        return Calibration(nulls, prints)

    def _scores(self) -> Scores:
        if self._questions:
            yield from self._by_words()
            yield from self._by_text()
        for name in self._dense:
            spec = self._encoders.specs[name]
            having, vectors = self._vectors(name)
            some = different(self._hashes, having, QUESTIONS)
            asked = vectors[np.searchsorted(having, some)]
            if Modality.IMAGE in spec.stored and having:
                for target, bridge in self._bridged(name, Modality.TEXT).items():
                    found, texts = self._vectors(target)
                    yield key(target, BRIDGE), _likeness(bridge.project(asked), texts, "cosine"), some, found
            for modality in spec.stored:
                if modality not in (Modality.TEXT, Modality.VIDEO) and len(having) > 1:  # scenes ask as pictures do
                    yield key(name, modality), _likeness(asked, vectors, spec.distance), some, having

    def _by_text(self) -> Scores:
        routes = self._encoders.routes(Modality.TEXT)
        direct = {name for route in routes for name in route.vectors}
        for number, route in enumerate(routes):
            reached = [name for name in route.vectors if self._rows.get(name)]
            targets = {} if number else self._bridged(route.encoder, Modality.IMAGE, but=direct)
            if not reached and not targets:
                continue
            asked = self._encoders[route.encoder].encode_query(self._questions, Modality.TEXT)
            for name in reached:
                having, vectors = self._vectors(name)
                scores = _likeness(asked, vectors, self._specs[name].distance)
                yield key(name, Modality.TEXT), scores, self._asked, having
            for name, bridge in targets.items():
                having, vectors = self._vectors(name)
                yield key(name, BRIDGE), _likeness(bridge.project(asked), vectors, "cosine"), self._asked, having

    def _bridged(self, source: str, modality: Modality, *, but: Collection[str] = ()) -> Mapping[str, Any]:
        """The bridges from a vector to those that hold a modality, `but` for some."""
        found = {}
        for name in self._encoders.holding(modality):
            kept = self._store.load_artifact(bridge_name(source, name)) if name not in but else None
            if kept is not None and name in self._dense:
                found[name] = bridges.load(*kept)
        return found

    def _by_words(self) -> Scores:
        """The engine itself scores words: how rare they are in the whole collection is its knowledge."""
        asked = [i for i, question in enumerate(self._questions) if self._encoders.lexical.query(question).indices]
        if not asked or LEXICAL not in self._store.vectors():
            return
        ids = self._ids[:WORDED]
        scores = self._shared([self._questions[i] for i in asked], ids, len(ids))
        yield key(LEXICAL, Modality.TEXT), scores, [self._asked[i] for i in asked], list(range(len(ids)))

    def _shared(self, questions: Sequence[str], ids: Sequence[Any], limit: int) -> NDArray[np.float64]:
        """The scores (n, m) of segments by their words; 0 without a shared one, and beyond the best `limit`."""
        from qdrant_client import models

        place = {str(identity): j for j, identity in enumerate(ids)}
        among = models.Filter(must=[models.HasIdCondition(has_id=list(ids))])
        asked = [(i, self._encoders.lexical.query(question)) for i, question in enumerate(questions)]
        some = [(i, query) for i, query in asked if query.indices]
        answers = self._store.rankings(
            [
                models.QueryRequest(query=query, using=LEXICAL, filter=among, limit=limit, with_payload=False)
                for _, query in some
            ]
        )
        scores = np.zeros((len(questions), len(ids)))
        for (i, _), answer in zip(some, answers, strict=True):
            for identity, score in answer:
                scores[i, place[str(identity)]] = score
        return scores

    def answers(self, known: Calibration) -> Answers | None:
        """What questions get that have no answer: about segments of the sample, all that is like them left out."""
        vectors = [name for name in self._encoders.vectors_for(Modality.TEXT) if name in self._dense]
        alike = [n for n in vectors if self._encoders.specs[n].stored == (Modality.TEXT,) and self._similar(n)]
        if not alike:
            return None
        [name, *_] = alike
        print_ = self._specs[name].fingerprint
        near, words = (
            known.of(one, Modality.TEXT, self._specs[one].fingerprint) if one in self._specs else None
            for one in (name, LEXICAL)
        )
        having, rows = self._vectors(name)
        asked = [j for j, i in enumerate(having) if self._texts[i]][:ASKED]
        if near is None or words is None or not asked:
            return None
        questions = [self._question(self._texts[having[j]], terse=n % 2 == 0) for n, j in enumerate(asked)]
        made = self._encoders[name].encode_query(questions, Modality.TEXT)
        likeness = np.asarray(made @ rows.T, np.float64)
        shared = words.surprise(self._shared(questions, [self._ids[i] for i in having], SHOWN))
        left_out = near.surprise(rows[asked] @ rows.T) > -np.log(LIKE)
        left_out |= np.equal.outer([self._items[having[j]] for j in asked], [self._items[i] for i in having])
        likeness[left_out], shared[left_out] = -np.inf, 0.0
        told = np.isfinite(likeness).any(axis=1)
        cohort = rows[:COHORT]
        given = zip(made[told], likeness[told].max(axis=1), shared[told].max(axis=1), strict=True)
        return Answers.fit(name, print_, cohort, [evidence(*one, cohort) for one in given])

    def _question(self, text: str, *, terse: bool) -> str:
        """The first words of a text, as they stand or without those that say little: people ask in both ways."""
        words = text.split()
        telling = (word for word in words if terse and self._encoders.lexical.query(word).indices)
        return " ".join(list(islice(telling, QUESTION)) or words[:QUESTION])

    def _similar(self, name: str) -> bool:
        return self._specs[name].distance in ("cosine", "dot")

    def _vectors(self, name: str) -> tuple[list[int], NDArray[np.float32]]:
        """Which segments of the sample have a vector, and those vectors (m, dim)."""
        rows = self._rows[name]
        return list(rows), np.asarray(list(rows.values()), np.float32)


def _likeness(asked: Any, found: NDArray[np.float32], distance: str) -> NDArray[Any]:
    """Scores (n, m) as the engine gives them, distances negated."""
    if distance in ("cosine", "dot"):
        return np.asarray(asked @ found.T)
    if distance == "euclid":
        squares = (asked**2).sum(1)[:, None] + (found**2).sum(1) - 2 * asked @ found.T
        return np.asarray(-np.sqrt(np.maximum(squares, 0.0)))
    return np.asarray(-np.stack([np.abs(found - row).sum(1) for row in asked]))


def _having(vector: str) -> models.Filter:
    from qdrant_client import models

    indexed = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))
    return models.Filter(must=[indexed, models.HasVectorCondition(has_vector=vector)])
