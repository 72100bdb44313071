"""Qdrant requests with words and pictures in them, encoded by the collection's own encoders."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import models as m

import medley
from query.infer import with_vectors
from schemas import Modality, NotOfferedError, RefusedError, UnreachableError
from schemas.settings import load_settings
from tests.media import picture
from tests.store.conftest import quick_folder


@pytest.fixture(scope="module")
def library() -> Iterator[medley.Library]:
    with quick_folder() as folder:
        for colour in ("red", "green", "blue"):
            picture(folder / "media" / f"{colour}.png", colour, (120, 80), "square")
            (folder / "media" / f"{colour}.txt").write_text(f"a {colour} square")
        settings = load_settings(store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"})
        with medley.Library(settings) as library:
            library.ingest(folder / "media")
            yield library


def inferred(library: medley.Library, request: Any) -> Any:
    return with_vectors(request, library.store, library.encoders)


def words(text: str = "a red square", model: str = "medley") -> m.Document:
    return m.Document(text=text, model=model)


def shown(library: medley.Library, name: str = "red.png") -> m.Image:
    folder = Path(library.status().sources["media"])
    return m.Image(image=base64.b64encode((folder / name).read_bytes()).decode(), model="medley")


def test_words_become_the_vector_that_a_search_asks_with(library: medley.Library) -> None:
    asked = inferred(library, m.QueryRequest(query=words(), using="text", limit=3, with_payload=["path"]))
    expected = library.encoders["text"].encode_query(["a red square"], Modality.TEXT)[0]
    assert asked.query == pytest.approx(expected.tolist())
    [best, *_] = library.store.query(asked)
    assert best.payload == {"path": "red.png"}


def test_words_for_a_sparse_vector_become_weights_of_terms(library: medley.Library) -> None:
    asked = inferred(library, m.QueryRequest(query=words(), using="words"))
    assert asked.query == library.encoders.lexical.query("a red square")


def test_a_picture_finds_itself(library: medley.Library) -> None:
    for image in (shown(library), m.Image(image=f"data:image/png;base64,{shown(library).image}", model="medley")):
        asked = inferred(library, m.QueryRequest(query=image, using="image", with_payload=["path"], limit=1))
        [best] = library.store.query(asked)
        assert best.payload == {"path": "red.png"}
        assert best.score == pytest.approx(1.0, abs=1e-5)


def test_every_place_of_a_query_may_hold_words(library: medley.Library) -> None:
    text = m.Prefetch(query=words(), using="text", limit=5)
    fused = m.QueryRequest(
        prefetch=[text, m.Prefetch(query=m.NearestQuery(nearest=shown(library)), using="image", limit=5)],
        query=m.FusionQuery(fusion=m.Fusion.RRF),
        limit=1,
        with_payload=["path"],
    )
    assert library.store.query(inferred(library, fused))[0].payload == {"path": "red.png"}
    liked = m.RecommendInput(positive=[words()], negative=[words("a blue square")])
    recommended = m.QueryRequest(query=m.RecommendQuery(recommend=liked), using="text", limit=1, with_payload=["path"])
    assert library.store.query(inferred(library, recommended))[0].payload == {"path": "red.png"}
    grouped = m.QueryGroupsRequest(query=words(), using="text", group_by="path", limit=1, group_size=1)
    assert library.store.query_groups(inferred(library, grouped))[0].id == "red.png"


def test_a_request_without_any_is_left_as_it_is(library: medley.Library) -> None:
    for request in (
        m.QueryRequest(query=[0.1] * 8, using="text"),
        m.QueryRequest(query="00000000-0000-0000-0000-000000000001", using="text"),
        m.QueryRequest(prefetch=m.Prefetch(query=[[0.1, 0.2]], using="late"), query=m.FusionQuery(fusion=m.Fusion.RRF)),
        m.QueryRequest(),
    ):
        assert inferred(library, request) is request


def test_the_encoders_own_names_are_models_too(library: medley.Library) -> None:
    spec = library.encoders.specs["text"]
    for model in (spec.name, spec.model, spec.fingerprint):
        assert inferred(library, m.QueryRequest(query=words(model=model), using="text")).query


WRONG: dict[str, tuple[m.QueryRequest, type[Exception], str]] = {
    "another model": (m.QueryRequest(query=words(model="openai/large"), using="text"), RefusedError, "name 'medley'"),
    "no vector": (m.QueryRequest(query=words()), RefusedError, "no vector named None"),
    "unknown vector": (m.QueryRequest(query=words(), using="nowhere"), RefusedError, "no vector named 'nowhere'"),
    "an address": (
        m.QueryRequest(query=m.Image(image="https://example.org/a.jpg", model="medley"), using="image"),
        NotOfferedError,
        "base64",
    ),
    "no base64": (m.QueryRequest(query=m.Image(image="?", model="medley"), using="image"), RefusedError, "base64"),
    "an object": (
        m.QueryRequest(query=m.InferenceObject(object={"a": 1}, model="medley"), using="text"),
        NotOfferedError,
        "send a vector",
    ),
    "out of reach": (m.QueryRequest(query=words(), using="audio"), UnreachableError, "cannot reach audio"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_encoded_is_one_sentence(library: medley.Library, name: str) -> None:
    request, kind, sentence = WRONG[name]
    with pytest.raises(kind, match=sentence) as caught:
        inferred(library, request)
    assert "\n" not in str(caught.value)
