"""Qdrant's own clients, unchanged, against `medley serve`: the reading half of its API over the embedded engine."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from qdrant_client import QdrantClient, models
from qdrant_client.common.version_check import is_compatible
from qdrant_client.http.exceptions import UnexpectedResponse
from qdrant_client.qdrant_remote import QdrantRemote

import medley
from schemas.errors import NotOfferedError, RefusedError, StoreError
from store import Store
from store.retry import Backoff
from store.server import ServerStore
from tests.serving import serving
from tests.store.conftest import SPECS, quick_folder, uid
from tests.store.questions import (
    COUNT,
    FILTERS,
    GROUPS,
    QUERIES,
    TEXT,
    UNSUPPORTED,
    WRONG,
    collection,
    must,
    near,
)
from tests.store.test_queries import assert_same


@pytest.fixture(scope="module")
def library() -> Iterator[medley.Library]:
    with quick_folder() as folder, medley.open(folder / "store") as library:
        library.store.ensure(SPECS)
        library.store.upsert(collection())
        library.store.set_metadata({"sources": {"holiday": "/media/holiday"}})
        yield library


@pytest.fixture(scope="module")
def url(library: medley.Library) -> Iterator[str]:
    with serving(library) as url:
        yield url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[QdrantClient]:
    client = QdrantClient(url=url)
    yield client
    client.close()


@pytest.fixture(scope="module")
def engines(library: medley.Library, url: str) -> Iterator[tuple[Store, Store]]:
    """The same collection: through Qdrant's client and HTTP, and directly."""
    with ServerStore(url, "medley", backoff=Backoff(attempts=1)) as served:
        yield served, library.store


@pytest.mark.parametrize("name", FILTERS)
def test_filters_pass_the_same_points(engines: tuple[Store, Store], name: str) -> None:
    served, direct = engines
    passed = [[record.id for record in store.scroll_all(FILTERS[name], page=7)] for store in engines]
    assert passed[0] == passed[1]
    assert served.count(FILTERS[name]) == direct.count(FILTERS[name]) == len(passed[0])


@pytest.mark.parametrize("name", QUERIES)
def test_queries_find_the_same_points_with_the_same_scores(engines: tuple[Store, Store], name: str) -> None:
    served, direct = engines
    asked = QUERIES[name].model_copy(update={"with_payload": True, "with_vector": True})
    got, expected = served.query(asked), direct.query(asked)
    assert_same(got, expected)
    whole = {record.id: record for record in direct.scroll_all(with_vectors=True)}
    assert all((hit.payload, hit.vector) == (whole[hit.id].payload, whole[hit.id].vector) for hit in got)


@pytest.mark.parametrize("name", GROUPS)
def test_groups_are_the_same(engines: tuple[Store, Store], name: str) -> None:
    got, expected = (store.query_groups(GROUPS[name]) for store in engines)
    assert [each.id for each in got] == [each.id for each in expected]
    for one, other in zip(got, expected, strict=True):
        assert [(hit.id, hit.score, hit.payload) for hit in one.hits] == [
            (hit.id, hit.score, hit.payload) for hit in other.hits
        ]


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests_are_refused_with_a_sentence(engines: tuple[Store, Store], name: str) -> None:
    with pytest.raises(StoreError) as caught:
        engines[0].query(WRONG[name])
    assert "\n" not in str(caught.value)
    # What is no JSON is refused by the client itself.
    assert isinstance(caught.value, RefusedError) or name == "not a number"


@pytest.mark.parametrize("name", [name for name in UNSUPPORTED if not name.startswith("inference")])
def test_what_the_engine_lacks_is_said_to_be_not_offered(engines: tuple[Store, Store], name: str) -> None:
    request, words = UNSUPPORTED[name]
    with pytest.raises(NotOfferedError, match=words):
        engines[0].query(request)


def test_the_clients_take_it_for_a_server_of_their_version(url: str, client: QdrantClient) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        QdrantRemote._check_compatibility(url, {}, None, 5)  # what every new client does, in a thread of its own
    assert is_compatible("1.19.0", client.info().version)  # the version of the JavaScript client


def test_collections_are_told_as_by_a_server(client: QdrantClient, library: medley.Library) -> None:
    assert [each.name for each in client.get_collections().collections] == ["medley"]
    assert (client.collection_exists("medley"), client.collection_exists("other")) == (True, False)
    assert client.get_aliases().aliases == client.get_collection_aliases("medley").aliases == []
    found = client.get_collection("medley")
    assert found.points_count == COUNT
    assert found.status == models.CollectionStatus.GREEN
    vectors: Any = found.config.params.vectors
    assert {name: (each.size, each.distance.value) for name, each in vectors.items()} == {
        "text": (4, "Cosine"),
        "image": (3, "Dot"),
        "late": (2, "Cosine"),
    }
    assert vectors["late"].multivector_config.comparator == models.MultiVectorComparator.MAX_SIM
    assert found.config.params.sparse_vectors == {"words": models.SparseVectorParams(modifier=models.Modifier.IDF)}
    assert found.payload_schema["size"].data_type == models.PayloadSchemaType.INTEGER
    assert found.payload_schema["size"].points == COUNT
    assert found.config.metadata == library.store.info().config.metadata
    assert found.config.metadata["sources"] == {"holiday": "/media/holiday"}


