"""A server that misbehaves: what is tried again, what is not, and what a person is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import create_server
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import NotOfferedError, RefusedError, StoreError, StoreUnavailableError, UsageError
from store import open_store
from store.retry import Backoff
from store.server import ServerStore
from store.specs import to_json

from .conftest import SPECS, uid

QUICK = Backoff(attempts=4, first=0.01, longest=0.02, patience=5.0)
Answer = tuple[int, dict[str, str], bytes]


def ok(result: object) -> Answer:
    return 200, {}, json.dumps({"result": result, "status": "ok", "time": 0.0}).encode()


def error(status: int, said: str = "", **headers: str) -> Answer:
    return status, headers, json.dumps({"status": {"error": said}, "time": 0.0}).encode()


class Server:
    """Gives the answers it is told to, in turn, and the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, float]] = []
        self.keys: list[str | None] = []
        self.bodies: list[Any] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                server.bodies.append(json.loads(body) if body else None)
                server.asked.append((self.command, self.path, time.monotonic()))
                server.keys.append(self.headers.get("api-key"))
                status, headers, body = server.answers.pop(0) if len(server.answers) > 1 else server.answers[0]
                if not status:  # hang up
                    self.close_connection = True
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = answer  # noqa: N815 - the names http.server asks for

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


def store_at(url: str, **options: Any) -> ServerStore:
    return ServerStore(url, "medley", **{"backoff": QUICK, **options})


@pytest.mark.parametrize(
    "fault",
    [(0, {}, b""), error(429, "slow down"), error(502), error(503, "starting"), error(504)],
    ids=["hang up", "429", "502", "503", "504"],
)
def test_what_may_pass_is_tried_again(server: Server, fault: Answer) -> None:
    server.answers = [fault, fault, ok({"count": 7})]
    assert store_at(server.url).count() == 7
    assert len(server.asked) == 3


def test_retry_after_is_waited_for(server: Server) -> None:
    server.answers = [error(429, "slow down", Retry_After="1"), ok({"count": 7})]
    assert store_at(server.url).count() == 7
    (_, _, first), (_, _, second) = server.asked
    assert second - first >= 1.0


def test_retry_after_of_an_unready_server_is_waited_for_too(server: Server) -> None:
    server.answers = [error(503, "starting", Retry_After="1"), ok({"count": 7})]
    assert store_at(server.url).count() == 7
    (_, _, first), (_, _, second) = server.asked
    assert second - first >= 1.0


def test_retry_after_may_be_a_date(server: Server) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    server.answers = [error(503, "starting", Retry_After=soon), ok({"count": 7})]
    assert store_at(server.url).count() == 7
    (_, _, first), (_, _, second) = server.asked
    assert second - first > 0.5


def test_longer_retry_after_than_patience_ends_at_once(server: Server) -> None:
    server.answers = [error(429, "slow down", Retry_After="3600")]
    with pytest.raises(StoreUnavailableError, match="overloaded"):
        store_at(server.url).count()
    assert len(server.asked) == 1


def test_a_server_that_stays_away_is_one_sentence(server: Server) -> None:
    server.answers = [error(503, "starting")]
    with pytest.raises(StoreUnavailableError, match="status 503, starting") as caught:
        store_at(server.url).count()
    assert len(server.asked) == QUICK.attempts
    assert server.url in str(caught.value)


def test_nobody_listening_is_one_sentence() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StoreUnavailableError, match=f"127.0.0.1:{port}.*does not answer.*start it"):
        store_at(f"http://127.0.0.1:{port}").count()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(400, "Wrong input: bad vector"), RefusedError, "status 400, Wrong input: bad vector"),
        (error(401, "no key"), StoreUnavailableError, "MEDLEY_API_KEY"),
        (error(403, "read only"), StoreUnavailableError, "MEDLEY_API_KEY"),
        (error(404, "Not found"), StoreError, "ingest a folder first"),
        (error(500, "panic"), StoreError, "status 500, panic"),
        ((200, {}, b"<html>welcome</html>"), StoreUnavailableError, "no Qdrant server"),
        ((418, {}, b"<html>teapot</html>"), RefusedError, "status 418"),
        (error(501, "not here"), NotOfferedError, "status 501, not here"),
    ],
)
def test_what_does_not_pass_is_asked_once_and_told(
    server: Server, answer: Answer, kind: type[StoreError], words: str
) -> None:
    server.answers = [answer]
    with pytest.raises(kind, match=words) as caught:
        store_at(server.url).count()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert len(server.asked) == 1


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize("answer", [error(401, "bad key"), error(500, "oops"), error(503), (200, {}, b"?")])
def test_secrets_are_sent_and_never_told(server: Server, answer: Answer) -> None:
    server.answers = [answer]
    url = server.url.replace("://", "://user:hidden@")
    store = store_at(url, api_key="s3cret")
    with pytest.raises(StoreError) as caught:
        store.count()
    assert set(server.keys) == {"s3cret"}
    chain: BaseException | None = caught.value
    while chain is not None:
        assert "s3cret" not in f"{chain}{chain!r}"
        assert "hidden" not in f"{chain}{chain!r}"
        chain = chain.__cause__ or chain.__context__
    assert "hidden" not in store.location


WRITES: dict[str, Callable[[ServerStore], None]] = {
    "upsert": lambda store: store.upsert([models.PointStruct(id=1, vector={"text": [1.0]}, payload={})]),
    "set_payload": lambda store: store.set_payload({"a": 1}, [1]),
    "overwrite_payload": lambda store: store.overwrite_payload({"a": 1}, [1]),
    "delete_payload": lambda store: store.delete_payload(["a"], [1]),
    "delete": lambda store: store.delete([1]),
}


