"""Group-by for an engine that has none: fetch more hits until the groups are full or there are no more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from qdrant_client import models
from qdrant_client.local.json_path_parser import parse_json_path
from qdrant_client.local.payload_value_extractor import value_by_key

from schemas.errors import RefusedError
from store.filters import unsupported

DEFAULT_LIMIT, DEFAULT_SIZE = 10, 3  # what a server takes when a request names none
_FIRST = 4  # how many times the hits that fill the groups are fetched at first

Ask = Callable[[models.QueryRequest], list[models.ScoredPoint]]
Fetch = Callable[[Sequence[Any], Any, Any], list[models.Record]]


def group(request: models.QueryGroupsRequest, ask: Ask, fetch: Fetch) -> list[models.PointGroup]:
    """The best groups, each with its best hits, as a server gives them.

    A hit belongs to the group of every value that its field has; one without a number or word there, to none.

    Args:
        request: with the payload field to group by.
        ask: answers a query.
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
        hits = ask(_plain(request, wanted, size))
        groups = _collect(hits, request.group_by, size)
        full = sum(len(members) == size for members in groups.values())
        # Groups come in the order of their best hit, so those that are found first are the best.
        if len(hits) < wanted or (full >= limit and all(len(each) == size for each in list(groups.values())[:limit])):
            break
        wanted *= 4
    best = dict(list(groups.items())[:limit])
    return _finish(best, request, fetch)


def _plain(request: models.QueryGroupsRequest, limit: int, size: int) -> models.QueryRequest:
    return models.QueryRequest.model_construct(
        query=request.query,
        using=request.using,
        prefetch=_wider(request.prefetch, size),
        filter=request.filter,
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


def _collect(hits: Sequence[models.ScoredPoint], key: str, size: int) -> dict[int | str, list[models.ScoredPoint]]:
    groups: dict[int | str, list[models.ScoredPoint]] = {}
    for hit in hits:
        values = value_by_key(hit.payload or {}, key) or []
        if all(type(value) in (int, str) for value in values):
            for value in dict.fromkeys(values):
                members = groups.setdefault(value, [])
                if len(members) < size:
                    members.append(hit)
    return groups


def _finish(
    groups: dict[int | str, list[models.ScoredPoint]], request: models.QueryGroupsRequest, fetch: Fetch
) -> list[models.PointGroup]:
    """Put in what was asked for of the few hits that remain, instead of the one field."""
    ids = list(dict.fromkeys(hit.id for members in groups.values() for hit in members))
    records: dict[Any, models.Record] = {}
    if ids and (request.with_payload or request.with_vector):
        records = {
            record.id: record for record in fetch(ids, request.with_payload or False, request.with_vector or False)
        }

    def whole(hit: models.ScoredPoint) -> models.ScoredPoint:
        record = records.get(hit.id)
        return hit.model_copy(
            update={"payload": record.payload if record else None, "vector": record.vector if record else None}
        )

    return [
        models.PointGroup.model_construct(id=value, hits=[whole(hit) for hit in members], lookup=None)
        for value, members in groups.items()
    ]
