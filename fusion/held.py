"""Questions that things answer by themselves, and what answers them without any fit of a fusion: no labels are needed.

A thing that has several kinds of vectors is asked for by one of them while only the others can be found, and one that
has several segments is asked for by one segment while only the others can be found. What is asked about must not have
been learnt from: see `fusion.evaluation.split`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.beside import NONE
from fusion.bridge import MIN_PAIRS, Bridge
from fusion.evaluation import measure_scores
from fusion.rrf import K
from fusion.views import Fuser, Vectors, Views, unit
from schemas import UsageError

Scores = NDArray[Any]
"""(questions, things): higher is better; NaN: not found."""

QUESTIONS = 300  # of one kind, at most
FOUND = 1000  # things among which the right ones are sought, at most
LEAST = 10  # questions below which a kind says nothing
BRIDGED = 0.5  # weight of what is reached through a bridge, as in searches
VIEWS = "views"


@dataclass(frozen=True, eq=False)
class Questions:
    """Questions of one kind.

    Attributes:
        kind: the named vectors that are asked with (`named`), or `VIEWS`.
        asked: what each question has.
        found: what there is to be found.
        right: bool (questions, things).
        groups: the content group of each question.
    """

    kind: str
    asked: Views
    found: Views
    right: NDArray[np.bool_]
    groups: NDArray[Any]

    def measure(self, scores: Scores, measures: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Measures of each question."""
        return measure_scores(scores, self.right, measures)

    def among_strangers(self) -> Views:
        """What there is to be found, with that beside another beside each thing that is asked for: it knows nothing."""
        count, beside = len(self.asked), self.found.beside
        rows = np.arange(len(self.found))
        rows[:count] = np.roll(rows[:count], 1)
        return replace(self.found, beside=beside.take(rows) if beside is not None else None)


def questions(
    views: Views,
    groups: NDArray[Any],
    items: NDArray[Any],
    *,
    among: NDArray[np.bool_] | None = None,
    around: NDArray[np.intp] | None = None,
    seed: int = 0,
) -> list[Questions]:
    """What can be asked of things.

    Args:
        views: their vectors.
        groups: (n,) their content groups: what lies in one group is as right as the thing itself.
        items: (n,) the items that they are segments of.
        among: (n,) which things are asked about and found, with all of their items; None: all.
        around: rows of the segments beside each (`fusion.beside.around`); None: a fusion does not look at them.
        seed: of what is drawn by lot, where there are too many.
    """
    rng = np.random.default_rng(seed)
    made = []
    here = np.ones(len(views), bool) if among is None else among
    for side in views.sides():
        others = set(views.names) - set(side)
        has = views.only(side).count() > 0
        able = np.flatnonzero(here & has & (views.only(others).count() > 0))
        drawn = np.sort(rng.permutation(able)[:QUESTIONS])
        if len(drawn) >= LEAST:
            rest = np.setdiff1d(np.flatnonzero(here & (views.only(others).count() > 0)), drawn)
            there = np.concatenate([drawn, rng.permutation(rest)[: max(0, FOUND - len(drawn))]])
            made.append(
                Questions(
                    named(side),
                    views.take(drawn).only(side),
                    views.stored(there, around).only(others),
                    groups[drawn][:, None] == groups[there],
                    groups[drawn],
                )
            )
    several = np.flatnonzero(here & np.isin(items, _repeated(items)) & (views.count() > 0))
    _, firsts = np.unique(items[several], return_index=True)
    asked = several[firsts][:QUESTIONS]
    there = np.setdiff1d(several, asked)[:FOUND]
    if len(asked) >= LEAST:
        right = items[asked][:, None] == items[there]
        found = views.stored(there, _hidden(around, asked))
        made.append(Questions(VIEWS, views.take(asked), found, right, groups[asked]))
    return made


def told_beside(
    views: Views,
    groups: NDArray[Any],
    items: NDArray[Any],
    around: NDArray[np.intp],
    *,
    among: NDArray[np.bool_] | None = None,
    seed: int = 0,
) -> list[Questions]:
    """What tells whether a segment is found better for what lies beside it: the first of what is found are asked for.

    It is asked for by what it has of one kind, which is withheld from it and left to those beside it. One segment of an
    item is asked for, and the others of that item are not to be found: they have what it lacks.

    Args:
        views: see `questions`.
        groups: see `questions`.
        items: see `questions`.
        around: rows of the segments beside each: see `fusion.beside.around`.
        among: see `questions`.
        seed: of what is drawn by lot.
    """
    rng, made = np.random.default_rng(seed), []
    here = np.ones(len(views), bool) if among is None else among
    for side in views.sides():
        has = views.only(side).count() > 0
        others = views.only(set(views.names) - set(side)).count() > 0
        near = ((around != NONE) & has[around]).any(axis=1)
        lot = rng.permutation(np.flatnonzero(here & has & others & near))
        _, first = np.unique(items[lot], return_index=True)
        drawn = np.sort(lot[np.sort(first)[:QUESTIONS]])
        if len(drawn) < LEAST:
            continue
        rest = np.flatnonzero(here & (views.count() > 0) & ~np.isin(items, items[drawn]))
        rows = np.concatenate([drawn, rng.permutation(rest)[: max(0, FOUND - len(drawn))]])
        found = views.stored(rows, _hidden(around, drawn))
        shown = (np.arange(len(rows)) >= len(drawn))[:, None]
        there = {**found.there, **{name: found.there[name] & shown for name in side}}
        right = groups[drawn][:, None] == groups[rows]
        asked = views.take(drawn).only(side)
        made.append(Questions(named(side), asked, replace(found, there=there), right, groups[drawn]))
    return made


