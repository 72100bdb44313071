"""A Qdrant server, reached over HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from qdrant_client import QdrantClient, models
from typing_extensions import override

from schemas.errors import StoreError, UsageError
from store.artifacts import check_name
from store.base import Store
from store.checks import check_ids, check_points, check_query
from store.portions import portions
from store.remote import Remote, quiet_about, trusting, without_credentials
from store.retry import Backoff
from store.server_artifacts import ServerArtifacts
from store.snapshots import Snapshots
from store.specs import OVERSAMPLING, VECTORS, check_collection, check_metadata

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from schemas.vectors import VectorSpec

    Selector = Sequence[models.ExtendedPointId] | models.Filter

_RESCORED = models.QuantizationSearchParams(rescore=True, oversampling=OVERSAMPLING)
BATCH, NUMBERS = 512, 1_000_000  # points and numbers a request: well under the 32 MB that a server takes at once


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

    Attributes:
        snapshots: those of the server; None with a client that speaks to none.
    """

    indexes_itself = True
    snapshots: Snapshots | None = None

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
            with quiet_about(url):
                # The check of versions would ask the server, unasked and in a thread of its own.
                client = QdrantClient(
                    url=url, api_key=api_key, timeout=timeout, check_compatibility=False, **trusting(ca_file)
                )
            self.snapshots = Snapshots(self.location, api_key, timeout, ca_file)
        self._client = client
        self._core = self._remote = Remote(client, self.location, collection, backoff or Backoff())
        self._call = self._remote.call

    # -- the collection ------------------------------------------------------------------------------------------------

    @override
    def exists(self) -> bool:
        return self._remote.exists()

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
        return self._remote.info()

    @override
    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """See `Store.set_metadata`. An older server keeps a removed key as null, which `metadata` leaves out."""
        check_metadata(metadata)
        self._call(self._client.update_collection, self._remote.collection, metadata=dict(metadata))

    @override
    def aliases(self) -> list[str]:
        return sorted(name for name, target in self._remote.aliases().items() if target == self._remote.collection)

    @override
    def set_alias(self, alias: str) -> None:
        check_collection(alias)
        self._remote.point(alias)

    @override
    def delete_alias(self, alias: str) -> None:
        if alias in self.aliases():
            gone = models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias))
            self._call(self._client.update_collection_aliases, [gone])

    # -- points --------------------------------------------------------------------------------------------------------

    @override
    def upsert(self, points: Sequence[models.PointStruct], *, sync: bool = True) -> None:
        check_ids([point.id for point in points])
        check_points(points, self._remote.specs(), self._remote.where)
        for some in portions(points, BATCH, NUMBERS):
            self._call(self._client.upsert, self.collection, [_plain(point) for point in some], wait=True)

    @override
    def update_vectors(self, points: Sequence[models.PointVectors]) -> None:
        check_ids([point.id for point in points])
        self._check_exist([point.id for point in points])
        check_points(points, self._remote.specs(), self._remote.where)
        for some in portions(points, BATCH, NUMBERS):
            self._call(self._client.update_vectors, self.collection, [_plain(point) for point in some], wait=True)

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
        rescored = self._remote.quantized()
        asked = [_listed(request, rescored) for request in requests]
        found = self._call(self._client.query_batch_points, self.collection, asked)
        return [answer.points for answer in found]

    @override
    def query_groups(self, request: models.QueryGroupsRequest) -> list[models.PointGroup]:
        asked = _listed(request, self._remote.quantized())
        found = self._call(
            self._client.query_points_groups,
            self.collection,
            request.group_by,
            query=asked.query,
            using=request.using,
            prefetch=asked.prefetch,
            query_filter=request.filter,
            search_params=asked.params,
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
        self._artifacts().save(name, arrays, meta)

    @override
    def load_artifact(self, name: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        check_name(name)
        return self._artifacts().load(name) if self.exists() else None

    @override
    def artifacts(self) -> list[str]:
        return self._artifacts().names() if self.exists() else []

    @override
    def delete_artifact(self, name: str) -> None:
        check_name(name)
        if self.exists():
            self._artifacts().delete(name)

    def _artifacts(self) -> ServerArtifacts:
        """By the collection's own name, which `exists` finds where it was opened by an alias."""
        return ServerArtifacts(self._client, f"{self._remote.collection}.artifacts", self._call)

    def parts(self) -> list[str]:
        """Names of the collections that it consists of on the server: its own, and that of its fitted models."""
        known = [self._remote.collection, f"{self._remote.collection}.artifacts"]
        return [name for name in known if self._call(self._client.collection_exists, name)]

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


def _listed(stage: Any, rescored: frozenset[str]) -> Any:
    """The request with lists for arrays, on every stage; what is no finite number would be sent as null.

    Where a vector of a stage is `rescored`, its quantized candidates are to be scored anew with the whole vectors.
    """
    query, prefetch = stage.query, stage.prefetch
    below = prefetch if isinstance(prefetch, list) else [prefetch] if prefetch else []
    vector = query.nearest if isinstance(query, models.NearestQuery) else query
    if isinstance(vector, list | np.ndarray | models.SparseVector):
        check_query(vector)
        vector = _list(vector)
        query = query.model_copy(update={"nearest": vector}) if isinstance(query, models.NearestQuery) else vector
    changed = {"query": query, "prefetch": [_listed(one, rescored) for one in below] or None}
    if stage.using in rescored and (stage.params is None or stage.params.quantization is None):
        params = stage.params or models.SearchParams()
        changed["params"] = params.model_copy(update={"quantization": _RESCORED})
    return stage.model_copy(update=changed)


def _list(vector: Any) -> Any:
    return vector.tolist() if isinstance(vector, np.ndarray) else vector
