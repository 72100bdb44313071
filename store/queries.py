"""Query requests of `qdrant_client.models` as those of the embedded engine.

Points named by their id must have been replaced by their vectors before: see `store.examples`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import qdrant_edge as edge
from qdrant_client import models

from store.checks import check_query
from store.convert import to_payload_selector, to_vector
from store.filters import ToFilter, to_filter, unsupported
from store.formula import to_formula
from store.specs import OVERSAMPLING

if TYPE_CHECKING:
    from collections.abc import Callable, Container

DEFAULT_LIMIT = 10  # what the server takes when a request names none
DEFAULT_RRF_K = 2  # and its constant of reciprocal rank fusion
DEFAULT_DIVERSITY = 0.5
_VECTORS = frozenset({list, np.ndarray, models.SparseVector})  # by their type: pydantic's `isinstance` takes long
_RESCORED = edge.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)


def to_request(
    given: models.QueryRequest,
    rescored: Container[str | None] = (),
    to_filter: ToFilter = to_filter,
) -> edge.QueryRequest:
    """A request of one or several stages.

    Args:
        given: the request.
        rescored: the named vectors that are quantized, whose candidates are scored anew with the whole vectors.
        to_filter: makes the engine's filter, see `store.filters.once`.

    Raises:
        StoreError: it asks for something that the embedded engine cannot do.
    """
    if given.lookup_from is not None:
        raise unsupported("a lookup in another collection (lookup_from)")
    if given.shard_key is not None:
        raise unsupported("a query by shard key")
    limit = DEFAULT_LIMIT if given.limit is None else given.limit
    return edge.QueryRequest(
        limit=limit,
        offset=given.offset,
        query=to_query(given.query, given.using, limit),
        prefetches=None if given.prefetch is None else _prefetches(given.prefetch, rescored),
        with_vector=given.with_vector or False,
        with_payload=to_payload_selector(given.with_payload),
        filter=None if given.filter is None else to_filter(given.filter),
        score_threshold=given.score_threshold,
        params=to_params(given.params, rescore=given.using in rescored),
    )


def to_query(given: Any, using: str | None, limit: int) -> Any:
    """What to score by: a vector, examples, a fusion of the stages before, a formula, a field, or nothing (None)."""
    if given is None:
        return None
    kind = type(given)
    if kind is list:  # as nearly always
        check_query(given)
        return edge.Query.Nearest(given, using=using)
    if kind in _VECTORS:
        return edge.Query.Nearest(_vector(given), using=using)
    convert = _QUERIES.get(kind)
    if convert is None:
        raise unsupported(f"the query {type(given).__name__}")
    return convert(given, using, limit)


def to_params(given: models.SearchParams | None, *, rescore: bool = False) -> edge.SearchParams | None:
    """How to search: exactly or by the index, and how thoroughly.

    Args:
        given: what was asked for.
        rescore: whether candidates of a quantized vector are scored anew, where nothing else is asked for.
    """
    if given is None:
        return edge.SearchParams(quantization=_RESCORED) if rescore else None
    quantization, acorn = given.quantization, given.acorn
    return edge.SearchParams(
        hnsw_ef=given.hnsw_ef,
        exact=bool(given.exact),
        quantization=(_RESCORED if rescore else None)
        if quantization is None
        else edge.QuantizationSearchParams(
            ignore=bool(quantization.ignore), rescore=quantization.rescore, oversampling=quantization.oversampling
        ),
        indexed_only=bool(given.indexed_only),
        acorn=None if acorn is None else edge.AcornSearchParams(bool(acorn.enable), acorn.max_selectivity),
        idf=edge.IdfParams(to_filter(given.idf.corpus)) if isinstance(given.idf, models.IdfCorpusParams) else None,
    )


def to_order(given: models.OrderByInterface) -> edge.OrderBy:
    """By which field to order, and from which value."""
    if isinstance(given, str):
        return edge.OrderBy(given)
    start: Any = given.start_from
    return edge.OrderBy(
        given.key,
        direction=edge.Direction.Desc if given.direction == models.Direction.DESC else edge.Direction.Asc,
        start_from=start.isoformat() if hasattr(start, "isoformat") else start,
    )


def _vector(given: Any) -> Any:
    if type(given) not in _VECTORS:
        raise unsupported(f"a query by a {type(given).__name__} (encode it first)")
    check_query(given)
    return to_vector(given)


def _prefetches(given: models.Prefetch | list[models.Prefetch], rescored: Container[str | None]) -> list[edge.Prefetch]:
    return [_prefetch(stage, rescored) for stage in (given if isinstance(given, list) else [given])]


def _prefetch(given: models.Prefetch, rescored: Container[str | None]) -> edge.Prefetch:
    if given.lookup_from is not None:
        raise unsupported("a lookup in another collection (lookup_from)")
    limit = DEFAULT_LIMIT if given.limit is None else given.limit
    return edge.Prefetch(
        limit=limit,
        query=to_query(given.query, given.using, limit),
        prefetches=None if given.prefetch is None else _prefetches(given.prefetch, rescored),
        params=to_params(given.params, rescore=given.using in rescored),
        filter=None if given.filter is None else to_filter(given.filter),
        score_threshold=given.score_threshold,
    )


def _nearest(given: models.NearestQuery, using: str | None, limit: int) -> Any:
    vector, mmr = _vector(given.nearest), given.mmr
    if mmr is None:
        return edge.Query.Nearest(vector, using=using)
    # The engine's lambda is the weight of relevance; the client's diversity is the weight of the opposite.
    diversity = DEFAULT_DIVERSITY if mmr.diversity is None else mmr.diversity
    candidates = limit if mmr.candidates_limit is None else mmr.candidates_limit
    return edge.Mmr(vector, lambda_=1.0 - diversity, candidates_limit=candidates, using=using)


def _recommend(given: models.RecommendQuery, using: str | None, _limit: int) -> Any:
    examples = edge.RecommendQuery(
        [_vector(vector) for vector in given.recommend.positive or ()],
        [_vector(vector) for vector in given.recommend.negative or ()],
    )
    if given.recommend.strategy == models.RecommendStrategy.BEST_SCORE:
        return edge.Query.RecommendBestScore(examples, using=using)
    return edge.Query.RecommendSumScores(examples, using=using)


def _pairs(given: models.ContextPair | list[models.ContextPair]) -> list[edge.ContextPair]:
    pairs = given if isinstance(given, list) else [given]
    return [edge.ContextPair(_vector(pair.positive), _vector(pair.negative)) for pair in pairs]


def _discover(given: models.DiscoverQuery, using: str | None, _limit: int) -> Any:
    sought = edge.DiscoverQuery(_vector(given.discover.target), _pairs(given.discover.context or []))
    return edge.Query.Discover(sought, using=using)


def _feedback(given: models.RelevanceFeedbackQuery, using: str | None, _limit: int) -> Any:
    asked, weights = given.relevance_feedback, given.relevance_feedback.strategy.naive
    items = [edge.FeedbackItem(_vector(item.example), item.score) for item in asked.feedback]
    strategy = edge.NaiveFeedbackStrategy(weights.a, weights.b, weights.c)
    return edge.Query.FeedbackNaive(edge.FeedbackNaiveQuery(_vector(asked.target), items, strategy), using=using)


def _fusion(given: models.FusionQuery, _using: str | None, _limit: int) -> Any:
    return edge.Fusion.Rrf(DEFAULT_RRF_K) if given.fusion == models.Fusion.RRF else edge.Fusion.Dbsf()


def _rrf(given: models.RrfQuery, _using: str | None, _limit: int) -> Any:
    return edge.Fusion.Rrf(DEFAULT_RRF_K if given.rrf.k is None else given.rrf.k, given.rrf.weights)


def _text(given: models.TextQuery, using: str | None, _limit: int) -> Any:
    if using is None:
        raise unsupported("a text query without `using`, the payload field to search")
    asked = given.text
    if isinstance(asked, str):
        return edge.TextQuery(using, asked)
    scoring = asked.scoring
    return edge.TextQuery(
        using, asked.query, None if scoring is None else edge.Bm25Params(k=scoring.bm25.k, b=scoring.bm25.b)
    )


_QUERIES: dict[type, Callable[[Any, str | None, int], Any]] = {
    models.NearestQuery: _nearest,
    models.RecommendQuery: _recommend,
    models.DiscoverQuery: _discover,
    models.ContextQuery: lambda given, using, _: edge.Query.Context(
        edge.ContextQuery(_pairs(given.context)), using=using
    ),
    models.RelevanceFeedbackQuery: _feedback,
    models.FusionQuery: _fusion,
    models.RrfQuery: _rrf,
    models.FormulaQuery: lambda given, _using, _limit: to_formula(given),
    models.OrderByQuery: lambda given, _using, _limit: to_order(given.order_by),
    models.SampleQuery: lambda _given, _using, _limit: edge.Sample.Random,
    models.TextQuery: _text,
}
