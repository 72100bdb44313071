"""How alike vectors are to landmarks, as features that make a linear map follow curves.

    k(x, x') = exp(G (cos(x, x') - 1))

A caption that names another thing counts for next to nothing, however many words they share. With landmarks l the
features (Nyström; Williams & Seeger, NIPS 2000)

    f(x) = k(x, l) k(l, l)^-1/2

have the products k(x, x'), and exactly so where the landmarks are all there is.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Exact = NDArray[np.float64]

GAMMA = 4.0  # G; from 2 to 8 it makes little difference
LANDMARKS = 1024
LEAST_SHARE = 1e-6  # of the largest eigenvalue: what is below is rounding
TINY = 1e-12


def likeness(rows: NDArray[Any], landmarks: NDArray[Any]) -> NDArray[Any]:
    """K of each row (n, d) and each landmark (m, d) of length 1: (n, m), 1 for the same direction."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY)
    return np.asarray(np.exp(GAMMA * ((rows / lengths) @ landmarks.T - 1.0)))


def landmarks_of(x: NDArray[Any], most: int = LANDMARKS) -> NDArray[Any]:
    """At most so many different rows, drawn by lot, of length 1: (m, d)."""
    different = np.unique(x, axis=0)
    chosen = np.sort(np.random.default_rng(0).permutation(len(different))[:most])
    rows = different[chosen]
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), TINY))


def inverse_root(matrix: Exact) -> Exact:
    """The inverse square root of a symmetric matrix, with nothing in the directions that it has nothing in."""
    values, basis = np.linalg.eigh(matrix)
    kept = values > LEAST_SHARE * values[-1]
    return np.asarray((basis[:, kept] / np.sqrt(values[kept])) @ basis[:, kept].T)
