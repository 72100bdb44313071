"""What lies beside a thing in its item: the segments before and after it, to whose vectors its own may attend.

A segment (a scene, a window of sound, a passage) has at most one vector of each name, and so its frames and words are
one token each. What more its item holds is in the segments next to it: these are tokens, too, told apart by how many
steps before or after they lie. They are attended to and never speak for the thing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fusion.views import Vectors, Views

NONE = -1
"""The row of a segment that is not there."""


@dataclass(frozen=True, eq=False)
class Beside:
    """The tokens of the segments beside each of n things, in the order of `steps_of`.

    Attributes:
        tokens: by named vector, float32 (n, 2 reach, dim); of several tokens of a segment their mean.
        there: by named vector, bool (n, 2 reach).
    """

    tokens: Mapping[str, Vectors]
    there: Mapping[str, NDArray[np.bool_]]

    @classmethod
    def of(cls, rows: Sequence[Sequence[Mapping[str, Any]]], dims: Mapping[str, int]) -> Beside:
        """From the vectors, (dim,) or (k, dim), of the segments beside each thing; none where there is none."""
        reach = len(rows[0]) if rows else 0
        tokens = {name: np.zeros((len(rows), reach, dim), np.float32) for name, dim in dims.items()}
        there = {name: np.zeros((len(rows), reach), bool) for name in dims}
        for i, some in enumerate(rows):
            for j, vectors in enumerate(some):
                for name in dims.keys() & vectors.keys():
                    tokens[name][i, j] = np.atleast_2d(np.asarray(vectors[name], np.float32)).mean(axis=0)
                    there[name][i, j] = True
        return cls(tokens, there)

    def take(self, rows: Any) -> Beside:
        """Of some of the things."""
        return Beside(
            {name: np.asarray(some[rows]) for name, some in self.tokens.items()},
            {name: np.asarray(some[rows]) for name, some in self.there.items()},
        )

    def only(self, names: set[str]) -> Beside:
        """As if there were vectors of these names alone."""
        return Beside(
            self.tokens,
            {name: there if name in names else np.zeros_like(there) for name, there in self.there.items()},
        )


def steps_of(reach: int) -> list[int]:
    """How far each segment beside a thing is from it: -reach ... -1, 1 ... reach."""
    return [step for step in range(-reach, reach + 1) if step]


def around(items: NDArray[np.intp], segments: NDArray[np.intp], reach: int) -> NDArray[np.intp]:
    """The rows of the segments beside each thing: (n, 2 reach), `NONE` where there is none.

    Args:
        items: (n,) numbers of the items that the things are segments of.
        segments: (n,) which segment of it each is, from 0.
        reach: steps before, and as many after.
    """
    wide = int(segments.max(initial=0)) + 1 + 2 * reach  # so that no step leads into another item
    key = items.astype(np.int64) * wide + segments + reach
    order = np.argsort(key, kind="stable")
    known = key[order]
    rows = np.full((len(key), 2 * reach), NONE, np.intp)
    for column, step in enumerate(steps_of(reach)):
        place = np.minimum(np.searchsorted(known, key + step), max(0, len(known) - 1))
        found = known[place] == key + step if len(known) else np.zeros(0, bool)
        rows[found, column] = order[place[found]]
    return rows


def gathered(views: Views, rows: NDArray[np.intp]) -> Beside | None:
    """The segments in these rows (n, 2 reach) of the views; None where there are none at all."""
    there = rows != NONE
    if not there.any():
        return None
    flat = views.take(np.where(there, rows, 0).ravel())
    return Beside(
        {name: flat.mean(name).reshape(*rows.shape, -1) for name in views.names},
        {name: flat.has(name).reshape(rows.shape) & there for name in views.names},
    )
