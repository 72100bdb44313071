"""Ways to ask with several examples that are more than their sum: Qdrant's recommend, discover and feedback."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from query.combine import summed
from schemas import UsageError

if TYPE_CHECKING:
    from query.encode import Term
    from schemas import VectorSpec

FEEDBACK = (0.12, 0.43, 0.16)
"""The weights a, b and c of Qdrant's naive feedback strategy: its documentation's, which fit many embeddings."""


def query_of(terms: Sequence[Term], spec: VectorSpec, combine: str) -> Any:
    """The one query that the terms make on a named vector.

    Raises:
        UsageError: the terms are not what this way to combine them takes.
    """
    return summed(terms, spec) if combine == "sum" else _WAYS[combine](terms, spec)


def plain(query: Any) -> bool:
    """Whether a query's scores are those of the vector's own distance."""
    from qdrant_client import models

    return isinstance(query, list | models.SparseVector)


def _vectors(terms: Sequence[Term]) -> list[Any]:
    return [term.vector.tolist() if hasattr(term.vector, "tolist") else term.vector for term in terms]


def _sides(terms: Sequence[Term]) -> tuple[list[Term], list[Term]]:
    return [term for term in terms if term.weight > 0], [term for term in terms if term.weight < 0]


def _recommended(strategy: str) -> Callable[[Sequence[Term], VectorSpec], Any]:
    def way(terms: Sequence[Term], _: VectorSpec) -> Any:
        from qdrant_client import models

        liked, disliked = _sides(terms)
        return models.RecommendQuery(
            recommend=models.RecommendInput(
                positive=_vectors(liked), negative=_vectors(disliked), strategy=models.RecommendStrategy(strategy)
            )
        )

    return way


def _discovered(terms: Sequence[Term], spec: VectorSpec) -> Any:
    from qdrant_client import models

    liked, disliked = _sides(terms)
    if not liked:
        raise UsageError(f"To discover on {spec.name!r}, say what is sought: give a part with a weight above 0.")
    target, better = liked[0], liked[1:] or liked[:1]
    pairs = [
        models.ContextPair(positive=_vectors([one])[0], negative=_vectors([other])[0])
        for one in better
        for other in disliked
    ]
    return models.DiscoverQuery(discover=models.DiscoverInput(target=_vectors([target])[0], context=pairs))


def _judged(terms: Sequence[Term], spec: VectorSpec) -> Any:
    from qdrant_client import models

    sought = [term for term in terms if not term.item]
    judged = [term for term in terms if term.item]
    if not sought:
        raise UsageError(f"Feedback on {spec.name!r} judges a question: give words, a file or a vector besides items.")
    if not judged:
        return summed(sought, spec)
    a, b, c = FEEDBACK
    return models.RelevanceFeedbackQuery(
        relevance_feedback=models.RelevanceFeedbackInput(
            target=summed(sought, spec),
            feedback=[
                models.FeedbackItem(example=vector, score=term.weight)
                for vector, term in zip(_vectors(judged), judged, strict=True)
            ],
            strategy=models.NaiveFeedbackStrategy(naive=models.NaiveFeedbackStrategyParams(a=a, b=b, c=c)),
        )
    )


_WAYS: dict[str, Callable[[Sequence[Term], VectorSpec], Any]] = {
    "best_score": _recommended("best_score"),
    "sum_scores": _recommended("sum_scores"),
    "discover": _discovered,
    "feedback": _judged,
}
