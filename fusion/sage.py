"""GraphSAGE: what a thing lacks, learnt from what it has and from the mean of its neighbours.

Hamilton, Ying & Leskovec, "Inductive Representation Learning on Large Graphs", NIPS 2017, algorithm 1 with one step and
the mean aggregator. With x_i all that thing i has, zeros for what it lacks and a flag for each kind that it has,

    z_i = W2 relu(W1 [x_i ; sum_j a_ij x_j] + b1) + b2

It is trained without labels: the vector is hidden from some things that have it, and is to be told by what is left
(InfoNCE against the others of the batch). A thing that comes later needs its neighbours alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from fusion.training import own_ranks, plain, repeatable
from fusion.views import Vectors, Views, unit

HIDDEN = 256
EPOCHS = 60
PATIENCE = 8
RATE = 1e-3
DECAY = 1e-3
TEMPERATURE = 0.1
HIDDEN_SHARE = 0.5  # of what is known, in each epoch
JUDGED = 0.1  # of what is known, left out to tell when to stop
BATCH = 512


@dataclass(frozen=True, eq=False)
class Sage:
    """A fitted model.

    Attributes:
        name: the named vector that it tells.
        dims: numbers of each named vector.
        weights: float32: `w1` (2 inputs, hidden), `b1`, `w2` (hidden, dim), `b2`.
    """

    name: str
    dims: Mapping[str, int]
    weights: Mapping[str, Vectors]

    @classmethod
    def fit(cls, views: Views, graph: csr_array, name: str, *, seed: int = 0, threads: int = 0) -> Sage:
        """Fit it on the things that have the vector."""
        import torch

        rng = np.random.default_rng(seed)
        known = np.flatnonzero(views.has(name))
        target = unit(views.mean(name))
        order = rng.permutation(known)
        judged, learnt = order[: max(1, int(JUDGED * len(order)))], order[max(1, int(JUDGED * len(order))) :]
        inputs = 2 * (sum(views.dims.values()) + len(views.dims))
        first = rng.normal(0, (2 / inputs) ** 0.5, (inputs, HIDDEN)).astype(np.float32)
        last = rng.normal(0, (1 / HIDDEN) ** 0.5, (HIDDEN, views.dims[name])).astype(np.float32)
        with repeatable(seed, threads):
            weights = {
                key: torch.tensor(value, requires_grad=True)
                for key, value in (
                    ("w1", first),
                    ("b1", np.zeros(HIDDEN, np.float32)),
                    ("w2", last),
                    ("b2", np.zeros(views.dims[name], np.float32)),
                )
            }
            optimizer = torch.optim.AdamW(list(weights.values()), RATE, weight_decay=DECAY)
            best, kept, since = -1.0, cls(name, views.dims, plain(weights)), 0
            for _ in range(EPOCHS):
                hidden = np.concatenate([judged, rng.permutation(learnt)[: int(HIDDEN_SHARE * len(learnt))]])
                features = _features(views, graph, name, hidden)
                for batch in np.array_split(hidden[len(judged) :], max(1, len(hidden) // BATCH)):
                    optimizer.zero_grad()
                    made = torch.nn.functional.normalize(_pass(weights, torch.tensor(features[batch])), dim=1)
                    scores = made @ torch.tensor(target[batch]).T / TEMPERATURE
                    right = torch.arange(len(batch))
                    loss = torch.nn.functional.cross_entropy(scores, right)
                    (loss + torch.nn.functional.cross_entropy(scores.T, right)).backward()
                    optimizer.step()
                model = cls(name, views.dims, plain(weights))
                worth = float(own_ranks(model._told(features[judged]) @ target[judged].T).mean())
                if worth > best:
                    best, kept, since = worth, model, 0
                elif (since := since + 1) >= PATIENCE:
                    break
        return kept

    def fill(self, graph: csr_array, views: Views) -> tuple[Vectors, NDArray[np.bool_]]:
        """The vectors for the things that lack them: (n, dim) of length 1, and which those are."""
        lacks = ~views.has(self.name)
        made = self._told(_features(views, graph, self.name, np.flatnonzero(lacks)))
        return np.asarray(np.where(lacks[:, None], made, 0.0), np.float32), lacks

    def _told(self, features: Vectors) -> Vectors:
        return np.asarray(unit(_pass(self.weights, features)), np.float32)


def _features(views: Views, graph: csr_array, name: str, hidden: NDArray[np.intp]) -> Vectors:
    """What each thing has, and the mean of what its neighbours have: (n, inputs); `name` is hidden from some."""
    parts = []
    for kind in views.names:
        has = views.has(kind)
        if kind == name:
            has = has.copy()
            has[hidden] = False
        parts += [np.where(has[:, None], unit(views.mean(kind)), 0.0), has[:, None].astype(np.float64)]
    own = np.concatenate(parts, axis=1)
    return np.asarray(np.concatenate([own, graph @ own], axis=1), np.float32)


def _pass(weights: Mapping[str, Any], features: Any) -> Any:
    up = features @ weights["w1"] + weights["b1"]
    return (up * (up > 0)) @ weights["w2"] + weights["b2"]
