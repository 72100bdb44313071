"""A request is plain JSON, and one that is wrong says what is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import models

import schemas
from schemas import UsageError
from schemas.errors import HTTP_STATUS, MedleyError, http_status
from schemas.fields import Upload
from schemas.search import Part, SearchRequest

EVERYTHING: dict[str, Any] = {
    "parts": [
        {"text": "a red boat"},
        {"image": "boat.jpg", "weight": 0.5},
        {"image": {"data": "/9j/", "name": "seen.jpg"}},
        {"item": "old/boat.jpg", "segment": 2, "weight": -1.0},
        {"vector": [0.1, 0.2], "using": ["image"]},
        {"vector": [[0.1], [0.2]], "using": ["patches"]},
        {"vector": {"indices": [3], "values": [0.5]}, "using": ["words"]},
    ],
    "using": ["image"],
    "where": "modality = picture",
    "filter": {"must": [{"key": "size", "range": {"gt": 3.0}}]},
    "limit": 3,
    "offset": 2,
    "group_by": "folder",
    "group_size": 2,
    "score_threshold": 0.25,
    "fusion": {"method": "rrf", "k": 60},
    "weights": {"image": 2.0},
    "combine": "discover",
    "rerank": {"by": "patches", "top": 20, "milliseconds": 200.0, "modalities": ["image"]},
    "diversity": 0.5,
    "exact": True,
    "candidates": 100,
}


def test_request_goes_to_json_and_back() -> None:
    request = SearchRequest.model_validate(EVERYTHING)

    again = SearchRequest.model_validate_json(request.model_dump_json(exclude_defaults=True))

    assert again == request
    assert SearchRequest.model_validate(json.loads(request.model_dump_json())) == request
    assert request.parts[2].value == Upload(data=b"\xff\xd8\xff", name="seen.jpg")
    assert request.parts[1].value == Path("boat.jpg")


def test_request_from_plain_values_takes_paths_bytes_and_filters() -> None:
    condition = models.Filter(must=[models.FieldCondition(key="size", range=models.Range(gt=3))])

    request = SearchRequest.of(text="", image=[b"\xff\xd8\xff", Path("a.png")], filter=condition, fusion="dbsf")

    assert [part.kind for part in request.parts] == ["image", "image"]
    assert request.parts[0].value.data == b"\xff\xd8\xff"
    assert models.Filter.model_validate(request.filter) == condition
    assert request.fusion.method == "dbsf"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "A question needs words, a picture, a sound, a clip, an item or a vector."),
        ({"text": "a", "limt": 3}, "There is no field 'limt'. Did you mean 'limit'?"),
        ({"text": "a", "limit": 0}, "limit must be 1 or more, not 0."),
        ({"parts": [{"text": "a", "item": "b"}]}, "parts.0: a part is one of text, image, audio, video, item, vector;"),
        ({"parts": [{"vector": [1.0]}]}, "parts.0: a vector needs the name of the one named vector that it is for"),
        ({"parts": [{"text": "a", "weight": 0}]}, "parts.0: a part with weight 0 asks for nothing"),
        ({"parts": [{"text": "a", "weight": float("nan")}]}, "parts.0.weight must be a finite number, not nan."),
        ({"parts": [{"text": " "}]}, "parts.0.text: there are no words in it."),
        ({"text": "a", "weights": {"image": -1}}, "weights.image must be 0 or more, not -1."),
        ({"parts": [{"txt": "a"}]}, "There is no field 'txt' in parts.0. Did you mean 'text'?"),
        ({"text": "a", "fusion": {"side": "here"}}, "fusion.side must be 'client' or 'store', not 'here'."),
        ({"text": "a", "rerank": {}}, "rerank.by is missing."),
        ({"parts": [{"image": {"data": ""}}]}, "parts.0.image.data must not be empty."),
        ({"parts": [{"vector": [["x"]], "using": ["image"]}]}, "parts.0.vector.0.0 must be a number, not 'x'."),
        ({"text": "a", "filter": [1]}, 'filter must be an object of names and values ({"name": value}).'),
        ({"parts": [{"text": "a"}] * 65}, "parts takes at most 64."),
        ({"text": "a", "diversity": 1.5}, "diversity must be at most 1, not 1.5."),
    ],
)
def test_wrong_request_is_told_in_one_sentence(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        SearchRequest.of(**given)

    assert str(caught.value).startswith(sentence)


def test_sparse_vector_has_each_index_once() -> None:
    with pytest.raises(ValueError, match="each index once"):
        Part.model_validate({"vector": {"indices": [1, 1], "values": [1, 2]}, "using": ["words"]})


def test_json_schema_names_every_field() -> None:
    schema = SearchRequest.model_json_schema()

    assert set(EVERYTHING) <= set(schema["properties"])
    assert schema["additionalProperties"] is False


def test_every_error_has_an_http_status() -> None:
    assert http_status(schemas.UnknownNameError("vector", "imag", ["image"])) == 400
    assert http_status(schemas.NotFoundError("gone")) == 404
    assert http_status(schemas.StoreLockedError("held")) == 503
    assert http_status(schemas.StoreError("broken")) == 500
    assert http_status(MedleyError("fault")) == 500
    assert set(HTTP_STATUS) <= {error for error in vars(schemas).values() if isinstance(error, type)}
