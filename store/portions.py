"""Points in portions that one request can carry: with late interaction, a point may have a hundred thousand numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

Point = TypeVar("Point")  # `models.PointStruct` or `models.PointVectors`


def portions(points: Sequence[Point], most_points: int, most_numbers: int) -> Iterator[Sequence[Point]]:
    """The points in their order, so many of them and of their vectors' numbers at a time; at least one point."""
    start = numbers = 0
    for place, point in enumerate(points):
        count = sum(map(_numbers, getattr(point, "vector", {}).values()))
        if place > start and (place - start >= most_points or numbers + count > most_numbers):
            yield points[start:place]
            start, numbers = place, 0
        numbers += count
    if points:
        yield points[start:]


def _numbers(vector: Any) -> int:
    if isinstance(vector, np.ndarray):
        return vector.size
    if isinstance(vector, list):
        return sum(map(len, vector)) if vector and isinstance(vector[0], list) else len(vector)
    return 2 * len(vector.indices)
