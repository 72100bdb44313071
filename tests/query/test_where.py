"""The filter language, and the sentences that it answers to what it does not understand."""

from __future__ import annotations

from datetime import datetime

import pytest
from qdrant_client import models

from query import parse_where
from schemas import UnknownNameError, UsageError


def equals(key: str, value: str | int) -> models.FieldCondition:
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("modality = video", models.Filter(must=[equals("modality", "video")])),
        ("modality=video", models.Filter(must=[equals("modality", "video")])),
        ('path = "a b/c.jpg"', models.Filter(must=[equals("path", "a b/c.jpg")])),
        ("size > 10", models.Filter(must=[models.FieldCondition(key="size", range=models.Range(gt=10))])),
        (
            "modified >= 2025-01-01",
            models.Filter(
                must=[models.FieldCondition(key="modified", range=models.DatetimeRange(gte=datetime(2025, 1, 1)))]
            ),
        ),
        (
            "tag in (red, dress)",
            models.Filter(must=[models.FieldCondition(key="info.tags", match=models.MatchAny(any=["red", "dress"]))]),
        ),
        ("modality = picture", models.Filter(must=[equals("modality", "image")])),
        ('info.camera = "X 100"', models.Filter(must=[equals("info.camera", "X 100")])),
        ("modality != text", models.Filter(must_not=[equals("modality", "text")])),
        ("not segment = 0", models.Filter(must_not=[equals("segment", 0)])),
        (
            "caption ~ boat",
            models.Filter(must=[models.FieldCondition(key="words.sidecar", match=models.MatchText(text="boat"))]),
        ),
        (
            "size = 1 and (page = 2 or segment = 3)",
            models.Filter(must=[equals("size", 1), models.Filter(should=[equals("page", 2), equals("segment", 3)])]),
        ),
        (
            "size = 1 or page = 2 and segment = 3",
            models.Filter(should=[equals("size", 1), models.Filter(must=[equals("page", 2), equals("segment", 3)])]),
        ),
    ],
)
def test_filter_is_understood(text: str, expected: models.Filter) -> None:
    assert parse_where(text) == expected


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("modality", "its end, where an operator"),
        ("modality = ", "its end, where a value"),
        ("modality = video and", "its end, where a field"),
        ("modality is video", "'is', where an operator"),
        ("(modality = video", "its end, where ')'"),
        ("modality = video )", "')'"),
        ("size > big", "'big', where a number or a date"),
        ('path = "open', "'\"open'"),
    ],
)
def test_filter_that_is_not_understood_says_where(text: str, where: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_where(text)

    assert where in str(caught.value)
    assert "Write for example" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("foldr = a", "There is no field named 'foldr'. Did you mean 'folder'?"),
        ("modality = vidoe", "Did you mean 'video'?"),
    ],
)
def test_name_that_is_none_suggests_the_nearest(text: str, sentence: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        parse_where(text)

    assert sentence in str(caught.value)
