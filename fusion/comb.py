"""CombMAX and CombMNZ: of stretched scores, the best one; or their sum times how many rankings agree.

Fox & Shaw, "Combination of Multiple Searches", TREC-2, 1994:

    CombMAX(d) = max over r of  w_r s_r(d)
    CombMNZ(d) = |{r : d in r}| * sum over r of  w_r s_r(d)

with s_r(d) the score stretched to 0 … 1 (Lee, "Analyses of Multiple Evidence Combination", SIGIR 1997). The first is
for collections whose items have different vectors: one good reason is enough. The second trusts agreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence

from fusion.base import Factor, Fused, Ranking, add_up, entry_weights
from fusion.scale import Bounds, weighted

Shares = dict[str, Sequence[float]]


def combmax(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    bounds: Mapping[str, Bounds] | None = None,
) -> list[Fused]:
    """Fuses rankings by the best of an id's weighted, stretched scores: its ranking has the whole share.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing.
        factor: what a weight is multiplied by for an id.
        bounds: what to stretch between, by the ranking's name; else its own least and greatest score.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    shares = weighted(rankings, weights, factor, bounds)
    best: dict[Hashable, tuple[float, str]] = {}
    for name in sorted(rankings):  # of equals, the first by name
        for (id_, _), share in zip(rankings[name], shares[name], strict=True):
            if id_ not in best or share > best[id_][0]:
                best[id_] = share, name
    only: Shares = {
        name: [share if best[id_][1] == name else 0.0 for (id_, _), share in zip(ranking, shares[name], strict=True)]
        for name, ranking in rankings.items()
    }
    return add_up(rankings, only)


def combmnz(
    rankings: Mapping[str, Ranking],
    weights: Mapping[str, float] | None = None,
    *,
    factor: Factor | None = None,
    bounds: Mapping[str, Bounds] | None = None,
) -> list[Fused]:
    """Fuses rankings by the sum of an id's weighted, stretched scores, times the number of rankings that have it.

    Args:
        rankings: ids with scores, best first, by the ranking's name.
        weights: by the ranking's name, 1 where missing; a ranking of weight 0 does not count as one that has it.
        factor: what a weight is multiplied by for an id.
        bounds: what to stretch between, by the ranking's name; else its own least and greatest score.

    Raises:
        UsageError: a weight is negative or not finite.
    """
    shares = weighted(rankings, weights, factor, bounds)
    found: Counter[Hashable] = Counter()
    for name, ranking in rankings.items():
        given = entry_weights(name, ranking, weights, factor)
        found.update(id_ for (id_, _), weight in zip(ranking, given, strict=True) if weight > 0)
    times: Shares = {
        name: [found[id_] * share for (id_, _), share in zip(ranking, shares[name], strict=True)]
        for name, ranking in rankings.items()
    }
    return add_up(rankings, times)
