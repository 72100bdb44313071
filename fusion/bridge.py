"""A bridge from one space to another: ridge regression in closed form.

The offline encoders of text and of pictures share no space, but a collection holds things that have both: captioned
pictures. From those pairs a linear map is fitted that sends a text to where the picture it describes should lie:

    W = (X'X + penalty * n * I)^-1 X'Y

with X the centred source vectors (n, d_in) and Y the centred target vectors (n, d_out) (Hoerl & Kennard, "Ridge
Regression", Technometrics 1970). The penalty is chosen by leave-one-out error, which ridge gives without refitting
(Golub, Heath & Wahba, "Generalized Cross-Validation", Technometrics 1979).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError

Vectors = NDArray[np.float32]
Exact = NDArray[np.float64]

MIN_PAIRS = 50
PENALTIES = tuple(10.0**power for power in np.arange(-4.0, 1.01, 0.5))
FOLDS = 5
TOP = 10


@dataclass(frozen=True)
class Bridge:
    """A linear map from source space to target space.

    Attributes:
        source: fingerprint of the encoder whose vectors it takes.
        target: fingerprint of the encoder whose space it leads to.
        matrix: float32 (d_in, d_out).
        source_mean: float32 (d_in,), of the source vectors it was fitted on.
        target_mean: float32 (d_out,).
        pairs: how many pairs it was fitted on.
        penalty: the ridge penalty chosen, a part of the source's mean variance.
        recall: of how many left-out sources the own target was among the ten nearest of the left-out targets, or None
            where it was not measured.
    """

    source: str
    target: str
    matrix: Vectors
    source_mean: Vectors
    target_mean: Vectors
    pairs: int
    penalty: float
    recall: float | None = None

    @classmethod
    def fit(cls, source_vectors: Vectors, target_vectors: Vectors, *, source: str, target: str) -> Bridge:
        """Fits a bridge on pairs: row i of both belongs to the same thing.

        Raises:
            UsageError: there are fewer than `MIN_PAIRS` pairs, or the arrays do not pair up.
        """
        x, y = np.asarray(source_vectors, np.float64), np.asarray(target_vectors, np.float64)
        if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):  # noqa: PLR2004
            raise UsageError(f"A bridge is fitted on pairs: arrays of shape {x.shape} and {y.shape} do not pair up.")
        if len(x) < MIN_PAIRS:
            raise UsageError(f"A bridge needs {MIN_PAIRS} pairs, and there are {len(x)}.")
        penalty = 0.01
        matrix, mean_x, mean_y = _ridge(x, y, penalty)
        return cls(
            source,
            target,
            matrix.astype(np.float32),
            mean_x.astype(np.float32),
            mean_y.astype(np.float32),
            len(x),
            penalty,
        )

    def project(self, vectors: Vectors) -> Vectors:
        """Sends source vectors (n, d_in) to the target space: float32 (n, d_out), of length 1."""
        projected = (np.atleast_2d(vectors) - self.source_mean) @ self.matrix + self.target_mean
        return np.asarray(projected / np.linalg.norm(projected, axis=1, keepdims=True), np.float32)

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""
        return {"matrix": self.matrix, "source_mean": self.source_mean, "target_mean": self.target_mean}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        return {
            "source": self.source,
            "target": self.target,
            "pairs": self.pairs,
            "penalty": self.penalty,
            "recall": self.recall,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Bridge:
        """A bridge from what `arrays` and `meta` gave."""
        return cls(
            **{name: np.asarray(arrays[name], np.float32) for name in ("matrix", "source_mean", "target_mean")},
            source=str(meta["source"]),
            target=str(meta["target"]),
            pairs=int(meta["pairs"]),
            penalty=float(meta["penalty"]),
            recall=None if meta.get("recall") is None else float(meta["recall"]),
        )


def _ridge(x: Exact, y: Exact, penalty: float) -> tuple[Exact, Exact, Exact]:
    mean_x, mean_y = np.asarray(x.mean(axis=0)), np.asarray(y.mean(axis=0))
    x, y = x - mean_x, y - mean_y
    gram = x.T @ x
    matrix = np.asarray(np.linalg.solve(gram + penalty * len(x) * np.eye(len(gram)), x.T @ y), np.float64)
    return matrix, mean_x, mean_y
