"""What everything that is trained with torch needs: to be there, to be repeatable, and to be judged by ranks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.views import Vectors, unit
from schemas import UsageError

RATE, DECAY = 1e-3, 0.01
BATCH = 256
TEMPERATURE = 0.1  # of cosines that were set to vary by 1


def trainable() -> bool:
    """Whether torch is installed."""
    return find_spec("torch") is not None


def need_torch(what: str) -> None:
    """See that something can be trained.

    Raises:
        UsageError: torch is not installed.
    """
    if not trainable():
        raise UsageError(f"{what} is trained with torch, which is not installed: pip install 'medley[models]'.")


@contextmanager
def repeatable(seed: int, threads: int = 0) -> Iterator[None]:
    """Torch with this seed and so many threads, and as it was afterwards."""
    import torch

    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(threads or max(1, (os.cpu_count() or 1) // 2))
        try:
            yield
        finally:
            torch.set_num_threads(before)


def plain(values: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Torch's values as arrays of their own."""
    return {name: value.detach().cpu().numpy().copy() for name, value in values.items()}


def own_ranks(scores: NDArray[Any]) -> NDArray[np.float64]:
    """The reciprocal rank of column i for row i: (n,)."""
    return np.asarray(1.0 / (1.0 + (scores > np.diag(scores)[:, None]).sum(axis=1)), np.float64)


def contrasted(
    weights: dict[str, Vectors],
    sent: Callable[[dict[str, Vectors]], Vectors],
    sending: Callable[[dict[str, Any], NDArray[np.intp]], Any],
    wanted: Vectors,
    *,
    judged: NDArray[np.intp],
    learnt: NDArray[np.intp],
    epochs: int,
    patience: int,
    rng: np.random.Generator,
) -> dict[str, Vectors]:
    """Weights with which pairs that are left out are found best; trained by InfoNCE over batches, and stopped early.

    Args:
        weights: to begin with, float32 arrays by name.
        sent: where weights, as arrays, send the sources of `judged`: (n_judged, d).
        sending: the same in torch, for a batch of the learnt: (n_batch, d).
        wanted: the targets of all pairs, (n, d).
        judged: pairs that are left out of training.
        learnt: pairs that are trained on.
        epochs: at most.
        patience: epochs without a better mean reciprocal rank, after which training ends.
        rng: what batches are drawn with.
    """
    import torch

    with repeatable(0):
        trained = {name: torch.tensor(array, requires_grad=True) for name, array in weights.items()}
        optimizer = torch.optim.AdamW(list(trained.values()), RATE, weight_decay=DECAY)
        best, since = -1.0, 0
        for _ in range(epochs):
            now = plain(trained)
            found = float(own_ranks(unit(sent(now)) @ wanted[judged].T).mean())
            if found > best:
                best, since, weights = found, 0, now
            elif (since := since + 1) >= patience:
                break
            shuffled = rng.permutation(learnt)
            for batch in np.array_split(shuffled, max(1, len(shuffled) // BATCH)):
                optimizer.zero_grad()
                made = torch.nn.functional.normalize(sending(trained, batch), dim=1)
                scores = made @ torch.tensor(wanted[batch]).T
                right = torch.arange(len(batch))
                torch.nn.functional.cross_entropy(scores / TEMPERATURE, right).backward()
                optimizer.step()
    return weights