def named(side: Sequence[str]) -> str:
    """What questions are called that are asked with these named vectors."""
    return "+".join(side)


class Standing:
    """What searches find without a fused vector: each named vector, and bridges between them.

    Args:
        views: the things to learn the bridges from.
        bridges: makes a map from pairs of source and target vectors; ridge regression unless another is given.
    """

    def __init__(self, views: Views, bridges: Callable[[Vectors, Vectors], Any] | None = None) -> None:
        make = bridges or (lambda x, y: Bridge.fit(x, y, source="", target=""))
        self._bridges: dict[tuple[str, str], Any] = {}
        plain = [name for name in views.names if views.tokens[name].shape[1] == 1]  # late interaction has no bridges
        for source, target in permutations(plain, 2):
            both = views.has(source) & views.has(target)
            if both.sum() >= MIN_PAIRS:
                try:
                    self._bridges[source, target] = make(views.mean(source)[both], views.mean(target)[both])
                except UsageError:  # thirty things that are all the same
                    continue

    def rankings(self, asked: Views, found: Views) -> dict[str, Scores]:
        """The scores of each way to ask; a way through a bridge is named SOURCE>TARGET."""
        ways: dict[str, Scores] = {}
        for target in found.names:
            if not found.has(target).any():
                continue
            direct = asked.has(target)
            if direct.any():
                ways[target] = direct_scores(asked, direct, found, target)
            for source in asked.names:
                some = asked.has(source) & ~direct
                if (source, target) in self._bridges and some.any():
                    sent = self._bridges[source, target].project(asked.mean(source))
                    ways[f"{source}>{target}"] = _scores(sent, some, found, target)
        return ways


def fused_scores(fuser: Fuser, asked: Views, found: Views) -> Scores:
    """The scores of a fused vector."""
    return np.asarray(fuser.fuse(asked) @ fuser.fuse(found).T)


def reciprocal_ranks(ways: Mapping[str, Scores], weights: Mapping[str, float] | None = None) -> Scores:
    """Weighted reciprocal rank fusion of several ways to ask: see `fusion.rrf`. A bridge counts half, unless told."""
    total: Scores | None = None
    for name, scores in ways.items():
        weight = (weights or {}).get(name, BRIDGED if ">" in name else 1.0)
        known = np.where(np.isnan(scores), -np.inf, scores)
        order = np.argsort(-known, axis=1, kind="stable")
        places = np.empty_like(order)
        np.put_along_axis(places, order, np.broadcast_to(np.arange(order.shape[1]), order.shape), axis=1)
        shares = np.where(np.isnan(scores), 0.0, 1.0 / ((places + 1.0) / weight + K - 1.0))
        total = shares if total is None else total + shares
    if total is None:
        raise UsageError("There is no way to ask these questions: nothing to fuse.")
    return np.where(total > 0, total, np.nan)


def direct_scores(asked: Views, some: NDArray[np.bool_], found: Views, target: str) -> Scores:
    """By the angle; of several vectors by MaxSim: each of a question finds its best match."""
    if max(views.tokens[target].shape[1] for views in (asked, found)) == 1:
        return _scores(unit(asked.mean(target)), some, found, target)
    scores = np.full((len(asked), len(found)), np.nan)
    has = np.flatnonzero(found.has(target))
    tokens, there = unit(found.tokens[target][has]), found.there[target][has]
    for row in np.flatnonzero(some):
        mine = unit(asked.tokens[target][row][asked.there[target][row]])
        alike = np.einsum("id,njd->nij", mine, tokens)
        scores[row, has] = np.where(there[:, None], alike, -np.inf).max(axis=2).sum(axis=1)
    return scores


def _scores(rows: Vectors, some: NDArray[np.bool_], found: Views, target: str) -> Scores:
    scores = np.full((len(rows), len(found)), np.nan)
    has = found.has(target)
    scores[np.ix_(some, has)] = rows[some] @ unit(found.mean(target)[has]).T
    return scores


def _hidden(around: NDArray[np.intp] | None, asked: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """What is asked about must not lie beside what is to be found: it would be known."""
    return None if around is None else np.where(np.isin(around, asked), NONE, around)


def _repeated(items: NDArray[Any]) -> NDArray[Any]:
    names, counts = np.unique(items, return_counts=True)
    return np.asarray(names[counts > 1])
