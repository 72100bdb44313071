"""One collection on a server: the requests, tried again if need be, and what is recorded of its vectors."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit

from qdrant_client import QdrantClient, models

from schemas.errors import CollectionMismatchError, StoreError, StoreUnavailableError, UsageError
from schemas.payload import INDEXES
from store.params import changed_params, is_kept_specially, new_vector, sparse_params, vector_params
from store.retry import Backoff, is_refusal
from store.specs import VECTORS, from_json, quantized, to_json

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.vectors import VectorSpec

P = ParamSpec("P")
T = TypeVar("T")


class Remote:
    """A collection on a server. It need not exist yet.

    Attributes:
        client: to the server.
        where: what to call the collection in an error.
    """

    def __init__(self, client: QdrantClient, url: str, collection: str, backoff: Backoff) -> None:
        self.client, self.collection = client, collection
        self.where = f"collection {collection!r} at {url}"
        self._backoff = backoff
        self._specs: dict[str, VectorSpec] | None = None
        self._closed = False

    def close(self) -> None:
        """Close the connections."""
        self._closed = True
        self.client.close()

    def exists(self) -> bool:
        """Whether the collection has been created. Where the name is an alias, it is the collection's from now on."""
        if self.call(self.client.collection_exists, self.collection):
            return True
        try:
            target = self.aliases().get(self.collection)
        except StoreUnavailableError as error:
            if not is_refusal(error.__cause__):
                raise
            return False  # a key may be good for one collection only
        if target is None:
            return False
        self.collection = target
        return True

    def aliases(self) -> dict[str, str]:
        """The collection of each alias of the server."""
        found = self.call(self.client.get_aliases).aliases
        return {alias.alias_name: alias.collection_name for alias in found}

    def point(self, alias: str) -> None:
        """Let an alias stand for this collection, at once, whatever it stood for."""
        made: list[models.AliasOperations] = [
            models.CreateAliasOperation(
                create_alias=models.CreateAlias(collection_name=self.collection, alias_name=alias)
            )
        ]
        if alias in self.aliases():
            made.insert(0, models.DeleteAliasOperation(delete_alias=models.DeleteAlias(alias_name=alias)))
        self.call(self.client.update_collection_aliases, made)

    def info(self) -> models.CollectionInfo:
        """What the server tells of the collection."""
        return self.call(self.client.get_collection, self.collection)

    def call(self, method: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """One request, again if need be; its errors become ours."""
        if self._closed:
            raise StoreError(f"The {self.where} was closed: open it again.")
        try:
            return self._backoff.call(lambda: method(*args, **kwargs), self.where)
        except (ValueError, TypeError) as error:  # the client's own checks, before anything is sent
            reason = str(error).splitlines()[0].rstrip(".")
            raise StoreError(f"The request to {self.where} cannot be sent ({reason}): correct it.") from error

    def metadata(self) -> dict[str, Any]:
        """All of the metadata, the vectors too."""
        return self.info().config.metadata or {}

    def read_specs(self) -> dict[str, VectorSpec]:
        """The vectors, asked of the server.

        Raises:
            CollectionMismatchError: the collection is not one of ours.
        """
        try:
            self._specs = from_json(self.metadata()[VECTORS])
        except (KeyError, TypeError) as error:
            raise CollectionMismatchError(
                f"The {self.where} was not made by Medley (its metadata names no vectors): name another collection."
            ) from error
        return self._specs

    def specs(self) -> dict[str, VectorSpec]:
        """The vectors as last read: to ask the server before every write would double the requests."""
        return self.read_specs() if self._specs is None else self._specs

    def quantized(self) -> frozenset[str]:
        """The vectors whose candidates have to be scored anew; none is known of a collection that is not ours."""
        try:
            return quantized(self.specs())
        except CollectionMismatchError:
            return frozenset()

    def create(self, wanted: Sequence[VectorSpec]) -> None:
        """Make the collection; the payload indexes follow in `_add_indexes`, which makes up for an interruption too."""
        vectors = {spec.name: spec for spec in wanted}
        try:
            self.call(
                self.client.create_collection,
                self.collection,
                vectors_config={name: vector_params(spec) for name, spec in vectors.items() if not spec.sparse},
                sparse_vectors_config={name: sparse_params(spec) for name, spec in vectors.items() if spec.sparse},
                metadata={VECTORS: to_json(vectors)},
            )
        except StoreError:
            if not self.exists():  # else another process was quicker
                raise

    def add_indexes(self, keys: Collection[str]) -> None:
        """Add the indexes of these payload fields that the collection lacks."""
        have = self.info().payload_schema
        for key in keys:
            if key not in have:
                schema = models.PayloadSchemaType(INDEXES[key])
                self.call(self.client.create_payload_index, self.collection, key, schema, wait=True)

    def add_vector(self, spec: VectorSpec) -> None:
        """Make a named vector, empty on every point. The metadata speaks of it last: see `Engine.add_vector`."""
        try:
            known = self._drop(spec.name)
            self.call(self.client.create_vector_name, self.collection, spec.name, new_vector(spec), wait=True)
            if is_kept_specially(spec):
                self._keep(spec)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            raise CollectionMismatchError(
                f"The vector {spec.name!r} cannot be added to {self.where} ({error}): upgrade the server to one that "
                "adds vectors in place, or ingest into a new collection."
            ) from error
        self._record_vectors({**known, spec.name: spec})

    def drop_vector(self, name: str) -> None:
        """Drop a named vector, if it is there."""
        try:
            self._drop(name)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            raise CollectionMismatchError(
                f"The vector {name!r} cannot be dropped from {self.where} ({error}): upgrade the server to one that "
                "drops vectors in place."
            ) from error

    def configure(self, spec: VectorSpec) -> None:
        """Keep and index a vector otherwise."""
        self._keep(spec)
        self._record_vectors({**self.read_specs(), spec.name: spec})

    def _drop(self, name: str) -> dict[str, VectorSpec]:
        """Drop a vector, of which the metadata speaks no more before it is gone; gives the others."""
        params = self.info().config.params
        there = {**(params.vectors if isinstance(params.vectors, dict) else {}), **(params.sparse_vectors or {})}
        known = self.read_specs()
        others = {other: spec for other, spec in known.items() if other != name}
        if name in known:
            self._record_vectors(others)
        if name in there:
            self.call(self.client.delete_vector_name, self.collection, name, wait=True)
        return others

    def _keep(self, spec: VectorSpec) -> None:
        """Tell the server how to keep and index a vector; it does so in the background."""
        if spec.sparse:
            index = models.SparseVectorParams(index=models.SparseIndexParams(on_disk=spec.on_disk))
            self.call(self.client.update_collection, self.collection, sparse_vectors_config={spec.name: index})
            return
        changed = changed_params(spec)
        self.call(self.client.update_collection, self.collection, vectors_config={spec.name: changed})

    def _record_vectors(self, vectors: dict[str, VectorSpec]) -> None:
        self.call(self.client.update_collection, self.collection, metadata={VECTORS: to_json(vectors)})
        self._specs = vectors


@contextmanager
def quiet_about(url: str) -> Iterator[None]:
    """Spare whoever runs a command the client's warning of an API key without TLS, where the server is near.

    That is on this machine, or beside it in a network of containers, whose names have no dot.
    """
    host = urlsplit(url).hostname or ""
    near = "." not in host and ":" not in host
    with suppress(ValueError):
        near = ip_address(host).is_loopback
    with warnings.catch_warnings():
        if near:
            warnings.filterwarnings("ignore", message="Api key is used with an insecure connection")
        yield


def trusting(ca_file: Path | None) -> dict[str, Any]:
    """The client's option to check the server's certificate against those of a file; none without a file.

    Raises:
        UsageError: the file cannot be read, or holds no certificate.
    """
    if ca_file is None:
        return {}
    try:
        return {"verify": ssl.create_default_context(cafile=ca_file.expanduser())}
    except OSError as error:  # of the file system, or of what stands in the file
        reason = error.strerror or str(error)
        raise UsageError(
            f"The file of certificates {ca_file} cannot be used ({reason}): name a PEM file with MEDLEY_CA_FILE."
        ) from error


def without_credentials(url: str) -> str:
    """The URL as it may be shown: what stands before the @ is a secret.

    Raises:
        UsageError: it is no address of a server.
    """
    parts = urlsplit(url)
    shown = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/"), "", ""))
    try:
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        usable = False
    if not usable:
        raise UsageError(f"The address {shown} cannot be used: name a URL such as http://localhost:6333.")
    return shown
