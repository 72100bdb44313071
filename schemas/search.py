"""A question and its answer."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class VectorHit(BaseModel):
    """How one named vector ranked a hit: its rank from 1, its raw score, its share of the final score."""

    rank: int
    score: float
    share: float = 0.0


class Hit(BaseModel):
    """An item that answers the query, by its best segment."""

    item: str
    source: str
    path: str
    modality: str
    score: float
    start: float | None = None
    end: float | None = None
    page: int | None = None
    segment: int = 0
    vectors: dict[str, VectorHit] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)
    info: dict[str, Any] = Field(default_factory=dict)
    file: str | None = None  # the file on this machine, where the source's folder is known


class SearchResult(BaseModel):
    """Hits, best first, and what the person should know of how they were found."""

    hits: list[Hit]
    fusion: str | None = None
    notes: list[str] = Field(default_factory=list)
    seconds: dict[str, float] = Field(default_factory=dict)
