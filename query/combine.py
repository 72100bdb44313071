"""The terms of a request on one named vector -> the one query that Qdrant is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from query.vectors import Vector, sum_sparse, unit
from schemas import UsageError

if TYPE_CHECKING:
    from query.encode import Term
    from schemas import VectorSpec

TINY = 1e-6  # length of a sum of unit vectors that cancel each other out

SIMILARITIES = ("cosine", "dot")
"""Distances whose scores grow with likeness; the others are distances in the proper sense."""


def ascending(spec: VectorSpec) -> bool:
    """Whether the best score is the lowest."""
    return not spec.sparse and spec.distance not in SIMILARITIES


def summed(terms: Sequence[Term], spec: VectorSpec) -> Any:
    """The terms added up by their weights: a vector as Qdrant takes it, or a query.

    With cosine and dot product the score of a sum is the sum of the scores, so that each part counts by its weight.
    Distances do not add up: there, liked terms are averaged, and the average moves away from the disliked as in
    Qdrant's recommendation by average vector (2 * liked - disliked, for weights of 1 and -1).

    Late interaction adds up what is likest to each token: liked terms count alike, and of the disliked nothing can be
    told, for the least like of the tokens that a document has says little of the document.

    Raises:
        UsageError: the terms cancel each other out, or late interaction is asked for what to avoid alone.
    """
    if spec.sparse:
        if len(terms) == 1 and terms[0].weight == 1.0:
            return terms[0].vector
        return sum_sparse([(term.vector, term.weight) for term in terms])
    if spec.multivector:
        liked = [term.vector for term in terms if term.weight > 0]
        if not liked:
            raise UsageError(f"The vector {spec.name!r} cannot be asked for what to avoid alone: say what is sought.")
        return np.concatenate(liked).tolist()
    if len(terms) == 1 and terms[0].weight > 0:
        return terms[0].vector.tolist()
    return _distant(terms) if ascending(spec) else _linear(terms, spec)


def _linear(terms: Sequence[Term], spec: VectorSpec) -> list[float]:
    total = sum(abs(term.weight) for term in terms)
    vector: Vector = sum(term.vector * (term.weight / total) for term in terms)
    if spec.distance != "cosine":
        return list(map(float, vector))
    if float(np.linalg.norm(vector)) < TINY:
        raise UsageError(f"The parts of this question cancel each other out on {spec.name!r}: weight one of them more.")
    return list(map(float, unit(vector)))


def _distant(terms: Sequence[Term]) -> Any:
    liked, disliked = ([t for t in terms if (t.weight > 0) == side] for side in (True, False))
    if not liked:
        from qdrant_client import models

        far = models.RecommendInput(
            negative=[term.vector.tolist() for term in disliked], strategy=models.RecommendStrategy.SUM_SCORES
        )
        return models.RecommendQuery(recommend=far)
    centre = _centre(liked)
    if disliked:
        ratio = sum(-term.weight for term in disliked) / sum(term.weight for term in liked)
        centre = centre + ratio * (centre - _centre(disliked))
    return list(map(float, centre))


def _centre(terms: Sequence[Term]) -> Vector:
    return np.average([term.vector for term in terms], axis=0, weights=[abs(term.weight) for term in terms])
