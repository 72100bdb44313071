"""How surprising a score is: measured against the scores that questions get from what has nothing to do with them.

For each named vector and each way to ask it, the scores of random pairs of question and segment are kept as quantiles
(the null distribution). Beyond the last quantile the tail is taken for exponential, as peaks over a threshold mostly
are (Pickands, Annals of Statistics 1975, with shape 0). A score then has a surprise -ln p, where p is the share of
random pairs that score as high.

What a surprise is worth as evidence is told by Sellke, Bayarri & Berger, "Calibration of p Values for Testing Precise
Null Hypotheses", The American Statistician 2001: if the p of right answers is distributed as Beta(a, 1), then

    ln [ P(score | right) / P(score | random) ] = ln a + (1 - a) (-ln p)

The smaller a, the more a vector tells: for right answers the mean of -ln p is 1 / a.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log, nan
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEAST_PAIRS = 500
"""Fewer random pairs say nothing of the tail."""

LEVELS = np.concatenate([np.linspace(0.0, 0.95, 96), np.linspace(0.955, 0.99, 8)])
"""Of the quantiles that are kept; the rest is the tail."""

LAST = float(-np.log(1.0 - LEVELS[-1]))
"""The surprise of the last quantile."""

MOST = 40.0  # -ln p at most: no tail is known as far as this
TINY = 1e-9
FEW = 200  # scores

DIRECT, WORDS, BRIDGED = 0.19, 0.22, 0.32
"""a of a vector asked in its own space, of words as words, and of one reached through a bridge, as measured on
captioned clip art: file names against captions, and captions against pictures that the bridge had not seen. What is
reported of evidence was measured on the same pictures."""

FUSED_SEEN = 0.31
"""a of a fused vector asked with a picture or a sound alone, on the same pictures, by other looks at them. Asked with
words, or with both, it was 0.12 to 0.17, and `DIRECT` is taken."""


@dataclass(frozen=True, eq=False)
class Null:
    """The null distribution of one way to ask one named vector. A higher score is better: distances are negated.

    Attributes:
        quantiles: float64 (Q,), the scores at `LEVELS`.
        tail: mean excess over the last quantile.
        a: see the module.
        points: segments that had the vector when it was fitted.
    """

    quantiles: NDArray[np.float64]
    tail: float
    a: float
    points: int

    @classmethod
    def fit(cls, scores: ArrayLike, *, a: float, points: int) -> Null | None:
        """From scores of random pairs; None where there are too few to tell."""
        given = np.asarray(scores, np.float64).ravel()
        if given.size < LEAST_PAIRS or not np.isfinite(given).all():
            return None
        quantiles = np.quantile(given, LEVELS, method="higher")
        above = given[given > quantiles[-1]]
        tail = float((above - quantiles[-1]).mean()) if above.size else 0.0
        return cls(quantiles, max(tail, TINY), a, points)

    @cached_property
    def _steps(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The different quantiles, and the level of each."""
        # The first level at which a value is reached: many pairs share the score 0, and none of them is surprising.
        values, first = np.unique(self.quantiles, return_index=True)
        return values, LEVELS[first]

    @cached_property
    def _listed(self) -> tuple[list[float], list[float]]:
        values, levels = self._steps
        return values.tolist(), levels.tolist()

    def surprise_of(self, score: float) -> float:
        """-ln p of one score, 0 to `MOST`: of a few, sooner told than all at once."""
        values, levels = self._listed
        if score > values[-1]:
            return min(LAST + (score - values[-1]) / self.tail, MOST)
        above = bisect_right(values, score)
        if above in (0, len(values)):
            return -log(1.0 - levels[0 if above == 0 else -1])
        below = above - 1
        slope = (levels[above] - levels[below]) / (values[above] - values[below])
        return -log(1.0 - (slope * (score - values[below]) + levels[below]))

    def surprises(self, scores: Sequence[float]) -> list[float]:
        """-ln p of each of the scores of a ranking."""
        if len(scores) > FEW:
            listed: list[float] = self.surprise(scores).tolist()
            return listed
        # Of a few one by one: the many functions of numpy take longer where a model has just filled the caches.
        found: list[float] = []
        before, told = nan, 0.0
        for score in scores:
            if score != before:  # with words, many score alike
                before, told = score, self.surprise_of(score)
            found.append(told)
        return found

    def surprise(self, scores: ArrayLike) -> NDArray[np.float64]:
        """-ln p of each score, 0 to `MOST`."""
        given = np.asarray(scores, np.float64)
        values, levels = self._steps
        last = values[-1]
        within = -np.log(1.0 - np.interp(given, values, levels))
        beyond = LAST + (given - last) / self.tail
        return np.asarray(np.minimum(np.where(given > last, beyond, within), MOST))


