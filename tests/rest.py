"""Qdrant's REST API over the client's local mode: a server to try `ServerStore` with, where there is no real one.

Every body is validated with the models of the API's own description, which refuse what the server would not know. It
can refuse, stall, cut, or answer with an error on purpose, and be stopped and started again on its port with what it
holds, as a server that is restarted.
"""

from __future__ import annotations

import json
import pickle
import re
import threading
import time
from collections.abc import Callable
from email import message_from_bytes
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from qdrant_client import QdrantClient
from qdrant_client import models as m

Fault = Callable[["Handler"], bool]
"""Does something to a request; whether that was all, or it is to be answered as well."""


class Local(QdrantClient):
    """The local mode, with the payload indexes that it only pretends to make."""

    def __init__(self) -> None:
        super().__init__(":memory:")
        self.indexes: dict[str, dict[str, m.PayloadIndexInfo]] = {}
        self.snapshots: dict[str, bytes] = {}

    def create_payload_index(self, collection_name: str, field_name: str, field_schema: Any = None, **_: Any) -> Any:
        kind = m.PayloadIndexInfo(data_type=field_schema, points=0)
        self.indexes.setdefault(collection_name, {})[field_name] = kind
        return m.UpdateResult(operation_id=1, status=m.UpdateStatus.COMPLETED)

    def get_collection(self, collection_name: str, **_: Any) -> m.CollectionInfo:
        info = super().get_collection(collection_name)
        return info.model_copy(update={"payload_schema": self.indexes.get(collection_name, {})})


class RestServer:
    """A server. `faults` are taken one a request; `asked` holds the method and path of every request."""

    def __init__(self) -> None:
        self.local = Local()
        self.faults: list[Fault | None] = []
        self.asked: list[str] = []
        self.lock = threading.Lock()  # the local mode is not made for threads
        self._port = 0
        self._http: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the port that it had."""

        class Bound(Handler):
            rest = self
            up = threading.Event()

        for _ in range(100):
            try:
                self._http = ThreadingHTTPServer(("127.0.0.1", self._port), Bound)
                break
            except OSError:  # somebody else's connection leaves from there, for a moment
                time.sleep(0.1)
        assert self._http is not None
        self._up = Bound.up
        self._up.set()
        self._http.daemon_threads = True
        self._port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Listen no more, and hang up on those who are connected."""
        assert self._http is not None
        self._up.clear()
        self._http.shutdown()
        self._http.server_close()

    def restart(self, after: float) -> None:
        """Be away for some seconds, as long as it takes a server to start."""
        self.stop()
        threading.Timer(after, self.start).start()


def hang_up(handler: Handler) -> bool:
    """Cut the connection before anything is done."""
    handler.close_connection = True
    return True


