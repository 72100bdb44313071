"""An encoded request -> the requests to Qdrant: one query a named vector, in one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from query.encode import GUESS
from query.examples import query_of
from query.glob import paths_like
from query.where import field_key, parse_where
from schemas import UsageError, payload
from schemas.search import ITEM, SEGMENT
from schemas.sentences import sentence
from schemas.trusted import maker
from schemas.vectors import INDEX

if TYPE_CHECKING:
    from qdrant_client import models

    from query.encode import Encoded, Term
    from schemas import VectorSpec
    from schemas.search import SearchRequest
    from store import Store

DEPTH = 5
"""Segments asked of each vector for a hit wanted: neighbours of one item crowd together, and fusion wants depth."""

ALONE = 2
"""The same where one vector is searched alone: only neighbours of one item matter."""

LEAST_SHARED = 1e-6  # score of sparse vectors that have something in common

SHALLOW, LEAST, MOST = 20, 50, 20_000  # segments asked of each vector

FIELDS = (
    payload.ITEM, payload.SOURCE, payload.PATH, payload.MODALITY, payload.SEGMENT, payload.START, payload.END,
    payload.PAGE, payload.CHARACTERS, payload.WORDS, payload.INFO,
)  # fmt: skip
"""What a hit is made from."""

Payload = Literal["whole", "part", "later"]
"""How much of the payload comes with the ranking: all that a hit is made from, what it is ranked by, or nothing.

A payload costs more to read than a score. In the same process it is fetched for those alone that may be hits; a server
is a round trip away, and is asked once.
"""


def first_depth(request: SearchRequest, vectors: int) -> int:
    """How many segments each of so many vectors is asked for at first."""
    if request.candidates is not None:
        return request.candidates
    wanted = request.offset + request.limit * request.group_size
    if request.rerank is not None:
        wanted = max(wanted, request.rerank.top)
    if vectors == 1 and request.diversity is None:
        return min(max(wanted * ALONE, SHALLOW), MOST)
    return min(max(wanted * DEPTH, LEAST), MOST)


def condition(request: SearchRequest, store: Store) -> models.Filter:
    """The filter of a request: what is searched are indexed segments, never the records of quarantined files.

    Args:
        request: with its own filters.
        store: knows the paths that a pattern fits.

    Raises:
        UsageError: a filter is not understood.
    """
    if not request.where and request.filter is None:
        return _indexed()
    from pydantic import ValidationError
    from qdrant_client import models

    must: list[models.Condition] = [_matches(payload.STATE, payload.State.INDEXED.value)]
    if request.where:
        must.append(parse_where(request.where, lambda pattern: paths_like(store, pattern)))
    if request.filter is not None:
        try:
            must.append(models.Filter.model_validate(request.filter))
        except ValidationError as error:
            raise UsageError(f"The filter is none of Qdrant's: {sentence(error)}") from error
    return models.Filter(must=must)


@cache  # nearly every search has this one
def _indexed() -> models.Filter:
    from qdrant_client import models

    return models.Filter(must=[_matches(payload.STATE, payload.State.INDEXED.value)])


def leaving_out(filter_: models.Filter, items: list[str]) -> models.Filter:
    """The filter without the items that a request asks with, which are no answers to it."""
    if not items:
        return filter_
    from qdrant_client import models

    return models.Filter(must=filter_.must, must_not=[_matches(payload.ITEM, item) for item in items])


def thoroughness(metadata: Mapping[str, Any], specs: Mapping[str, VectorSpec]) -> dict[str, int]:
    """The `hnsw_ef` of each vector for which one was measured, on vectors of the encoder that it still has."""
    measured = metadata.get(INDEX, {}).get("vectors", {})
    return {
        name: measured[name]["hnsw_ef"]
        for name, spec in specs.items()
        if name in measured and measured[name]["encoder"] == spec.fingerprint
    }


def payload_with(request: SearchRequest, store: Store) -> Payload:
    """How much of the payload is asked for with the ranking."""
    if store.indexes_itself or request.rerank is not None:  # a closer look reads the words of many
        return "whole"
    # Where groups take several, or hits weigh differently, all that was found is looked at.
    every = request.group_size > 1 or request.diversity is not None or _factor(request) is not None
    return "part" if every else "later"


def group_key(request: SearchRequest) -> str | None:
    """The payload field that hits are grouped by; None: they are not.

    Raises:
        UnknownNameError: there is no such field.
    """
    if request.group_by == SEGMENT:
        return None
    return payload.ITEM if request.group_by == ITEM else field_key(request.group_by)


def requests(
    request: SearchRequest,
    encoded: Encoded,
    specs: Mapping[str, VectorSpec],
    filter_: models.Filter,
    *,
    depth: int,
    efforts: Mapping[str, int],
    with_payload: Payload = "whole",
) -> dict[str, models.QueryRequest]:
    """One request a named vector, in the order of the names.

    Args:
        request: what is asked.
        encoded: its terms.
        specs: the named vector that answers for each name.
        filter_: which segments are looked at.
        depth: how many of each vector.
        efforts: `hnsw_ef` by vector; see `thoroughness`.
        with_payload: how much of it comes with the ranking.
    """
    fields: list[str] | bool = False
    if with_payload != "later":
        needed = group_key(request), _factor(request), _lacking(request, encoded)
        fields = list(dict.fromkeys([*(FIELDS if with_payload == "whole" else ()), *filter(None, needed)]))
    # All that is in it was checked, or made here: to check some hundred numbers again takes longer than all the rest.
    make, blank = _making()
    return {
        name: make(
            {
                **blank,
                "query": query_of(terms, specs[name], _combine(terms, request)),
                "using": specs[name].name,
                "filter": filter_,
                "score_threshold": _least(terms, specs[name]),
                "limit": depth,
                "with_payload": fields,
                "params": _params(request, efforts.get(name)),
            }
        )
        for name, terms in encoded.terms.items()
    }


@cache
def _making() -> tuple[Callable[[dict[str, Any]], models.QueryRequest], dict[str, Any]]:
    """What makes a request, and the fields of one that asks for nothing, whichever the client at hand knows."""
    from qdrant_client import models

    return maker(models.QueryRequest), dict(models.QueryRequest.model_construct())


def _params(request: SearchRequest, effort: int | None) -> models.SearchParams | None:
    if not request.exact and effort is None:
        return None
    from qdrant_client import models

    return models.SearchParams(exact=True) if request.exact else models.SearchParams(hnsw_ef=effort)


def _combine(terms: Sequence[Term], request: SearchRequest) -> str:
    """How terms become one query: of several plausible vectors, what is near to any of them is found."""
    guessed = [term for term in terms if term.way == GUESS]
    return "best_score" if guessed and request.combine == "sum" else request.combine


def _least(terms: Sequence[Term], spec: VectorSpec) -> float | None:
    """The least score of a hit: what has but words that are to be avoided is not found by words."""
    return LEAST_SHARED if spec.sparse and any(term.weight < 0 for term in terms) else None


def _factor(request: SearchRequest) -> str | None:
    """The field that weights of single hits depend on."""
    return payload.MODALITY if any("@" in name for name in request.weights) else None


def _lacking(request: SearchRequest, encoded: Encoded) -> str | None:
    """The field that tells which vectors a segment lacks, for the fusion that asks."""
    return payload.ENCODERS if len(encoded.terms) > 1 and request.fusion.method == "evidence" else None


def _matches(key: str, value: str) -> models.FieldCondition:
    from qdrant_client import models

    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
