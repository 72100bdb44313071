"""A bridge from one space to another, learnt from things that have both.

The offline encoders of words and of pictures share no space, but a collection holds captioned pictures. From those
pairs a map is fitted that sends words to a point whose cosine with a picture tells how well they go together.

It is kernel ridge regression (Saunders, Gammerman & Vovk, "Ridge Regression Learning Algorithm in Dual Variables",
ICML 1998): what to expect for a source is a blend of the targets of sources like it. The features f(x) of how alike a
source is to at most `LANDMARKS` others (`fusion.likeness`) make it linear, and exact where there are no more pairs than
landmarks. With X the centred features (n, m) and Y
the centred target vectors (n, d_out):

    matrix = (X'X / n + a I)^-1  (X'Y / n)  (Y'Y / n + b I)^-1

The third factor weighs what is expected by how much it tells: that a picture has much white tells little where most
have, as in Fisher's discriminant (1936). It belongs to the comparison rather than to the map; but a store compares by a
plain product, so the map must bring it along. Where not one target is wanted but its like, it is left out. The target's
mean is not added back: it would raise all scores alike by a product, and their differences would drown in it.

`a` is chosen by cross-validation in closed form: one eigendecomposition a fold serves all candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.likeness import LANDMARKS, inverse_root, landmarks_of, likeness
from schemas import UsageError

Vectors = NDArray[np.float32]
Exact = NDArray[np.float64]

MIN_PAIRS = 30
"""Fewer are not worth a fit. On captioned clip art, with 157 pictures left out, the right one is among the first ten
for 0.26 of captions after 30 pairs, 0.37 after 100, 0.57 after 400; by lot for 0.06."""

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
SHRINKAGE = 3.0  # b, in parts of the target's mean variance; from 1 to 6 it makes little difference
FOLDS = 5
TOP = 10
MOST_CHANCE = 0.5  # above which recall says nothing: hardly more were left out than are looked at
MOST_JUDGED = 500  # left-out pairs a fold that are ranked against each other: the work grows by the square
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Bridge:
    """A map from source space to target space.

    Attributes:
        source: fingerprint of the encoder whose vectors it takes.
        target: fingerprint of the encoder whose space it leads to.
        landmarks: float32 (m, d_in), sources of length 1.
        matrix: float32 (m, d_out), from the likeness to the landmarks to the target space.
        offset: float32 (d_out,), what the mean source is sent to: it is taken away.
        pairs: how many pairs it was fitted on.
        penalty: the ridge penalty chosen (a), in parts of the features' mean variance.
        recall: for how many left-out sources the own target was among the ten nearest of the left-out targets;
            None where too few were left out to tell.
        chance: what `recall` would be if the ten were drawn by lot, or None.
        kind: how the matrix was made: see `fusion.bridges`.
    """

    source: str
    target: str
    landmarks: Vectors
    matrix: Vectors
    offset: Vectors
    pairs: int
    penalty: float
    recall: float | None = None
    chance: float | None = None
    kind: str = "ridge"

    @classmethod
    def fit(
        cls, source_vectors: Vectors, target_vectors: Vectors, *, source: str, target: str, weigh: bool = True
    ) -> Bridge:
        """Fits a bridge on pairs: row i of both belongs to the same thing.

        Args:
            source_vectors: (n, d_in).
            target_vectors: (n, d_out).
            source: fingerprint of the encoder of the source vectors.
            target: fingerprint of the encoder of the target vectors.
            weigh: weigh what is expected by how much it tells: to find one target, not its like.

        Raises:
            UsageError: there are fewer than `MIN_PAIRS` pairs, or the arrays do not pair up, are not finite, or hold
                the same row over and over.
        """
        x, y = checked(source_vectors, target_vectors)
        landmarks = landmarks_of(x, LANDMARKS)
        root = inverse_root(likeness(landmarks, landmarks))
        features = likeness(x, landmarks) @ root
        total = _Sums.of(features, y)
        penalty, recall, chance = _cross_validated(x, features, y, total, weigh=weigh)
        candidates = _Candidates(total, weigh=weigh)
        fitted = candidates.matrix(penalty)
        return cls(
            source=source,
            target=target,
            landmarks=landmarks.astype(np.float32),
            matrix=(root @ fitted).astype(np.float32),
            offset=(candidates.source_mean @ fitted).astype(np.float32),
            pairs=len(x),
            penalty=penalty,
            recall=recall,
            chance=chance,
        )

    def project(self, vectors: Vectors) -> Vectors:
        """Sends source vectors (n, d_in) to where they belong in the target space: float32 (n, d_out), of length 1.

        Raises:
            UsageError: the vectors have another dimension than those it was fitted on.
        """
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        if rows.shape[1:] != self.landmarks.shape[1:]:
            raise UsageError(
                f"This bridge takes vectors of {self.landmarks.shape[1]} numbers, not of shape {rows.shape}."
            )
        projected = self.project_raw(rows)
        return np.asarray(projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), TINY), np.float32)

    def project_raw(self, rows: Vectors) -> NDArray[Any]:
        """The same of the length that the regression gives it: how much is expected besides the target's mean."""
        return np.asarray(likeness(rows, self.landmarks) @ self.matrix - self.offset)

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""
        return {"landmarks": self.landmarks, "matrix": self.matrix, "offset": self.offset}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        return {
            "source": self.source,
            "target": self.target,
            "pairs": self.pairs,
            "penalty": self.penalty,
            "recall": self.recall,
            "chance": self.chance,
            "kind": self.kind,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Bridge:
        """A bridge from what `arrays` and `meta` gave; one of an earlier version fits no encoder: it is fitted anew."""
        known = "landmarks" in arrays
        empty = np.zeros((0, 0), np.float32)
        return cls(
            source=str(meta["source"]) if known else "",
            target=str(meta["target"]) if known else "",
            landmarks=np.asarray(arrays["landmarks"], np.float32) if known else empty,
            matrix=np.asarray(arrays["matrix"], np.float32) if known else empty,
            offset=np.asarray(arrays["offset"], np.float32) if known else empty[:, 0:0].ravel(),
            pairs=int(meta["pairs"]),
            penalty=float(meta["penalty"]),
            recall=None if meta.get("recall") is None else float(meta["recall"]),
            chance=None if meta.get("chance") is None else float(meta["chance"]),
            kind=str(meta.get("kind", "ridge")),
        )


@dataclass(frozen=True, eq=False)
class _Sums:
    """What a fit needs to know of its pairs. Sums of all but a fold are those of all less those of the fold."""

    n: int
    x: Exact
    y: Exact
    xx: Exact
    xy: Exact
    yy: Exact

    @classmethod
    def of(cls, x: Exact, y: Exact) -> _Sums:
        return cls(len(x), x.sum(axis=0), y.sum(axis=0), x.T @ x, x.T @ y, y.T @ y)

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(
            self.n - other.n,
            self.x - other.x,
            self.y - other.y,
            self.xx - other.xx,
            self.xy - other.xy,
            self.yy - other.yy,
        )


class _Candidates:
    """The matrices for all penalties, from the same pairs."""

    def __init__(self, sums: _Sums, *, weigh: bool) -> None:
        self.source_mean, self.target_mean = sums.x / sums.n, sums.y / sums.n
        values, self.basis = np.linalg.eigh(sums.xx / sums.n - np.outer(self.source_mean, self.source_mean))
        self.values = np.maximum(values, 0.0)  # rounding leaves some just below
        both = sums.xy / sums.n - np.outer(self.source_mean, self.target_mean)
        if weigh:
            spread = sums.yy / sums.n - np.outer(self.target_mean, self.target_mean)
            weighed = spread + SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
            both = np.linalg.solve(weighed, both.T).T
        self.rest = self.basis.T @ both

    def matrix(self, penalty: float) -> Exact:
        """The matrix for a penalty in parts of the features' mean variance: (m, d_out)."""
        shrunk = self.values + penalty * self.values.mean()
        return np.asarray(self.basis @ (self.rest / shrunk[:, None]))


def checked(source_vectors: Vectors, target_vectors: Vectors) -> tuple[Exact, Exact]:
    """The pairs in full precision.

    Raises:
        UsageError: see `Bridge.fit`.
    """
    x, y = np.asarray(source_vectors, np.float64), np.asarray(target_vectors, np.float64)
    if {x.ndim, y.ndim} != {2} or len(x) != len(y):
        raise UsageError(f"A bridge is fitted on pairs: arrays of shape {x.shape} and {y.shape} do not pair up.")
    if len(x) < MIN_PAIRS:
        raise UsageError(f"A bridge is fitted on {MIN_PAIRS} pairs or more: there are {len(x)}.")
    for side, rows in (("source", x), ("target", y)):
        if not np.isfinite(rows).all():
            raise UsageError(f"A bridge is fitted on finite vectors: a {side} vector is not.")
        if len({row.tobytes() for row in rows}) < FOLDS:
            raise UsageError(f"A bridge is fitted on different things: the {side} vectors are nearly all the same.")
    return x, y


def folds_of(x: NDArray[Any]) -> tuple[list[NDArray[np.intp]], NDArray[np.intp]]:
    """The numbers of the rows of each fold, and the group of each row.

    Equal sources stand in one fold: a caption that many pictures share would be known already when it is asked for.
    """
    groups: dict[bytes, int] = {}
    group = np.array([groups.setdefault(row.tobytes(), len(groups)) for row in x])
    fold = np.random.default_rng(0).permutation(np.arange(len(groups)) % FOLDS)[group]
    return [np.flatnonzero(fold == i) for i in range(FOLDS)], group


def _cross_validated(
    x: Exact, features: Exact, y: Exact, total: _Sums, *, weigh: bool
) -> tuple[float, float | None, float | None]:
    """The penalty with the best mean reciprocal rank of the own target among those left out; its recall; chance."""
    ranks: dict[float, list[NDArray[np.intp]]] = {penalty: [] for penalty in PENALTIES}
    chances: list[float] = []
    for fold in folds_of(x)[0]:
        candidates = _Candidates(total - _Sums.of(features[fold], y[fold]), weigh=weigh)
        judged = fold[:MOST_JUDGED]
        asked, among = (features[judged] - candidates.source_mean).astype(np.float32), y[judged].astype(np.float32)
        chances += [min(1.0, TOP / len(judged))] * len(judged)
        for penalty in PENALTIES:
            scores = asked @ candidates.matrix(penalty).astype(np.float32) @ among.T
            ranks[penalty].append((scores > np.diag(scores)[:, None]).sum(axis=1))
    places = {penalty: np.concatenate(parts) for penalty, parts in ranks.items()}
    best = max(PENALTIES, key=lambda penalty: float((1 / (1 + places[penalty])).mean()))
    chance = float(np.mean(chances))
    if chance > MOST_CHANCE:
        return best, None, None
    return best, float((places[best] < TOP).mean()), chance