def cut(handler: Handler) -> bool:
    """Do what is asked, and cut the connection in the middle of the answer: the client cannot know that it was done."""
    _, answer = handler.work()
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(answer)))
    handler.end_headers()
    handler.wfile.write(answer[: len(answer) // 2])
    handler.close_connection = True
    return True


def stall(seconds: float) -> Fault:
    """Answer late."""

    def fault(_: Handler) -> bool:
        time.sleep(seconds)
        return False

    return fault


def status(number: int, **headers: str) -> Fault:
    """Answer with an error."""

    def fault(handler: Handler) -> bool:
        handler.answer(number, json.dumps({"status": {"error": "on purpose"}, "time": 0.0}).encode(), headers)
        return True

    return fault


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    rest: RestServer
    up: threading.Event
    protocol_version = "HTTP/1.1"

    def handle_one(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        if not self.up.is_set():
            self.close_connection = True
            return
        with self.rest.lock:
            self.rest.asked.append(f"{self.command} {urlsplit(self.path).path}")
            fault = self.rest.faults.pop(0) if self.rest.faults else None
        if fault is None or not fault(self):
            number, answer = self.work()
            self.answer(number, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - the names http.server asks for

    def work(self) -> tuple[int, bytes]:
        """Do what is asked: status and body of the answer."""
        parts = urlsplit(self.path)
        given = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if found := re.fullmatch(f"{_C}/snapshots/upload", parts.path):
            return 200, json.dumps({"result": _recover(self.rest.local, found[1], self.uploaded())}).encode()
        if self.command == "GET" and (found := re.fullmatch(f"{_C}/snapshots/([^/]+)", parts.path)):
            return 200, self.rest.local.snapshots[found[2]]
        for (method, pattern), (shape, act) in ROUTES.items():
            found = re.fullmatch(pattern, parts.path)
            if method != self.command or not found:
                continue
            try:
                body = None if shape is None else TypeAdapter(shape).validate_json(self.body)
                with self.rest.lock:
                    result = act(self.rest.local, *found.groups(), body, given)
                return 200, json.dumps({"result": to_jsonable_python(result), "status": "ok", "time": 0.0}).encode()
            except ValidationError as error:
                return 422, _failed(str(error))
            except (ValueError, KeyError, TypeError, IndexError) as error:
                return 404 if "not found" in str(error) else 400, _failed(str(error))
        return 501, _failed(f"no such route: {self.command} {parts.path}")

    def uploaded(self) -> bytes:
        """The one file of a form."""
        kind = self.headers["Content-Type"].encode()
        [part] = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + self.body).get_payload()
        assert part.get_param("name", header="Content-Disposition") == "snapshot"
        return part.get_payload(decode=True)

    def answer(self, number: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(number)
        for name, value in (headers or {}).items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _failed(why: str) -> bytes:
    return json.dumps({"status": {"error": why.splitlines()[0] if why else "?"}, "time": 0.0}).encode()


def _selected(body: Any) -> Any:
    return body.points if isinstance(body, m.PointIdsList) else body.filter


def _of_payload(body: Any) -> Any:
    return body.points if body.points is not None else body.filter


def _create(local: QdrantClient, name: str, body: m.CreateCollection, _: Any) -> bool:
    return local.create_collection(
        name,
        vectors_config=body.vectors,
        sparse_vectors_config=body.sparse_vectors,
        metadata=body.metadata,
    )


def _update(local: QdrantClient, name: str, body: m.UpdateCollection, _: Any) -> bool:
    """The local mode refuses to change vectors, which it keeps in one way only."""
    return local.update_collection(name, metadata=body.metadata) if body.metadata is not None else True


def _written(_: object) -> m.UpdateResult:
    return m.UpdateResult(operation_id=1, status=m.UpdateStatus.COMPLETED)


def _scroll(local: QdrantClient, name: str, body: m.ScrollRequest, _: Any) -> m.ScrollResult:
    points, after = local.scroll(
        name,
        body.filter,
        body.limit or 10,
        body.order_by,
        body.offset,
        with_payload=True if body.with_payload is None else body.with_payload,
        with_vectors=body.with_vector or False,
    )
    return m.ScrollResult(points=points, next_page_offset=after)


def _groups(local: QdrantClient, name: str, body: m.QueryGroupsRequest, _: Any) -> m.GroupsResult:
    return local.query_points_groups(
        name,
        body.group_by,
        query=body.query,
        using=body.using,
        prefetch=body.prefetch,
        query_filter=body.filter,
        search_params=body.params,
        limit=body.limit or 10,
        group_size=body.group_size or 3,
        score_threshold=body.score_threshold,
        with_payload=body.with_payload or False,
        with_vectors=body.with_vector or False,
    )


def _snapshot(rest: Local, name: str, *_: Any) -> dict[str, Any]:
    """A file of our own: nobody but the server reads it."""
    info, points = rest.get_collection(name), rest.scroll(name, limit=10**6, with_vectors=True)[0]
    data = pickle.dumps((info.config.params, info.config.metadata, rest.indexes.get(name), points))
    rest.snapshots[f"{name}-1.snapshot"] = data
    return {"name": f"{name}-1.snapshot", "size": len(data), "checksum": sha256(data).hexdigest()}


def _recover(rest: Local, name: str, body: bytes) -> bool:
    params, metadata, indexes, points = pickle.loads(body)
    rest.delete_collection(name)
    rest.create_collection(name, params.vectors, sparse_vectors_config=params.sparse_vectors, metadata=metadata)
    rest.indexes[name] = indexes or {}
    for point in points:
        rest.upsert(name, [m.PointStruct(id=point.id, vector=point.vector, payload=point.payload)])
    return True


_C = r"/collections/([^/]+)"
ROUTES: dict[tuple[str, str], tuple[Any, Callable[..., Any]]] = {
    ("GET", f"{_C}/exists"): (None, lambda local, name, *_: {"exists": local.collection_exists(name)}),
    ("POST", f"{_C}/snapshots"): (None, _snapshot),
    ("DELETE", f"{_C}/snapshots/([^/]+)"): (None, lambda local, _, file, *__: bool(local.snapshots.pop(file))),
    ("GET", _C): (None, lambda local, name, *_: local.get_collection(name)),
    ("PUT", _C): (m.CreateCollection, _create),
    ("PATCH", _C): (m.UpdateCollection, _update),
    ("GET", "/aliases"): (None, lambda local, *_: local.get_aliases()),
    ("POST", "/collections/aliases"): (
        m.ChangeAliasesOperation,
        lambda local, body, _: local.update_collection_aliases(body.actions),
    ),
    ("PUT", f"{_C}/index"): (
        m.CreateFieldIndex,
        lambda local, name, body, _: _written(local.create_payload_index(name, body.field_name, body.field_schema)),
    ),
    ("PUT", f"{_C}/vectors/([^/]+)"): (
        m.VectorNameConfig,
        lambda local, name, vector, body, _: _written(local.create_vector_name(name, vector, body)),
    ),
    ("DELETE", f"{_C}/vectors/([^/]+)"): (
        None,
        lambda local, name, vector, *_: _written(local.delete_vector_name(name, vector)),
    ),
    ("PUT", f"{_C}/points"): (
        m.PointInsertOperations,
        lambda local, name, body, _: _written(local.upsert(name, body.points)),
    ),
    ("PUT", f"{_C}/points/vectors"): (
        m.UpdateVectors,
        lambda local, name, body, _: _written(local.update_vectors(name, body.points)),
    ),
    ("POST", f"{_C}/points/payload"): (
        m.SetPayload,
        lambda local, name, body, _: _written(local.set_payload(name, body.payload, _of_payload(body), body.key)),
    ),
    ("PUT", f"{_C}/points/payload"): (
        m.SetPayload,
        lambda local, name, body, _: _written(local.overwrite_payload(name, body.payload, _of_payload(body))),
    ),
    ("POST", f"{_C}/points/payload/delete"): (
        m.DeletePayload,
        lambda local, name, body, _: _written(local.delete_payload(name, body.keys, _of_payload(body))),
    ),
    ("POST", f"{_C}/points/delete"): (
        m.PointsSelector,
        lambda local, name, body, _: _written(local.delete(name, _selected(body))),
    ),
    ("POST", f"{_C}/points"): (
        m.PointRequest,
        lambda local, name, body, _: local.retrieve(name, body.ids, body.with_payload, body.with_vector),
    ),
    ("POST", f"{_C}/points/scroll"): (m.ScrollRequest, _scroll),
    ("POST", f"{_C}/points/count"): (m.CountRequest, lambda local, name, body, _: local.count(name, body.filter)),
    ("POST", f"{_C}/facet"): (
        m.FacetRequest,
        lambda local, name, body, _: local.facet(name, body.key, body.filter, body.limit or 10),
    ),
    ("POST", f"{_C}/points/query/batch"): (
        m.QueryRequestBatch,
        lambda local, name, body, _: local.query_batch_points(name, body.searches),
    ),
    ("POST", f"{_C}/points/query/groups"): (m.QueryGroupsRequest, _groups),
}
