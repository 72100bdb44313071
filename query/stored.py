"""Fusion inside Qdrant: one query with a prefetch for each vector, whose scores are fused or put in a formula."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fusion.base import weight_of
from fusion.rrf import K
from fusion.scale import THEORY
from schemas import UsageError

if TYPE_CHECKING:
    from qdrant_client import models

    from schemas import VectorSpec
    from schemas.search import SearchRequest


def fused(
    request: SearchRequest,
    asked: Mapping[str, models.QueryRequest],
    weights: Mapping[str, float],
    specs: Mapping[str, VectorSpec],
) -> models.QueryRequest:
    """The requests for each vector as the stages of one.

    Raises:
        UsageError: this fusion cannot be had inside Qdrant.
    """
    from qdrant_client import models

    names = list(asked)
    first = next(iter(asked.values()))
    return models.QueryRequest(
        prefetch=[
            models.Prefetch(
                query=one.query,
                using=one.using,
                filter=one.filter,
                score_threshold=one.score_threshold,
                limit=one.limit,
                params=one.params,
            )
            for one in asked.values()
        ],
        query=_query(request, names, weights, specs),
        limit=sum(one.limit or 0 for one in asked.values()),
        with_payload=first.with_payload,
    )


def _query(
    request: SearchRequest, names: list[str], weights: Mapping[str, float], specs: Mapping[str, VectorSpec]
) -> Any:
    from qdrant_client import models

    method = request.fusion.method
    given = [weight_of(name, weights) for name in names]
    if any("@" in name for name in request.weights):
        raise _refused("weights by modality")
    if method == "rrf":
        return models.RrfQuery(rrf=models.Rrf(k=request.fusion.k or K, weights=given))
    if method == "dbsf":
        if any(weight != 1.0 for weight in given):
            raise _refused("weights with dbsf")
        return models.FusionQuery(fusion=models.Fusion.DBSF)
    if method in ("relative", "max") and request.fusion.bounds == "theory":
        return _formula(method, names, given, specs)
    raise _refused(f"the fusion {method!r}" + (" without bounds 'theory'" if method in ("relative", "max") else ""))


def _formula(method: str, names: list[str], weights: list[float], specs: Mapping[str, VectorSpec]) -> Any:
    """The weighted sum or maximum of scores stretched between the bounds of their distance, 0 where there is none."""
    from qdrant_client import models

    total = sum(weights) or 1.0
    terms: list[Any] = []
    lows: dict[str, float] = {}
    for i, (name, weight) in enumerate(zip(names, weights, strict=True)):
        low, high = THEORY.get("sparse" if specs[name].sparse else specs[name].distance, (None, None))
        if low is None or high is None:
            raise _refused(f"{name!r}, whose scores have no upper bound in theory,")
        lows[f"$score[{i}]"] = low
        scale = (weight / total if method == "relative" else weight) / (high - low)
        terms.append(models.MultExpression(mult=[scale, models.SumExpression(sum=[f"$score[{i}]", -low])]))
    whole = models.SumExpression(sum=terms) if method == "relative" else models.MaxExpression(max=terms)
    return models.FormulaQuery(formula=whole, defaults=lows)


def _refused(what: str) -> UsageError:
    return UsageError(f"Qdrant cannot fuse {what} on its side: leave out side 'store'.")
