"""A second, closer look at the best hits, on a budget: late interaction, a cross-encoder, or a learned order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from query.combine import ascending, summed
from query.encode import encode_request
from query.learned import LEARNED, Known, features, modified, ranker_of
from query.passages import Highlighter
from query.read_closely import Clock, CloseReading
from schemas import UsageError, payload

if TYPE_CHECKING:
    from encoders import EncoderSet
    from fusion.rank import Ranker
    from query.rank import Ranked
    from schemas import VectorSpec
    from schemas.search import RerankOptions, SearchRequest
    from store import Store

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
        self._clock = Clock(options.milliseconds)
        self._note = ""

    def order(self, ranked: Sequence[Ranked]) -> tuple[list[int], str]:
        """The places of the hits in their new order, and a note ("" if there is nothing to say).

        Hits of other modalities than those asked for, those beyond the top, and those that cannot be looked at closely
        keep their places: nothing is known against them.

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
        known = [n for n, score in enumerate(scores) if score is not None]
        best = sorted(known, key=lambda n: (-(scores[n] or 0.0), n))
        for place, n in zip(known, best, strict=True):
            order[looked[place]] = looked[n]
        return order, self._note

    def _by_vector(self, hits: Sequence[Ranked]) -> Scores:
        """By one named vector, such as one of late interaction: Qdrant compares it with the hits alone."""
        from qdrant_client import models

        spec = self._specs[self._options.by]
        asked = for_vector(self._request, self._options.by)
        [terms] = encode_request(asked, self._encoders, self._store, self._specs).terms.values()
        if self._clock.over():
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
        if self._clock.over():
            return None
        for hit, row in zip(hits, ranker.reasons(given), strict=True):
            told = sorted(zip(ranker.features, row, strict=True), key=lambda pair: -abs(pair[1]))
            hit.reasons = {name: float(value) for name, value in told[:TOLD] if value}
        return [float(score) for score in scores]

    def _by_reading(self, hits: Sequence[Ranked]) -> Scores:
        """By a cross-encoder, which reads the question and a hit's words together, or looks at pictures besides."""
        name = self._options.by
        reading = CloseReading(self._encoders.reranker(name), name, self._store, self._clock)
        scores = reading.scores(self._request, hits, self._encoders.sample_rate)
        self._note = reading.note()
        return scores
