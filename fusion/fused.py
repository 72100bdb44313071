"""One vector of several without learning anything but where each kind of vector lies: concatenation, and a sum.

Vectors of one encoder lie in a narrow cone, and those of two encoders in two cones, even where they share a space: the
modality gap (Liang et al., "Mind the Gap", NeurIPS 2022). Each kind is therefore moved to the origin before anything is
added or compared, and a missing kind is the zero that stands for "nothing is known", not for a vector of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.cca import Map, shared_space
from fusion.views import TINY, Vectors, Views, unit
from schemas import ScarceError

LEAST = 2  # vectors of a name below which its centre says nothing
PAIRED = 4000  # random pairs by which the spread of a kind's likenesses is measured


@dataclass(frozen=True, eq=False)
class Concatenation:
    """All kinds side by side: a question is compared by the weighted sum of the cosines of the kinds that both have.

    It is compared by dot product, so that a kind that a thing has besides takes nothing from the others. Each kind is
    scaled so that the cosines of random pairs vary alike: else the one that varies most would decide alone.

    Attributes:
        inputs: fingerprints by named vector.
        centres: float32 (dim,) by named vector: what is taken away.
        scales: by named vector.
    """

    inputs: Mapping[str, str]
    centres: Mapping[str, Vectors]
    scales: Mapping[str, float]
    method = "concatenation"
    distance = "dot"

    @classmethod
    def fit(cls, views: Views, inputs: Mapping[str, str], weights: Mapping[str, float] | None = None) -> Concatenation:
        """From the vectors of a collection.

        Raises:
            UsageError: there are hardly any vectors of one of the names.
        """
        views = views.having(inputs.keys() & views.tokens.keys())
        centres, scales = {}, {}
        for name in sorted(inputs):
            rows = _rows(views, name)
            centres[name] = rows.mean(axis=0)
            likeness = _random_cosines(unit(rows - centres[name]))
            weight = (weights or {}).get(name, 1.0 / next(len(side) for side in views.sides() if name in side))
            scales[name] = float(np.sqrt(weight / max(float(likeness.std()), TINY)))
        return cls(dict(inputs), centres, scales)

    @property
    def dim(self) -> int:
        """The dimensions of all kinds together."""
        return sum(len(centre) for centre in self.centres.values())

    def fuse(self, views: Views) -> Vectors:
        """See `fusion.views.Fuser`."""
        parts = []
        for name in sorted(self.inputs):
            part = np.zeros((len(views), len(self.centres[name])), np.float32)
            if name in views.tokens:
                has = views.has(name)
                part[has] = self.scales[name] * unit(views.mean(name)[has] - self.centres[name])
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def parts(self, views: Views) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`."""
        made, at = {}, 0
        for name in sorted(self.inputs):
            centre = self.centres[name]
            if name in views.tokens:
                rows = (views.tokens[name] - centre) * views.there[name][..., None]
                length = np.maximum(np.linalg.norm(rows.sum(axis=1), axis=-1), TINY)
                part = np.zeros((*rows.shape[:2], self.dim), np.float32)
                part[..., at : at + len(centre)] = self.scales[name] * rows / length[:, None, None]
                made[name] = part
            at += len(centre)
        return made

    def arrays(self) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`."""
        return {f"centre.{name}": centre for name, centre in self.centres.items()}

    def meta(self) -> dict[str, Any]:
        """See `fusion.views.Fuser`."""
        return {"method": self.method, "inputs": dict(self.inputs), "scales": dict(self.scales)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Concatenation:
        """One from what `arrays` and `meta` gave."""
        return cls(meta["inputs"], {name: arrays[f"centre.{name}"] for name in meta["inputs"]}, meta["scales"])


@dataclass(frozen=True, eq=False)
class SharedSum:
    """The weighted sum of all kinds in one space.

    Where encoders share a space it is theirs; else one is made by canonical correlation of the things that have
    several kinds (`fusion.cca`).

    Attributes:
        inputs: fingerprints by named vector.
        centres: float32 (dim,) by named vector: what is taken away where the encoders share a space.
        maps: by named vector, where they do not.
        weights: by named vector.
        senses: see `fusion.views.Views`: names of one sense count as one together.
    """

    inputs: Mapping[str, str]
    centres: Mapping[str, Vectors]
    maps: Mapping[str, Map]
    weights: Mapping[str, float]
    senses: Mapping[str, str] = field(default_factory=dict)
    method = "sum"
    distance = "cosine"

    @classmethod
    def fit(
        cls,
        views: Views,
        inputs: Mapping[str, str],
        weights: Mapping[str, float] | None = None,
        *,
        one_space: bool = False,
    ) -> SharedSum:
        """From the vectors of a collection.

        Args:
            views: the vectors.
            inputs: fingerprints by named vector.
            weights: by named vector; 1 where none is given.
            one_space: the vectors can be compared with each other as they are.

        Raises:
            UsageError: there are hardly any vectors of a name, or too few things have several kinds.
        """
        names = sorted(inputs)
        views = views.having(inputs.keys() & views.tokens.keys())
        centres = {name: _rows(views, name).mean(axis=0) for name in names} if one_space else {}
        maps = {} if one_space else shared_space(views, names)
        counts = {name: (weights or {}).get(name, 1.0) for name in names}
        return cls(dict(inputs), centres, maps, counts, dict(views.senses))

    @property
    def dim(self) -> int:
        """Of the shared space."""
        name = min(self.inputs)
        return len(self.maps[name].offset) if self.maps else len(self.centres[name])

    def fuse(self, views: Views) -> Vectors:
        """See `fusion.views.Fuser`."""
        total = np.zeros((len(views), self.dim), np.float32)
        known = self._known(views)
        for name in known.names:
            has = known.has(name)
            some = known.having([name]).take(has)
            rows = self.maps[name].bag(some, name) if self.maps else some.mean(name) - self.centres[name]
            total[has] += self.weights[name] * known.share(name)[has, None] * unit(rows)
        return np.asarray(unit(total), np.float32)

    def parts(self, views: Views) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`."""
        known, made = self._known(views), {}
        for name in known.names:
            rows = (
                self.maps[name].tokens(known, name)
                if self.maps
                else (known.tokens[name] - self.centres[name]) * known.there[name][..., None]
            )
            length = np.maximum(np.linalg.norm(rows.sum(axis=1), axis=-1), TINY)
            made[name] = rows * (self.weights[name] * known.share(name) / length)[:, None, None]
        total = np.maximum(np.linalg.norm(sum(rows.sum(axis=1) for rows in made.values()), axis=-1), TINY)
        return {name: np.asarray(rows / total[:, None, None], np.float32) for name, rows in made.items()}

    def _known(self, views: Views) -> Views:
        return replace(views.having(self.inputs.keys() & views.tokens.keys()), senses=self.senses)

    def arrays(self) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`."""
        made = {f"centre.{name}": centre for name, centre in self.centres.items()}
        for name, way in self.maps.items():
            made |= {f"landmarks.{name}": way.landmarks, f"map.{name}": way.matrix, f"offset.{name}": way.offset}
        return made

    def meta(self) -> dict[str, Any]:
        """See `fusion.views.Fuser`."""
        return {
            "method": self.method,
            "inputs": dict(self.inputs),
            "weights": dict(self.weights),
            "senses": dict(self.senses),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> SharedSum:
        """One from what `arrays` and `meta` gave."""
        names = meta["inputs"]
        return cls(
            names,
            {name: arrays[f"centre.{name}"] for name in names if f"centre.{name}" in arrays},
            {
                name: Map(arrays[f"landmarks.{name}"], arrays[f"map.{name}"], arrays[f"offset.{name}"])
                for name in names
                if f"map.{name}" in arrays
            },
            meta["weights"],
            meta.get("senses", {}),
        )


def _rows(views: Views, name: str) -> Vectors:
    if name not in views.tokens or views.has(name).sum() < LEAST:
        raise ScarceError(f"There are too few vectors {name!r} to fuse: leave it out.", name)
    return views.mean(name)[views.has(name)]


def _random_cosines(rows: Vectors) -> NDArray[np.float64]:
    """The cosines of random pairs of rows of length 1, none of a row with itself."""
    rng = np.random.default_rng(0)
    first = rng.integers(len(rows), size=PAIRED)
    second = (first + rng.integers(1, len(rows), size=PAIRED)) % len(rows)
    return np.asarray(np.einsum("nd,nd->n", rows[first], rows[second]), np.float64)
