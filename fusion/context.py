"""What a segment is told by those beside it: a further attention on top of one that is fitted, and how it is trained.

Each token of a thing attends to the tokens of the segments beside it in its item (`fusion.beside`) that are of a kind
that the thing lacks: the picture of a scene in which nothing is said to what is said before and after. With u_i a token
of the thing, m_j one of those beside it (its place, p_j, added), both of length 1, and for each head

    s_ij = q_i . k_j / sqrt(d)    a_ij = exp(s_ij) / sum_k exp(s_ik)    u_i + sum_j a_ij (m_j + p_j) V O

where k runs over the thing's own tokens of other kinds as well. What has every kind is told nothing: where it was, its
own words were drowned by those beside it, and it was found less (docs/fusion.md). So a thing that is whole, one that is
alone in its item, and a question are fused as they were.

It is trained after the rest, and alone, by InfoNCE without labels: a look at a thing, with what it lacks taken from a
segment beside it, is to find that very thing among others, those of its own item among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.beside import NONE
from fusion.evaluation import split
from fusion.pooling import pooled
from fusion.training import own_ranks, plain, repeatable
from fusion.views import Vectors, Views

if TYPE_CHECKING:
    from fusion.attention import Attention

REACH = 2  # segments before, and as many after
LEAST = 30  # things with segments beside them, below which nothing is learnt
GAINS = (0.25, 0.5, 1.0)  # of what is read, to begin with: the best is taken, if it is better than nothing
BATCH = 256
A_TIME = 4096  # things of an epoch, at most: so few weights need no more, and take no longer in a large collection
EPOCHS, PATIENCE = 30, 4
RATE, DECAY = 1e-3, 0.01
TEMPERATURE = 0.1
LEFT_OUT, JUDGED = 0.1, 1000
NOISE = 2.0  # of another look, on vectors of length 1
BESIDE = "beside."
"""What the names of the weights begin with."""


def begin(hidden: int, reach: int, gain: float, seed: int = 0) -> dict[str, Vectors]:
    """Weights with which all tokens that may be attended to count alike, and are added `gain` times."""
    rng = np.random.default_rng(seed)
    bound = np.sqrt(3.0 / hidden)
    drawn = {part: rng.uniform(-bound, bound, (hidden, hidden)) for part in ("query", "key")}
    made = {**drawn, "value": np.eye(hidden), "out": gain * np.eye(hidden), "place": np.zeros((2 * reach, hidden))}
    return {BESIDE + name: array.astype(np.float32) for name, array in made.items()}


@dataclass(frozen=True, eq=False)
class Tokens:
    """What is attended with and to; arrays of numpy or of torch.

    Attributes:
        own: (n, t, hidden) tokens of the things, of length 1.
        length: (n, t, 1) how long they were: of several of a name, the longer counts for more.
        there: (n, t) 1.0 or 0.0.
        kinds: (t,) number of the named vector of each.
        beside: (n, c, hidden) tokens of the segments beside them, of length 1: by kind, and by place in each.
        near: (n, c) 1.0 or 0.0.
        near_kinds: (c,).
    """

    own: Any
    length: Any
    there: Any
    kinds: NDArray[np.intp]
    beside: Any
    near: Any
    near_kinds: NDArray[np.intp]

    def told(self, told: Any) -> Any:
        """The tokens with what they were told, as long as they were."""
        return self.length * (self.own + told)

    @property
    def lacks(self) -> Any:
        """(n, c) 1.0 where a thing has no token of the kind of one beside it, else 0.0."""
        own = np.asarray(self.there)
        has = np.stack([own[:, self.kinds == kind].max(axis=1) for kind in self.near_kinds], axis=1)
        made = np.asarray(1.0 - has, np.float32)
        return made if isinstance(self.there, np.ndarray) else self.there.new_tensor(made)


def listen(weights: Mapping[str, Any], heads: int, tokens: Tokens, xp: Any) -> tuple[Any, Any]:
    """What each token is told (n, t, hidden), and the weights (n, heads, t, t + c): own tokens first."""
    n, count, hidden = tokens.own.shape
    place = weights[BESIDE + "place"]
    beside = tokens.beside + xp.concatenate([place] * (tokens.beside.shape[1] // len(place)), 0)
    among = xp.concatenate([tokens.own, beside], 1)

    def part(name: str, rows: Any) -> Any:
        return (rows @ weights[BESIDE + name]).reshape(n, -1, heads, hidden // heads)

    # Tokens of length 1 are as long here as layer normalization would make them.
    s = hidden * xp.einsum("nihd,njhd->nhij", part("query", tokens.own), part("key", among)) / (hidden // heads) ** 0.5
    other = (tokens.kinds[:, None] != np.concatenate([tokens.kinds, tokens.near_kinds])).astype(np.float32)
    there = xp.concatenate([tokens.there, tokens.near * tokens.lacks], 1)[:, None, None]
    seen = there * (other if xp is np else xp.as_tensor(other))
    e = xp.exp(s - xp.amax(s, -1)[..., None]) * seen
    a = e / (e.sum(-1)[..., None] + 1e-12)
    told = xp.einsum("nhij,njhd->nihd", a[..., count:], part("value", beside)).reshape(n, count, hidden)
    return told @ weights[BESIDE + "out"], a


def fit_context(
    model: Attention,
    views: Views,
    groups: NDArray[Any],
    items: NDArray[np.intp],
    around: NDArray[np.intp],
    *,
    among: NDArray[np.bool_] | None = None,
    seed: int = 0,
    threads: int = 0,
) -> Attention:
    """The model with what lets things be told by those beside them, or as it was where that finds no more.

    These are questions that speak of what lies beside: whether a thing is found better by what is asked of itself is
    for others to tell, with `fusion.held.told_beside`.

    Args:
        model: a fitted one; its weights stay as they are.
        views: of all things; a batch at a time is read.
        groups: (n,) their content groups.
        items: (n,) the items that they are segments of.
        around: (n, 2 reach) rows of the segments beside them: `fusion.beside.around`.
        among: (n,) which things may be learnt from, with all of their items; None: all.
        seed: of all that is drawn by lot.
        threads: of torch; 0: half of the cores.
    """
    able = (around != NONE).any(axis=1) & (views.count() > 0)
    rows = np.flatnonzero(able if among is None else able & among)
    if len(rows) < LEAST:
        return model
    learner = _Learner(replace(model, shape=replace(model.shape, reach=around.shape[1] // 2)), views, around, seed)
    held = split(groups[rows], seed, share=LEFT_OUT)
    judged = np.sort(rows[held])[:JUDGED]
    weights, trained = learner.run(rows[~held], judged, groups, items, threads)
    if weights is None:
        return replace(model, trained={**model.trained, "beside": trained})
    shape = replace(model.shape, reach=around.shape[1] // 2)
    return replace(
        model, shape=shape, weights={**model.weights, **weights}, trained={**model.trained, "beside": trained}
    )


class _Learner:
    def __init__(self, model: Attention, views: Views, around: NDArray[np.intp], seed: int) -> None:
        self._model, self._views, self._around = model, views, around
        self._rng, self._seed = np.random.default_rng(seed), seed
        self._names = [name for name in views.names if name in model.inputs]

    def run(
        self,
        learnt: NDArray[np.intp],
        judged: NDArray[np.intp],
        groups: NDArray[Any],
        items: NDArray[np.intp],
        threads: int,
    ) -> tuple[dict[str, Vectors] | None, dict[str, Any]]:
        """The weights, or None where they find no more; and what is known of the training."""
        import torch

        looks, stored, there = self._looks(judged), *self._stored(judged)
        hidden, reach = self._model.dim, self._model.shape.reach

        def found(weights: Mapping[str, Any]) -> NDArray[np.float64]:
            return own_ranks(looks @ self._whole(weights, stored, there, np).T)

        nothing = found(begin(hidden, reach, 0.0, self._seed))
        starts = {gain: begin(hidden, reach, gain, self._seed) for gain in GAINS}
        ranks = {gain: found(start) for gain, start in starts.items()}
        gain = max(GAINS, key=lambda one: float(ranks[one].mean()))
        best, kept, since, epochs = ranks[gain], starts[gain], 0, 0
        with repeatable(self._seed, threads):
            values = {name: torch.tensor(array, requires_grad=True) for name, array in kept.items()}
            optimizer = torch.optim.AdamW(list(values.values()), RATE, weight_decay=DECAY)
            for _ in range(EPOCHS):
                for batch in self._batches(learnt, items):
                    optimizer.zero_grad()
                    self._loss(values, batch, groups, items).backward()
                    optimizer.step()
                epochs += 1
                now = plain(values)
                seen = found(now)
                if seen.mean() > best.mean():
                    best, kept, since = seen, now, 0
                elif (since := since + 1) >= PATIENCE:
                    break
        trained = {
            "things": len(learnt),
            "left_out": len(judged),
            "epochs": epochs,
            "mrr_before": round(float(nothing.mean()), 4),
            "mrr": round(float(best.mean()), 4),
        }
        return kept if best.mean() > nothing.mean() else None, trained

    def _batches(self, learnt: NDArray[np.intp], items: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """By lot, with the segments of an item in one batch: they are the hardest to tell apart."""
        lot = self._rng.permutation(int(items.max()) + 1)[items[learnt]]
        order = learnt[np.argsort(lot, kind="stable")][:A_TIME]
        return iter(np.array_split(order, max(1, len(order) // BATCH)))

    def _loss(self, values: Mapping[str, Any], batch: NDArray[np.intp], groups: NDArray[Any], items: Any) -> Any:
        import torch

        looks, (stored, there) = torch.as_tensor(self._looks(batch)), self._stored(batch)
        given = replace(
            stored,
            own=torch.as_tensor(stored.own),
            length=torch.as_tensor(stored.length),
            there=torch.as_tensor(stored.there),
            beside=torch.as_tensor(stored.beside),
            near=torch.as_tensor(stored.near),
        )
        whole = self._whole(values, given, [torch.as_tensor(one) for one in there], torch)
        # What is alike elsewhere is as right; what is beside it is not.
        same = (groups[batch][:, None] == groups[batch]) & (items[batch][:, None] != items[batch])
        scores = (looks @ whole.T / TEMPERATURE).masked_fill(torch.as_tensor(same), -torch.inf)
        right = torch.arange(len(batch))
        return torch.nn.functional.cross_entropy(scores, right) + torch.nn.functional.cross_entropy(scores.T, right)

    def _whole(self, weights: Mapping[str, Any], stored: Tokens, there: list[Any], xp: Any) -> Any:
        told, _ = listen(weights, self._model.shape.heads, stored, xp)
        return pooled(stored.told(told), there, xp, self._model.sensed)

    def _stored(self, rows: NDArray[np.intp]) -> tuple[Tokens, list[Any]]:
        some = self._views.stored(rows, self._around)
        tokens = self._model.tokens(some)
        counts = np.bincount(tokens.kinds)
        return tokens, np.split(tokens.there, np.cumsum(counts)[:-1], axis=1)

    def _looks(self, rows: NDArray[np.intp]) -> Vectors:
        """Another look at each thing, with what it lacks taken from a segment beside it: fused, (n, hidden)."""
        some = self._views.stored(rows, self._around)
        tokens, there = {}, {}
        for name in self._names:
            own, beside = some.mean(name), some.beside
            has = some.has(name)
            if beside is not None:
                lot = np.where(beside.there[name], self._rng.random(beside.there[name].shape), -1.0)
                drawn = lot.argmax(axis=1)
                borrowed = beside.tokens[name][np.arange(len(rows)), drawn]
                own = np.where(has[:, None], own, borrowed)
                has = has | (lot.max(axis=1) >= 0)
            length = np.linalg.norm(own, axis=1, keepdims=True)
            noise = self._rng.standard_normal(own.shape, np.float32) * NOISE / own.shape[1] ** 0.5
            tokens[name], there[name] = (own + length * noise)[:, None].astype(np.float32), has[:, None]
        return self._model.fuse(Views(tokens, there))