@dataclass(frozen=True, eq=False)
class Calibration:
    """The null distributions of a collection.

    Attributes:
        nulls: by `key`.
        prints: fingerprint of the vectors that each was fitted on.
    """

    nulls: Mapping[str, Null]
    prints: Mapping[str, str]

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The arrays to store."""
        return {name: null.quantiles for name, null in self.nulls.items()}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        return {
            "nulls": {name: [null.tail, null.a, null.points] for name, null in self.nulls.items()},
            "prints": dict(self.prints),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Calibration:
        """A calibration from what `arrays` and `meta` gave."""
        nulls = {
            name: Null(np.asarray(arrays[name], np.float64), float(tail), float(a), int(points))
            for name, (tail, a, points) in meta["nulls"].items()
        }
        return cls(nulls, dict(meta["prints"]))

    def beside(self, other: Calibration) -> Calibration:
        """Both; what the other knows takes the place of what is known here."""
        return Calibration({**self.nulls, **other.nulls}, {**self.prints, **other.prints})

    def without(self, name: str) -> Calibration:
        """All but what is known of a named vector."""
        rest = {one: null for one, null in self.nulls.items() if one.rpartition(".")[0] != name}
        return Calibration(rest, {one: self.prints[one] for one in rest})

    def of(self, name: str, way: str, fingerprint: str) -> Null | None:
        """The null distribution for a vector asked in a way, if it was fitted on vectors of this fingerprint."""
        found = key(name, way)
        return self.nulls.get(found) if self.prints.get(found) == fingerprint else None

    def by_parts(self, name: str, way: str, fingerprint: str) -> dict[tuple[str, ...], Null]:
        """The same against segments of the same parts alone, by the names of these parts."""
        start = key(name, way) + AMONG
        return {
            tuple(found.removeprefix(start).split("+")): null
            for found, null in self.nulls.items()
            if found.startswith(start) and self.prints[found] == fingerprint
        }


AMONG = "@"
"""Stands between a way to ask and the parts of the segments that are asked."""

BRIDGE = "bridge"
"""The way to ask a vector through a bridge; the others are the modalities of questions."""


STORED = "stored"
"""The way to ask the fused vector with that of an item, which has all that it is made of."""


def fused_way(names: Iterable[str]) -> str:
    """The way to ask the fused vector with vectors of these names: each choice has scores of its own."""
    return "+".join(sorted(names))


def key(name: str, way: str, parts: Iterable[str] = ()) -> str:
    """The name of one way to ask a vector; of segments that are made of these parts, where any are given."""
    among = "+".join(sorted(parts))
    return f"{name}.{way}{AMONG}{among}" if among else f"{name}.{way}"


def random_pairs(
    scores: NDArray[Any], asked: Sequence[int], found: Sequence[int], *kinds: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The scores of those pairs of question and segment that do not belong together.

    Args:
        scores: (n, m), row i for question i, column j for segment j.
        asked: (n,) the segment that question i was made from.
        found: (m,) which segment each column is.
        kinds: what segments are known by, such as their items, contents or words, each `numbered`: two that agree in
            one of them belong together.
    """
    apart = np.not_equal.outer(np.asarray(asked), np.asarray(found))
    for kind in kinds:
        apart &= np.not_equal.outer(kind[asked], kind[found])
    return np.asarray(np.asarray(scores, np.float64)[apart])


def numbered(values: Sequence[Hashable]) -> NDArray[np.intp]:
    """A number for each value, equal for equal ones; None is like nothing, not even like another None."""
    known: dict[Hashable, int] = {}
    return np.array(
        [known.setdefault((i,) if one is None else one, len(known)) for i, one in enumerate(values)], np.intp
    )


def said(text: str) -> str | None:
    """The words of a text in small letters, without what stands between them; None if there are none."""
    return " ".join(re.findall(r"\w+", text.casefold())) or None


def different(values: Sequence[Hashable], among: Iterable[int], most: int) -> list[int]:
    """The first of each value among some, at most so many: what is there a thousand times asks once."""
    first: dict[Hashable, int] = {}
    for i in among:
        first.setdefault((i,) if values[i] is None else values[i], i)
        if len(first) == most:
            break
    return list(first.values())
