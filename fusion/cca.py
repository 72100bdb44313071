"""Canonical correlation: one space for several kinds of vectors, learnt from things that have more than one.

Hotelling, "Relations Between Two Sets of Variates", Biometrika 1936, with a ridge (Vinod, Journal of Econometrics 1976)
because there are seldom many more pairs than dimensions. With Cxx, Cyy and Cxy the covariances of the pairs and

    Cxx' = Cxx + r tr(Cxx)/d I        K = Cxx'^-1/2 Cxy Cyy'^-1/2 = U S V'

the maps are Wx = Cxx'^-1/2 U S^1/2 and Wy = Cyy'^-1/2 V S^1/2: a direction counts by how well the two agree in it, so
that a product of two mapped vectors is x' Cxx'^-1 Cxy Cyy'^-1 y.

x and y are not the vectors themselves but how alike they are to landmarks (`fusion.likeness`), as in kernel canonical
correlation (Hardoon, Szedmak & Shawe-Taylor, Neural Computation 2004): on left-out clip art that found more than lines
did, and more than the bridge, which has to leave the pictures' side as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.likeness import inverse_root, landmarks_of, likeness
from fusion.views import Vectors, Views
from schemas import UsageError

Exact = NDArray[np.float64]

RIDGE = 1.0
DIM = 128
LEAST_PAIRS = 30


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


def shared_space(views: Views, names: Sequence[str], *, ridge: float = RIDGE, dim: int = DIM) -> dict[str, Map]:
    """The map of each named vector.

    The two kinds that most things have together span the space; each other kind is sent by ridge regression to where
    the things that it shares with those lie.

    Raises:
        UsageError: too few things have several kinds.
    """
    has = {name: views.has(name) for name in names}
    first, second = max(combinations(names, 2), key=lambda pair: int((has[pair[0]] & has[pair[1]]).sum()))
    both = has[first] & has[second]
    kinds = {name: _Kind(views.mean(name), has[name]) for name in names}
    wx, wy, _ = canonical(kinds[first].features(both), kinds[second].features(both), ridge=ridge, dim=dim)
    maps = {first: kinds[first].map(wx, both), second: kinds[second].map(wy, both)}
    placed = np.zeros((len(views), wx.shape[1]))
    for name, way in maps.items():
        placed[has[name]] += way(kinds[name].rows[has[name]])
    known = has[first] | has[second]
    for name in names:
        if name in maps:
            continue
        common = known & has[name]
        if common.sum() < LEAST_PAIRS:
            raise UsageError(
                f"Too few things have {name!r} besides {first!r} or {second!r} to put it into one space with them "
                f"({int(common.sum())} of {LEAST_PAIRS}): leave it out."
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

    def __init__(self, rows: Vectors, has: NDArray[np.bool_]) -> None:
        self.rows = rows
        self._landmarks = landmarks_of(rows[has])
        self._root = inverse_root(likeness(self._landmarks, self._landmarks).astype(np.float64))

    def features(self, some: NDArray[np.bool_]) -> Exact:
        return np.asarray(likeness(self.rows[some], self._landmarks) @ self._root)

    def map(self, weights: Exact, some: NDArray[np.bool_]) -> Map:
        offset = self.features(some).mean(axis=0) @ weights
        arrays = (self._landmarks, self._root @ weights, offset)
        return Map(*(np.asarray(array, np.float32) for array in arrays))


def _inverse_root(rows: Exact, ridge: float) -> Exact:
    spread = rows.T @ rows / len(rows)
    values, basis = np.linalg.eigh(spread + max(ridge * np.trace(spread) / len(spread), 1e-12) * np.eye(len(spread)))
    return np.asarray((basis / np.sqrt(values)) @ basis.T)