@pytest.mark.parametrize("write", WRITES)
def test_writes_wait_for_the_server_and_are_tried_again(server: Server, write: str) -> None:
    vectors = {"text": {"name": "text", "dim": 1, "distance": "dot", "fingerprint": "f-1"}}
    done = ok({"operation_id": 1, "status": "completed"})
    server.answers = [error(503), done]
    store = store_at(server.url)
    store._remote.metadata = lambda: {"vectors": vectors}  # type: ignore[method-assign] - no request for it here
    WRITES[write](store)
    assert len(server.asked) == 2
    assert all("wait=true" in path for _, path, _ in server.asked)


def test_arrays_dates_and_sparse_vectors_are_sent_as_json(server: Server) -> None:
    server.answers = [ok({"operation_id": 1, "status": "completed"})]
    store = store_at(server.url)
    vectors_told = to_json({spec.name: spec for spec in SPECS})
    store._remote.metadata = lambda: {"vectors": vectors_told}  # type: ignore[method-assign] - no request for it here
    vectors = {
        "text": np.array([1, 2, 3, 4.5], np.float32),
        "late": np.array([[1, 2], [3, 4]], np.float32),
        "words": models.SparseVector(indices=[7, 9], values=[0.5, 1.5]),
    }
    payload = {"modified": datetime(2026, 5, 4, tzinfo=UTC), "info": {"n": None, "tags": ["é"]}}
    store.upsert([models.PointStruct.model_construct(id=uid(1), vector=vectors, payload=payload)])
    assert server.bodies[-1]["points"] == [
        {
            "id": uid(1),
            "vector": {
                "text": [1.0, 2.0, 3.0, 4.5],
                "late": [[1.0, 2.0], [3.0, 4.0]],
                "words": {"indices": [7, 9], "values": [0.5, 1.5]},
            },
            "payload": {"modified": "2026-05-04T00:00:00Z", "info": {"n": None, "tags": ["é"]}},
        }
    ]


def test_queries_are_sent_as_one_batch_of_json(server: Server) -> None:
    hit = {"id": uid(1), "version": 3, "score": 0.5, "payload": {"path": "a"}}
    server.answers = [ok([{"points": [hit]}, {"points": []}])]
    array = np.array([1, 2], np.float32)
    others = models.FieldCondition(key="modality", match=models.MatchExcept(**{"except": ["image"]}))
    first = models.QueryRequest.model_construct(query=array, using="image", limit=3, with_payload=True)
    second = models.QueryRequest.model_construct(
        prefetch=[
            models.Prefetch.model_construct(query=array, using="image", filter=models.Filter(must=[others]), limit=5),
            models.Prefetch.model_construct(query=models.NearestQuery.model_construct(nearest=array), using="image"),
        ],
        query=models.RrfQuery(rrf=models.Rrf(k=60, weights=[2.0, 1.0])),
    )
    store = store_at(server.url)
    vectors_told = to_json({spec.name: spec for spec in SPECS})
    store._remote.metadata = lambda: {"vectors": vectors_told}  # type: ignore[method-assign] - no request for it here
    answers = store.query_batch([first, second])
    assert [[(hit.id, hit.score, hit.payload) for hit in hits] for hits in answers] == [
        [(uid(1), 0.5, {"path": "a"})],
        [],
    ]
    sent = without_nulls(server.bodies[-1])["searches"]
    assert sent[0] == {"query": {"nearest": [1.0, 2.0]}, "using": "image", "limit": 3, "with_payload": True}
    assert sent[1] == {
        "prefetch": [
            {
                "query": [1.0, 2.0],
                "using": "image",
                "filter": {"must": [{"key": "modality", "match": {"except": ["image"]}}]},
                "limit": 5,
            },
            {"query": {"nearest": [1.0, 2.0]}, "using": "image"},
        ],
        "query": {"rrf": {"k": 60, "weights": [2.0, 1.0]}},
    }


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


def test_large_batches_go_in_parts(server: Server) -> None:
    vectors = {"text": {"name": "text", "dim": 1, "distance": "dot", "fingerprint": "f-1"}}
    server.answers = [ok({"operation_id": 1, "status": "completed"})]
    store = store_at(server.url)
    store._remote.metadata = lambda: {"vectors": vectors}  # type: ignore[method-assign] - no request for it here
    store.upsert([models.PointStruct(id=number, vector={"text": [1.0]}) for number in range(1100)])
    assert len(server.asked) == 3


def test_a_collection_that_is_not_ours_is_refused(server: Server) -> None:
    config = {
        "params": {"vectors": {"size": 4, "distance": "Dot"}},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
        "optimizer_config": {
            "deleted_threshold": 0.2,
            "vacuum_min_vector_number": 1000,
            "default_segment_number": 0,
            "flush_interval_sec": 5,
        },
        "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0},
    }
    info = {"status": "green", "optimizer_status": "ok", "segments_count": 1, "config": config, "payload_schema": {}}
    server.answers = [ok({"exists": True}), ok(info)]
    with pytest.raises(StoreError, match="not made by Medley"):
        store_at(server.url).vectors()


@pytest.mark.parametrize("url", ["http://", "http://host:port", "https://:6333/path"])
def test_an_address_that_is_none_is_a_wrong_argument(url: str) -> None:
    with pytest.raises(UsageError, match="address"):
        open_store(url)
