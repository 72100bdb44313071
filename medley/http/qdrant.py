"""The reading half of Qdrant's REST API, under its own paths: any Qdrant client can ask an embedded collection.

Thin: a request is parsed by `qdrant_client`'s models and handed to the store, which takes and gives the same types.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic_core import to_json
from qdrant_client import models

from medley.http.errors import QDRANT
from medley.http.held import HeldLibrary, HeldStore, HeldTurns, Turns
from medley.library import Library
from query.infer import asks
from schemas import NotFoundError, NotOfferedError
from store import Store

API_VERSION = version("qdrant-client")
"""Of Qdrant's API, as clients compare it with theirs: it is that of the models that parse the requests."""

R = TypeVar("R", models.QueryRequest, models.QueryGroupsRequest)

SCROLLED, FACETED = 10, 10  # points and values that a server gives when a request names no number


class Answer:
    """A result in Qdrant's envelope, with the time it took since the request was parsed."""

    def __init__(
        self,
        consistency: Annotated[str | None, Query(description="Accepted and ignored: there is one copy.")] = None,
        timeout: Annotated[int | None, Query(description="Accepted and ignored, seconds.")] = None,
    ) -> None:
        self._began = time.perf_counter()

    def __call__(self, result: Any) -> Response:
        """As JSON. What a server leaves out of a point where there is nothing, is left out."""
        whole = {"result": result, "status": "ok", "time": time.perf_counter() - self._began}
        body = to_json(whole, by_alias=True, exclude_none=True, inf_nan_mode="null")
        return Response(body, media_type="application/json")


def _of_name(store: HeldStore, name: Annotated[str, Path(description="Name of the collection.")]) -> Store:
    if not store.exists() or not _is(store, name):
        raise NotFoundError(f"Not found: Collection `{name}` doesn't exist!")
    return store


def _is(store: Store, name: str) -> bool:
    return name == store.collection or name in store.aliases()


def _aliases(store: Store) -> list[dict[str, str]]:
    return [{"alias_name": alias, "collection_name": store.collection} for alias in store.aliases()]


async def _encoded(request: R, library: Library, turns: Turns) -> R:
    """The request with vectors alone: its words and pictures are encoded when it is their turn."""
    return await turns.take(lambda: library.with_vectors(request)) if asks(request) else request


async def _query(body: models.QueryRequest, library: HeldLibrary, turns: HeldTurns) -> models.QueryRequest:
    return await _encoded(body, library, turns)


async def _batch(body: models.QueryRequestBatch, library: HeldLibrary, turns: HeldTurns) -> list[models.QueryRequest]:
    return [await _encoded(search, library, turns) for search in body.searches]


async def _groups(body: models.QueryGroupsRequest, library: HeldLibrary, turns: HeldTurns) -> models.QueryGroupsRequest:
    return await _encoded(body, library, turns)


Named = Annotated[Store, Depends(_of_name)]
Answering = Annotated[Answer, Depends()]

router = APIRouter(tags=["Qdrant"], default_response_class=Response)


@router.get("/collections")
def collections(store: HeldStore, answer: Answering) -> Response:
    """The one collection that this server holds, once it is made."""
    return answer({"collections": [{"name": store.collection}] if store.exists() else []})


@router.get("/collections/{name}/exists")
def collection_exists(name: str, store: HeldStore, answer: Answering) -> Response:
    """Whether there is such a collection."""
    return answer({"exists": store.exists() and _is(store, name)})


@router.get("/collections/{name}")
def collection(store: Named, answer: Answering) -> Response:
    """Its named vectors, payload indexes, counts and metadata."""
    return answer(store.info())


@router.get("/aliases")
def aliases(store: HeldStore, answer: Answering) -> Response:
    """The other names of the collection."""
    return answer({"aliases": _aliases(store) if store.exists() else []})


@router.get("/collections/{name}/aliases")
def collection_aliases(store: Named, answer: Answering) -> Response:
    """The same."""
    return answer({"aliases": _aliases(store)})


