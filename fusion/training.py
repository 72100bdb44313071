"""What everything that is trained with torch needs: to be there, to be repeatable, and to be judged by ranks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError


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
