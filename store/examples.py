"""Queries by example: ids of points become their vectors, as a server does before it plans a query.

The points that a request names anywhere are kept out of its answer, as on a server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client import models

from schemas.errors import RefusedError

VectorOf = Callable[[int | str | UUID, str], Any]
"""Gives the named vector of a point, or raises `RefusedError`."""


def resolve(request: models.QueryRequest, vector_of: VectorOf) -> models.QueryRequest:
    """The request with vectors for ids, and recommendations by the average vector worked out.

    A request that needs neither is given back as it is: that is the common case, and costs next to nothing.
    """
    if not _concerns(request):
        return request
    named: list[int | str | UUID] = []
    resolved: models.QueryRequest = _resolve_stage(request, vector_of, named)
    if named:
        others = models.Filter.model_construct(must_not=[models.HasIdCondition.model_construct(has_id=named)])
        resolved.filter = others if resolved.filter is None else _both(resolved.filter, others)
    return resolved


def _concerns(stage: models.QueryRequest | models.Prefetch) -> bool:
    query: Any = stage.query
    if type(query) is models.NearestQuery:
        query = query.nearest
    if type(query) in _CONCERNED:
        return True
    return stage.prefetch is not None and any(map(_concerns, _stages(stage.prefetch)))


def _stages(given: models.Prefetch | list[models.Prefetch] | None) -> list[models.Prefetch]:
    if given is None:
        return []
    return given if isinstance(given, list) else [given]


def _resolve_stage(stage: Any, vector_of: VectorOf, named: list[int | str | UUID]) -> Any:
    def vector(given: Any) -> Any:
        if isinstance(given, int | str | UUID):
            named.append(given)
            return vector_of(given, stage.using or "")
        return given

    query = stage.query
    if isinstance(query, int | str | UUID):
        query = vector(query)
    elif isinstance(query, models.NearestQuery):
        query = query.model_copy(update={"nearest": vector(query.nearest)})
    elif type(query) in _RESOLVERS:
        query = _RESOLVERS[type(query)](query, vector)
    prefetch = [_resolve_stage(below, vector_of, named) for below in _stages(stage.prefetch)]
    return stage.model_copy(update={"query": query, "prefetch": prefetch or None})


def _both(first: models.Filter, second: models.Filter) -> models.Filter:
    return models.Filter.model_construct(must=[first, second])


def _recommend(query: models.RecommendQuery, vector: Callable[[Any], Any]) -> Any:
    asked = query.recommend
    positive = [vector(example) for example in asked.positive or ()]
    negative = [vector(example) for example in asked.negative or ()]
    if asked.strategy in (models.RecommendStrategy.BEST_SCORE, models.RecommendStrategy.SUM_SCORES):
        if not positive and not negative:
            raise RefusedError("A recommendation needs an example to go by: name at least one, liked or disliked.")
        return models.RecommendQuery.model_construct(
            recommend=models.RecommendInput.model_construct(
                positive=positive, negative=negative, strategy=asked.strategy
            )
        )
    if not positive:
        raise RefusedError("A recommendation by the average vector needs at least one liked example.")
    return average(positive, negative)


def average(positive: list[Any], negative: list[Any]) -> Any:
    """The vector that the server's strategy `average_vector` searches with: 2 * mean(liked) - mean(disliked).

    Late interaction has no mean: the liked vectors and the negated disliked ones are searched with together.
    """
    if isinstance(positive[0], models.SparseVector):
        return _average_sparse(positive, negative)
    if np.ndim(positive[0]) == 2:  # noqa: PLR2004 - (n, dim)
        rows = [*positive, *(-np.asarray(vector) for vector in negative)]
        return np.concatenate([np.asarray(row) for row in rows]).tolist()
    liked = np.mean(np.asarray(positive, np.float32), axis=0)
    if negative:
        liked = liked + liked - np.mean(np.asarray(negative, np.float32), axis=0)
    return liked.tolist()


def _average_sparse(positive: list[models.SparseVector], negative: list[models.SparseVector]) -> models.SparseVector:
    weights: dict[int, float] = {}
    share = (2.0 if negative else 1.0) / len(positive)
    for vectors, factor in ((positive, share), (negative, -1.0 / max(len(negative), 1))):
        for vector in vectors:
            for index, value in zip(vector.indices, vector.values, strict=True):
                weights[index] = weights.get(index, 0.0) + factor * value
    indices = sorted(weights)
    return models.SparseVector(indices=indices, values=[weights[index] for index in indices])


def _pair(pair: models.ContextPair, vector: Callable[[Any], Any]) -> models.ContextPair:
    return models.ContextPair.model_construct(positive=vector(pair.positive), negative=vector(pair.negative))


def _pairs(given: Any, vector: Callable[[Any], Any]) -> list[models.ContextPair]:
    return [_pair(pair, vector) for pair in (given if isinstance(given, list) else [given] if given else [])]


def _discover(query: models.DiscoverQuery, vector: Callable[[Any], Any]) -> models.DiscoverQuery:
    target, context = vector(query.discover.target), _pairs(query.discover.context, vector)
    return models.DiscoverQuery.model_construct(
        discover=models.DiscoverInput.model_construct(target=target, context=context)
    )


def _feedback(query: models.RelevanceFeedbackQuery, vector: Callable[[Any], Any]) -> models.RelevanceFeedbackQuery:
    asked = query.relevance_feedback
    items = [item.model_copy(update={"example": vector(item.example)}) for item in asked.feedback]
    resolved = asked.model_copy(update={"target": vector(asked.target), "feedback": items})
    return models.RelevanceFeedbackQuery.model_construct(relevance_feedback=resolved)


_RESOLVERS: dict[type, Callable[[Any, Callable[[Any], Any]], Any]] = {
    models.RecommendQuery: _recommend,
    models.DiscoverQuery: _discover,
    models.ContextQuery: lambda query, vector: models.ContextQuery.model_construct(
        context=_pairs(query.context, vector)
    ),
    models.RelevanceFeedbackQuery: _feedback,
}
_CONCERNED = frozenset({int, str, UUID, *_RESOLVERS})
