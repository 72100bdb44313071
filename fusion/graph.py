"""Things as nodes of a graph: what one lacks is told by its neighbours.

Edges lead to the nearest in each named vector, and to others of the same folder, day or tag. What is known spreads
along them without any training, as personalised PageRank (Gasteiger, Bojchevski & Günnemann, "Predict then Propagate",
ICLR 2019, equation 5): with A the adjacency whose rows add up to 1, H what is known and Z(0) = H,

    Z(t+1) = (1 - alpha) A Z(t) + alpha H

Vectors and how much of them is known spread alike, so that a quotient of the two is a mean of what is known. A trained
one, GraphSAGE (Hamilton, Ying & Leskovec, NIPS 2017), is in `fusion.sage`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fusion.views import TINY, Vectors, Views, unit

NEIGHBOURS = 10  # nearest of each thing in each named vector
MATES = 4  # others of the same folder, day or tag: edges grow by the things, however many of them share a tag
MATES_WEIGHT = 0.25  # of each of these edges; the nearest in a vector has 1
TAGS = 4  # of a thing, the rarest ones: what half of a collection is tagged with tells next to nothing
ALPHA, STEPS = 0.1, 10
ROWS = 512  # compared at a time with all others: bounds the memory


def nearest(rows: Vectors, among: Vectors, count: int, *, apart: bool = False) -> tuple[NDArray[np.intp], Vectors]:
    """The nearest of each row, and their weights: 1 for the nearest, e^-1 for the last.

    Args:
        rows: (n, dim) of length 1.
        among: (m, dim) of length 1.
        count: how many.
        apart: row i of both is the same thing, and no neighbour of itself.

    Returns:
        Places (n, k) in `among`, best first, and weights (n, k), with k at most `count`.
    """
    k = min(count, len(among) - apart)
    places, weights = np.zeros((len(rows), max(k, 0)), np.intp), np.zeros((len(rows), max(k, 0)), np.float32)
    for start in range(0, len(rows) if k > 0 else 0, ROWS):
        scores = rows[start : start + ROWS] @ among.T
        if apart:
            own = np.arange(len(scores))
            scores[own, own + start] = -np.inf
        found = np.argpartition(-scores, k - 1, axis=1)[:, :k]
        cosines = np.take_along_axis(scores, found, 1)
        order = np.argsort(-cosines, axis=1, kind="stable")
        places[start : start + ROWS] = np.take_along_axis(found, order, 1)
        weights[start : start + ROWS] = near_weights(np.take_along_axis(cosines, order, 1))
    return places, weights


def near_weights(cosines: NDArray[Any]) -> Vectors:
    """Weights of neighbours by their cosines (n, k), best first: how much farther than the nearest, of the spread."""
    spread = np.maximum(cosines[:, :1] - cosines[:, -1:], TINY)
    return np.asarray(np.exp((cosines - cosines[:, :1]) / spread), np.float32)


def adjacency(
    views: Views,
    shared: Iterable[Sequence[Hashable]] = (),
    *,
    tags: Sequence[Set[Hashable]] = (),
    neighbours: int = NEIGHBOURS,
) -> csr_array:
    """The graph of things: (n, n), rows that add up to 1, or are empty.

    Args:
        views: of the things.
        shared: for each kind of company (folder, day …) a key of each thing; None: it is alone.
        tags: of each thing, any number; two that share several are tied by as many edges.
        neighbours: of each thing in each named vector.
    """
    n = len(views)
    rows, columns, weights = [], [], []
    for name in views.names:
        has = np.flatnonzero(views.has(name))
        kind = unit(views.mean(name)[has])
        places, near = nearest(kind, kind, neighbours, apart=True)
        rows.append(np.repeat(has, places.shape[1]))
        columns.append(has[places].ravel())
        weights.append(near.ravel())
    for rings in [*map(_rings, shared), _tag_rings(tags)]:
        left, right = _mates(rings)
        rows += [left, right]
        columns += [right, left]
        weights += [np.full(len(left), MATES_WEIGHT, np.float32)] * 2
    row, column, weight = (np.concatenate(parts) for parts in (rows, columns, weights))
    graph = csr_array((weight, (row, column)), shape=(n, n))
    graph = graph.maximum(graph.T)  # who is near to me knows something of me, too
    return by_rows(graph)


def by_rows(graph: csr_array) -> csr_array:
    """The graph with rows that add up to 1."""
    total = np.asarray(graph.sum(axis=1)).ravel()
    return csr_array(graph.multiply((1.0 / np.maximum(total, TINY))[:, None]))


def propagate(
    graph: csr_array, known: NDArray[Any], has: NDArray[np.bool_], *, alpha: float = ALPHA, steps: int = STEPS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread what is known over the graph.

    Args:
        graph: (n, n), rows that add up to 1.
        known: (n, dim), what is known; rows without `has` are taken for nothing.
        has: (n,) whether a thing has it.
        alpha: share of its own that a thing keeps at each step.
        steps: how far it spreads.

    Returns:
        For each thing the mean of what came to it (n, dim), zeros where nothing did; and how much came (n,).
    """
    first = np.where(has[:, None], known, 0.0).astype(np.float64)
    mass = has.astype(np.float64)
    spread, came = first, mass
    for _ in range(steps):
        spread = (1.0 - alpha) * (graph @ spread) + alpha * first
        came = (1.0 - alpha) * (graph @ came) + alpha * mass
    return spread / np.maximum(came, TINY)[:, None], came


