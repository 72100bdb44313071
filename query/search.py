"""One request, one batch to Qdrant, one answer in which every hit says why it is there."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from fusion.answers import Answers
from fusion.calibration import Calibration, Null
from query import diversity, fuse, stored
from query.combine import ascending
from query.confidence import judge
from query.encode import Encoded, encode_request
from query.examples import plain, query_of
from query.kept import kept
from query.passages import Highlighter
from query.plan import MOST, condition, first_depth, group_key, leaving_out, payload_with, requests, thoroughness
from query.rank import Fields, Ranked, grouped, rank, to_hit
from query.reach import encoders_in_use
from query.rerank import Reranker
from schemas import EmptyCollectionError, UsageError, payload
from schemas.answer import Passage, SearchResult
from schemas.search import SearchRequest
from schemas.trusted import trusted
from schemas.vectors import ANSWERS, CALIBRATION, FUSED, INFERRING, LEXICAL, SOURCES, WEIGHTS, vectors_in_use

if TYPE_CHECKING:
    from qdrant_client import models

    from encoders import EncoderSet
    from store import Store


def search(store: Store, encoders: EncoderSet, request: SearchRequest, *, fitted: bool = True) -> SearchResult:
    """Answer a request.

    All named vectors are searched in one request; their rankings are fused here, so that each hit keeps the rank and
    the score that each vector gave it; segments are grouped. Only where a few groups with very many segments crowd out
    the others is a second, deeper request made; a closer look and diversity ask for the vectors of the best.

    Args:
        store: the store.
        encoders: the encoders.
        request: what is asked.
        fitted: go by the weights that were fitted on judged questions, if there are any and the request names none.

    Raises:
        UsageError: the request cannot be asked of this collection.
        StoreError: the collection cannot be read.
    """
    return _Search(store, encoders, request, fitted=fitted).run()


class _Search:
    def __init__(self, store: Store, encoders: EncoderSet, request: SearchRequest, *, fitted: bool) -> None:
        self._fitted = fitted
        self._began = time.perf_counter()
        if not store.exists():
            raise EmptyCollectionError(
                f"There is nothing to search in {store.location} yet: run `medley ingest FOLDER` first."
            )
        self._store, self._request = store, request
        self._metadata = store.metadata()
        self._specs = vectors_in_use(store.vectors(), self._metadata)
        self._encoders = encoders_in_use(encoders, self._specs)
        self._in_store = 0.0
        self._with_payload = payload_with(request, store)

    def run(self) -> SearchResult:
        request, specs = self._request, self._specs
        fuse.check(request, specs)
        key = group_key(request)
        self._filter = condition(request, self._store)  # if it is wrong, that is told before anything is encoded
        before = time.perf_counter()
        encoded = encode_request(request, self._encoders, self._store, specs)
        encoding = time.perf_counter() - before
        fuse.check_distances(request, list(encoded.terms), specs)
        nulls = self._nulls(encoded)
        ranked, groups, names = self._ranked(encoded, nulls, key)
        if request.rerank is not None or request.diversity is not None:
            groups = grouped(self._closer(ranked, key, encoded), key, request.group_size)
        by = key if key != payload.ITEM else None
        chosen = list(groups.items())[request.offset : request.offset + request.limit]
        shown = [(group if by else None, one) for group, members in chosen for one in members]
        found = [one for _, one in shown]
        if self._with_payload == "part":
            self._complete(found)
        highlighter = self._highlighter()
        passages = [_passages(one, highlighter) for one in found]
        sure, relevant = self._judge(found, nulls, encoded, highlighter)
        least, folders = request.min_confidence, self._metadata.get(SOURCES, {})
        hits = [
            to_hit(one, group, confidence, told, folders.get(one.fields[payload.SOURCE]))
            for (group, one), confidence, told in zip(shown, sure, passages, strict=True)
            if least is None or (confidence or 0.0) >= least
        ]
        if request.offset and not relevant:
            relevant = None  # those before may answer it
        if request.offset and not chosen:
            encoded.note(f"There are not more than {request.offset} hits: ask with a smaller offset.")
        elif not hits:
            relevant = False
            encoded.note(self._why_none())
        elif relevant is False:
            encoded.note("Nothing here seems to answer this: the hits are no more alike than chance would have it.")
        done = time.perf_counter() - self._began
        return trusted(
            SearchResult,
            hits=hits,
            relevant=relevant,
            fusion=request.fusion.method if len(names) > 1 else None,
            notes=encoded.notes,
            seconds={"encode": encoding, "search": done - encoding, "store": self._in_store},
        )

    def _judge(
        self, found: Sequence[Ranked], nulls: Mapping[str, Null], encoded: Encoded, highlighter: Highlighter | None
    ) -> tuple[Sequence[float | None], bool | None]:
        """How sure each hit is, and whether one of them is probably an answer; None where that is not known.

        Raises:
            UsageError: hits of a least confidence are wanted, and it is not known.
        """
        alone = {name: null for name, null in nulls.items() if len(encoded.terms[name]) == 1}
        if alone:
            answers = kept(self._store, ANSWERS, Answers.from_arrays)
            own = self._own_nulls(encoded, found) if FUSED in alone and found else ()
            return judge(found, alone, self._specs, encoded, highlighter=highlighter, answers=answers, own=own)
        if self._request.min_confidence is not None:
            raise UsageError("How sure a hit is, is not known of this question: ask without a least confidence.")
        return [None] * len(found), None

    def _own_nulls(self, encoded: Encoded, found: Sequence[Ranked]) -> list[Null | None]:
        """The null distribution of the fused vector for each hit, by what it is made of."""
        calibration = kept(self._store, CALIBRATION, Calibration.from_arrays)
        null_of = fuse.fused_null(calibration, encoded, self._specs, self._metadata[FUSED]["inputs"])
        return [null_of(one.fields) for one in found]

    def _why_none(self) -> str:
        """What kept every hit out, as far as the request says."""
        request = self._request
        given = {
            "the filter": request.where or request.filter,
            "the least score": request.score_threshold is not None,
            "the least confidence": request.min_confidence is not None,
        }
        ways = " and ".join(name for name, is_given in given.items() if is_given)
        return (
            f"Nothing that the question reaches passes {ways}." if ways else "Nothing in the collection answers this."
        )

    def _complete(self, chosen: Sequence[Ranked]) -> None:
        """Fetch all of the payload for what was ranked by a part of it."""
        fields = self._fetch([one.id for one in chosen])
        for one in chosen:
            one.fields = fields.get(one.id, one.fields)

    def _fetch(self, ids: Sequence[Any]) -> dict[Any, Any]:
        """The payload of segments by id, without those that are gone."""
        before = time.perf_counter()
        records = self._store.retrieve(ids)
        self._in_store += time.perf_counter() - before
        return {record.id: record.payload for record in records if record.payload}

    def _weights(self) -> dict[str, float]:
        """Those that were fitted, if the request names none: they are weights of evidence."""
        if not self._fitted or self._request.weights or self._request.fusion.method != "evidence":
            return {}
        return kept(self._store, WEIGHTS, lambda _, meta: dict(meta["weights"])) or {}

    def _highlighter(self) -> Highlighter | None:
        question = " ".join(part.text for part in self._request.parts if part.text and part.weight > 0)
        return Highlighter(question, self._encoders.lexical) if question else None

    def _nulls(self, encoded: Encoded) -> dict[str, Any]:
        if self._request.combine != "sum" or self._request.fusion.side == "store":
            return {}
        calibration = kept(self._store, CALIBRATION, Calibration.from_arrays)
        return fuse.known_nulls(calibration, encoded, self._specs)

    def _ranked(
        self, encoded: Encoded, nulls: Mapping[str, Any], key: str | None
    ) -> tuple[list[Ranked], dict[Any, list[Ranked]], list[str]]:
        """Segments, best first; enough of their groups; and the vectors that found them."""
        request, specs = self._request, self._specs
        filter_ = leaving_out(self._filter, encoded.items)
        efforts = thoroughness(self._metadata, specs)
        weights = self._weights() | fuse.weights(request, encoded)
        depth = first_depth(request, len(encoded.terms))
        wanted = request.offset + request.limit
        while True:
            asked = requests(
                request, encoded, specs, filter_, depth=depth, efforts=efforts, with_payload=self._with_payload
            )
            names = list(asked)
            turned = {name for name, one in asked.items() if ascending(specs[name]) and plain(one.query)}
            if len(asked) > 1 and request.fusion.side == "store":
                asked = {"": stored.fused(request, asked, weights, specs)}
            answers, known = self._asked(asked)
            fields = Fields(known, self._fetch)
            guessed = INFERRING in self._metadata
            fusing = partial(fuse.fusing, request, specs, nulls, fields, at_once=wanted, guessed=guessed)
            ranked = _above(
                rank(answers, fields, fusing, weights, turned, at_once=wanted),
                request,
                reverse=len(names) == 1 and bool(turned),
            )
            if self._with_payload == "later":
                every, groups = [], grouped(ranked, key, request.group_size, wanted)
            else:
                every = list(ranked)
                groups = grouped(every, key, request.group_size)
            exhausted = all(len(answer) < (asked[name].limit or depth) for name, answer in answers.items())
            if len(groups) >= wanted or exhausted or depth >= MOST or request.candidates is not None:
                return every, groups, names
            depth = min(depth * 8, MOST)

    def _asked(
        self, requests: Mapping[str, models.QueryRequest]
    ) -> tuple[dict[str, Sequence[tuple[Any, float]]], dict[Any, Any]]:
        """The answer of each vector, ids with scores, and the payload that came with it by id."""
        before = time.perf_counter()
        if self._with_payload == "later":
            answers = dict(zip(requests, self._store.rankings(list(requests.values())), strict=True))
            self._in_store += time.perf_counter() - before
            return dict(answers), {}
        found = self._store.query_batch(list(requests.values()))
        self._in_store += time.perf_counter() - before
        rankings = {name: [(one.id, one.score) for one in answer] for name, answer in zip(requests, found, strict=True)}
        return dict(rankings), {one.id: one.payload or {} for answer in found for one in answer}

    def _closer(self, ranked: list[Ranked], key: str | None, encoded: Encoded) -> list[Ranked]:
        """The best of each group looked at closely, or put in an order that has more variety; the others after them."""
        request = self._request
        best = [members[0] for members in grouped(ranked, key, 1).values()]
        if request.rerank is not None:
            close = Reranker(request, request.rerank, encoders=self._encoders, store=self._store, specs=self._specs)
            order, note = close.order(best)
            best = [best[i] for i in order]
            if note:
                encoded.note(note)
        if request.diversity is not None:
            specs = {name: self._specs[name] for name in encoded.terms}
            dense = {name: spec for name, spec in specs.items() if not spec.sparse and not spec.multivector}
            if not dense:
                raise UsageError("How much hits differ is seen on dense vectors, and none is searched: add one.")
            near = best[: max(diversity.CANDIDATES, request.offset + request.limit)]
            asked = [query_of(terms, specs[name], request.combine) for name, terms in encoded.terms.items()]
            order = diversity.diverse(
                near,
                request.diversity,
                request.offset + request.limit,
                self._store,
                dense,
                alone=len(asked) == 1 and plain(asked[0]) and request.rerank is None,
                reranked=request.rerank is not None,
            )
            best = [near[i] for i in order]
        first = {id(one) for one in best}
        return [*best, *(one for one in ranked if id(one) not in first)]


def _above(ranked: Iterable[Ranked], request: SearchRequest, *, reverse: bool) -> Iterable[Ranked]:
    """Those that reach the score that was asked for; a distance must not exceed it."""
    least = request.score_threshold
    if least is None:
        return ranked
    return (one for one in ranked if (one.score <= least if reverse else one.score >= least))


def _passages(one: Ranked, highlighter: Highlighter | None) -> list[Passage]:
    if highlighter is None:
        return []
    return highlighter.passages(one.fields.get(payload.WORDS, {}), likely=LEXICAL in one.vectors)
