"""Contrastive training on what things have of themselves: no labels are needed.

InfoNCE (van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018, symmetric as in CLIP):
what one part of a thing's vectors becomes should be likest to what its other part becomes, among all others of the
batch and among hard ones: those that the model itself takes for alike, mined anew every few epochs. Things of one
content group (equal captions, segments of one file) are never held against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fusion.attending import Shape, begin, begin_as_sum, forward
from fusion.attention import Attention, senses_of
from fusion.cca import LEAST_PAIRS, marks, shared_space
from fusion.evaluation import split
from fusion.training import need_torch, own_ranks, plain, repeatable
from fusion.views import Views
from schemas import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

Progress = Callable[[int, int, float], None]
"""Is told the epoch, how many there are at most, and the mean reciprocal rank on things left out."""

PLACED = 8000  # things that the shared space is made from
MINED = 8192  # things among which hard negatives are sought at a time: the work grows by the square
HARDEST = 8  # of each thing; one is drawn a batch
SURELY = 2.0  # standard errors by which a mean reciprocal rank must be higher
LOOK = 3.0  # times the noise of training, for another look at a thing
JUDGED = 1000  # things left out that are ranked against each other


@dataclass(frozen=True, slots=True)
class Training:
    """How long and how carefully to train.

    Attributes:
        epochs: at most.
        patience: epochs without a surely better mean reciprocal rank on things left out, after which training ends.
        batch: things in a step; memory grows with it, not with the collection.
        rate: learning rate of AdamW at its height; a cosine brings it down.
        decay: of the weights.
        temperature: that likenesses are divided by.
        noise: standard deviation of what is added to each vector of length 1, over all its numbers together.
        left_out: share of the content groups that is not trained on.
        mine: epochs between two searches for hard negatives; 0: none.
        seed: of everything that is drawn by lot.
        threads: of torch; 0: half of the cores, for with as many as there are it is far slower where others work, too.
    """

    epochs: int = 30
    patience: int = 6
    batch: int = 256
    rate: float = 1e-4
    decay: float = 0.05
    temperature: float = 0.1
    noise: float = 0.3
    left_out: float = 0.1
    mine: int = 4
    seed: int = 0
    threads: int = 0


def fit_attention(
    views: Views,
    inputs: Mapping[str, str],
    groups: NDArray[Any] | None = None,
    *,
    among: NDArray[np.bool_] | None = None,
    shape: Shape | None = None,
    training: Training | None = None,
    progress: Progress | None = None,
) -> Attention:
    """Fit the attention on things that have several of the named vectors.

    Args:
        views: of all things; the arrays may be memory maps: a batch at a time is read.
        inputs: the named vectors to fuse, with the fingerprints of their encoders.
        groups: (n,) the content group of each thing; None: each is its own.
        among: (n,) which things may be learnt from; None: all.
        shape: of the model.
        training: how to train.
        progress: see `Progress`.

    Raises:
        UsageError: too few things have several of the vectors, or torch is not installed.
    """
    shape, training = shape or Shape(), training or Training()
    need_torch("Attention")
    if shape.hidden % shape.heads:
        raise UsageError(f"{shape.hidden} numbers cannot be shared out among {shape.heads} heads.")
    views = views.having(inputs)
    several = views.sided() > 1
    rows = np.flatnonzero(several if among is None else several & among)
    if len(rows) < LEAST_PAIRS:
        raise UsageError(
            f"Attention is learnt from {LEAST_PAIRS} things or more that have several of the vectors "
            f"{', '.join(sorted(inputs))}: there are {len(rows)}."
        )
    groups = np.arange(len(views)) if groups is None else np.asarray(groups)
    rng = np.random.default_rng(training.seed)
    held = split(groups[rows], training.seed, share=training.left_out)
    learnt, judged = rows[~held], rows[held][:JUDGED]
    some = views.take(np.sort(rng.permutation(learnt)[:PLACED]))
    names = sorted(inputs)
    if shape.residual:
        weights = begin_as_sum(shape, shared_space(some, names, dim=shape.hidden), training.seed)
    else:
        weights = begin(shape, {name: marks(some, name) for name in names}, training.seed)
    trainer = _Trainer(views, groups, learnt=learnt, judged=judged, shape=shape, training=training, weights=weights)
    fitted, trained = trainer.run(progress)
    return Attention(dict(inputs), shape, fitted, trained, senses_in(views))


def senses_in(views: Views) -> dict[str, str]:
    """What is known of what the vectors of these things are made of."""
    return {name: views.senses[name] for name in views.names if name in views.senses}


def _surely_better(best: NDArray[np.float64], found: NDArray[np.float64]) -> bool:
    """Whether the mean is higher by more than chance would have it: else what it began with stays."""
    gained = found - best
    return bool(gained.mean() > SURELY * gained.std() / len(gained) ** 0.5)


class _Trainer:
    def __init__(
        self,
        views: Views,
        groups: NDArray[Any],
        *,
        learnt: NDArray[np.intp],
        judged: NDArray[np.intp],
        shape: Shape,
        training: Training,
        weights: dict[str, Any],
    ) -> None:
        self._views, self._groups, self._learnt = views, groups, learnt
        self._shape, self._training = shape, training
        self._judged = views.take(np.sort(judged))
        self._weights = weights
        self._rng = np.random.default_rng(training.seed)
        self._looks = self._noisy(self._judged, LOOK)
        self._hard: NDArray[np.intp] | None = None  # of each of `learnt`, its hardest negatives

    def run(self, progress: Progress | None) -> tuple[dict[str, Any], dict[str, Any]]:
        import torch

        training = self._training
        device = "cuda" if torch.cuda.is_available() else "cpu"
        with repeatable(training.seed, training.threads):
            values = {name: torch.tensor(array, device=device) for name, array in self._weights.items()}
            moved = [name for name in values if not name.endswith(".landmarks")]
            for name in moved:
                values[name].requires_grad_(True)
            optimizer = torch.optim.AdamW([values[name] for name in moved], training.rate, weight_decay=training.decay)
            steps = training.epochs * max(1, len(self._learnt) // training.batch)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, steps))
            best, kept, since, epoch = self._judge(), dict(self._weights), 0, 0
            first = best
            for epoch in range(1, training.epochs + 1):
                if training.mine and (epoch - 1) % training.mine == 0:
                    self._mine()
                for batch, hard in self._batches():
                    optimizer.zero_grad()
                    self._loss(values, batch, hard, device).backward()
                    optimizer.step()
                    schedule.step()
                self._weights = plain(values)
                found = self._judge()
                if progress is not None:
                    progress(epoch, training.epochs, float(found.mean()))
                if _surely_better(best, found):
                    best, kept, since = found, self._weights, 0
                elif (since := since + 1) >= training.patience:
                    break
        return kept, {
            "things": len(self._learnt),
            "left_out": len(self._judged),
            "epochs": epoch,
            "mrr_before": round(float(first.mean()), 4),
            "mrr": round(float(best.mean()), 4),
            "seed": training.seed,
        }

    def _batches(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp] | None]]:
        order = self._rng.permutation(len(self._learnt))
        for start in range(0, max(1, len(order) - 1), self._training.batch):
            some = order[start : start + self._training.batch]
            if len(some) == 1:  # nothing to hold it against
                continue
            hard = None
            if self._hard is not None:
                drawn = self._hard[some, self._rng.integers(self._hard.shape[1], size=len(some))]
                hard = np.unique(self._learnt[drawn[drawn >= 0]])
            yield self._learnt[some], hard

    def _loss(self, values: Mapping[str, Any], batch: NDArray[Any], hard: NDArray[Any] | None, device: str) -> Any:
        import torch

        temperature = self._training.temperature
        some = self._views.take(batch)
        one, other = self._parted(some)
        asked, answer, whole = (self._embed(values, part, device) for part in (one, other, self._noisy(some)))
        groups = self._groups[batch]
        same = torch.as_tensor((groups[:, None] == groups) & ~np.eye(len(groups), dtype=bool), device=device)
        right = torch.arange(len(batch), device=device)

        def contrast(left: Any, found: Any) -> Any:
            scores = (left @ found.T / temperature).masked_fill(same, -torch.inf)
            return torch.nn.functional.cross_entropy(scores, right)

        loss = contrast(asked, answer) + contrast(answer, asked) + contrast(asked, whole)
        if hard is not None and len(hard):
            # What is stored is whole: a question must tell its answer from those that the model takes for alike.
            against = self._embed(values, self._views.take(hard), device)
            told = torch.as_tensor(groups[:, None] == self._groups[hard], device=device)
            scores = torch.cat([(asked * whole).sum(1)[:, None], (asked @ against.T).masked_fill(told, -torch.inf)], 1)
            loss = loss + torch.nn.functional.cross_entropy(scores / temperature, torch.zeros_like(right))
        return loss

    def _embed(self, values: Mapping[str, Any], views: Views, device: str) -> Any:
        import torch

        tokens = {name: torch.as_tensor(np.asarray(views.tokens[name]), device=device) for name in views.names}
        there = {name: torch.as_tensor(views.there[name].astype(np.float32), device=device) for name in views.names}
        return forward(values, self._shape, tokens, there, torch, senses=senses_of(views.names, views.senses))[0]

    def _parted(self, views: Views) -> tuple[Views, Views]:
        """The sides of each thing, shared out by lot between two parts that have one at least."""
        sides = views.sides()
        has = np.stack([views.only(side).count() > 0 for side in sides])
        lot = np.where(has, self._rng.random(has.shape), np.inf)
        order = np.argsort(np.argsort(lot, axis=0), axis=0)
        first = 1 + (self._rng.random(len(views)) * (has.sum(axis=0) - 1)).astype(int)
        left = order < first
        parts = []
        for part in (left, ~left):
            chosen = {name: part[i][:, None] for i, side in enumerate(sides) for name in side}
            there = {name: views.there[name] & chosen[name] for name in views.names}
            parts.append(self._noisy(replace(views, there=there)))
        return parts[0], parts[1]

    def _noisy(self, views: Views, times: float = 1.0) -> Views:
        """Each vector moved a little, so that a thing is found by what is like it, too."""
        tokens = {}
        for name, rows in views.tokens.items():
            length = np.linalg.norm(rows, axis=-1, keepdims=True)
            spread = length * times * self._training.noise / rows.shape[-1] ** 0.5
            drawn = self._rng.standard_normal(rows.shape, np.float32)
            tokens[name] = np.asarray(rows + spread * drawn, np.float32)
        return replace(views, tokens=tokens)

    def _mine(self) -> None:
        """The hardest negatives of each thing that is learnt, among `MINED` drawn by lot."""
        pool = np.sort(self._rng.permutation(len(self._learnt))[:MINED])
        model = self._model()
        vectors = model.fuse(self._views.take(self._learnt[pool]))
        groups = self._groups[self._learnt]
        self._hard = np.full((len(self._learnt), HARDEST), -1)
        for start in range(0, len(self._learnt), 1024):
            rows = np.arange(start, min(start + 1024, len(self._learnt)))
            likeness = model.fuse(self._views.take(self._learnt[rows])) @ vectors.T
            likeness[groups[rows][:, None] == groups[pool]] = -np.inf
            found = np.argpartition(-likeness, min(HARDEST, len(pool) - 1), axis=1)[:, :HARDEST]
            found = np.where(np.isfinite(np.take_along_axis(likeness, found, 1)), pool[found], -1)
            self._hard[rows, : found.shape[1]] = found

    def _judge(self) -> NDArray[np.float64]:
        """Reciprocal ranks of things left out: found by one of their kinds with only the others to be found, and whole.

        Whole, they are asked for by another look at them: a thing must also be told from what has half of it.
        """
        model, ranks = self._model(), []
        for side in self._judged.sides():
            whole = self._judged.take(self._judged.only(side).count() > 0)
            whole = whole.take(whole.sided() > 1)
            if len(whole) > 1:
                others = set(whole.names) - set(side)
                ranks.append(own_ranks(model.fuse(whole.only(side)) @ model.fuse(whole.only(others)).T))
        ranks.append(own_ranks(model.fuse(self._looks) @ model.fuse(self._judged).T))
        return np.concatenate(ranks)

    def _model(self) -> Attention:
        inputs = dict.fromkeys(self._views.names, "")
        return Attention(inputs, self._shape, self._weights, senses=senses_in(self._views))
