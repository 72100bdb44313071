"""Canonical correlation: one space for several kinds of vectors, learnt from things that have more than one.

Hotelling, "Relations Between Two Sets of Variates", Biometrika 1936, with a ridge (Vinod, Journal of Econometrics 1976)
because there are seldom many more pairs than dimensions. With Cxx, Cyy and Cxy the covariances of the pairs and

    Cxx' = Cxx + r tr(Cxx)/d I        K = Cxx'^-1/2 Cxy Cyy'^-1/2 = U S V'

the maps are Wx = Cxx'^-1/2 U S^1/2 and Wy = Cyy'^-1/2 V S^1/2: a direction counts by how well the two agree in it, so
that a product of two mapped vectors is x' Cxx'^-1 Cxy Cyy'^-1 y.

x and y are not the vectors themselves but how alike they are to landmarks (`fusion.likeness`), as in kernel canonical
correlation (Hardoon, Szedmak & Shawe-Taylor, Neural Computation 2004): on left-out clip art that found more than lines
did, and more than the bridge, which has to leave the pictures' side as it is.

What a thing has several of (regions of a picture, words of a passage) is a bag: x is then the mean of how alike each of
them is to landmarks that are such themselves (Gärtner et al., "Multi-Instance Kernels", ICML 2002), so that one region
in sixteen can tell what the picture shows. A mean of the regions themselves would be no region at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.likeness import LANDMARKS, inverse_root, landmarks_of, likeness
from fusion.views import Vectors, Views
from schemas import ScarceError, UsageError

Exact = NDArray[np.float64]

RIDGE = 1.0
DIM = 128
LEAST_PAIRS = 30
BAG_LANDMARKS = 512  # of what things have several of: twice as many find no more, and take twice as long
DRAWN = 16_384  # rows among which landmarks are sought
ROWS = 1024  # tokens at a time, each with its likenesses to all landmarks


def canonical(x: NDArray[Any], y: NDArray[Any], *, ridge: float = RIDGE, dim: int = DIM) -> tuple[Exact, Exact, Exact]:
    """The maps (d_x, dim) and (d_y, dim) of two kinds, and how well they agree in each direction (dim,).

    Args:
        x: (n, d_x).
        y: (n, d_y), row i of the same thing as row i of x.
        ridge: in parts of the mean variance of each kind.
        dim: directions at most.

    Raises:
        UsageError: there are too few pairs.
    """
    if len(x) < LEAST_PAIRS:
        raise UsageError(f"A shared space is learnt from {LEAST_PAIRS} pairs or more: there are {len(x)}.")
    a, b = (np.asarray(side, np.float64) - np.mean(side, axis=0, dtype=np.float64) for side in (x, y))
    left, right = _inverse_root(a, ridge), _inverse_root(b, ridge)
    u, s, vt = np.linalg.svd(left @ (a.T @ b / len(a)) @ right, full_matrices=False)
    kept = min(dim, len(s), len(a) - 1)
    root = np.sqrt(s[:kept])
    return left @ u[:, :kept] * root, right @ vt[:kept].T * root, s[:kept]


@dataclass(frozen=True, eq=False)
class Map:
    """The way of one kind of vectors into the shared space: how alike they are to landmarks, times a matrix.

    Attributes:
        landmarks: float32 (m, dim), of length 1.
        matrix: float32 (m, shared).
        offset: float32 (shared,): what the mean of the kind is sent to; it is taken away.
    """

    landmarks: Vectors
    matrix: Vectors
    offset: Vectors

    def __call__(self, rows: Vectors) -> Vectors:
        """Rows (n, dim) in the shared space: (n, shared)."""
        return np.asarray(likeness(rows, self.landmarks) @ self.matrix - self.offset, np.float32)

    def tokens(self, views: Views, name: str) -> Vectors:
        """Each token of a name in the shared space, zeros where there is none: (n, k, shared)."""
        given, there = views.tokens[name], views.there[name]
        made = self(given.reshape(-1, given.shape[2])).reshape(*there.shape, -1)
        return np.asarray(made * there[..., None], np.float32)

    def bag(self, views: Views, name: str) -> Vectors:
        """The bags of a name in the shared space: the means of their tokens there, (n, shared)."""
        made = bag(views.tokens[name], views.there[name], self.landmarks) @ self.matrix - self.offset
        return np.asarray(made, np.float32)


def shared_space(views: Views, names: Sequence[str], *, ridge: float = RIDGE, dim: int = DIM) -> dict[str, Map]:
    """The map of each named vector.

    The two kinds that most things have together span the space; each other kind is sent by ridge regression to where
    the things that it shares with those lie.

    Raises:
        UsageError: too few things have several kinds.
        ScarceError: too few have this one and another.
    """
    has = {name: views.has(name) for name in names}
    # A picture and its regions agree in what has nothing to do with words: two of one sense span no space.
    spanning = [(a, b) for a, b in combinations(names, 2) if views.senses.get(a, a) != views.senses.get(b, b)]
    first, second = max(
        spanning or list(combinations(names, 2)), key=lambda pair: int((has[pair[0]] & has[pair[1]]).sum())
    )
    both = has[first] & has[second]
    kinds = {name: _Kind(views.having([name]), name) for name in names}
    wx, wy, _ = canonical(kinds[first].features(both), kinds[second].features(both), ridge=ridge, dim=dim)
    maps = {first: kinds[first].map(wx, both), second: kinds[second].map(wy, both)}
    placed = np.zeros((len(views), wx.shape[1]))
    for name, way in maps.items():
        placed[has[name]] += way.bag(views.having([name]).take(has[name]), name)
    known = has[first] | has[second]
    for name in names:
        if name in maps:
            continue
        common = known & has[name]
        if common.sum() < LEAST_PAIRS:
            raise ScarceError(
                f"Too few things have {name!r} besides {first!r} or {second!r} to put it into one space with them "
                f"({int(common.sum())} of {LEAST_PAIRS}): leave it out.",
                name,
            )
        z = kinds[name].features(common)
        z = z - z.mean(axis=0)
        spread = z.T @ z / len(z)
        spread += ridge * np.trace(spread) / len(spread) * np.eye(len(spread))
        target = placed[common] - placed[common].mean(axis=0)
        maps[name] = kinds[name].map(np.linalg.solve(spread, z.T @ target / len(z)), common)
    return maps


class _Kind:
    """One kind of vectors, and its landmarks."""

    def __init__(self, views: Views, name: str) -> None:
        self._views, self._name = views, name
        self._landmarks = marks(views, name)
        self._root = inverse_root(likeness(self._landmarks, self._landmarks).astype(np.float64))

    def features(self, some: NDArray[np.bool_]) -> Exact:
        given = self._views.take(some)
        return np.asarray(bag(given.tokens[self._name], given.there[self._name], self._landmarks) @ self._root)

    def map(self, weights: Exact, some: NDArray[np.bool_]) -> Map:
        offset = self.features(some).mean(axis=0) @ weights
        arrays = (self._landmarks, self._root @ weights, offset)
        return Map(*(np.asarray(array, np.float32) for array in arrays))


def marks(views: Views, name: str) -> Vectors:
    """The landmarks of a name: tokens that things have."""
    rows = views.flat(name)
    if len(rows) > DRAWN:
        rows = rows[np.sort(np.random.default_rng(0).permutation(len(rows))[:DRAWN])]
    several = views.tokens[name].shape[1] > 1
    return np.asarray(landmarks_of(rows, BAG_LANDMARKS if several else LANDMARKS), np.float32)


def bag(tokens: Vectors, there: NDArray[np.bool_], landmarks: Vectors) -> Vectors:
    """How alike the tokens (n, k, dim) of each thing are to landmarks (m, dim), in the mean: (n, m)."""
    n, deep, dim = tokens.shape
    made = np.zeros((n, len(landmarks)), np.result_type(tokens, landmarks))
    count = np.maximum(there.sum(axis=1), 1)[:, None]
    step = max(1, ROWS // deep)
    for start in range(0, n, step):
        some = slice(start, start + step)
        alike = likeness(tokens[some].reshape(-1, dim), landmarks).reshape(-1, deep, len(landmarks))
        made[some] = (alike * there[some][..., None]).sum(axis=1) / count[some]
    return made


def _inverse_root(rows: Exact, ridge: float) -> Exact:
    spread = rows.T @ rows / len(rows)
    values, basis = np.linalg.eigh(spread + max(ridge * np.trace(spread) / len(spread), 1e-12) * np.eye(len(spread)))
    return np.asarray((basis / np.sqrt(values)) @ basis.T)
