"""A bridge that generates: a question's vector to several plausible vectors of what is wanted, not to their mean.

Conditional flow matching (Lipman et al., "Flow Matching for Generative Modeling", ICLR 2023, with straight paths): with
z0 drawn from a normal distribution, z1 a target and z_t = (1 - t) z0 + t z1, a small network learns the velocity

    v(z_t, t, c)  ~  z1 - z0

under the condition c, what the ridge bridge expects. Followed from several z0 it leads to several targets. They live in
the principal directions of the targets, each of variance 1. A generated target is compared by how much it tells: the
way back is the inverse of the whitening's own transpose, as the ridge's third factor is (`fusion.bridge`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fusion.bridge import Bridge
from fusion.network import Network
from fusion.training import need_torch, plain, repeatable
from fusion.views import Vectors, unit

DIM = 48  # principal directions of the targets
HIDDEN = 256
STEPS = 400  # of training
BATCH = 256
RATE, DECAY = 1e-3, 1e-4
FOLDS = 5  # for conditions that the ridge has not learnt by heart
EULER = 12  # steps from noise to a target
GUESSES = 8
LEAST_VARIANCE = 0.1  # of the mean variance, added before whitening: hardly any direction is told exactly


@dataclass(frozen=True, eq=False)
class Generator(Network):
    """A fitted one; `base` gives the condition.

    `weights` are those of the network, of the whitening (`directions` (d_out, DIM), `scales` (DIM,)), and of the
    condition (`mean`, `spread` (DIM,)).
    """

    kind = "flow"

    @classmethod
    def fit(cls, x: Vectors, y: Vectors, *, source: str, target: str, weigh: bool = True) -> Generator:
        """Fit it on pairs; see `fusion.bridge.Bridge.fit`."""
        need_torch("This bridge")
        import torch

        base = Bridge.fit(x, y, source=source, target=target, weigh=False)
        centred = np.asarray(y - y.mean(axis=0), np.float64)
        values, basis = np.linalg.eigh(centred.T @ centred / len(y))
        kept = slice(-min(DIM, len(values), len(y) - 1), None)
        directions, scales = basis[:, kept], np.sqrt(values[kept] + LEAST_VARIANCE * values.mean())
        wanted = (centred @ directions / scales).astype(np.float32)
        condition = _expected(x, y, source, target) @ (directions / scales).astype(np.float32)
        mean, spread = condition.mean(axis=0), condition.std(axis=0) + 1e-6
        dim, rng = wanted.shape[1], np.random.default_rng(0)

        def drawn(rows: int, columns: int) -> Vectors:
            return np.asarray(rng.normal(size=(rows, columns)) * (2.0 / rows) ** 0.5, np.float32)

        begun = {
            "w1": drawn(2 * dim + 1, HIDDEN),
            "b1": np.zeros(HIDDEN, np.float32),
            "w2": drawn(HIDDEN, HIDDEN),
            "b2": np.zeros(HIDDEN, np.float32),
            "w3": np.zeros((HIDDEN, dim), np.float32),
            "b3": np.zeros(dim, np.float32),
        }
        given = np.asarray((condition - mean) / spread, np.float32)
        with repeatable(0):
            network = {name: torch.tensor(array, requires_grad=True) for name, array in begun.items()}
            optimizer = torch.optim.AdamW(list(network.values()), RATE, weight_decay=DECAY)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, STEPS)
            for _ in range(STEPS):
                batch = rng.integers(len(x), size=min(BATCH, len(x)))
                end, start = wanted[batch], rng.standard_normal((len(batch), dim), np.float32)
                t = rng.random((len(batch), 1), np.float32)
                at = np.concatenate([(1 - t) * start + t * end, given[batch], t], axis=1)
                optimizer.zero_grad()
                ((_velocity(network, torch.tensor(at)) - torch.tensor(end - start)) ** 2).mean().backward()
                optimizer.step()
                schedule.step()
        fixed = {"directions": directions, "scales": scales, "mean": mean, "spread": spread}
        weights = plain(network) | {name: np.asarray(array, np.float32) for name, array in fixed.items()}
        return cls(base, weights)

    def guesses(self, vectors: Vectors, count: int = GUESSES) -> Vectors:
        """Several plausible targets of each source vector (n, d_in): float32 (n, count, d_out), of length 1.

        The same question is led to the same guesses.
        """
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        one = self.weights
        condition = (self.base.project_raw(rows) @ (one["directions"] / one["scales"]) - one["mean"]) / one["spread"]
        dim = condition.shape[1]
        given = np.repeat(condition[:, None], count, axis=1)
        z = np.broadcast_to(np.random.default_rng(0).standard_normal((count, dim), np.float32), given.shape)
        for step in range(EULER):
            t = np.full((*given.shape[:2], 1), step / EULER, np.float32)
            z = z + _velocity(one, np.concatenate([z, given, t], axis=2)) / EULER
        return np.asarray(unit(z @ (one["directions"] / one["scales"]).T), np.float32)

    def project(self, vectors: Vectors) -> Vectors:
        """The mean of the guesses: see `fusion.bridge.Bridge.project`."""
        return np.asarray(unit(self.guesses(vectors).mean(axis=1)), np.float32)


def _expected(x: Vectors, y: Vectors, source: str, target: str) -> Vectors:
    """What ridge bridges that have not seen a pair expect of it: (n, d_out)."""
    fold = np.random.default_rng(0).permutation(len(x)) % FOLDS
    made = np.zeros(y.shape, np.float32)
    for i in range(FOLDS):
        rest = fold != i
        made[~rest] = Bridge.fit(x[rest], y[rest], source=source, target=target, weigh=False).project_raw(x[~rest])
    return made


def _velocity(network: Mapping[str, Any], at: Any) -> Any:
    one = at @ network["w1"] + network["b1"]
    two = (one * (one > 0)) @ network["w2"] + network["b2"]
    return (two * (two > 0)) @ network["w3"] + network["b3"]