def test_points_are_read_whole_or_in_part(client: QdrantClient) -> None:
    [whole] = client.retrieve("medley", [uid(1)], with_vectors=True)
    assert whole.payload == collection()[0].payload
    assert isinstance(whole.vector, dict)
    assert whole.vector.keys() == {"text", "image", "late", "words"}
    assert isinstance(whole.vector["words"], models.SparseVector)
    assert [record.id for record in client.retrieve("medley", [uid(9), uid(999), uid(2)])] == [uid(9), uid(2)]
    [part] = client.retrieve("medley", [uid(1)], with_payload=["size"], with_vectors=["image"])
    assert (part.payload, list(part.vector or {})) == ({"size": 100}, ["image"])
    page, following = client.scroll("medley", limit=10, with_payload=False)
    assert (len(page), following, page[0].payload) == (10, uid(11), None)
    last, following = client.scroll("medley", limit=10, offset=uid(COUNT))
    assert ([record.id for record in last], following) == ([uid(COUNT)], None)
    ordered, _ = client.scroll("medley", limit=3, order_by=models.OrderBy(key="size", direction=models.Direction.DESC))
    assert [record.payload and record.payload["size"] for record in ordered] == [6000, 5900, 5800]
    null = client.retrieve("medley", [uid(5)])[0].payload
    assert null is not None
    assert null["note"] is None  # a null of the payload is kept


def test_counts_facets_and_batches(client: QdrantClient) -> None:
    assert client.count("medley").count == COUNT
    assert {hit.value: hit.count for hit in client.facet("medley", "modality").hits} == dict.fromkeys(
        ["text", "image", "audio"], COUNT // 3
    )
    answers = client.query_batch_points("medley", [near(limit=2), near(query=uid(3), limit=1)])
    assert [len(answer.points) for answer in answers] == [2, 1]


def test_one_point_by_its_address(url: str) -> None:
    found = httpx.get(f"{url}/collections/medley/points/{uid(2)}").json()
    assert (found["status"], found["result"]["id"], found["result"]["payload"]["size"]) == ("ok", uid(2), 200)
    missing = httpx.get(f"{url}/collections/medley/points/12")
    assert (missing.status_code, missing.json()["status"]["error"]) == (
        404,
        "Not found: Point with id 12 does not exists!",
    )


WRITES = {
    "upsert": lambda client: client.upsert("medley", [models.PointStruct(id=1, vector={"text": TEXT})]),
    "delete": lambda client: client.delete("medley", [uid(1)]),
    "set payload": lambda client: client.set_payload("medley", {"size": 0}, [uid(1)]),
    "delete collection": lambda client: client.delete_collection("medley"),
    "create collection": lambda client: client.create_collection("other", vectors_config={}),
    "create index": lambda client: client.create_payload_index("medley", "note", models.PayloadSchemaType.KEYWORD),
    "create snapshot": lambda client: client.create_snapshot("medley"),
    "matrix": lambda client: client.search_matrix_pairs("medley", using="text"),
    "telemetry": lambda client: client.http.service_api.telemetry(),
    "cluster": lambda client: client.http.distributed_api.cluster_status(),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_is_not_offered_says_so_in_qdrants_envelope(client: QdrantClient, name: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        WRITES[name](client)
    assert caught.value.status_code == 501
    sentence = json.loads(caught.value.content)["status"]["error"]
    assert "is not offered" in sentence
    assert "Use a Qdrant server" in sentence
    assert client.count("medley").count == COUNT


def test_errors_come_in_qdrants_envelope(url: str, client: QdrantClient) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        client.count("other")
    assert caught.value.status_code == 404
    assert json.loads(caught.value.content)["status"]["error"] == "Not found: Collection `other` doesn't exist!"
    post = f"{url}/collections/medley/points/query"
    for body, status, words in (
        (b'{"query": ', 422, "JSON"),
        (b'{"query": {"fusion": "nothing"}}', 422, "query"),
        (b'{"limit": -1}', 400, "negative"),
    ):
        answer = httpx.post(post, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == status
        assert words in answer.json()["status"]["error"]
        assert "\n" not in answer.json()["status"]["error"]


def test_huge_limits_cost_nothing(client: QdrantClient) -> None:
    assert len(client.query_points("medley", TEXT, using="text", limit=1 << 40).points) == COUNT
    assert len(client.scroll("medley", limit=1 << 40)[0]) == COUNT
    assert client.query_points("medley", TEXT, using="text", limit=5, offset=1 << 40).points == []


def test_a_key_is_sent_as_qdrants_clients_send_it() -> None:
    with (
        quick_folder() as folder,
        medley.open(folder / "store", http={"api_key": "a-long-secret"}) as library,
        serving(library) as url,
    ):
        library.store.ensure(SPECS)
        with pytest.warns(UserWarning, match="insecure"):
            allowed = QdrantClient(url=url, api_key="a-long-secret")
        assert allowed.count("medley").count == 0
        allowed.close()
        refused = QdrantClient(url=url)
        with pytest.raises(UnexpectedResponse) as caught:
            refused.count("medley")
        refused.close()
        assert caught.value.status_code == 401
        assert "API key" in json.loads(caught.value.content)["status"]["error"]


def test_an_empty_store_has_no_collection_yet() -> None:
    with quick_folder() as folder, medley.open(folder / "store") as library, serving(library) as url:
        client = QdrantClient(url=url)
        assert client.get_collections().collections == []
        assert not client.collection_exists("medley")
        with pytest.raises(UnexpectedResponse) as caught:
            client.get_collection("medley")
        assert caught.value.status_code == 404
        client.close()


def test_a_library_elsewhere_searches_through_the_served_collection(engines: tuple[Store, Store]) -> None:
    served, direct = engines
    assert served.vectors() == direct.vectors()
    assert served.metadata() == direct.metadata()
    assert served.facet("source", must()) == direct.facet("source", must())
