"""Whether a question in words has an answer in a collection at all.

Something is always the likest, so the best score alone says little. Two things are known of the best hit:

- how far its score lies above those that this very question gets from segments drawn by lot, in standard deviations
  (T-norm: Auckenthaler, Carey & Lloyd-Thomas, "Score Normalization for Text-Independent Speaker Verification Systems",
  Digital Signal Processing 10, 2000);
- how surprising it is that it shares these words with the question (`fusion.calibration`).

    s = max over hits of (t - mean) / deviation  +  SHARED * max over hits of surprise(words)

What is high for s tells the collection itself: it is asked about what it has, with all that is like it left out, and
nineteen of twenty such questions, which have no answer, stay below `level`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from schemas import UsageError

SHARED = 0.5
"""What a nat of shared words counts in standard deviations of likeness: 0.3 to 0.8 does as well."""

LIKE = 0.005
"""Share of all pairs of segments that are like each other: such are left out together."""

BELOW = 0.95
"""Of the questions without an answer, those that stay below the level."""

COHORT = 128  # segments drawn by lot
LEAST = 30  # questions from which a level can be told


@dataclass(frozen=True, eq=False)
class Answers:
    """What questions without an answer get in a collection.

    Attributes:
        vector: the named vector of words whose likeness is looked at.
        fingerprint: of its encoder.
        cohort: float32 (m, dim), vectors of segments drawn by lot.
        level: what s is at least where a question has an answer.
    """

    vector: str
    fingerprint: str
    cohort: NDArray[np.float32]
    level: float

    @classmethod
    def fit(
        cls,
        vector: str,
        fingerprint: str,
        cohort: NDArray[np.float32],
        evidence: ArrayLike,
    ) -> Answers | None:
        """From the s of questions without an answer; None where there are too few of them to tell."""
        given = np.asarray(evidence, np.float64)
        if len(given) < LEAST or len(cohort) < LEAST:
            return None
        return cls(vector, fingerprint, cohort[:COHORT], float(np.quantile(given, BELOW)))

    def evidence(self, question: NDArray[Any], likeness: float, shared: float) -> float:
        """The s of a question: see `evidence`."""
        return self._drawn.evidence(question, likeness, shared)

    @cached_property
    def _drawn(self) -> _Cohort:
        return _Cohort(self.cohort)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays to store."""
        return {"cohort": self.cohort}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        return {"vector": self.vector, "fingerprint": self.fingerprint, "level": self.level}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> Answers:
        """What `arrays` and `meta` gave."""
        return cls(meta["vector"], meta["fingerprint"], np.asarray(arrays["cohort"], np.float32), float(meta["level"]))


def evidence(question: NDArray[Any], likeness: float, shared: float, cohort: NDArray[np.float32]) -> float:
    """The s of a question.

    Args:
        question: its vector (dim,).
        likeness: the score of the likest hit.
        shared: the surprise of the words that a hit shares with it.
        cohort: see `Answers`.

    Raises:
        UsageError: the vector has another dimension than the cohort's.
    """
    return _Cohort(cohort).evidence(question, likeness, shared)


class _Cohort:
    """Segments drawn by lot, around their middle: what many questions get from them is told by products alone."""

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._middle = vectors.mean(axis=0)
        self._around = vectors - self._middle

    def evidence(self, question: NDArray[Any], likeness: float, shared: float) -> float:
        if question.shape != self._middle.shape:
            raise UsageError(
                f"The cohort has vectors of {len(self._middle)} numbers, and the question of {len(question)}."
            )
        usual = self._around @ question
        spread = max(sqrt(float(usual.dot(usual)) / len(usual)), 1e-9)
        return (likeness - float(self._middle.dot(question))) / spread + SHARED * shared
