"""The default engine: Qdrant's own, in this process, with its files in a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

import qdrant_edge as edge
from qdrant_client import models
from typing_extensions import override

from schemas.errors import RefusedError, UsageError
from store import aliases, convert
from store.base import Store
from store.checks import check_ids, check_points
from store.engine import Engine
from store.examples import resolve
from store.filters import ToFilter, once, to_filter
from store.groups import group
from store.info import collection_info
from store.portions import portions
from store.queries import to_order, to_request
from store.specs import check_collection, check_metadata, quantized

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from schemas.vectors import VectorSpec

    Selector = Sequence[models.ExtendedPointId] | models.Filter

_Op = edge.UpdateOperation
_Written = TypeVar("_Written", models.PointStruct, models.PointVectors)
NUMBERS = 2_000_000  # in a write


class EmbeddedStore(Store):
    """A collection in a folder. One process holds it at a time; its threads share it.

    Raises:
        StoreLockedError: another process, or another `EmbeddedStore` of this one, holds it.
        StoreError: the folder cannot be used, or the store is damaged.
    """

    def __init__(self, folder: Path, collection: str) -> None:
        self._folder = folder.expanduser().absolute()
        self.location, self.collection = str(folder), aliases.resolve(self._folder, collection)
        self._core = self._engine = Engine(folder, self.collection)
        self._quantized: tuple[Mapping[str, VectorSpec], frozenset[str]] = {}, frozenset()  # and of which vectors

    # -- the collection ------------------------------------------------------------------------------------------------

    @override
    def exists(self) -> bool:
        return self._engine.created

    @override
    def vectors(self) -> dict[str, VectorSpec]:
        self._engine.check_open()
        return dict(self._engine.specs)

    @override
    def metadata(self) -> dict[str, Any]:
        return self._engine.metadata()

    @override
    def info(self) -> models.CollectionInfo:
        with self._engine.use() as shard:
            return collection_info(shard.info(), self._engine.specs, self._engine.metadata())

    @override
    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        check_metadata(metadata)
        self._engine.set_metadata(metadata)

    @override
    def aliases(self) -> list[str]:
        return sorted(name for name, target in aliases.read(self._folder).items() if target == self.collection)

    @override
    def set_alias(self, alias: str) -> None:
        check_collection(alias)
        with self._engine.use():
            aliases.point(self._folder, alias, self.collection)

    @override
    def delete_alias(self, alias: str) -> None:
        if alias in self.aliases():
            aliases.point(self._folder, alias, None)

    # -- points --------------------------------------------------------------------------------------------------------

    @override
    def upsert(self, points: Sequence[models.PointStruct], *, sync: bool = True) -> None:
        check_points(points, self._engine.specs, self._engine.where)
        parts = list(self._portions(points))
        if len(parts) > 1:  # what cannot be converted must be known before the first is written
            convert.check_convertible(points)
        for place, some in enumerate(parts, start=1):
            last = place == len(parts)
            self._engine.update(_Op.upsert_points(convert.to_points(some)), sync=sync and last)

    @override
    def update_vectors(self, points: Sequence[models.PointVectors]) -> None:
        if points:
            self._check_exist([point.id for point in points])
            check_points(points, self._engine.specs, self._engine.where)
            for some in self._portions(points):
                self._engine.update(_Op.update_vectors(convert.to_point_vectors(some)))

    @override
    def set_payload(self, payload: Mapping[str, Any], points: Selector, *, sync: bool = True) -> None:
        plain = convert.to_payload(payload, self._engine.where)
        if points:
            self._engine.update(_Op.set_payload_by_filter(_filter(points), plain), sync=sync)

    @override
    def overwrite_payload(self, payload: Mapping[str, Any], points: Selector) -> None:
        plain = convert.to_payload(payload, self._engine.where)
        if points:
            self._engine.update(_Op.overwrite_payload_by_filter(_filter(points), plain))

    @override
    def delete_payload(self, keys: Sequence[str], points: Selector) -> None:
        if points:
            self._engine.update(_Op.delete_payload_by_filter(_filter(points), list(keys)))

    @override
    def delete(self, points: Selector, *, sync: bool = True) -> None:
        if isinstance(points, models.Filter):
            self._engine.update(_Op.delete_points_by_filter(_filter(points)), sync=sync)
        elif points:
            check_ids(points)
            self._engine.update(_Op.delete_points(list(points)), sync=sync)

    @override
    def sync(self) -> None:
        self._engine.sync()

    # -- reading -------------------------------------------------------------------------------------------------------

    @override
    def retrieve(
        self,
        ids: Sequence[models.ExtendedPointId],
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
    ) -> list[models.Record]:
        once: list[int | UUID | str] = list(dict.fromkeys(map(convert.from_id, ids)))
        with self._engine.use() as shard:
            try:
                found = shard.retrieve(once, convert.to_payload_selector(with_payload), with_vectors)
            except (TypeError, ValueError):
                check_ids(ids)  # says what is wrong with one of them
                raise
        return convert.from_records(found)

    @override
    def scroll(
        self,
        scroll_filter: models.Filter | None = None,
        limit: int = 100,
        offset: models.ExtendedPointId | None = None,
        *,
        order_by: models.OrderByInterface | None = None,
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
    ) -> tuple[list[models.Record], models.ExtendedPointId | None]:
        if order_by is not None and offset is not None:
            raise UsageError("A scroll by a field takes no offset: continue with the `start_from` of its order_by.")
        if order_by is not None:
            self._engine.add_indexes([_field(order_by)])
        with self._engine.walk() as shard:
            request = edge.ScrollRequest(
                offset=offset,
                limit=limit,
                filter=to_filter(scroll_filter),
                with_payload=convert.to_payload_selector(with_payload),
                with_vector=with_vectors,
                order_by=None if order_by is None else to_order(order_by),
            )
            found, after = shard.scroll(request)
            following = None if after is None or order_by is not None else convert.from_id(after)
        return convert.from_records(found), following

    @override
    def count(self, count_filter: models.Filter | None = None) -> int:
        with self._engine.use() as shard:
            return shard.count(edge.CountRequest(exact=True, filter=to_filter(count_filter)))

    @override
    def facet(
        self, key: str, facet_filter: models.Filter | None = None, limit: int = 10
    ) -> dict[bool | int | str, int]:
        self._engine.add_indexes([key])
        with self._engine.use() as shard:
            found = shard.facet(edge.FacetRequest(key, limit=limit, exact=True, filter=to_filter(facet_filter)))
            # The engine also tells of values that no point bears any more.
            return {hit.value: hit.count for hit in found.hits if hit.count}

    @override
    def query(self, request: models.QueryRequest) -> list[models.ScoredPoint]:
        return convert.from_scored(self._ask(request))

    @override
    def query_batch(self, requests: Sequence[models.QueryRequest]) -> list[list[models.ScoredPoint]]:
        return list(map(convert.from_scored, self._ask_all(requests)))

    @override
    def rankings(self, requests: Sequence[models.QueryRequest]) -> list[list[tuple[models.ExtendedPointId, float]]]:
        return list(map(convert.from_ranked, self._ask_all(requests)))

    @override
    def query_groups(self, request: models.QueryGroupsRequest) -> list[models.PointGroup]:
        """See `Store.query_groups`. The engine groups nothing, so more hits are fetched until the groups are full."""
        self._engine.add_indexes([request.group_by])
        return group(request, self._ask, self.retrieve)

    def _ask(self, request: models.QueryRequest) -> Sequence[edge.ScoredPoint]:
        """The engine's own answer, whose ids and payloads are made when they are looked at."""
        with self._engine.use() as shard:
            return shard.query(self._request(request))

    def _ask_all(self, requests: Sequence[models.QueryRequest]) -> Sequence[Sequence[edge.ScoredPoint]]:
        if len(requests) == 1:
            return [self._ask(requests[0])]
        shared = once()
        with self._engine.use() as shard:
            return shard.query_batch(edge.QueryBatchRequest([self._request(request, shared) for request in requests]))

    def _request(self, request: models.QueryRequest, to_filter: ToFilter = to_filter) -> edge.QueryRequest:
        for field in _ordered(request):
            self._engine.add_indexes([field])
        specs = self._engine.specs
        if self._quantized[0] is not specs:
            self._quantized = specs, quantized(specs)
        return to_request(resolve(request, self._vector_of), self._quantized[1], to_filter)

    # -- small fitted models -------------------------------------------------------------------------------------------

    @override
    def save_artifact(self, name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        with self._engine.use():
            self._engine.folder.write_artifact(name, arrays, meta)

    @override
    def load_artifact(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        self._engine.check_open()
        return self._engine.folder.read_artifact(name)

    @override
    def artifacts(self) -> list[str]:
        self._engine.check_open()
        return self._engine.folder.artifact_names()

    @override
    def delete_artifact(self, name: str) -> None:
        self._engine.check_open()
        self._engine.folder.delete_artifact(name)

    # -- upkeep --------------------------------------------------------------------------------------------------------

    @override
    def announce(self, url: str) -> None:
        self._engine.announce(url)

    def adopt(self, source: EmbeddedStore) -> None:
        """Make this collection, which is not there yet, a copy of another's files.

        The other may be read meanwhile; writes to it wait until its files are copied.

        Raises:
            StoreError: the collection is there, or the disk is full.
        """
        self._engine.adopt(source._engine)

    @override
    def optimize(self) -> None:
        """Build the vector index (HNSW), which makes queries on large collections several times faster.

        The engine would freeze its whole interpreter meanwhile, for seconds to minutes. So a process of its own does
        the work in a copy of the files, which then takes their place; reading and writing go on. Small collections are
        left as they are: a full scan answers them as fast.
        """
        self._engine.optimize()

    @override
    def close(self) -> None:
        self._engine.close()

    def _portions(self, points: Sequence[_Written]) -> Iterator[Sequence[_Written]]:
        """As the engine takes them: its numbers are objects on the way, ten times the size of those in an array."""
        if any(spec.multivector for spec in self._engine.specs.values()):
            return portions(points, len(points), NUMBERS)
        return iter([points] if points else [])

    # -- how -----------------------------------------------------------------------------------------------------------

    def _vector_of(self, point_id: Any, using: str) -> Any:
        found = self.retrieve([point_id], False, [using])
        if not found:
            raise RefusedError(f"Point {point_id} is not in {self._engine.where}: name one that is.")
        vectors: Any = found[0].vector
        if using not in vectors:
            raise RefusedError(f"Point {point_id} of {self._engine.where} has no vector {using!r} to search with.")
        return vectors[using]


def _ordered(request: models.QueryRequest | models.Prefetch) -> Iterator[str]:
    """The payload fields that a request orders by, in any of its stages."""
    if isinstance(request.query, models.OrderByQuery):
        yield _field(request.query.order_by)
    if request.prefetch is not None:
        for stage in request.prefetch if isinstance(request.prefetch, list) else [request.prefetch]:
            yield from _ordered(stage)


def _field(order_by: models.OrderByInterface) -> str:
    return order_by if isinstance(order_by, str) else order_by.key


def _filter(points: Selector) -> edge.Filter:
    """Points by a filter, also those given by id: the engine stops in the middle at an id that is not there."""
    if isinstance(points, models.Filter):
        return to_filter(points) or edge.Filter()
    check_ids(points)
    return edge.Filter(must=[edge.HasIdCondition(set(points))])
