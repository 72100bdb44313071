"""What tells that a file elsewhere has not changed, in the place where a disk keeps its time of change."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import blake2b
from typing import Any

from readers.crawl import in_64_bits

SECOND = 1_000_000_000  # nanoseconds

TIMES = ("mtime", "LastModified", "last_modified", "Last-Modified", "modified", "updated", "modify", "created")
TAGS = ("ETag", "etag", "Content-MD5", "md5Hash")


def stamp(info: Mapping[str, Any]) -> int:
    """Nanoseconds since 1970 for what a store tells of a file.

    Stores keep whole seconds, and an object that is written twice in one of them would be missed. So the seconds are
    those of the time of change, and the nanoseconds are made of the entity tag, where there is one: another tag is
    another stamp, and the time is still true to the second. Where there is a time alone, it is taken as it is; where
    there is neither, it is the moment of asking: the file counts as touched in each run, and is hashed.
    """
    at = next((found for key in TIMES if (found := _nanoseconds(info.get(key))) is not None), None)
    tag = next((str(info[key]) for key in TAGS if info.get(key)), None)
    if tag is None:
        return in_64_bits(time.time_ns() if at is None else at)
    digest = int.from_bytes(blake2b(tag.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return in_64_bits((at or 0) // SECOND * SECOND + digest % SECOND)


def _nanoseconds(value: Any) -> int | None:
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, datetime):
        moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        since = moment - datetime(1970, 1, 1, tzinfo=UTC)
        return (since.days * 86_400 + since.seconds) * SECOND + since.microseconds * 1000
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value * SECOND)
    return None


def _parsed(text: str) -> datetime | None:
    """A time as in HTTP, or as in ISO 8601."""
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return parse(text)
        except (ValueError, TypeError):
            continue
    return None
