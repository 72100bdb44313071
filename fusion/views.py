"""What things look like from each side: their vectors by name, several of one name where there are several, or none.

Every fusion of vectors takes and gives these, whichever of them a thing has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fusion.beside import Beside, gathered
from schemas import UsageError

Vectors = NDArray[np.float32]
TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Views:
    """The vectors of n things.

    Attributes:
        tokens: by named vector, float32 (n, k, dim): k tokens of each thing, zeros where it has fewer. A vector of late
            interaction (regions of a page, words of a passage) gives several; the others give one.
        there: by named vector, bool (n, k): which tokens a thing has.
        beside: the segments next to each thing, where a fusion looks at them.
        senses: what the vectors of a name are made of, where that is known: names of one sense (a picture as a whole,
            and its regions) tell each other nothing that a fusion should learn, and are one part of a thing.
    """

    tokens: Mapping[str, Vectors]
    there: Mapping[str, NDArray[np.bool_]]
    beside: Beside | None = None
    senses: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[Mapping[str, Any]], dims: Mapping[str, int], most: int = 1) -> Views:
        """Views of things, each given by its vectors.

        Args:
            rows: of each thing, its vectors by name: (dim,) or (k, dim); names that are not in `dims` are left out.
            dims: the names, and how many numbers a vector of each has.
            most: tokens of one name at most; see `pooled_rows`.

        Raises:
            UsageError: a vector has another dimension.
        """
        tokens, there = {}, {}
        for name, dim in dims.items():
            given = [pooled_rows(np.atleast_2d(np.asarray(row[name], np.float32)), most) if name in row else None
                     for row in rows]  # fmt: skip
            deep = max((len(one) for one in given if one is not None), default=1)
            tokens[name] = np.zeros((len(rows), deep, dim), np.float32)
            there[name] = np.zeros((len(rows), deep), bool)
            for i, one in enumerate(given):
                if one is None:
                    continue
                if one.shape[1] != dim:
                    raise UsageError(f"A vector {name!r} of {dim} numbers is wanted here, not one of {one.shape[1]}.")
                tokens[name][i, : len(one)] = one
                there[name][i, : len(one)] = True
        return cls(tokens, there)

    @classmethod
    def single(cls, vectors: Mapping[str, Vectors]) -> Views:
        """Views of things of which each has one vector of each name, given as (n, dim)."""
        return cls(
            {name: np.asarray(rows, np.float32)[:, None] for name, rows in vectors.items()},
            {name: np.ones((len(rows), 1), bool) for name, rows in vectors.items()},
        )

    def __len__(self) -> int:
        return len(next(iter(self.there.values())))

    @property
    def names(self) -> list[str]:
        """The named vectors, sorted: the order in which every fusion takes them."""
        return sorted(self.tokens)

    @property
    def dims(self) -> dict[str, int]:
        """How many numbers a vector of each name has."""
        return {name: self.tokens[name].shape[2] for name in self.names}

    def has(self, name: str) -> NDArray[np.bool_]:
        """Which things have a vector of this name: (n,)."""
        return np.asarray(self.there[name].any(axis=1))

    def count(self) -> NDArray[np.intp]:
        """How many names each thing has vectors of: (n,)."""
        return np.asarray(sum(self.has(name).astype(np.intp) for name in self.names))

    def sides(self) -> list[list[str]]:
        """The names that are made of the same, together."""
        sides: dict[str, list[str]] = {}
        for name in self.names:
            sides.setdefault(self.senses.get(name, name), []).append(name)
        return list(sides.values())

    def sided(self) -> NDArray[np.intp]:
        """How many of the `sides` each thing has vectors of: (n,)."""
        return np.asarray(sum((self.only(side).count() > 0).astype(np.intp) for side in self.sides()))

    def take(self, rows: Any) -> Views:
        """Some of the things."""
        return Views(
            {name: np.asarray(self.tokens[name][rows]) for name in self.names},
            {name: np.asarray(self.there[name][rows]) for name in self.names},
            self.beside.take(rows) if self.beside is not None else None,
            self.senses,
        )

    def stored(self, rows: Any, around: NDArray[np.intp] | None) -> Views:
        """Some of the things with what lies beside them: see `fusion.beside.around`."""
        some = self.take(rows)
        return some if around is None else replace(some, beside=gathered(self, around[rows]))

    def alone(self) -> Views:
        """The same things without what lies beside them, as a question is."""
        return replace(self, beside=None)

    def only(self, names: Iterable[str]) -> Views:
        """The same things as if they had vectors of these names alone."""
        kept = set(names)
        return Views(
            self.tokens,
            {name: there if name in kept else np.zeros_like(there) for name, there in self.there.items()},
            self.beside.only(kept) if self.beside is not None else None,
            self.senses,
        )

    def having(self, names: Iterable[str]) -> Views:
        """The same things without their vectors of other names."""
        kept = sorted(names)
        return Views({n: self.tokens[n] for n in kept}, {n: self.there[n] for n in kept}, senses=self.senses)

    def share(self, name: str) -> NDArray[np.float64]:
        """What a name counts for in each thing, where all of its side count as one: (n,)."""
        [side] = [side for side in self.sides() if name in side]
        return np.asarray(self.has(name) / np.maximum(self.only(side).count(), 1))

    def mean(self, name: str) -> Vectors:
        """The mean of each thing's tokens of a name, zeros where it has none: (n, dim)."""
        weights = self.there[name].astype(np.float32)
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1.0)
        return np.asarray(np.einsum("nk,nkd->nd", weights, self.tokens[name]), np.float32)

    def flat(self, name: str) -> Vectors:
        """All tokens of a name, thing by thing: (tokens, dim)."""
        return np.asarray(self.tokens[name][self.there[name]])


@runtime_checkable
class Fuser(Protocol):
    """Makes one vector of what a thing has."""

    @property
    def method(self) -> str:
        """The name of the fusion."""

    @property
    def inputs(self) -> Mapping[str, str]:
        """The named vectors that it takes, with the fingerprints of their encoders."""

    @property
    def dim(self) -> int:
        """How many numbers it makes."""

    @property
    def distance(self) -> str:
        """By which they are compared: "cosine" or "dot"."""

    def fuse(self, views: Views) -> Vectors:
        """Float32 (n, dim), zeros for a thing that has none of the inputs."""

    def parts(self, views: Views) -> dict[str, Vectors]:
        """What each token of each input gives to the fused vectors, which is their sum: float32 (n, k, dim) by name."""

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Each row of length 1; one of zeros stays as it is."""
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), TINY))


def runs(count: int, most: int) -> NDArray[np.intp]:
    """Where each of at most so many runs of rows begins, as even as can be: (min(count, most),)."""
    kept = min(count, most)
    return np.asarray(np.arange(kept) * count // max(kept, 1), np.intp)


def pooled_rows(rows: Vectors, most: int) -> Vectors:
    """At most so many rows; of more the means of as many runs.

    A run is a stretch of a passage, or a strip of a picture. Every row counts, which is more than if some were taken at
    even distances, and the same rows always come out.
    """
    if len(rows) <= most:
        return rows
    starts = runs(len(rows), most)
    lengths = np.diff([*starts, len(rows)])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / lengths[:, None], np.float32)
