"""A Qdrant server, reached over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_client import QdrantClient, models
from typing_extensions import override

from schemas.errors import StoreError, UsageError
from schemas.payload import ENCODERS
from store.base import Store
from store.checks import check_ids, check_points, check_query
from store.remote import Remote, trusting, without_credentials
from store.retry import Backoff
from store.server_artifacts import ServerArtifacts
from store.specs import VECTORS, check_metadata, check_same, check_wanted

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.vectors import VectorSpec

    Selector = Sequence[models.ExtendedPointId] | models.Filter

BATCH = 512  # points a request: well under the 32 MB that a server takes at once


class ServerStore(Store):
    """A collection on a server, which any number of processes may share.

    Args:
        url: http:// or https://.
        collection: its name.
        api_key: of the server; in no message.
        timeout: seconds for one attempt.
        ca_file: PEM file with the certificates that the server's is checked against; else those of the system.
        client: one to use instead of a new one.
        backoff: how often and how long to try when the server does not answer.
    """

    indexes_itself = True

    def __init__(
        self,
        url: str,
        collection: str,
        *,
        api_key: str | None = None,
        timeout: int = 30,
        ca_file: Path | None = None,
        client: QdrantClient | None = None,
        backoff: Backoff | None = None,
    ) -> None:
        self.location, self.collection = without_credentials(url), collection
        if client is None:
            # The check of versions would ask the server, unasked and in a thread of its own.
            client = QdrantClient(
                url=url, api_key=api_key, timeout=timeout, check_compatibility=False, **trusting(ca_file)
            )
        self._client = client
        self._remote = Remote(client, self.location, collection, backoff or Backoff())
        self._call = self._remote.call
        self._artifacts = ServerArtifacts(client, f"{collection}.artifacts", self._call)

    # -- the collection ------------------------------------------------------------------------------------------------

    @override
    def exists(self) -> bool:
        return self._remote.exists()

    @override
    def ensure(self, specs: Sequence[VectorSpec]) -> None:
        check_wanted(specs)
        if not self.exists():
            self._remote.create(specs)
        have = self._remote.read_specs()
        for spec in specs:
            if spec.name in have:
                check_same(have[spec.name], spec, self._remote.where)
        for spec in specs:
            if spec.name not in have:
                self._remote.add_vector(spec)
        self._remote.add_indexes()

    @override
    def replace_vector(self, spec: VectorSpec) -> None:
        check_wanted([spec])
        self.delete_payload([f"{ENCODERS}.{spec.name}"], models.Filter())
        self._remote.add_vector(spec)

    @override
    def vectors(self) -> dict[str, VectorSpec]:
        return self._remote.read_specs() if self.exists() else {}

    @override
    def metadata(self) -> dict[str, Any]:
        if not self.exists():
            return {}
        return {key: value for key, value in self._remote.metadata().items() if key != VECTORS and value is not None}

    @override
    def info(self) -> models.CollectionInfo:
        found: models.CollectionInfo = self._call(self._client.get_collection, self.collection)
        return found

    @override
    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """See `Store.set_metadata`. An older server keeps a removed key as null, which `metadata` leaves out."""
        check_metadata(metadata)
        self._call(self._client.update_collection, self.collection, metadata=dict(metadata))

    # -- points --------------------------------------------------------------------------------------------------------

    @override
    def upsert(self, points: Sequence[models.PointStruct], *, sync: bool = True) -> None:
        check_ids([point.id for point in points])
        check_points(points, self._remote.specs(), self._remote.where)
        for start in range(0, len(points), BATCH):
            some = [_plain(point) for point in points[start : start + BATCH]]
            self._call(self._client.upsert, self.collection, some, wait=True)

    @override
    def update_vectors(self, points: Sequence[models.PointVectors]) -> None:
        check_ids([point.id for point in points])
        self._check_exist([point.id for point in points])
        check_points(points, self._remote.specs(), self._remote.where)
        for start in range(0, len(points), BATCH):
            some = [_plain(point) for point in points[start : start + BATCH]]
            self._call(self._client.update_vectors, self.collection, some, wait=True)

    @override
    def set_payload(self, payload: Mapping[str, Any], points: Selector, *, sync: bool = True) -> None:
        if points:
            self._call(self._client.set_payload, self.collection, dict(payload), _selector(points), wait=True)

    @override
    def overwrite_payload(self, payload: Mapping[str, Any], points: Selector) -> None:
        if points:
            self._call(self._client.overwrite_payload, self.collection, dict(payload), _selector(points), wait=True)

    @override
    def delete_payload(self, keys: Sequence[str], points: Selector) -> None:
        if points:
            self._call(self._client.delete_payload, self.collection, list(keys), _selector(points), wait=True)

    @override
    def delete(self, points: Selector, *, sync: bool = True) -> None:
        if points:
            self._call(self._client.delete, self.collection, _selector(points), wait=True)

    # -- reading -------------------------------------------------------------------------------------------------------

    @override
    def retrieve(
        self,
        ids: Sequence[models.ExtendedPointId],
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
    ) -> list[models.Record]:
        once = list(dict.fromkeys(ids))
        found = self._call(self._client.retrieve, self.collection, once, with_payload, with_vectors)
        place = {str(point_id): number for number, point_id in enumerate(once)}
        return sorted(found, key=lambda record: place[str(record.id)])

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
        found: tuple[list[models.Record], Any] = self._call(
            self._client.scroll,
            self.collection,
            scroll_filter,
            limit,
            order_by,
            offset,
            with_payload=with_payload,
            with_vectors=with_vectors,
        )
        return found

    @override
    def count(self, count_filter: models.Filter | None = None) -> int:
        return self._call(self._client.count, self.collection, count_filter, exact=True).count

    @override
    def facet(
        self, key: str, facet_filter: models.Filter | None = None, limit: int = 10
    ) -> dict[bool | int | str, int]:
        found = self._call(self._client.facet, self.collection, key, facet_filter, limit, exact=True)
        return {hit.value: hit.count for hit in found.hits}

    @override
    def query_batch(self, requests: Sequence[models.QueryRequest]) -> list[list[models.ScoredPoint]]:
        asked = [_listed(request) for request in requests]
        found = self._call(self._client.query_batch_points, self.collection, asked)
        return [answer.points for answer in found]

    @override
    def query_groups(self, request: models.QueryGroupsRequest) -> list[models.PointGroup]:
        asked = _listed(request)
        found = self._call(
            self._client.query_points_groups,
            self.collection,
            request.group_by,
            query=asked.query,
            using=request.using,
            prefetch=asked.prefetch,
            query_filter=request.filter,
            search_params=request.params,
            limit=10 if request.limit is None else request.limit,
            group_size=3 if request.group_size is None else request.group_size,
            with_payload=request.with_payload or False,
            with_vectors=request.with_vector or False,
            score_threshold=request.score_threshold,
            with_lookup=request.with_lookup,
            lookup_from=request.lookup_from,
        )
        return found.groups

    # -- small fitted models -------------------------------------------------------------------------------------------

    @override
    def save_artifact(self, name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        if not self.exists():
            raise StoreError(f"There is no {self._remote.where} yet: ingest a folder first.")
        self._artifacts.save(name, arrays, meta)

    @override
    def load_artifact(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        return self._artifacts.load(name)

    @override
    def artifacts(self) -> list[str]:
        return self._artifacts.names()

    @override
    def delete_artifact(self, name: str) -> None:
        self._artifacts.delete(name)

    # -- upkeep --------------------------------------------------------------------------------------------------------

    @override
    def optimize(self) -> None:
        """Does nothing: a server builds its indexes by itself, in the background."""

    @override
    def close(self) -> None:
        self._remote.close()


def _selector(points: Selector) -> models.Filter:
    """Points by a filter, also those given by id: a server stops in the middle at an id that is not there."""
    if isinstance(points, models.Filter):
        return points
    check_ids(points)
    return models.Filter(must=[models.HasIdCondition(has_id=list(points))])


def _plain(point: Any) -> Any:
    """The point with lists for arrays: JSON knows no arrays."""
    vectors = {name: _list(vector) for name, vector in point.vector.items()}
    if isinstance(point, models.PointVectors):
        return models.PointVectors.model_construct(id=point.id, vector=vectors)
    return models.PointStruct.model_construct(id=point.id, vector=vectors, payload=point.payload)


def _listed(stage: Any) -> Any:
    """The request with lists for arrays, on every stage; what is no finite number would be sent as null."""
    query, prefetch = stage.query, stage.prefetch
    below = prefetch if isinstance(prefetch, list) else [prefetch] if prefetch else []
    vector = query.nearest if isinstance(query, models.NearestQuery) else query
    if isinstance(vector, list | np.ndarray | models.SparseVector):
        check_query(vector)
        vector = _list(vector)
        query = query.model_copy(update={"nearest": vector}) if isinstance(query, models.NearestQuery) else vector
    return stage.model_copy(update={"query": query, "prefetch": [_listed(one) for one in below] or None})


def _list(vector: Any) -> Any:
    return vector.tolist() if isinstance(vector, np.ndarray) else vector
