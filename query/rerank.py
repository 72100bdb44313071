"""A second, closer look at the best hits, on a budget: late interaction, a cross-encoder, or a learned order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from query.combine import ascending, summed
from query.encode import encode_request
from query.learned import LEARNED, Known, features, modified, ranker_of
from query.passages import Highlighter
from schemas import UsageError, payload
from schemas.media import join_words

if TYPE_CHECKING:
    from encoders import EncoderSet
    from fusion.rank import Ranker
    from query.rank import Ranked
    from schemas import VectorSpec
    from schemas.search import RerankOptions, SearchRequest
    from store import Store

BATCH = 8  # texts that a cross-encoder reads before the clock is looked at

TOLD = 6  # reasons of a hit's learned score that are told

NOTHING_LEARNT = (
    "No order of hits has been learnt for these vectors: they are in that of the fusion and its fitted weights. "
    "Judge questions with `medley feedback`, then run `medley fit ranker`."
)

Scores = list[float | None] | None
"""One for each hit, None where it cannot be looked at; or None: it would take too long."""


def for_vector(request: SearchRequest, name: str) -> SearchRequest:
    """What a request asks, asked of the one named vector that looks closely, wherever its parts search.

    Raises:
        UsageError: it has raw vectors alone, which are for the vectors that they name.
    """
    parts = [part.model_copy(update={"using": []}) for part in request.parts if part.vector is None]
    if not parts:
        raise UsageError(f"A raw vector cannot be compared with {name!r}: give words, a file or an item besides.")
    return request.model_copy(update={"using": [name], "parts": parts})


class Reranker:
    """Looks at hits as a request asks for.

    Args:
        request: what is asked.
        options: how to look at the hits.
        encoders: encode the question anew, or read.
        store: has the hits' vectors.
        specs: the named vector that answers for each name.
    """

    def __init__(
        self,
        request: SearchRequest,
        options: RerankOptions,
        *,
        encoders: EncoderSet,
        store: Store,
        specs: Mapping[str, VectorSpec],
    ) -> None:
        self._request, self._options = request, options
        self._encoders, self._store, self._specs = encoders, store, specs
        self._began = time.perf_counter()

    def order(self, ranked: Sequence[Ranked]) -> tuple[list[int], str]:
        """The places of the hits in their new order, and a note ("" if there is nothing to say).

        Hits of other modalities than those asked for, and those beyond the top, keep their places. A hit that cannot
        be looked at closely follows those that can.

        Raises:
            UsageError: there is no such vector or reranker, or the question has nothing for it.
        """
        options, order = self._options, list(range(len(ranked)))
        wanted = set(options.modalities)
        looked = [i for i in order if not wanted or ranked[i].fields[payload.MODALITY] in wanted][: options.top]
        if not looked:
            return order, ""
        hits = [ranked[i] for i in looked]
        if options.by == LEARNED:
            if (ranker := ranker_of(self._store, self._specs)) is None:
                return order, NOTHING_LEARNT
            scores = self._by_learning(hits, ranker)
        else:
            scores = self._by_vector(hits) if options.by in self._specs else self._by_reading(hits)
        if scores is None:
            limit = f"{options.milliseconds:g} ms"
            return order, f"The hits were not looked at closely by {options.by!r}: it would take more than {limit}."
        for hit, score in zip(hits, scores, strict=True):
            hit.closer = score
        best = sorted(range(len(hits)), key=lambda n: (scores[n] is None, -(scores[n] or 0.0), n))
        for place, n in zip(looked, best, strict=True):
            order[place] = looked[n]
        return order, ""

    def _over(self) -> bool:
        limit = self._options.milliseconds
        return limit is not None and (time.perf_counter() - self._began) * 1000 > limit

    def _by_vector(self, hits: Sequence[Ranked]) -> Scores:
        """By one named vector, such as one of late interaction: Qdrant compares it with the hits alone."""
        from qdrant_client import models

        spec = self._specs[self._options.by]
        asked = for_vector(self._request, self._options.by)
        [terms] = encode_request(asked, self._encoders, self._store, self._specs).terms.values()
        if self._over():
            return None
        found = self._store.query(
            models.QueryRequest(
                query=summed(terms, spec),
                using=spec.name,
                filter=models.Filter(must=[models.HasIdCondition(has_id=[hit.id for hit in hits])]),
                limit=len(hits),
                with_payload=False,
            )
        )
        sign = -1.0 if ascending(spec) else 1.0
        scores = {str(point.id): sign * point.score for point in found}
        return [scores.get(str(hit.id)) for hit in hits]

    def _by_learning(self, hits: Sequence[Ranked], ranker: Ranker) -> Scores:
        """By all that is known of each hit, as judged questions taught; each hit is told what gave its score."""
        when = modified(self._store, [hit.id for hit in hits])
        question = " ".join(part.text for part in self._request.parts if part.text and part.weight > 0)
        given = features(
            sorted(self._specs),
            [
                Known(hit.vectors, hit.benefit, hit.score, {**hit.fields, payload.MODIFIED: when.get(str(hit.id))})
                for hit in hits
            ],
            Highlighter(question, self._encoders.lexical) if question else None,
        )
        scores = ranker.scores(given)
        if self._over():
            return None
        for hit, row in zip(hits, ranker.reasons(given), strict=True):
            told = sorted(zip(ranker.features, row, strict=True), key=lambda pair: -abs(pair[1]))
            hit.reasons = {name: float(value) for name, value in told[:TOLD] if value}
        return [float(score) for score in scores]

    def _by_reading(self, hits: Sequence[Ranked]) -> Scores:
        """By a cross-encoder, which reads the question and a hit's words together."""
        name = self._options.by
        question = " ".join(part.text for part in self._request.parts if part.text and part.weight > 0)
        if not question:
            raise UsageError(f"The reranker {name!r} reads words, and this question has none.")
        reranker = self._encoders.reranker(name)
        texts = [join_words(hit.fields.get(payload.WORDS, {}), named=True) for hit in hits]
        scores: list[float | None] = [None] * len(texts)
        told = [i for i, text in enumerate(texts) if text]
        for start in range(0, len(told), BATCH):
            if self._over():
                return None
            batch = told[start : start + BATCH]
            for i, score in zip(batch, reranker.score(question, [texts[i] for i in batch]), strict=True):
                scores[i] = float(score)
        return None if self._over() else scores
