"""The filter language, and the sentences that it answers to what it does not understand."""

from __future__ import annotations

from datetime import datetime

import pytest
from qdrant_client import models

from query import parse_where
from query.glob import as_regex
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


DAY, NEXT = datetime(2025, 1, 1), datetime(2025, 1, 2)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("taken = 2025-01-01", {"gte": DAY, "lt": NEXT}),
        ("taken > 2025-01-01", {"gte": NEXT}),
        ("taken >= 2025-01-01", {"gte": DAY}),
        ("taken < 2025-01-01", {"lt": DAY}),
        ("taken <= 2025-01-01", {"lt": NEXT}),
        ('taken = "2025-01-01"', {"gte": DAY, "lt": NEXT}),
        ("taken <= 9999-12-31", {"lt": datetime.max}),
        ("taken > 2025-01-01T10:30", {"gt": datetime(2025, 1, 1, 10, 30)}),
        ('taken = "2025-01-01 10:30"', {"gte": datetime(2025, 1, 1, 10, 30), "lte": datetime(2025, 1, 1, 10, 30)}),
    ],
)
def test_date_without_a_time_is_the_whole_day(text: str, bounds: dict[str, datetime]) -> None:
    expected = models.FieldCondition(key="info.taken", range=models.DatetimeRange(**bounds))
    assert parse_where(text) == models.Filter(must=[expected])
    assert parse_where(text.replace("taken", "info.taken")) == models.Filter(must=[expected])


def test_days_and_values_of_several_kinds_are_listed() -> None:
    day = models.FieldCondition(key="info.taken", range=models.DatetimeRange(gte=DAY, lt=NEXT))
    half = models.FieldCondition(key="info.rating", range=models.Range(gte=4.5, lte=4.5))

    assert parse_where("taken in (2025-01-01, 2025-01-01)") == models.Filter(should=[day, day])
    assert parse_where("info.rating in (4.5, good)") == models.Filter(should=[half, equals("info.rating", "good")])
    assert parse_where("taken != 2025-01-01") == models.Filter(must_not=[day])


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
        ("(" * 9000 + "modality = video" + ")" * 9000, "what stands within 50 others (character 50)"),
        ("not " * 9000 + "modality = video", "what stands within 50 others (character 197)"),
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


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("size > 10MB", models.FieldCondition(key="size", range=models.Range(gt=10e6))),
        ("size <= 1.5 KiB", None),
        (
            "location near (48.86, 2.35, 10 km)",
            models.FieldCondition(
                key="info.gps",
                geo_radius=models.GeoRadius(center=models.GeoPoint(lat=48.86, lon=2.35), radius=10_000),
            ),
        ),
        (
            "location within (49, 2, 48, 3)",
            models.FieldCondition(
                key="info.gps",
                geo_bounding_box=models.GeoBoundingBox(
                    top_left=models.GeoPoint(lat=49, lon=2), bottom_right=models.GeoPoint(lat=48, lon=3)
                ),
            ),
        ),
    ],
)
def test_amounts_and_places_are_understood(text: str, expected: models.FieldCondition | None) -> None:
    if expected is None:
        with pytest.raises(UsageError, match=r"at 'KiB' \(character 13\)"):
            parse_where(text)
        return
    assert parse_where(text) == models.Filter(must=[expected])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("modality is video", r"at 'is', where an operator .* \(character 10\)"),
        ("size > 3 and modality = ", r"at its end, where a value was expected \(character 25\)"),
        ("location near (48.86, 2.35)", r"near with 2 numbers, which takes latitude, longitude and radius"),
        ("location near (98, 2, 3km)", r"\(98, 2\), which is no latitude and longitude"),
        ("location near (a, 2, 3km)", r"at 'a', where a number was expected \(character 16\)"),
        ("taken = 2025-13-40", r"at '2025-13-40', where a date was expected, such as 2025-01-31 .* \(character 9\)"),
        ("modified > 2025", r"at 2025, where a date was expected"),
        ("path = *.jpg", r"the pattern '\*.jpg', which can only be asked of a collection"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        parse_where(text)


def test_pattern_becomes_the_paths_that_it_fits() -> None:
    asked: list[str] = []

    def paths(pattern: str) -> list[str]:
        asked.append(pattern)
        return ["a/b.jpg", "a/c.jpg"]

    found = parse_where("not path = a/*.jpg", paths)

    fits = models.FieldCondition(key="path", match=models.MatchAny(any=["a/b.jpg", "a/c.jpg"]))
    assert (asked, found) == (["a/*.jpg"], models.Filter(must_not=[fits]))
    assert parse_where('path = "a*.jpg"', paths) == models.Filter(must=[equals("path", "a*.jpg")])


@pytest.mark.parametrize(
    ("pattern", "fits", "others"),
    [
        ("*.jpg", ["a.jpg"], ["b/a.jpg", "a.png"]),
        ("a/**/*.jpg", ["a/x.jpg", "a/b/c/x.jpg"], ["ab/x.jpg", "x.jpg"]),
        ("**", ["x.jpg", "a/b"], []),
        ("img_?.png", ["img_1.png"], ["img_12.png", "img_/.png"]),
        ("a(1)*", ["a(1).jpg"], ["a1.jpg"]),
    ],
)
def test_stars_stay_within_a_folder_unless_they_are_two(pattern: str, fits: list[str], others: list[str]) -> None:
    regex = as_regex(pattern)

    assert all(regex.fullmatch(path) for path in fits)
    assert not any(regex.fullmatch(path) for path in others)
