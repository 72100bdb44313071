"""Medley's own API: asking with words, uploads and items, and fetching what was found."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from qdrant_client import QdrantClient, models

import medley
from schemas.settings import load_settings
from tests.media import clip, picture, pixel_bomb, tone
from tests.serving import serving
from tests.store.conftest import quick_folder


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as folder:
        media = folder / "media"
        for colour in ("red", "green", "blue"):
            picture(media / "drawings" / f"{colour}.png", colour, (120, 80), "square")
            (media / "drawings" / f"{colour}.txt").write_text(f"a {colour} square on paper")
        tone(media / "doorbell.wav", seconds=3)
        clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
        (media / "page.html").write_text("<title>Harbour</title><script>alert(1)</script><p>the harbour at night</p>")
        (media / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        yield folder


@pytest.fixture(scope="module")
def library(home: Path) -> Iterator[medley.Library]:
    settings = load_settings(store=str(home / "store"), encoders={"preset": "tiny", "ocr": "off"})
    with medley.Library(settings) as library:
        library.ingest(home / "media")
        yield library


@pytest.fixture(scope="module")
def client(library: medley.Library) -> Iterator[httpx.Client]:
    with serving(library) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [hit["path"] for hit in answer.json()["hits"]]


def item_of(client: httpx.Client, path: str) -> str:
    item: str = client.get("/items", params={"name": path}).json()["segments"][0]["item"]
    return item


# -- asking -----------------------------------------------------------------------------------------------------------


def test_words_find_what_python_finds(client: httpx.Client, library: medley.Library) -> None:
    expected = library.search("a green square", limit=4)
    for answer in (
        client.get("/search", params={"q": "a green square", "limit": 4}),
        client.post("/search", json={"parts": [{"text": "a green square"}], "limit": 4}),
        client.post("/search/files", data={"text": "a green square", "limit": 4}),
    ):
        assert found(answer) == [hit.path for hit in expected.hits]
        first = answer.json()["hits"][0]
        assert first["path"] == "drawings/green.png"
        assert first["words"]["sidecar"] == "a green square on paper"
        assert sum(part["share"] for part in first["vectors"].values()) == pytest.approx(first["score"])


def test_an_upload_finds_what_its_file_finds(client: httpx.Client, library: medley.Library, home: Path) -> None:
    red = home / "media" / "drawings" / "red.png"
    expected = [hit.path for hit in library.search(image=red, limit=3).hits]
    assert expected[0] == "drawings/red.png"
    data = red.read_bytes()
    sent = {"parts": [{"image": {"data": base64.b64encode(data).decode(), "name": "red.png"}}], "limit": 3}
    assert found(client.post("/search", json=sent)) == expected
    files = {"image": ("any name at all", data)}
    assert found(client.post("/search/files", files=files, data={"limit": "3"})) == expected


def test_sounds_clips_items_and_words_are_mixed(client: httpx.Client, library: medley.Library, home: Path) -> None:
    bell, walk = (home / "media" / name for name in ("doorbell.wav", "walk.mp4"))
    files = [("audio", ("bell", bell.read_bytes())), ("video", ("walk", walk.read_bytes()))]
    more = {"parts": [{"item": "drawings/blue.png", "weight": -1}], "where": "not folder = drawings"}
    answer = client.post("/search/files", files=files, data={"text": "gate", "request": json.dumps(more)})
    expected = library.search(
        "gate", audio=bell, video=walk, parts=[{"item": "drawings/blue.png", "weight": -1}], where=more["where"]
    )
    assert sorted(found(answer)) == sorted(hit.path for hit in expected.hits)
    assert set(found(answer)) >= {"doorbell.wav", "walk.mp4"}


def test_no_file_of_the_server_is_read_by_its_path(client: httpx.Client, home: Path) -> None:
    asked = {"parts": [{"image": str(home / "media" / "drawings" / "red.png")}]}
    refused = client.post("/search", json=asked)
    assert refused.status_code == 422
    assert "image" in refused.json()["error"]
    refused = client.post("/search/files", data={"request": json.dumps(asked)})
    assert refused.status_code == 400
    assert "image" in refused.json()["error"]


WRONG: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing": ({"parts": []}, 422, "A question needs words, a picture"),
    "unknown vector": ({"parts": [{"text": "a"}], "using": ["imag"]}, 400, "Did you mean 'image'?"),
    "unknown field": (
        {"parts": [{"text": "a"}], "limits": 3},
        422,
        "There is no field 'limits'. Did you mean 'limit'?",
    ),
    "unknown fusion": ({"parts": [{"text": "a"}], "fusion": "rff"}, 400, "rff"),
    "unreachable": ({"parts": [{"text": "a"}], "using": ["audio"]}, 422, "cannot reach audio"),
    "bad filter": ({"parts": [{"text": "a"}], "where": "modality ="}, 400, "its end"),
    "no such item": ({"parts": [{"item": "nowhere.png"}]}, 404, "nowhere.png"),
    "no picture": ({"parts": [{"image": {"data": "bm90aGluZw==", "name": "x.png"}}]}, 400, "x.png"),
    "bomb": (
        {"parts": [{"image": {"data": base64.b64encode(pixel_bomb()).decode(), "name": "bomb.png"}}]},
        400,
        "bomb.png",
    ),
    "no base64": ({"parts": [{"image": {"data": "?"}}]}, 422, "image"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_question_is_one_sentence_with_its_status(client: httpx.Client, name: str) -> None:
    asked, status, words = WRONG[name]
    answer = client.post("/search", json=asked)
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "given", "status", "sentence"),
    [
        ("/search?q=a&limt=3", {}, 400, "There is no parameter named 'limt'. Did you mean 'limit'?"),
        ("/search?q=a&limit=0", {}, 422, "The parameter 'limit' must be 1 or more, not '0'."),
        ("/search", {}, 422, "The parameter 'q' is missing."),
        ("/status?source=a", {}, 400, "There is no parameter named 'source'. Known: none."),
        ("/items/x", {}, 422, "The part of the path 'item' must be an id, not 'x'."),
        ("/collections/medley/points/x", {}, 422, "The part of the path 'point' must be a whole number, not 'x'."),
        ("/sarch", {}, 404, "There is nothing at /sarch: /docs lists what can be asked."),
        ("/search/files", {}, 405, "/search/files does not take GET: /docs lists what can be asked."),
        (
            "/search",
            {"content": "{parts", "headers": {"content-type": "application/json"}},
            422,
            "The body must be a JSON object (Expecting property name",
        ),
        (
            "/search",
            {"content": b"{}", "headers": {"content-type": "text/plain"}},
            422,
            "The body must be a JSON object",
        ),
        ("/search", {"json": [1]}, 422, "The body must be a JSON object, sent with 'Content-Type: application/json'."),
        ("/search", {"json": {"parts": [{"text": 5}]}}, 422, "parts.0.text must be a text, not 5."),
        ("/explain", {"json": {"request": {"parts": [{"text": "a"}]}, "hit": 0}}, 422, "hit must be 1 or more, not 0."),
    ],
)
def test_a_wrong_request_is_told_in_plain_words(
    client: httpx.Client, path: str, given: dict[str, Any], status: int, sentence: str
) -> None:
    answer = client.post(path, **given) if given else client.get(path)
    assert answer.status_code == status
    told = answer.json()["status"] if path.startswith("/collections") else answer.json()
    assert told["error"].startswith(sentence)


def test_uploads_leave_nothing_behind(client: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for data in (b"nothing", pixel_bomb()):
        client.post("/search/files", files={"image": ("x.png", data)})
    assert list(tmp_path.iterdir()) == []


def test_a_collection_that_is_empty_says_what_to_do() -> None:
    with quick_folder() as folder, medley.open(folder / "store") as library, serving(library) as url:
        answer = httpx.get(f"{url}/search", params={"q": "boat"})
        assert answer.status_code == 404
        assert "medley ingest" in answer.json()["error"]
        assert httpx.get(f"{url}/status").json()["items"] == 0


def test_status_is_that_of_the_command_line(client: httpx.Client, library: medley.Library) -> None:
    assert client.get("/status").json() == library.status().model_dump()
    assert client.get("/status").json()["quarantined"][0]["path"] == "broken.png"


def test_qdrants_client_asks_in_words_and_pictures_and_needs_no_model(client: httpx.Client, home: Path) -> None:
    qdrant = QdrantClient(url=str(client.base_url), cloud_inference=True)
    words = models.Document(text="a green square", model="medley")
    image = base64.b64encode((home / "media" / "drawings" / "blue.png").read_bytes()).decode()
    picture = models.Image(image=image, model="medley")

    def paths(**query: Any) -> list[str]:
        points = qdrant.query_points("medley", with_payload=["path"], **query).points
        return [str((point.payload or {})["path"]) for point in points]

    assert paths(query=words, using="text", limit=1) == ["drawings/green.png"]
    assert paths(query=picture, using="image", limit=1) == ["drawings/blue.png"]
    stages = [
        models.Prefetch(query=words, using="text", limit=1),
        models.Prefetch(query=picture, using="image", limit=1),
    ]
    fused = paths(prefetch=stages, query=models.FusionQuery(fusion=models.Fusion.RRF))
    assert sorted(fused) == ["drawings/blue.png", "drawings/green.png"]
    qdrant.close()


def test_fifty_clients_at_once_get_their_answers(client: httpx.Client, library: medley.Library, home: Path) -> None:
    green, walk = (item_of(client, path) for path in ("drawings/green.png", "walk.mp4"))
    expected = [hit.path for hit in library.search("a green square", limit=3).hits]
    upload = (home / "media" / "drawings" / "red.png").read_bytes()

    async def ask(n: int) -> None:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=60) as one:
            assert found(await one.get("/search", params={"q": "a green square", "limit": 3})) == expected
            points = await one.post("/collections/medley/points/scroll", json={"limit": n + 1})
            assert points.status_code == 200
            picture = await one.get(f"/items/{green}/thumbnail", params={"side": 64 + n})
            assert picture.headers["content-type"] == "image/jpeg"
            part = await one.get(f"/items/{walk}/file", headers={"range": f"bytes={n}-{n}"})
            assert (part.status_code, len(part.content)) == (206, 1)
            if n % 10 == 0:
                sent = await one.post("/search/files", files={"image": ("x.png", upload)}, data={"limit": "1"})
                assert found(sent) == ["drawings/red.png"]

    async def all_of_them() -> None:
        await asyncio.gather(*map(ask, range(50)))

    asyncio.run(all_of_them())


def test_the_python_of_the_documentation_runs(client: httpx.Client) -> None:
    text = (Path(__file__).parents[2] / "docs" / "qdrant.md").read_text()
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        lines = [line for line in block.splitlines() if "where one is fitted" not in line]  # three captions are too few
        exec("\n".join(lines).replace("http://localhost:6333", str(client.base_url)), names)
    assert names["records"]
    assert "client.query_points_groups(" in text
    names["client"].close()


def test_a_hit_is_explained_with_maps(client: httpx.Client, library: medley.Library, home: Path) -> None:
    data = base64.b64encode((home / "media" / "drawings" / "red.png").read_bytes()).decode()
    asked = {"parts": [{"image": {"data": data}}, {"text": "red square"}], "limit": 3}
    told = client.post("/explain", json={"request": asked, "item": "drawings/red.png"}).json()
    assert told["hit"]["path"] == "drawings/red.png"
    assert sum(part["share"] for part in told["hit"]["vectors"].values()) == pytest.approx(told["hit"]["score"])
    assert {one["vector"] for one in told["maps"]} == {"image"}
    Image.open(BytesIO(base64.b64decode(told["maps"][0]["picture"]))).verify()
    first = client.post("/explain", json={"request": asked}).json()
    assert first["hit"]["path"] == found(client.post("/search", json=asked))[0]
    beyond = client.post("/explain", json={"request": asked, "hit": 900})
    assert (beyond.status_code, "no hit 900" in beyond.json()["error"]) == (404, True)


def test_light_requests_go_on_while_all_threads_could_be_drawing(
    client: httpx.Client, library: medley.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    item, drawing, go_on = item_of(client, "walk.mp4"), threading.Semaphore(0), threading.Event()

    def slow(*_: Any) -> bytes:
        drawing.release()
        assert go_on.wait(30)
        return b"drawn"

    monkeypatch.setattr(library, "preview", slow)
    with ThreadPoolExecutor(45) as pool:  # more than the server has threads
        asked = [pool.submit(httpx.get, f"{client.base_url}/items/{item}/thumbnail?side={900 + n}") for n in range(45)]
        try:
            while drawing.acquire(timeout=1):  # until no more begin
                pass
            assert client.get("/search", params={"q": "gate"}, timeout=10).status_code == 200
        finally:
            go_on.set()
        assert {answer.result().content for answer in asked} == {b"drawn"}


def test_light_requests_go_on_while_qdrants_clients_ask_with_pictures(
    client: httpx.Client, library: medley.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoding, go_on = threading.Semaphore(0), threading.Event()

    def slow(_: Any) -> models.QueryRequest:
        encoding.release()
        assert go_on.wait(30)
        return models.QueryRequest(limit=1)

    monkeypatch.setattr(library, "with_vectors", slow)
    asked = {"query": {"image": "aGFyZA==", "model": "medley"}, "using": "image"}
    with ThreadPoolExecutor(45) as pool:  # more than the server has threads
        path = f"{client.base_url}/collections/medley/points/query"
        waiting = [pool.submit(httpx.post, path, json=asked, timeout=30) for _ in range(45)]
        try:
            while encoding.acquire(timeout=1):  # until no more begin
                pass
            assert client.get("/search", params={"q": "gate"}, timeout=10).status_code == 200
        finally:
            go_on.set()
        assert [len(answer.result().json()["result"]["points"]) for answer in waiting] == [1] * 45


# -- what was found ---------------------------------------------------------------------------------------------------


def test_an_item_is_told_whole(client: httpx.Client, library: medley.Library) -> None:
    by_path = client.get("/items", params={"name": "drawings/red.png"}).json()
    assert by_path["segments"] == library.show("drawings/red.png")
    assert client.get(f"/items/{by_path['segments'][0]['item']}").json() == by_path
    for path in ("/items?name=nowhere.png", "/items/00000000-0000-0000-0000-000000000000"):
        assert client.get(path).status_code == 404


def test_small_pictures_are_drawn_of_all_that_can_be_seen(client: httpx.Client) -> None:
    for path in ("drawings/red.png", "walk.mp4", "doorbell.wav"):
        answer = client.get(f"/items/{item_of(client, path)}/thumbnail", params={"side": 64})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
        image = Image.open(BytesIO(answer.content))
        assert max(image.size) <= 64
        again = client.get(answer.request.url, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    red = Image.open(BytesIO(client.get(f"/items/{item_of(client, 'drawings/red.png')}/thumbnail").content))
    shade = red.convert("RGB").getpixel((60, 40))
    assert isinstance(shade, tuple)
    assert shade[0] > 150
    assert max(shade[1:]) < 90
    text = client.get(f"/items/{item_of(client, 'page.html')}/thumbnail")
    assert (text.status_code, text.json()["error"]) == (404, "page.html has nothing to be seen.")
    assert client.get(f"/items/{item_of(client, 'walk.mp4')}/thumbnail?segment=99").status_code == 404


def test_files_are_given_whole_and_in_ranges(client: httpx.Client, home: Path) -> None:
    data = (home / "media" / "walk.mp4").read_bytes()
    path = f"/items/{item_of(client, 'walk.mp4')}/file"
    whole = client.get(path)
    assert (whole.status_code, whole.content) == (200, data)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["accept-ranges"] == "bytes"
    for given, start, end in (
        ("bytes=100-199", 100, 200),
        ("bytes=100-", 100, len(data)),
        ("bytes=-10", -10, len(data)),
    ):
        part = client.get(path, headers={"range": given})
        assert (part.status_code, part.content) == (206, data[start:end])
    assert part.headers["content-range"] == f"bytes {len(data) - 10}-{len(data) - 1}/{len(data)}"
    assert client.get(path, headers={"range": f"bytes={len(data)}-"}).status_code == 416
    head = client.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(data)))


def test_a_page_that_was_indexed_runs_no_script(client: httpx.Client) -> None:
    answer = client.get(f"/items/{item_of(client, 'page.html')}/file")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_paths_never_escape_the_source(client: httpx.Client, home: Path) -> None:
    secret, drawing = picture(home / "secret.png", "blue"), home / "media" / "drawings" / "blue.png"
    asked = {"request": {"parts": [{"item": "drawings/red.png"}], "using": ["image"]}, "item": "drawings/blue.png"}
    item = item_of(client, "drawings/blue.png")
    kept = drawing.read_bytes()
    try:
        drawing.unlink()
        drawing.symlink_to(secret)  # put there after it was indexed
        for path in (f"/items/{item}/file", f"/items/{item}/thumbnail?side=99"):
            refused = client.get(path)
            assert (refused.status_code, refused.json()["error"]) == (
                404,
                "The file drawings/blue.png is not on this machine.",
            )
        told = client.post("/explain", json=asked).json()
        assert told["maps"] == []
        assert told["notes"] == ["drawings/blue.png does not lie in its source any more: there is no map of it."]
    finally:
        drawing.unlink()
        drawing.write_bytes(kept)
    assert client.get(f"/items/{item}/file").content == kept
    assert [one["vector"] for one in client.post("/explain", json=asked).json()["maps"]] == ["image"]
    for path in ("/items/../../etc/passwd", "/items/%2e%2e%2fsecret.png/file", f"/items/{item}/file/../../secret.png"):
        assert client.get(path).status_code in (404, 422)


def test_a_quarantined_file_is_not_given(client: httpx.Client) -> None:
    assert client.get(f"/items/{item_of(client, 'broken.png')}/file").status_code == 404


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_is_for_browsers_and_the_version_for_qdrants_clients(client: httpx.Client) -> None:
    page = client.get("/", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<title>Medley</title>" in page.text
    assert "http" not in page.text.replace("http://www.w3.org", "")  # nothing is fetched from elsewhere
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert "version" in client.get("/").json()


def test_the_reference_tells_of_every_operation_and_fetches_nothing(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        assert page.text.count(f"<code>{path}</code>") == len(methods)
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=.?http", page.text)


def test_a_browser_with_the_key_is_let_in_by_a_cookie(home: Path) -> None:
    settings = load_settings(store=str(home / "another"), http={"api_key": "a-long-secret"})
    with medley.Library(settings) as library, serving(library) as url, httpx.Client(base_url=url) as browser:
        assert browser.get("/", headers={"accept": "text/html"}).status_code == 200
        assert browser.get("/status").status_code == 401
        assert browser.post("/session", json={"key": "wrong"}).status_code == 403
        entered = browser.post("/session", json={"key": "a-long-secret"})
        assert entered.status_code == 204
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "a-long-secret" not in cookie
        assert browser.get("/status").status_code == 200


def test_judgements_are_noted_beside_the_collection(home: Path, client: httpx.Client) -> None:
    request = {"parts": [{"text": "a red square"}]}
    right = client.post("/feedback", json={"request": request, "right": ["drawings/red.png"], "wrong": ["walk.mp4"]})
    clicked = client.post("/feedback", json={"request": request, "clicked": "drawings/red.png"})
    shown = ["walk.mp4", "drawings/red.png", "drawings/blue.png"]
    among = client.post("/feedback", json={"request": request, "clicked": "drawings/red.png", "shown": shown})
    absent = client.post("/feedback", json={"request": request, "clicked": "gone.png", "shown": shown})
    nothing = client.post("/feedback", json={"request": request})
    data = base64.b64encode(b"picture").decode()
    sent = {"parts": [{"image": {"data": data}}]}
    upload = client.post("/feedback", json={"request": sent, "right": ["drawings/red.png"]})

    assert right.json() == {"drawings/red.png": 1, "walk.mp4": 0}
    assert clicked.json()["drawings/red.png"] == 1
    assert among.json() == {"walk.mp4": 0, "drawings/red.png": 1}
    assert absent.json() == {"error": "'gone.png' is not among the first 3 hits of this question."}
    assert (nothing.status_code, upload.status_code) == (400, 400)
    assert "Tell at least one right answer" in nothing.text
    assert "What was sent along is not kept" in upload.text
    lines = (home / "store" / ".records" / "medley" / "feedback.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["judged", "click", "click"]


@pytest.mark.parametrize("by", ["/etc", "./model", "~/model", "owner/model"])
@pytest.mark.parametrize("route", ["/search", "/explain"])
def test_nobody_has_a_folder_or_a_model_of_a_hub_loaded(client: httpx.Client, route: str, by: str) -> None:
    asked = {"parts": [{"text": "red"}], "rerank": {"by": by}}

    answer = client.post(route, json={"request": asked} if route == "/explain" else asked)

    assert answer.status_code in (400, 422)
    assert "a reranker is asked for by its name here" in answer.text
