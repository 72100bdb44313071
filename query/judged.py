"""Weights and an order of hits, learnt from judged questions and kept with the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fusion.rank import LEAST, Listed, fit_ranker
from fusion.weights import Fitted, Judged, fit_weights
from query.feedback import CLICK
from query.kept import forget
from query.learned import Known, feature_names, features, modified, prints
from query.passages import Highlighter
from query.search import search
from readers.judged import read_judged
from schemas import payload
from schemas.answer import Hit
from schemas.evaluation import Comparison, Query
from schemas.payload import point_id
from schemas.search import ITEM, FusionOptions, SearchRequest
from schemas.vectors import RANKER, WEIGHTS, vectors_in_use

if TYPE_CHECKING:
    from encoders import EncoderSet
    from store import Store

LOOKED_AT = 200  # hits of a question among which right answers are sought, for weights
RANKED = 50  # the same for an order of hits: as many as a closer look takes


@dataclass(frozen=True)
class Learnt:
    """What was learnt of the order of hits.

    Attributes:
        ranker: how the learned order compares with that of the fusion on questions left out; None: too few for it.
        in_use: whether it is better, and not by chance, so that `--rerank learned` goes by it.
        weights: what was fitted instead, where there were too few questions.
        questions: how many were judged.
        features: those that weigh most, with their share of all that is decided.
    """

    ranker: Comparison | None
    in_use: bool
    weights: Fitted | None
    questions: int
    features: dict[str, float]


def fit_order(file: Path, store: Store, encoders: EncoderSet) -> Learnt:
    """Learn the order of hits from judged questions, and keep it; from too few of them, fit weights instead.

    Args:
        file: see `readers.judged.read_judged`.
        store: the store.
        encoders: the encoders.

    Raises:
        UsageError: the file cannot be read, a line is not understood, or there are too few questions even for weights.
    """
    judged = read_judged(file)
    specs = vectors_in_use(store.vectors(), store.metadata())
    names = feature_names(sorted(specs))
    listed = [_listed(query, judged.judgements[query.id], store, encoders, sorted(specs)) for query in judged.queries]
    if sum(bool(one.grades.any() and not one.grades.all()) for one in listed) < LEAST:
        return Learnt(None, False, fit_from(file, store, encoders), len(listed), {})
    ranker, compared = fit_ranker(listed, names)
    reasons = np.concatenate([np.abs(ranker.reasons(one.features)) for one in listed if len(one.grades)]).mean(axis=0)
    heaviest = {names[i]: float(reasons[i] / reasons.sum()) for i in np.argsort(-reasons)[:6] if reasons[i] > 0}
    store.save_artifact(
        RANKER,
        {"model": np.frombuffer(ranker.model.encode(), np.uint8)},
        {
            "features": list(ranker.features),
            "questions": ranker.questions,
            "prints": prints(specs),
            "in_use": compared.won,
            "compared": compared.model_dump(),
        },
    )
    forget(store)
    return Learnt(compared, compared.won, None, len(listed), heaviest)


def _listed(query: Query, grades: dict[str, int], store: Store, encoders: EncoderSet, vectors: Sequence[str]) -> Listed:
    """The hits of a judged question with all that is known of them; of a click, only those that it judges."""
    plain = _as_fused(query, RANKED)
    hits = search(store, encoders, plain).hits
    question = " ".join(part.text for part in plain.parts if part.text and part.weight > 0)
    ids = [point_id(hit.source, hit.path, hit.segment) for hit in hits]
    when = modified(store, ids)
    made = features(
        vectors,
        [
            Known(
                {name: (one.rank, one.score, one.share) for name, one in hit.vectors.items()},
                hit.benefit,
                hit.score,
                {payload.WORDS: hit.words, payload.MODALITY: hit.modality, payload.MODIFIED: when.get(id_)},
            )
            for hit, id_ in zip(hits, ids, strict=True)
        ],
        Highlighter(question, encoders.lexical) if question else None,
    )
    given = _grades(query, grades, hits)
    kept = [i for i, grade in enumerate(given) if grade is not None]
    right = np.array([given[i] for i in kept], np.intp)
    missed = sum(grade > 0 for grade in grades.values()) - int(np.count_nonzero(right))
    return Listed(made[kept], right, query.group or question, max(0, missed))


def _as_fused(query: Query, limit: int) -> SearchRequest:
    """What a judged question asks, from the first hit on, each item once, in the order of the fusion."""
    plain = {"offset": 0, "group_by": ITEM, "group_size": 1, "rerank": None, "diversity": None}
    return query.request.model_copy(update={"limit": limit, **plain})


def _grades(query: Query, grades: dict[str, int], hits: Sequence[Hit]) -> list[int | None]:
    """The grade of each hit; None where a click does not judge it."""
    otherwise = None if query.kind == CLICK else 0
    return [grades.get(hit.path, grades.get(hit.item, otherwise)) for hit in hits]


def fit_from(file: Path, store: Store, encoders: EncoderSet) -> Fitted:
    """Fit weights on judged questions and keep them: searches that name none go by them.

    Args:
        file: a question a line, as JSON: `{"query": "a red boat", "relevant": ["holiday/boat.jpg"]}`, or with a whole
            request instead of words: `{"request": {"parts": […]}, "relevant": […]}`. Paths are those in the source.
        store: the store.
        encoders: the encoders.

    Raises:
        UsageError: the file cannot be read, a line is not understood, or there are too few questions.
    """
    judged = read_judged(file)
    answers = []
    for query in judged.queries:
        plain = _as_fused(query, LOOKED_AT).model_copy(update={"fusion": FusionOptions(), "weights": {}})
        hits = search(store, encoders, plain, fitted=False).hits
        given = _grades(query, judged.judgements[query.id], hits)
        graded = [(hit, grade) for hit, grade in zip(hits, given, strict=True) if grade is not None]
        answers.append(([_shares(hit) for hit, _ in graded], [grade > 0 for _, grade in graded]))
    names = sorted({name for shares, _ in answers for one in shares for name in one})
    fitted = fit_weights(
        [
            Judged(
                np.array([[one.get(name, 0.0) for name in names] for one in shares]).reshape(len(shares), len(names)),
                np.array(right, bool),
            )
            for shares, right in answers
        ],
        names,
    )
    store.save_artifact(
        WEIGHTS,
        {},
        {
            "weights": fitted.weights,
            "before": fitted.before,
            "after": fitted.after,
            "questions": fitted.questions,
        },
    )
    forget(store)
    return fitted


def _shares(hit: Hit) -> dict[str, float]:
    shares = {name: part.share for name, part in hit.vectors.items()}
    return shares | hit.benefit
