"""Segments and their vectors -> points, as `schemas.payload` describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from schemas import FoundFile, Modality, Segment, payload
from schemas.payload import State, payload_path, point_id
from schemas.trusted import trusted

if TYPE_CHECKING:
    from qdrant_client import models

Vector = Any  # float32 (dim,), or models.SparseVector: the engine's own union is wider than ours


@dataclass(slots=True)
class Row:
    """A segment without its media: what is left of it once it is encoded."""

    segment: Segment
    vectors: dict[str, Vector] = field(default_factory=dict)


@dataclass(slots=True)
class Item:
    """A file that was read and encoded, or the reason why it was not."""

    found: FoundFile
    hash: str
    modality: Modality | None = None
    mime: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    encoders: dict[str, str] = field(default_factory=dict)
    state: State = State.INDEXED
    reason: str = ""
    at_fault: str = ""
    before: int = 0  # how many segments the collection has under its path
    first_attempt: str = ""  # when it was first found to be faulty; now, where it is not known
    last_attempt: str = ""

    def points(self, source: str) -> list[models.PointStruct]:
        """The item's points in the order in which they must be written: segment 0, which vouches for all, last."""
        if self.state is not State.INDEXED:
            return [_point(point_id(source, self.found.path), {}, self._ledger(source))]
        common = self._common(source)
        numbers = [row.segment.number for row in self.rows]
        ids = [point_id(source, self.found.path, number) if number else common[payload.ITEM] for number in numbers]
        points = [
            _point(identity, row.vectors, self._payload(common, row))
            for identity, row in zip(ids, self.rows, strict=True)
        ]
        points.sort(key=lambda point: point.payload[payload.SEGMENT] == 0)  # type: ignore[index]  # each has one
        return points

    def attempted(self) -> None:
        """Note when it was tried, unless that is noted already."""
        self.last_attempt = self.last_attempt or datetime.now(UTC).isoformat(timespec="seconds")
        self.first_attempt = self.first_attempt or self.last_attempt

    def _ledger(self, source: str) -> dict[str, Any]:
        """What is known of a file that is not searched."""
        fields = file_fields(source, self.found) | {
            payload.SEGMENT: 0,
            payload.SEGMENTS: 1,
            payload.STATE: self.state.value,
            payload.REASON: self.reason,
            payload.HASH: self.hash,
        }
        if self.state is State.QUARANTINED:
            self.attempted()
            fields |= {
                payload.AT_FAULT: self.at_fault,
                payload.FIRST_ATTEMPT: self.first_attempt,
                payload.LAST_ATTEMPT: self.last_attempt,
            }
        return fields

    def _common(self, source: str) -> dict[str, Any]:
        return file_fields(source, self.found) | {
            payload.STATE: self.state.value,
            payload.HASH: self.hash,
            payload.MODALITY: self.modality and self.modality.value,
            payload.MIME: self.mime,
            payload.ENCODERS: self.encoders,
            payload.INFO: self.info,
        }

    def _payload(self, common: dict[str, Any], row: Row) -> dict[str, Any]:
        segment = row.segment
        fields = common | {
            payload.SEGMENT: segment.number,
            payload.WORDS: {kind.value: text for kind, text in segment.words.items() if text},
            payload.START: segment.start,
            payload.END: segment.end,
            payload.PAGE: segment.page,
            payload.CHARACTERS: segment.characters and list(segment.characters),
        }
        if segment.number == 0:
            fields[payload.SEGMENTS] = len(self.rows)
        return {key: value for key, value in fields.items() if value is not None}


def storable(value: Any) -> Any:
    """What a reader found out, without what no store takes (halves of characters, numbers that are none).

    It comes from strangers' files: a whole run would else end at one of them.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(str(key)): storable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [storable(one) for one in value]
    return value


def file_fields(source: str, found: FoundFile) -> dict[str, Any]:
    """What the payload says of the file itself: the same in all points of an item."""
    path = payload_path(found.path)
    return {
        payload.SOURCE: source,
        payload.PATH: path,
        payload.FOLDER: path.rpartition("/")[0],
        payload.ITEM: point_id(source, found.path),
        payload.SIZE: found.size,
        payload.MTIME_NS: found.mtime_ns,
        payload.MODIFIED: datetime.fromtimestamp(found.mtime_ns / 1e9, UTC).isoformat(),
        payload.SIDECARS: found.sidecar_stamp,
    }


def named_vectors(record: models.Record | models.ScoredPoint) -> dict[str, Vector]:
    """The vectors of a point that was read, by name: all of ours have names."""
    return dict(record.vector) if isinstance(record.vector, dict) else {}


def _point(identity: str, vectors: dict[str, Vector], fields: dict[str, Any]) -> models.PointStruct:
    """A point without pydantic's validation of each number, which costs more than writing it."""
    from qdrant_client import models

    return trusted(models.PointStruct, id=identity, vector=vectors, payload=fields)
