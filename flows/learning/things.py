"""The vectors of a collection, read in a stream: what fusions are learnt from, and what is fused."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders import registry
from flows.ingestion.points import named_vectors
from flows.ingestion.progress import tell
from fusion.evaluation import content_groups
from fusion.views import Views
from schemas import Modality, VectorSpec, payload
from schemas.media import join_words
from schemas.payload import State
from schemas.vectors import FUSED, LEXICAL

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

MOST = 200_000
"""Segments that a fit learns from. Ids are hashes, so that the first by id are as good as drawn by lot."""

IN_MEMORY = 256 << 20  # bytes of vectors; more lie in a file, of which a batch at a time is read
IN_FILE = 4 << 30  # bytes of that file: where segments have many vectors, a fit learns from fewer of them
TOKENS = 16  # vectors of late interaction that stand for one segment: see `fusion.views.pooled_rows`
FIELDS = (payload.ITEM, payload.HASH, payload.WORDS, payload.INFERRED)
PLACE = (payload.SOURCE, payload.PATH, payload.SEGMENT, payload.SEGMENTS)
COMPANY = (payload.SOURCE, payload.FOLDER, payload.INFO)


@dataclass(frozen=True, eq=False)
class Things:
    """Segments of a collection.

    Attributes:
        views: their vectors.
        ids: of their points.
        items: (n,) numbers of the items that they belong to.
        segments: (n,) which segment of the item each is.
        groups: (n,) numbers of their content groups: equal contents and captions, and segments of one item.
        left_out: bool (n,): which are not learnt from. It is told by the contents themselves, so that it is the same
            in every fit, however the collection grows: a fit is never asked about what an earlier one learnt from.
        company: keys of the folder and the day of each thing, None where it has none.
        tags: of each thing, in small letters.
    """

    views: Views
    ids: list[str]
    items: NDArray[np.intp]
    segments: NDArray[np.intp]
    groups: NDArray[np.intp]
    left_out: NDArray[np.bool_]
    company: list[list[str | None]]
    tags: list[frozenset[str]]


def fusible(vectors: Mapping[str, VectorSpec], named: Sequence[str] = ()) -> dict[str, VectorSpec]:
    """The named vectors that can be fused: dense ones, compared by an angle; of late interaction only those `named`."""
    return {
        name: spec
        for name, spec in vectors.items()
        if name not in (FUSED, LEXICAL)
        and not spec.sparse
        and spec.distance in ("cosine", "dot")
        and (name in named or (not named and not spec.multivector))
    }


def senses(specs: Mapping[str, VectorSpec]) -> dict[str, str]:
    """What the vectors of each name are made of, where their encoder is known: see `fusion.views.Views`."""
    made_by = {name: registry.made_by(spec.fingerprint) for name, spec in specs.items()}
    stored = {name: registry.spec(encoder).stored for name, encoder in made_by.items() if encoder is not None}
    # A film is pictures: what sees it as a whole sees what the others see frame by frame.
    return {name: "+".join(sorted({*held} - {Modality.VIDEO} or held)) for name, held in stored.items()}


def having(specs: Mapping[str, VectorSpec], *, lacking: str | None = None) -> models.Filter:
    """The indexed segments that have any of these vectors, and lack another."""
    from qdrant_client import models

    state = models.FieldCondition(key=payload.STATE, match=models.MatchValue(value=State.INDEXED.value))
    any_of: list[Any] = [models.HasVectorCondition(has_vector=spec.name) for spec in specs.values()]
    none: list[Any] = [models.HasVectorCondition(has_vector=lacking)] if lacking else []
    return models.Filter(must=[state, models.Filter(should=any_of)], must_not=none)


def encoded(record: models.Record | models.ScoredPoint, specs: Mapping[str, VectorSpec]) -> dict[str, Any]:
    """The vectors that encoders made for a segment, by name; what was inferred is no evidence."""
    have = named_vectors(record)
    inferred = (record.payload or {}).get(payload.INFERRED, {})
    return {name: have[spec.name] for name, spec in specs.items() if spec.name in have and spec.name not in inferred}


def company_of(fields: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """What stands for the folder of a segment and for the day that it was taken, None where it has none."""
    day = str(fields.get(payload.INFO, {}).get("taken") or "")[:10]
    return f"{fields.get(payload.SOURCE)}/{fields.get(payload.FOLDER)}", day or None


def tags_of(fields: Mapping[str, Any]) -> frozenset[str]:
    """The tags of a segment, in small letters."""
    return frozenset(str(tag).casefold() for tag in fields.get(payload.INFO, {}).get("tags") or ())


@contextmanager
def read_things(
    store: Store, specs: Mapping[str, VectorSpec], share: float = 0.2, most: int = MOST
) -> Iterator[Things]:
    """The segments that a fit learns from, and is asked about.

    Args:
        store: the store.
        specs: the named vectors, as `fusible` gives them.
        share: of the content groups that is left out, about.
        most: segments that are read; fewer where their vectors take more than `IN_FILE`.
    """
    condition = having(specs)
    dims = {name: spec.dim for name, spec in specs.items()}
    deep = {name: TOKENS if spec.multivector else 1 for name, spec in specs.items()}
    each = sum(deep[name] * dim * 4 for name, dim in dims.items())
    count = min(store.count(condition), most, IN_FILE // max(each, 1))
    size = count * each
    with tempfile.TemporaryDirectory(prefix="medley-fit-") as folder:
        tokens = {
            name: _array(Path(folder) / f"{i}.f32", (count, deep[name], dim), in_memory=size <= IN_MEMORY)
            for i, (name, dim) in enumerate(sorted(dims.items()))
        }
        there = {name: np.zeros((count, deep[name]), bool) for name in dims}
        ids: list[str] = []
        known: dict[str, int] = {}  # items
        items: list[int] = []
        hashes: list[str] = []
        texts: list[int | None] = []
        segments: list[int] = []
        company: list[list[str | None]] = [[], []]
        tags: list[frozenset[str]] = []
        names = [spec.name for spec in specs.values()]
        for record in store.scroll_all(
            condition, with_payload=[*FIELDS, *COMPANY, payload.SEGMENT], with_vectors=names
        ):
            row = len(ids)
            if row == count:
                break
            for name, vector in encoded(record, specs).items():
                one = Views.of([{name: vector}], {name: dims[name]}, TOKENS)
                found = one.tokens[name].shape[1]
                tokens[name][row, :found], there[name][row, :found] = one.tokens[name][0], one.there[name][0]
            fields = record.payload or {}
            text = join_words(fields.get(payload.WORDS, {}), named=False)
            items.append(known.setdefault(fields[payload.ITEM], len(known)))
            hashes.append(intern(fields.get(payload.HASH, "")))
            texts.append(_digest(text))
            for keys, key in zip(company, company_of(fields), strict=True):
                keys.append(key and intern(key))
            tags.append(tags_of(fields))
            segments.append(int(fields.get(payload.SEGMENT, 0)))
            ids.append(str(record.id))
            if row % 1000 == 0:
                tell("read", row, count)
        tell("read", len(ids), count)
        groups = content_groups(items, hashes, texts)
        views = Views(
            {name: tokens[name][: len(ids)] for name in dims},
            {name: there[name][: len(ids)] for name in dims},
            senses=senses(specs),
        )
        left_out = _left_out(groups, hashes, share)
        numbers, places = np.array(items, np.intp), np.array(segments, np.intp)
        del known, items, hashes, texts
        yield Things(views, ids, numbers, places, groups, left_out, company, tags)


def _digest(text: str) -> int | None:
    """What stands for a text where texts are told apart: books are not held in memory for that."""
    plain = " ".join(text.casefold().split())
    return int.from_bytes(blake2b(plain.encode(errors="replace"), digest_size=8).digest(), "big") if plain else None


def _left_out(groups: NDArray[np.intp], hashes: Sequence[str], share: float) -> NDArray[np.bool_]:
    """Groups whose least content hash, hashed again, is small: about `share` of them, and the same ones every time."""
    least: dict[int, str] = {}
    for group, digest in zip(groups.tolist(), hashes, strict=True):
        least[group] = min(least.get(group, digest), digest)
    drawn = {group: blake2b(digest.encode(), digest_size=4).digest() for group, digest in least.items()}
    chosen = {group for group, lot in drawn.items() if int.from_bytes(lot, "big") < share * 2**32}
    return np.array([group in chosen for group in groups.tolist()], bool)


def _array(path: Path, shape: tuple[int, ...], *, in_memory: bool) -> NDArray[np.float32]:
    if in_memory or not all(shape):
        return np.zeros(shape, np.float32)
    return np.memmap(path, np.float32, "w+", shape=shape)
