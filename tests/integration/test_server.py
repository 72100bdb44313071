"""A run and its questions on a server: the same collection and the same answers as on the embedded engine.

Everywhere on the client's local mode, which stands for a server; and on a real one where there is one. What the store
itself does on a real server is the table of behaviours in tests/store, which runs on it there as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from qdrant_client import QdrantClient
from typer.testing import CliRunner

from flows.ingestion.direct import ingest
from flows.ingestion.run import sharing
from medley.cli import app
from query import SearchRequest, load_encoders, search
from schemas.answer import SearchResult
from schemas.report import IngestReport
from schemas.settings import load_settings
from schemas.vectors import RUNS
from store import Store, open_store
from store.check import verify
from store.server import ServerStore
from store.transfer import copy
from tests.collection import contents_of
from tests.media import clip, picture, tone
from tests.server import server_url

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

SETTINGS = load_settings(store="http://not-asked", encoders={"preset": "tiny", "ocr": "off"})


def run(media: Path, store: Store) -> IngestReport:
    with sharing(store):
        return ingest(media, SETTINGS)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server") / "media"
    for colour in ("red", "green", "blue"):
        for shape in ("circle", "square"):
            picture(folder / shape / f"{colour}.png", colour, (96, 64), shape)
            (folder / shape / f"{colour}.txt").write_text(f"a {colour} {shape} on paper")
    tone(folder / "high.wav", hertz=1500)
    clip(folder / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    (folder / "notes.md").write_text("# Harbour\n\nBoats at night.\n")
    (folder / "empty.png").touch()
    return folder


@pytest.fixture(scope="module")
def embedded(media: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with open_store(tmp_path_factory.mktemp("embedded")) as store:
        run(media, store)
        yield store


@pytest.fixture(scope="module", params=["local mode", "server"])
def server(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "local mode":
        with ServerStore("http://in-memory", "medley", client=QdrantClient(":memory:")) as store:
            yield store
        return
    url, key = server_url(), os.environ.get("QDRANT_API_KEY")
    name = f"medley-test-{uuid4().hex}"
    with open_store(url, name, api_key=key) as store:
        yield store
    cleaner = QdrantClient(url=url, api_key=key)
    for collection in (name, f"{name}.artifacts"):
        cleaner.delete_collection(collection)


@pytest.fixture(scope="module")
def filled(media: Path, server: Store) -> Store:
    run(media, server)
    return server


def _lasting(store: Store) -> dict[str, Any]:
    return {key: value for key, value in store.metadata().items() if key != RUNS}


def assert_same(one: Store, other: Store) -> None:
    got, expected = contents_of(one), contents_of(other)
    assert got.keys() == expected.keys()
    for identity, (fields, vectors) in got.items():
        assert fields == expected[identity][0]
        assert vectors.keys() == expected[identity][1].keys()
        for name, vector in vectors.items():
            assert vector == pytest.approx(expected[identity][1][name], abs=2e-5)
    assert one.vectors() == other.vectors()
    # What the last run did is told with its times, and the two were filled by runs of their own.
    assert _lasting(one) == _lasting(other)
    assert one.artifacts() == other.artifacts()


def test_a_run_makes_the_same_collection_on_both_engines(filled: Store, embedded: Store) -> None:
    assert_same(filled, embedded)
    assert {fields["state"] for fields, _ in contents_of(filled).values()} == {"indexed", "quarantined"}
    found = verify(filled)
    assert found.sound, found.problems


def test_a_second_run_has_nothing_to_do(media: Path, filled: Store) -> None:
    before = contents_of(filled)
    report = run(media, filled)
    assert (report.indexed, sum(report.encoded.values())) == (0, 0)
    assert contents_of(filled) == before


@pytest.mark.parametrize(
    "question",
    [
        {"text": "green square"},
        {"text": "lighthouse", "where": "modality = video"},
        {"text": "a circle", "fusion": "dbsf", "weights": {"words": 2.0}},
        {"image": "circle/blue.png"},
        {"audio": "high.wav", "using": ["audio"]},
        {"text": "red", "image": "square/red.png", "fusion": "relative"},
    ],
    ids=str,
)
def test_a_question_has_the_same_answer_on_both_engines(
    media: Path, filled: Store, embedded: Store, question: dict[str, Any]
) -> None:
    paths = {name: media / question[name] for name in ("image", "audio") if name in question}
    asked = SearchRequest.of(**{**question, **paths, "limit": 50})
    ours, theirs = (search(store, load_encoders(SETTINGS, store), asked) for store in (filled, embedded))
    assert ours.hits
    assert {hit.path for hit in ours.hits} == {hit.path for hit in theirs.hits}
    assert ours.notes == theirs.notes
    assert scores(ours).keys() == scores(theirs).keys()
    for hit, by_vector in scores(ours).items():
        assert by_vector == pytest.approx(scores(theirs)[hit], abs=1e-4)


def scores(result: SearchResult) -> dict[str, dict[str, float]]:
    """What each vector gave each item of one segment. Ranks say less: among equals, each engine has its own order."""
    return {
        hit.path: {name: part.score for name, part in hit.vectors.items()}
        for hit in result.hits
        if hit.modality != "video"
    }


def test_a_collection_goes_there_and_back(filled: Store, embedded: Store, tmp_path: Path) -> None:
    with open_store(tmp_path / "back") as back:
        copy(filled, back)
        assert_same(back, embedded)


def test_the_command_line_copies_to_a_server_and_back(
    embedded: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, key, name = server_url(), os.environ.get("QDRANT_API_KEY"), f"medley-test-{uuid4().hex}"
    with open_store(tmp_path / "here", name) as here:
        copy(embedded, here)
    monkeypatch.setenv("MEDLEY_COLLECTION", name)
    if key:
        monkeypatch.setenv("MEDLEY_API_KEY", key)
    try:
        for words in (["copy", str(tmp_path / "here"), url], ["copy", url, str(tmp_path / "back")]):
            done = CliRunner().invoke(app, ["store", *words])
            assert done.exit_code == 0, done.output
        assert CliRunner().invoke(app, ["store", "check", "--store", url]).exit_code == 0
        assert CliRunner().invoke(app, ["store", "optimize", "--store", url]).exit_code == 0
    finally:
        cleaner = QdrantClient(url=url, api_key=key)
        for collection in (name, f"{name}.artifacts"):
            cleaner.delete_collection(collection)
    with open_store(tmp_path / "back", name) as back:
        assert_same(back, embedded)
