"""Values of the filter language, and the conditions that they make."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

Value = str | int | float | bool | datetime

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
        return datetime.fromisoformat(text) if len(text) > len("2025-01-01") else _midnight(text)
    except ValueError:
        return text


def _midnight(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time())


def exact(value: Value) -> Any:
    """A value as one of those that `in` compares with."""
    return value if isinstance(value, int | str) else str(value)


def equals(key: str, value: Value) -> Any:
    """Equality; the engine matches keywords, whole numbers and booleans, so that other numbers and dates are ranges."""
    from qdrant_client import models

    if isinstance(value, datetime):
        return models.FieldCondition(key=key, range=models.DatetimeRange(gte=value, lte=value))
    if isinstance(value, float):
        return models.FieldCondition(key=key, range=models.Range(gte=value, lte=value))
    return models.FieldCondition(key=key, match=models.MatchValue(value=value))
