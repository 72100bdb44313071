"""The one surface of the store. Both engines take and give the types of `qdrant_client.models`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

from schemas.errors import CollectionMismatchError, StoreError, UsageError
from schemas.payload import ENCODERS, INDEXES, MODALITY, STATE
from store.specs import check_kept, check_same, check_wanted

if TYPE_CHECKING:
    from types import TracebackType

    import numpy as np
    from numpy.typing import NDArray
    from qdrant_client import models

    from schemas.vectors import VectorSpec

LIGHT = (STATE, MODALITY)
"""Payload fields that are indexed from the first point on: they have few values, and every run counts by them."""


class Core(Protocol):
    """What an engine knows of the vectors of one collection, and can do with them."""

    where: str
    """What to call the collection in an error."""

    def create(self, wanted: Sequence[VectorSpec]) -> None:
        """Make the collection, unless somebody else has meanwhile."""

    def add_vector(self, spec: VectorSpec) -> None:
        """Make a named vector, empty on every point; one that bears the name is dropped first."""

    def drop_vector(self, name: str) -> None:
        """Drop a named vector, if it is there."""

    def configure(self, spec: VectorSpec) -> None:
        """Keep and index a vector that is there otherwise."""

    def add_indexes(self, keys: Collection[str]) -> None:
        """Add the indexes of these payload fields that the collection lacks."""


class Store(ABC):
    """A collection of points on an engine, opened.

    Every method raises `StoreError` (or one of its kinds) with one sentence that can be shown to a person. Writes are
    durable when they return. Threads of a process may share a store. Use it in a `with` statement, or call `close`.

    Attributes:
        location: the server's URL (without credentials) or the store's folder.
        collection: name of the collection.
        indexes_itself: whether the engine builds its vector index without being told; see `optimize`.
    """

    location: str
    collection: str
    _core: Core
    indexes_itself: ClassVar[bool] = False

    # -- the collection ------------------------------------------------------------------------------------------------

    @abstractmethod
    def exists(self) -> bool:
        """Whether the collection has been created."""

    def ensure(self, specs: Sequence[VectorSpec], *, bulk: bool = False) -> None:
        """Create the collection with these named vectors and all payload indexes, or check that it fits.

        A vector that the collection lacks is added in place. Vectors that it has besides are left alone, and so is how
        the vectors that it has are kept and indexed: see `configure`.

        Args:
            specs: the vectors.
            bulk: many points come before the next `optimize`. An engine that does not index by itself then leaves the
                payload indexes that cost memory for each point to it, or to `index_payloads`: filters by them take
                longer until then, and what needs one has it made.

        Raises:
            CollectionMismatchError: a vector is there with another dimension, distance, kind or encoder.
        """
        check_wanted(specs)
        if not self.exists():
            self._core.create(specs)
        have = self.vectors()
        for spec in specs:
            if spec.name in have:
                check_same(have[spec.name], spec, self._core.where)
        for spec in specs:
            if spec.name not in have:
                self._core.add_vector(spec)
        self._core.add_indexes(LIGHT if bulk and not self.indexes_itself else INDEXES)

    def index_payloads(self) -> None:
        """Make the payload indexes that the collection lacks."""
        self._core.add_indexes(INDEXES)

    def replace_vector(self, spec: VectorSpec) -> None:
        """Drop the named vector from every point and make it anew, empty, for another encoder.

        The fingerprint of the old encoder is taken from the payloads (`encoders.NAME`) first, so that a run that is
        interrupted anywhere still knows which points have to be encoded again. A name that is new is just added.
        """
        from qdrant_client import models

        check_wanted([spec])
        self.delete_payload([f"{ENCODERS}.{spec.name}"], models.Filter())
        self._core.add_vector(spec)

    def drop_vector(self, name: str) -> None:
        """Drop a named vector from every point and from the collection; one that is not there is no error.

        Its encoder's fingerprint goes from the payloads first, as with `replace_vector`.
        """
        from qdrant_client import models

        have = self.vectors()
        if name in have and len(have) == 1:
            raise UsageError(f"The vector {name!r} is the last of {self._core.where}: a collection needs at least one.")
        self.delete_payload([f"{ENCODERS}.{name}"], models.Filter())
        self._core.drop_vector(name)

    def configure(self, spec: VectorSpec) -> None:
        """Keep and index a vector as `spec` says; its points are untouched, and searches change with the next index.

        Raises:
            CollectionMismatchError: it is another vector, or has another datatype, which cannot be changed in place.
        """
        check_kept(spec)
        have = self.vectors().get(spec.name)
        if have is None:
            raise StoreError(f"There is no vector {spec.name!r} in {self._core.where}: add it with ensure.")
        check_same(have, spec, self._core.where)
        if have.datatype != spec.datatype:
            raise CollectionMismatchError(
                f"The vector {spec.name!r} of {self._core.where} is kept as {have.datatype}, and {spec.datatype} is "
                "asked for: ingest into a new store (--store) to change that."
            )
        if have != spec:
            self._core.configure(spec)

    @abstractmethod
    def vectors(self) -> dict[str, VectorSpec]:
        """The named vectors of the collection; empty if it does not exist."""

    @abstractmethod
    def metadata(self) -> dict[str, Any]:
        """What is known of the collection as a whole (sources, bridges …), without its vectors: see `vectors`."""

    @abstractmethod
    def info(self) -> models.CollectionInfo:
        """What a client of Qdrant is told of the collection: vectors, indexes, counts, metadata."""

    @abstractmethod
    def set_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Merge plain JSON values into the metadata, key by key at the top level; None removes a key."""

    @abstractmethod
    def aliases(self) -> list[str]:
        """Other names of this collection, sorted; `open_store` takes them as well."""

    @abstractmethod
    def set_alias(self, alias: str) -> None:
        """Let a name stand for this collection, whichever it stood for until now; readers see one or the other.

        Raises:
            UsageError: the name cannot be a collection's.
            StoreError: a collection bears it.
        """

    @abstractmethod
    def delete_alias(self, alias: str) -> None:
        """Forget an alias of this collection; one that is not there is no error."""

    # -- points --------------------------------------------------------------------------------------------------------

    @abstractmethod
    def upsert(self, points: Sequence[models.PointStruct], *, sync: bool = True) -> None:
        """Write points whole: one that exists loses the vectors and the payload it had.

        With `sync=False` the write survives the death of this process at once, but that of the machine only from the
        next `sync()` on: the embedded engine syncs a hundred files each time, which costs more than writing a batch.

        Vectors are given by name, as lists or as float32 arrays: (dim,), or (n, dim) for a multivector. The points are
        checked first (names, dimensions, finite values), and nothing is written if one of them is wrong.
        """

    @abstractmethod
    def update_vectors(self, points: Sequence[models.PointVectors]) -> None:
        """Write the named vectors given and leave the others. Checked as in `upsert`; the points must exist."""

    def _check_exist(self, ids: Sequence[models.ExtendedPointId]) -> None:
        """Raise `StoreError` if a point is missing: the engines would stop at it in the middle of a batch."""
        found = {str(record.id) for record in self.retrieve(ids, with_payload=False)}
        for point_id in ids:
            if str(point_id) not in found:
                raise StoreError(f"Point {point_id} is not in collection {self.collection!r}: upsert it first.")

    @abstractmethod
    def set_payload(
        self,
        payload: Mapping[str, Any],
        points: Sequence[models.ExtendedPointId] | models.Filter,
        *,
        sync: bool = True,
    ) -> None:
        """Set these top-level keys on points given by id or filter, and leave the others; `sync` as in `upsert`.

        Here and below, ids that are not there are no error.
        """

    @abstractmethod
    def overwrite_payload(
        self, payload: Mapping[str, Any], points: Sequence[models.ExtendedPointId] | models.Filter
    ) -> None:
        """Replace the whole payload of points given by id or filter."""

    def clear_payload(self, points: Sequence[models.ExtendedPointId] | models.Filter) -> None:
        """Remove every key from points given by id or filter."""
        self.overwrite_payload({}, points)

    @abstractmethod
    def delete_payload(self, keys: Sequence[str], points: Sequence[models.ExtendedPointId] | models.Filter) -> None:
        """Remove keys (paths such as `encoders.text` too) from points given by id or filter."""

    @abstractmethod
    def delete(self, points: Sequence[models.ExtendedPointId] | models.Filter, *, sync: bool = True) -> None:
        """Delete points given by id or filter; `sync` as in `upsert`."""

    def sync(self) -> None:  # noqa: B027  (a server has synced when it answers)
        """Make what was written with `sync=False` survive the death of the machine, too."""

    # -- reading -------------------------------------------------------------------------------------------------------

    @abstractmethod
    def retrieve(
        self,
        ids: Sequence[models.ExtendedPointId],
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
    ) -> list[models.Record]:
        """The points that exist among `ids`, in their order, each once."""

    @abstractmethod
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
        """A page of points by id, and the offset of the next page (None: this was the last).

        With `order_by` the page is by that field's values and there is no next one: continue with its `start_from`.
        """

    def scroll_all(
        self,
        scroll_filter: models.Filter | None = None,
        page: int = 1000,
        *,
        with_payload: models.WithPayloadInterface = True,
        with_vectors: models.WithVector = False,
    ) -> Iterator[models.Record]:
        """Every point that passes the filter, by id, fetched in pages."""
        offset: models.ExtendedPointId | None = None
        while True:
            records, offset = self.scroll(
                scroll_filter, page, offset, with_payload=with_payload, with_vectors=with_vectors
            )
            yield from records
            if offset is None:
                return

    @abstractmethod
    def count(self, count_filter: models.Filter | None = None) -> int:
        """How many points pass the filter, exactly."""

    @abstractmethod
    def facet(
        self, key: str, facet_filter: models.Filter | None = None, limit: int = 10
    ) -> dict[bool | int | str, int]:
        """The values of an indexed field with the number of points that bear each, most frequent first."""

    @abstractmethod
    def query_batch(self, requests: Sequence[models.QueryRequest]) -> list[list[models.ScoredPoint]]:
        """Answer several requests with one request to the engine, in their order."""

    def rankings(self, requests: Sequence[models.QueryRequest]) -> list[list[tuple[models.ExtendedPointId, float]]]:
        """The same with ids and scores alone: all that a fusion goes by, and half as long to make."""
        return [[(point.id, point.score) for point in answer] for answer in self.query_batch(requests)]

    def query(self, request: models.QueryRequest) -> list[models.ScoredPoint]:
        """Answer one request."""
        return self.query_batch([request])[0]

    @abstractmethod
    def query_groups(self, request: models.QueryGroupsRequest) -> list[models.PointGroup]:
        """Answer one request with hits grouped by a payload field: the best groups, each with its best hits."""

    # -- small fitted models, kept with the collection -----------------------------------------------------------------

    @abstractmethod
    def save_artifact(self, name: str, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> None:
        """Keep arrays (a few MB, no Python objects) and JSON values under a name; an older one is replaced whole."""

    @abstractmethod
    def load_artifact(self, name: str) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]] | None:
        """The arrays and values kept under a name, or None."""

    @abstractmethod
    def artifacts(self) -> list[str]:
        """The names that `load_artifact` knows, sorted."""

    @abstractmethod
    def delete_artifact(self, name: str) -> None:
        """Forget what is kept under a name; one that is not there is no error."""

    # -- upkeep --------------------------------------------------------------------------------------------------------

    def announce(self, url: str) -> None:  # noqa: B027  (a server is found by its own address)
        """Tell processes that find the store in use where this one answers for it."""

    @abstractmethod
    def optimize(self) -> None:
        """Build the vector index now, where the engine leaves that to us."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the engine. Closing twice is no error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
