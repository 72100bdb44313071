"""A bridge with a hidden layer, trained by InfoNCE: what is asked should find its own target among all of the batch.

It begins as the ridge bridge and learns what to add (the hidden layer's way out begins at zero); training ends where
pairs that are left out are found no better. See `fusion.contrast` for InfoNCE.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.bridge import MIN_PAIRS, Bridge
from fusion.likeness import likeness
from fusion.network import Network
from fusion.training import contrasted, need_torch
from fusion.views import Vectors, unit

HIDDEN = 128
EPOCHS, PATIENCE = 30, 4
LEFT_OUT = 0.1


@dataclass(frozen=True, eq=False)
class Mlp(Network):
    """A fitted one; `weights` are those of the hidden layer."""

    kind = "mlp"

    @classmethod
    def fit(cls, x: Vectors, y: Vectors, *, source: str, target: str, weigh: bool = True) -> Mlp:
        """Fit it on pairs; see `fusion.bridge.Bridge.fit`."""
        need_torch("This bridge")
        import torch

        base = Bridge.fit(x, y, source=source, target=target, weigh=weigh)
        rng = np.random.default_rng(0)
        order = rng.permutation(len(x))
        judged, learnt = order[: max(2, int(LEFT_OUT * len(x)))], order[max(2, int(LEFT_OUT * len(x))) :]
        features, targets = likeness(x, base.landmarks).astype(np.float32), _centred(y, y[learnt])
        start = (
            Bridge.fit(x[learnt], y[learnt], source=source, target=target, weigh=weigh)
            if len(learnt) >= MIN_PAIRS
            else base
        )
        begun = start.project(x)  # what is left out must not be known to what it is added to
        weights = {
            "w1": (rng.normal(size=(features.shape[1], HIDDEN)) / features.shape[1] ** 0.5).astype(np.float32),
            "b1": np.zeros(HIDDEN, np.float32),
            "w2": np.zeros((HIDDEN, y.shape[1]), np.float32),
            "b2": np.zeros(y.shape[1], np.float32),
        }
        trained = contrasted(
            weights,
            lambda now: begun[judged] + _added(now, features[judged]),
            lambda values, batch: torch.tensor(begun[batch]) + _added(values, torch.tensor(features[batch])),
            targets,
            judged=judged,
            learnt=learnt,
            epochs=EPOCHS,
            patience=PATIENCE,
            rng=rng,
        )
        return cls(base, trained)

    def project(self, vectors: Vectors) -> Vectors:
        """See `fusion.bridge.Bridge.project`."""
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        added = _added(self.weights, likeness(rows, self.base.landmarks))
        return np.asarray(unit(self.base.project(rows) + added), np.float32)


def _added(weights: Mapping[str, Any], features: Any) -> Any:
    up = features @ weights["w1"] + weights["b1"]
    return (up * (up > 0)) @ weights["w2"] + weights["b2"]


def _centred(y: Vectors, learnt: Vectors) -> Vectors:
    """Targets about their mean, and stretched so that their lengths are about 1: else all would score alike."""
    centred = y - learnt.mean(axis=0)
    return np.asarray(centred / max(float(np.linalg.norm(centred, axis=1).mean()), 1e-12), np.float32)