@router.post("/collections/{name}/points")
def retrieve(body: models.PointRequest, store: Named, answer: Answering) -> Response:
    """Points by id."""
    payload = True if body.with_payload is None else body.with_payload
    return answer(store.retrieve(body.ids, payload, body.with_vector or False))


@router.get("/collections/{name}/points/{point}")
def point(
    point: Annotated[int | UUID, Path(description="A number or a UUID.")], store: Named, answer: Answering
) -> Response:
    """One point, whole."""
    found = store.retrieve([point if isinstance(point, int) else str(point)], True, True)
    if not found:
        raise NotFoundError(f"Not found: Point with id {point} does not exists!")
    return answer(found[0])


@router.post("/collections/{name}/points/scroll")
def scroll(body: models.ScrollRequest, store: Named, answer: Answering) -> Response:
    """Points in the order of their ids, or of a field, page by page."""
    records, following = store.scroll(
        body.filter,
        SCROLLED if body.limit is None else body.limit,
        str(body.offset) if isinstance(body.offset, UUID) else body.offset,
        order_by=body.order_by,
        with_payload=True if body.with_payload is None else body.with_payload,
        with_vectors=body.with_vector or False,
    )
    return answer({"points": records, "next_page_offset": following})


@router.post("/collections/{name}/points/count")
def count(body: models.CountRequest, store: Named, answer: Answering) -> Response:
    """How many points pass a filter, always exactly."""
    return answer({"count": store.count(body.filter)})


@router.post("/collections/{name}/facet")
def facet(body: models.FacetRequest, store: Named, answer: Answering) -> Response:
    """The values of an indexed field, with how many points bear each."""
    found = store.facet(body.key, body.filter, FACETED if body.limit is None else body.limit)
    return answer({"hits": [{"value": value, "count": many} for value, many in found.items()]})


@router.post("/collections/{name}/points/query")
def query(store: Named, asked: Annotated[models.QueryRequest, Depends(_query)], answer: Answering) -> Response:
    """The universal query: nearest, recommend, discover, fusion, formula, sample, order.

    Words (`{"text": "a red boat", "model": "medley"}`) and pictures (base64) are encoded by the vector's own encoder.
    """
    return answer({"points": store.query(asked)})


@router.post("/collections/{name}/points/query/batch")
def query_batch(
    store: Named, asked: Annotated[list[models.QueryRequest], Depends(_batch)], answer: Answering
) -> Response:
    """Several queries at once."""
    found = store.query_batch(asked) if asked else []
    return answer([{"points": points} for points in found])


@router.post("/collections/{name}/points/query/groups")
def query_groups(
    store: Named, asked: Annotated[models.QueryGroupsRequest, Depends(_groups)], answer: Answering
) -> Response:
    """A query whose hits are grouped by a payload field."""
    return answer({"groups": store.query_groups(asked)})


_WRITES = ["POST", "PUT", "PATCH", "DELETE"]


@router.api_route("/collections", methods=_WRITES, include_in_schema=False)
@router.api_route("/collections/{rest:path}", methods=["GET", *_WRITES], include_in_schema=False)
@router.api_route("/aliases", methods=_WRITES, include_in_schema=False)
def not_offered(request: Request) -> None:
    """Everything else of Qdrant's API.

    Raises:
        NotOfferedError: always.
    """
    raise NotOfferedError(
        f"{request.method} {request.url.path} is not offered: Medley answers the reading half of Qdrant's API, and "
        "points are written by `medley ingest`. Use a Qdrant server for the rest (medley ingest --store http://...)."
    )


for _path in (path for path in QDRANT if path not in ("/collections", "/aliases")):
    for _whole in (_path, f"{_path}/{{rest:path}}"):
        router.add_api_route(_whole, not_offered, methods=["GET", *_WRITES], include_in_schema=False)


def greeting() -> dict[str, str]:
    """What a client asks for first, to compare versions."""
    return {"title": "medley - answers the reading half of Qdrant's REST API", "version": API_VERSION}
