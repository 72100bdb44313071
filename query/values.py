"""Values of the filter language, and the conditions that they make."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

Value = str | int | float | bool | date | datetime
"""A `date` is a whole day, a `datetime` a moment. Without a zone both are those of UTC, as times of files are kept."""

UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30, "m": 1, "km": 1000}
"""Of bytes and of metres."""

_AMOUNT = re.compile(r"(-?\d+(?:\.\d+)?)([A-Za-z]+)")


def plain(text: str) -> Value:
    """A value that was not quoted: a number (with a unit), a date, true or false, or else the word itself."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    amount = _AMOUNT.fullmatch(text)
    if amount and amount[2].lower() in UNITS:
        number = float(amount[1]) * UNITS[amount[2].lower()]
        return int(number) if number.is_integer() else number
    try:
        return datetime.fromisoformat(text) if len(text) > len("2025-01-01") else date.fromisoformat(text)
    except ValueError:
        return text


def among(key: str, values: Sequence[Value]) -> Any:
    """That a field is one of several values: the engine compares with words and whole numbers alone in one go."""
    from qdrant_client import models

    listed: Any = list(values)
    if {type(value) for value in values} in ({int}, {str}):
        return models.FieldCondition(key=key, match=models.MatchAny(any=listed))
    return models.Filter(should=[equals(key, value) for value in values])


def span(operator: str, value: date) -> dict[str, datetime]:
    """The bounds of what compares like this with a moment, or with a whole day: after a day is from the next one on."""
    if isinstance(value, datetime):
        return dict.fromkeys(_BOUNDS[operator], value)
    first, next_ = _midnight(value), _midnight(value, 1)
    return {
        "=": {"gte": first, "lt": next_},
        ">": {"gte": next_},
        ">=": {"gte": first},
        "<": {"lt": first},
        "<=": {"lt": next_},
    }[operator]


_BOUNDS = {"=": ("gte", "lte"), ">": ("gt",), ">=": ("gte",), "<": ("lt",), "<=": ("lte",)}


def _midnight(day: date, later: int = 0) -> datetime:
    try:
        return datetime.combine(day + timedelta(days=later), datetime.min.time())
    except OverflowError:
        return datetime.max  # no day comes after the last one


def equals(key: str, value: Value) -> Any:
    """Equality; the engine matches keywords, whole numbers and booleans, so that other numbers and dates are ranges."""
    from qdrant_client import models

    if isinstance(value, date):
        return models.FieldCondition(key=key, range=models.DatetimeRange(**span("=", value)))
    if isinstance(value, float):
        return models.FieldCondition(key=key, range=models.Range(gte=value, lte=value))
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
