"""The payload of a point, key by key, and the id of a point. Any Qdrant client can rely on this page.

One point a segment. Segment 0 also speaks for its item: it is written last, so that an item whose segment 0 tells
the file's size, mtime and hash is complete, whatever happened to the process that wrote it. A file that cannot be
searched (quarantined, or excluded for its content) has a segment 0 without vectors, so that the collection alone
knows every file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("6f1c3f0a-8c4e-5d0b-9c62-6d65646c6579")  # ends in "medley"

SOURCE = "source"  # name of the media root
PATH = "path"  # relative to the source, "/" between parts, valid UTF-8 (see `payload_path`)
FOLDER = "folder"  # its parent, "" at the root
ITEM = "item"  # id of the item: the id of its segment 0
SEGMENT = "segment"  # 0, 1, 2 …
SEGMENTS = "segments"  # how many the item has (segment 0 only)
STATE = "state"  # see `State`
REASON = "reason"  # why it is quarantined or excluded
AT_FAULT = "at_fault"  # "reader" or the encoder's name, when quarantined
FIRST_ATTEMPT = "first_attempt"  # when it was first found to be faulty, RFC 3339
LAST_ATTEMPT = "last_attempt"  # when it was last tried
MODALITY = "modality"
MIME = "mime"
SIZE = "size"  # bytes
MTIME_NS = "mtime_ns"
MODIFIED = "modified"  # the same as RFC 3339, for filters
HASH = "hash"  # BLAKE3 of the bytes
SIDECARS = "sidecars"  # stamp of the sidecar files, "" without
START = "start"  # seconds
END = "end"
PAGE = "page"  # counts from 1
CHARACTERS = "characters"  # [first, after the last] of a passage, in the document's text or that of its page
WORDS = "words"  # {kind: text}, see `schemas.media.WordKind`
ENCODERS = "encoders"  # {named vector: fingerprint of its encoder}
INFERRED = "inferred"  # {named vector: what inferred it}; such a vector is a guess, and `encoders` does not speak of it
INFO = "info"  # what the reader knows besides: width, height, duration, title, tags …
TAKEN = f"{INFO}.taken"  # when a picture or clip was taken, RFC 3339
UNREAD_SIDECARS = "unread_sidecars"  # in `INFO`: names of those that could not be understood

INDEXES: dict[str, str] = {
    SOURCE: "keyword",
    PATH: "keyword",
    FOLDER: "keyword",
    ITEM: "keyword",
    SEGMENT: "integer",
    STATE: "keyword",
    MODALITY: "keyword",
    MIME: "keyword",
    SIZE: "integer",
    MODIFIED: "datetime",
    HASH: "keyword",
    f"{INFO}.tags": "keyword",
    TAKEN: "datetime",
}
"""Payload fields with an index, by its type: a server in strict mode and every facet and order need one."""


class State(StrEnum):
    """What became of a file. Of a postponed one nothing is written: the next run takes it."""

    INDEXED = "indexed"
    QUARANTINED = "quarantined"
    EXCLUDED = "excluded"
    POSTPONED = "postponed"


def payload_path(path: str) -> str:
    r"""A path as valid UTF-8: bytes that are none (old archives, other systems) are spelled `\xff`."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def ids_beside(fields: Mapping[str, Any], reach: int) -> list[str]:
    """The ids of the points of so many segments before and after one, by its payload; "" for those before the first.

    There need be no such points: an item ends somewhere, and one of a single segment has none.
    """
    if fields.get(SEGMENTS) == 1:
        return [""] * (2 * reach)
    own = fields[SEGMENT]
    return [
        point_id(fields[SOURCE], fields[PATH], own + step) if own + step >= 0 else ""
        for step in range(-reach, reach + 1)
        if step
    ]


def point_id(source: str, path: str, segment: int = 0) -> str:
    """The id of a segment's point: UUIDv5 of source, path and segment number. Anyone can compute it."""
    return str(uuid5(NAMESPACE, f"{source}\n{payload_path(path)}\n{segment}"))
