"""A bridge that remembers: where a question leads is read from the captioned pairs that it attends to.

Multi-head attention over a memory of pairs (Vaswani et al., "Attention Is All You Need", NeurIPS 2017; with nothing
learnt, each head is the kernel regression of Nadaraya, "On Estimating Regression", 1964, and Watson). With x the source
vector of the question, x_j and y_j those of pair j, all about the mean of their kind, and the sources of length 1,

    s_hj = t_h (x . x_j + (x Q_h) . (x_j K_h))      a_hj = exp(s_hj) / sum_k exp(s_hk)      o = sum_h w_h sum_j a_hj v_j

Learnt by InfoNCE are the projections Q and K, the temperature of each head (1 / t_h), how much it counts (w), and a
projection of what was read, o + o U V. K and V begin at zero, so that training begins at kernel regression. The values
v_j are the targets, weighed by how much they tell as the ridge weighs them (`fusion.bridge`). In training a pair sees
neither itself nor others of the same source: else it would learn to look itself up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.bridge import SHRINKAGE, checked, folds_of
from fusion.training import contrasted, need_torch
from fusion.views import TINY, Vectors, unit
from schemas import UsageError

MEMORY = 1024
"""Pairs that are remembered; of more, so many are drawn by lot. Each takes 4 (d_in + d_out) bytes: 4.7 MB together for
384 and 774 numbers. A question is compared with all of them, which takes as long as the ridge does."""

SHARPNESS = (4.0, 8.0, 16.0, 32.0)  # t of each head to begin with: from a mean over many pairs to the nearest few
RANK = 32  # of the projections
EPOCHS, PATIENCE = 40, 5
LEFT_OUT = 0.1
FAR = 1e9  # taken from the score of what must not be seen: e^-FAR is 0


@dataclass(frozen=True, eq=False)
class Memory:
    """A fitted one.

    Attributes:
        source: fingerprint of the encoder whose vectors it takes.
        target: fingerprint of the encoder whose space it leads to.
        keys: float32 (m, d_in), the sources that are remembered, about `mean` and of length 1.
        values: float32 (m, d_out), what each of them tells.
        mean: float32 (d_in,), of the sources.
        weights: what is learnt; see `begin`.
        pairs: how many pairs it was fitted on.
        recall: see `fusion.bridge.Bridge`.
        chance: see `fusion.bridge.Bridge`.
    """

    source: str
    target: str
    keys: Vectors
    values: Vectors
    mean: Vectors
    weights: Mapping[str, Vectors]
    pairs: int
    recall: float | None = None
    chance: float | None = None
    kind = "attention"

    @classmethod
    def fit(cls, x: Vectors, y: Vectors, *, source: str, target: str, weigh: bool = True) -> Memory:
        """Fit it on pairs; see `fusion.bridge.Bridge.fit`."""
        need_torch("This bridge")
        sources, targets = checked(x, y)
        mean, centred = sources.mean(axis=0), targets - targets.mean(axis=0)
        told = _weighed(centred) if weigh else centred
        keys, values, wanted = (
            np.asarray(rows, np.float32) for rows in (unit(sources - mean), _even(told), _even(centred))
        )
        group = folds_of(sources)[1]
        weights = _trained(keys, values, wanted, group)
        kept = np.sort(np.random.default_rng(0).permutation(len(keys))[:MEMORY])
        return cls(source, target, keys[kept], values[kept], mean.astype(np.float32), weights, len(keys))

    def project(self, vectors: Vectors) -> Vectors:
        """See `fusion.bridge.Bridge.project`."""
        rows = np.atleast_2d(np.asarray(vectors, np.float32))
        if rows.shape[1:] != self.mean.shape:
            raise UsageError(f"This bridge takes vectors of {len(self.mean)} numbers, not of shape {rows.shape}.")
        made, _ = attend(self.weights, np.asarray(unit(rows - self.mean), np.float32), self.keys, self.values, np)
        return np.asarray(unit(made), np.float32)

    def attended(self, vectors: Vectors) -> Vectors:
        """How much each head attends to each pair that is remembered: (n, heads, m), over which it adds up to 1."""
        rows = np.asarray(unit(np.atleast_2d(vectors) - self.mean), np.float32)
        return np.asarray(attend(self.weights, rows, self.keys, self.values, np)[1].transpose(1, 0, 2), np.float32)

    def arrays(self) -> dict[str, Vectors]:
        """The arrays to store."""
        return {"keys": self.keys, "values": self.values, "mean": self.mean, **self.weights}

    def meta(self) -> dict[str, Any]:
        """What to store beside the arrays: plain JSON values."""
        names = ("source", "target", "pairs", "kind", "recall", "chance")
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Memory:
        """One from what `arrays` and `meta` gave."""
        rest = {name: np.asarray(array, np.float32) for name, array in arrays.items()}
        keys, values, mean = (rest.pop(name) for name in ("keys", "values", "mean"))
        told = (meta.get("recall"), meta.get("chance"))
        return cls(meta["source"], meta["target"], keys, values, mean, rest, int(meta["pairs"]), *told)


def begin(source: int, target: int, seed: int = 0) -> dict[str, Vectors]:
    """Weights with which each head is a kernel regression.

    Returns:
        `query` and `key` (heads, d_in, rank), Q and K; `sharpness` (heads,), ln t; `share` (heads,), w; `down`
        (d_out, rank) and `up` (rank, d_out), U and V.
    """
    rng, heads = np.random.default_rng(seed), len(SHARPNESS)
    weights = {
        "query": rng.normal(size=(heads, source, RANK)) / source**0.5,
        "key": np.zeros((heads, source, RANK)),
        "sharpness": np.log(SHARPNESS),
        "share": np.full(heads, 1.0 / heads),
        "down": rng.normal(size=(target, RANK)) / target**0.5,
        "up": np.zeros((RANK, target)),
    }
    return {name: array.astype(np.float32) for name, array in weights.items()}


def attend(
    weights: Mapping[str, Any], rows: Any, keys: Any, values: Any, xp: Any, *, unseen: Any = None
) -> tuple[Any, Any]:
    """What rows (n, d_in) read from the memory: (n, d_out), and the attention weights (heads, n, m).

    Args:
        weights: see `begin`.
        rows: of length 1, about the mean.
        keys: (m, d_in), alike.
        values: (m, d_out).
        xp: numpy or torch; all arrays are its own.
        unseen: (n, m) 1.0 for what a row must not see.
    """
    learnt = (rows @ weights["query"]) @ (keys @ weights["key"]).swapaxes(1, 2)
    scores = xp.exp(weights["sharpness"])[:, None, None] * (rows @ keys.T + learnt)
    if unseen is not None:
        scores = scores - unseen * FAR
    e = xp.exp(scores - xp.amax(scores, -1)[..., None])
    a = e / e.sum(-1)[..., None]
    read = (a * weights["share"][:, None, None]).sum(0) @ values
    return read + (read @ weights["down"]) @ weights["up"], a


def _trained(keys: Vectors, values: Vectors, wanted: Vectors, group: NDArray[np.intp]) -> dict[str, Vectors]:
    """Weights with which pairs that are left out are found best by what the others tell."""
    import torch

    rng = np.random.default_rng(0)
    groups = rng.permutation(int(group.max()) + 1)
    out = np.isin(group, groups[: max(2, int(LEFT_OUT * len(groups)))])
    judged, learnt = np.flatnonzero(out), np.flatnonzero(~out)
    memory = learnt[np.sort(rng.permutation(len(learnt))[:MEMORY])]
    weights = begin(keys.shape[1], values.shape[1])
    known, told = torch.tensor(keys[memory]), torch.tensor(values[memory])

    def sending(trained: dict[str, Any], batch: NDArray[np.intp]) -> Any:
        own = torch.tensor((group[batch][:, None] == group[memory]).astype(np.float32))
        return attend(trained, torch.tensor(keys[batch]), known, told, torch, unseen=own)[0]

    return contrasted(
        weights,
        lambda now: attend(now, keys[judged], keys[memory], values[memory], np)[0],
        sending,
        wanted,
        judged=judged,
        learnt=learnt,
        epochs=EPOCHS,
        patience=PATIENCE,
        rng=rng,
    )


def _weighed(centred: NDArray[Any]) -> NDArray[Any]:
    """Targets times (Y'Y / n + b I)^-1: see `fusion.bridge`."""
    spread = centred.T @ centred / len(centred)
    spread += SHRINKAGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    return np.asarray(np.linalg.solve(spread, centred.T).T)


def _even(rows: NDArray[Any]) -> NDArray[Any]:
    """Stretched so that their lengths are about 1: else all would score alike."""
    return np.asarray(rows / max(float(np.linalg.norm(rows, axis=1).mean()), TINY))