def fill(graph: csr_array, views: Views, name: str) -> tuple[Vectors, NDArray[np.bool_]]:
    """The vectors of a name for the things that lack it: (n, dim) of length 1, and which of them were told anything."""
    has = views.has(name)
    made, came = propagate(graph, unit(views.mean(name)), has)
    told = ~has & (came > TINY)
    return np.asarray(np.where(told[:, None], unit(made), 0.0), np.float32), told


def neighbourhood(views: Views, donors: Views, name: str, *, neighbours: int = NEIGHBOURS) -> Vectors:
    """What the nearest that have a vector tell a new thing of it, in one step: (n, dim) of length 1 or 0.

    Args:
        views: of the new things.
        donors: things that have the vector.
        name: of it.
        neighbours: asked in each other named vector.
    """
    total = np.zeros((len(views), donors.dims[name]), np.float64)
    known = unit(donors.mean(name))
    for other in views.names:
        mine, theirs = views.has(other), donors.has(other)
        if other == name or not mine.any() or not theirs.any():
            continue
        places, near = nearest(unit(views.mean(other)[mine]), unit(donors.mean(other)[theirs]), neighbours)
        total[mine] += np.einsum("nk,nkd->nd", near, known[np.flatnonzero(theirs)[places]])
    return np.asarray(unit(total), np.float32)


def _rings(keys: Sequence[Hashable]) -> Iterable[Sequence[int]]:
    """The things of each key."""
    members: Mapping[Hashable, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        if key is not None:
            members[key].append(i)
    return members.values()


def _tag_rings(tags: Sequence[Set[Hashable]]) -> Iterable[Sequence[int]]:
    """The things of each tag that is among the rarest of theirs."""
    often = Counter(tag for some in tags for tag in some)
    members: Mapping[Hashable, list[int]] = defaultdict(list)
    for i, some in enumerate(tags):
        for tag in sorted(some, key=lambda one: (often[one], str(one)))[:TAGS]:
            members[tag].append(i)
    return members.values()


def _mates(rings: Iterable[Sequence[int]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of things of one ring; those of several rings come several times."""
    pairs = [pair for ring in rings for pair in _next_few(ring)]
    both = np.array(sorted(pairs), np.intp).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _next_few(ring: Sequence[int]) -> set[tuple[int, int]]:
    """Each with the next few, and the last with the first."""
    return {
        (min(one, other), max(one, other))
        for at, one in enumerate(ring)
        for step in range(1, min(MATES // 2, len(ring) - 1) + 1)
        if (other := ring[(at + step) % len(ring)]) != one
    }
