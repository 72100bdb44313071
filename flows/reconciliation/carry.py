"""Renames, moves and copies: the same content under another path keeps its vectors, and nothing is encoded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flows.ingestion.points import file_fields, named_vectors
from flows.reconciliation.plan import Carry, Work
from schemas import payload
from schemas.media import WordKind, join_words
from schemas.payload import State, payload_path, point_id
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from qdrant_client import models

    from flows.ingestion.run import Run

FILES = 64  # carried over with one request


def carry_over(run: Run, carries: Sequence[Carry]) -> list[Carry]:
    """Write the points of each file anew under its path; returns those whose origin is not what it was thought to be.

    The hash of what is read back is compared with the one expected: a file can never end with another's vectors. Where
    the sidecars are others, the stamp of the origin's is written: the file counts as changed until its words are read.
    """
    failed: list[Carry] = []
    for some in in_order(carries):
        heads = list({_origin_id(run, carry, 0) for carry in some})
        origins = {str(one.id): one for one in run.store.retrieve(heads, with_payload=True, with_vectors=True)}
        points: list[models.PointStruct] = []
        stale: list[str] = []
        for carry in some:
            first = origins.get(_origin_id(run, carry, 0))
            if first is None or not speaks_for(first.payload or {}, carry.origin.hash, carry.origin.sidecars):
                failed.append(carry)
                continue
            records = [first, *_others(run, carry, (first.payload or {}).get(payload.SEGMENTS, 1))]
            points += _moved(run, carry, records)
            before = carry.known.segments if carry.known else 0
            stale += [point_id(run.source, carry.found.path, n) for n in range(len(records), before)]
        if stale:
            run.store.delete(stale, sync=False)
        if points:
            run.store.upsert(points, sync=False)
    if carries:
        run.store.sync()
    return failed


def speaks_for(fields: dict[str, Any], digest: str, sidecars: str | None = None) -> bool:
    """Whether a point speaks for an item that was indexed with this content (and these sidecars)."""
    same = fields.get(payload.STATE) == State.INDEXED.value and fields.get(payload.HASH) == digest
    return same and (sidecars is None or fields.get(payload.SIDECARS, "") == sidecars)


def to_read(carries: Sequence[Carry], failed: Sequence[Carry]) -> list[Work]:
    """What is left to read: what could not be carried over, and the words of what has other sidecars now."""
    lost = {id(carry) for carry in failed}
    work = [Work(carry.found, carry.origin.hash, carry.known) for carry in failed]
    for carry in carries:
        if carry.reread and id(carry) not in lost:
            here = carry.origin._replace(path=payload_path(carry.found.path), source="")
            work.append(Work(carry.found, carry.origin.hash, here))
    return work


def in_order(carries: Sequence[Carry]) -> Iterator[list[Carry]]:
    """Portions in which no file is written over before all that is carried over from it has been read.

    When a run of numbered files is renamed by one, each new path is another file's old one: the last goes first. Files
    that change places in a ring go in one portion.
    """
    readers = Counter(map(_read_from, carries))  # of each path, that have not read it yet
    writer = {path: carry for carry in carries if readers[path := payload_path(carry.found.path)]}
    ready = [carry for carry in carries if payload_path(carry.found.path) not in writer]
    portion: list[Carry] = []
    while ready:
        carry = ready.pop()
        portion.append(carry)
        if len(portion) == FILES:
            yield portion
            portion = []
        path = _read_from(carry)
        readers[path] -= 1
        if not readers[path] and path in writer:
            ready.append(writer.pop(path))
    if portion:
        yield portion
    while writer:  # rings alone are left
        _, carry = writer.popitem()
        ring = [carry]
        while _read_from(carry) in writer:
            ring.append(carry := writer.pop(_read_from(carry)))
        yield ring


def _read_from(carry: Carry) -> str:
    """The path that a file is carried over from; "" where that is another source's, which no carrying writes over."""
    return "" if carry.origin.source else carry.origin.path


def _others(run: Run, carry: Carry, segments: int) -> list[models.Record]:
    ids = [_origin_id(run, carry, n) for n in range(1, segments)]
    records = run.store.retrieve(ids, with_payload=True, with_vectors=True) if ids else []
    return sorted(records, key=lambda record: (record.payload or {})[payload.SEGMENT])


def _origin_id(run: Run, carry: Carry, segment: int) -> str:
    return point_id(carry.origin.source or run.source, carry.origin.path, segment)


def _moved(run: Run, carry: Carry, records: Sequence[models.Record]) -> list[models.PointStruct]:
    """The points under the new path, segment 0 last."""
    from qdrant_client import models

    from readers import name_words

    name = name_words(carry.found.path)
    from_stem, to_stem = (_stem(path) for path in (carry.origin.path, payload_path(carry.found.path)))
    own = file_fields(run.source, carry.found) | {payload.SIDECARS: _stamp(carry)}
    points, told = [], []
    worded = False  # any segment of it
    for record in reversed(records):
        fields: dict[str, Any] = (record.payload or {}) | own
        words = {kind: text for kind, text in fields.get(payload.WORDS, {}).items() if kind != WordKind.NAME}
        fields[payload.WORDS] = words | ({WordKind.NAME.value: name} if name else {})
        if unread := fields.get(payload.INFO, {}).get(payload.UNREAD_SIDECARS):
            told_of = [to_stem + name.removeprefix(from_stem) for name in unread]
            fields[payload.INFO] = {**fields[payload.INFO], payload.UNREAD_SIDECARS: told_of}
        vectors = named_vectors(record)
        vectors.pop(LEXICAL, None)
        if text := join_words(fields[payload.WORDS], named=True):
            vectors[LEXICAL] = run.encoders.lexical.document(text)
            worded = True
        identity = point_id(run.source, carry.found.path, fields[payload.SEGMENT])
        points.append(models.PointStruct.model_construct(id=identity, vector=vectors, payload=fields))
        told.append(fields)
    for fields in told:
        made_by = {vector: by for vector, by in fields[payload.ENCODERS].items() if vector != LEXICAL}
        lexical = {LEXICAL: run.encoders.lexical.spec.fingerprint} if worded else {}
        fields[payload.ENCODERS] = made_by | lexical
    return points


def _stem(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[0] or name


def _stamp(carry: Carry) -> str:
    """The sidecars that the words to be carried over are of; those of another kind of text count as changed, too."""
    return carry.origin.sidecars + "?" if carry.renamed else carry.origin.sidecars
