"""What a fit found: the card that is kept with a fitted fusion, and what is told to a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from schemas.evaluation import Comparison, Measured


class FitReport(BaseModel):
    """The card of a fitted fusion.

    Attributes:
        version: its name in the registry: `attention-0003`.
        method: how vectors are fused.
        fingerprint: of the weights: vectors of two fits are never compared.
        made: when.
        inputs: the named vectors that it fuses, with the fingerprints of their encoders.
        dim: numbers of a fused vector.
        things: segments that it was learnt from.
        questions: how many were asked of what was left out, by kind.
        measured: what they came to, by method: `fused`, `best single`, `rrf`, `rrf with fused`, and the fit in use.
        kinds: the mean reciprocal rank by kind of question and method.
        against: the paired test by which it was accepted or kept aside.
        helps: the paired test of searches that use it besides the others.
        in_use: whether the collection's fused vectors are its own.
        asked: whether searches use it without being told to.
        details: what the method tells of its training.
        seconds: that the fit took.
        notes: what a person should know.
    """

    version: str
    method: str
    fingerprint: str = ""
    made: datetime = Field(default_factory=lambda: datetime.now(UTC))
    inputs: dict[str, str] = Field(default_factory=dict)
    dim: int = 0
    things: int = 0
    questions: dict[str, int] = Field(default_factory=dict)
    measured: dict[str, Measured] = Field(default_factory=dict)
    kinds: dict[str, dict[str, float]] = Field(default_factory=dict)
    against: Comparison | None = None
    compared_with: str = ""
    helps: Comparison | None = None
    in_use: bool = False
    asked: bool = False
    details: dict[str, Any] = Field(default_factory=dict)
    seconds: float = 0.0
    notes: list[str] = Field(default_factory=list)


class BridgeChoice(BaseModel):
    """Which kind of bridge was chosen between two named vectors, on how many pairs, and each kind against the ridge."""

    source: str
    target: str
    kind: str
    pairs: int
    against: dict[str, Comparison] = Field(default_factory=dict)
