"""Group-by for an engine that has none: fetch more hits until the groups are full or there are no more."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import qdrant_edge as edge
from qdrant_client import models
from qdrant_client.local.json_path_parser import parse_json_path
from qdrant_client.local.payload_value_extractor import value_by_key

from schemas.errors import RefusedError
from schemas.trusted import trusted
from store.convert import from_id
from store.filters import unsupported

DEFAULT_LIMIT, DEFAULT_SIZE = 10, 3  # what a server takes when a request names none
_FIRST = 4  # how many times the hits that fill the groups are fetched at first
_MORE = 4  # and how many times those, each time that they do not
_GROUPED = (int, str)  # what a group may be of; bool is no int here
_SIMPLE = re.compile(r"\w+")

Ask = Callable[[models.QueryRequest], Sequence[edge.ScoredPoint]]
Fetch = Callable[[Sequence[Any], Any, Any], list[models.Record]]
Groups = dict[int | str, list[edge.ScoredPoint]]


def group(request: models.QueryGroupsRequest, ask: Ask, fetch: Fetch) -> list[models.PointGroup]:
    """The best groups, each with its best hits, as a server gives them.

    A hit belongs to the group of every value that its field has; one without a number or word there, to none.

    Args:
        request: with the payload field to group by.
        ask: answers a query, in the engine's own types: most hits are only counted.
        fetch: gives points by id, with a part of their payload and vectors.

    Raises:
        RefusedError: the field is no path, or the query cannot be answered.
    """
    if request.with_lookup is not None:
        raise unsupported("a lookup of groups in another collection (with_lookup)")
    try:
        parse_json_path(request.group_by)
    except ValueError as error:
        raise RefusedError(
            f"The field {request.group_by!r} cannot be grouped by: write a path such as info.tags."
        ) from error
    limit = DEFAULT_LIMIT if request.limit is None else request.limit
    size = DEFAULT_SIZE if request.group_size is None else request.group_size
    wanted = limit * size * _FIRST
    while True:
        hits = ask(_plain(request, wanted, size, request.filter))
        groups = _collect(hits, request.group_by, size)
        # Groups come in the order of their best hit, so those that are found first are the best.
        best = dict(list(groups.items())[:limit])
        missing = [value for value, members in best.items() if len(members) < size]
        if len(hits) < wanted or (len(best) == limit and not missing):
            break
        if len(best) == limit and _scores_alone(request):
            _fill(best, missing, request, ask, size)
            break
        wanted *= _MORE
    return _finish(best, request, fetch)


def _scores_alone(request: models.QueryGroupsRequest) -> bool:
    """Whether the score of a hit does not depend on which others there are, so that a filter leaves it as it is."""
    query = request.query
    if isinstance(query, models.NearestQuery):
        return request.prefetch is None and query.mmr is None
    return request.prefetch is None and not isinstance(query, models.SampleQuery)


def _fill(groups: Groups, missing: list[int | str], request: models.QueryGroupsRequest, ask: Ask, size: int) -> None:
    """Look for more hits of these groups among their own points only."""
    own = models.Filter.model_construct(
        should=[_one_of(request.group_by, missing, kind) for kind in {type(value) for value in missing}]
    )
    both = own if request.filter is None else models.Filter.model_construct(must=[request.filter, own])
    wanted = len(missing) * size * _FIRST
    while True:
        hits = ask(_plain(request, wanted, size, both))
        found = _collect(hits, request.group_by, size)
        if len(hits) < wanted or all(len(found.get(value, ())) == size for value in missing):
            break
        wanted *= _MORE
    groups.update({value: found[value] for value in missing if value in found})


def _one_of(key: str, values: list[int | str], kind: type) -> models.FieldCondition:
    some: Any = [value for value in values if type(value) is kind]
    return models.FieldCondition.model_construct(key=key, match=models.MatchAny.model_construct(any=some))


def _plain(
    request: models.QueryGroupsRequest, limit: int, size: int, condition: models.Filter | None
) -> models.QueryRequest:
    return models.QueryRequest.model_construct(
        query=request.query,
        using=request.using,
        prefetch=_wider(request.prefetch, size),
        filter=condition,
        params=request.params,
        score_threshold=request.score_threshold,
        limit=limit,
        with_payload=[request.group_by],
        lookup_from=request.lookup_from,
        shard_key=request.shard_key,
    )


def _wider(given: models.Prefetch | list[models.Prefetch] | None, size: int) -> list[models.Prefetch] | None:
    """Stages with their limits times the size of a group, as a server widens them: each group needs candidates."""
    if given is None:
        return None
    return [
        stage.model_copy(
            update={
                "limit": (DEFAULT_LIMIT if stage.limit is None else stage.limit) * size,
                "prefetch": _wider(stage.prefetch, size),
            }
        )
        for stage in (given if isinstance(given, list) else [given])
    ]


def _collect(hits: Sequence[edge.ScoredPoint], key: str, size: int) -> Groups:
    groups: Groups = {}
    simple = _SIMPLE.fullmatch(key)
    for hit in hits:
        payload = hit.payload or {}
        value = payload.get(key) if simple else None
        # One number or word, as nearly always, needs no walk along a path.
        values = [value] if type(value) in _GROUPED else value_by_key(payload, key) or []
        if all(type(value) in _GROUPED for value in values):
            for value in dict.fromkeys(values):
                members = groups.setdefault(value, [])
                if len(members) < size:
                    members.append(hit)
    return groups


def _finish(groups: Groups, request: models.QueryGroupsRequest, fetch: Fetch) -> list[models.PointGroup]:
    """Put in what was asked for of the few hits that remain, instead of the one field."""
    kept = {value: [(from_id(hit.id), hit) for hit in members] for value, members in groups.items()}
    ids = list(dict.fromkeys(point_id for members in kept.values() for point_id, _ in members))
    records: dict[Any, models.Record] = {}
    if ids and (request.with_payload or request.with_vector):
        records = {
            record.id: record for record in fetch(ids, request.with_payload or False, request.with_vector or False)
        }

    def whole(point_id: int | str, hit: edge.ScoredPoint) -> models.ScoredPoint:
        record = records.get(point_id)
        return trusted(
            models.ScoredPoint,
            id=point_id,
            version=hit.version,
            score=hit.score,
            payload=record.payload if record else None,
            vector=record.vector if record else None,
            shard_key=None,
            order_value=hit.order_value,
        )

    return [
        trusted(models.PointGroup, id=value, hits=[whole(*member) for member in members], lookup=None)
        for value, members in kept.items()
    ]
