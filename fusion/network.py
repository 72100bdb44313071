"""What bridges have in common that add a small network to the ridge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from fusion.bridge import Bridge
from fusion.views import Vectors


@dataclass(frozen=True, eq=False)
class Network:
    """A fitted one.

    Attributes:
        base: the ridge bridge, fitted on all pairs.
        weights: float32 arrays by name, of the network and of what stands around it.
        recall: see `fusion.bridge.Bridge`.
        chance: see `fusion.bridge.Bridge`.
        kind: see `fusion.bridges`.
    """

    base: Bridge
    weights: Mapping[str, Vectors]
    recall: float | None = None
    chance: float | None = None
    kind: ClassVar[str]

    @property
    def source(self) -> str:
        """Fingerprint of the encoder whose vectors it takes."""
        return self.base.source

    @property
    def target(self) -> str:
        """Fingerprint of the encoder whose space it leads to."""
        return self.base.target

    @property
    def pairs(self) -> int:
        """How many pairs it was fitted on."""
        return self.base.pairs

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""
        return {**self.base.arrays(), **self.weights}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        return {**self.base.meta(), "kind": self.kind, "recall": self.recall, "chance": self.chance}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Self:
        """One from what `arrays` and `meta` gave."""
        base = Bridge.from_arrays(arrays, {**meta, "kind": "ridge"})
        own = {name: np.asarray(array, np.float32) for name, array in arrays.items() if name not in base.arrays()}
        return cls(base, own, base.recall, base.chance)
