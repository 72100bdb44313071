"""Paths by pattern: the engine matches whole keywords, so that a pattern becomes the list of the paths it fits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from schemas import UsageError, payload

if TYPE_CHECKING:
    from store import Store

MOST = 20_000
"""Paths that a pattern may stand for."""


def is_glob(text: str) -> bool:
    """Whether a text has what makes it a pattern."""
    return any(sign in text for sign in "*?")


def as_regex(pattern: str) -> re.Pattern[str]:
    """`*` and `?` stay within a folder, `**` goes through any number of them."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    means = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(means.get(part) or re.escape(part) for part in parts), re.DOTALL)


def paths_like(store: Store, pattern: str) -> list[str]:
    """The paths of the collection that a pattern fits.

    Raises:
        UsageError: there are too many.
    """
    from qdrant_client import models

    must: list[models.Condition] = [models.FieldCondition(key=payload.SEGMENT, match=models.MatchValue(value=0))]
    folder = pattern.rpartition("/")[0]
    if not is_glob(folder):
        must.append(models.FieldCondition(key=payload.FOLDER, match=models.MatchValue(value=folder)))
    fits = as_regex(pattern)
    found: list[str] = []
    for record in store.scroll_all(models.Filter(must=must), with_payload=[payload.PATH]):
        path = (record.payload or {}).get(payload.PATH, "")
        if fits.fullmatch(path):
            found.append(path)
        if len(found) > MOST:
            raise UsageError(f"The pattern {pattern!r} fits more than {MOST:,} paths: say more, or use folder = …")
    return found
