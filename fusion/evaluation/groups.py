"""What is alike, so that it lies on one side of a split: else what is asked was learnt from already."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas import UsageError

NEAR = 0.98
"""The cosine from which on two contents are taken for near-duplicates, where nothing else is asked for."""

LEAST_GROUPS = 2  # that can be split: one to learn from, one to ask

ROWS = 512  # compared at a time with all others: bounds the memory

Labels = NDArray[np.intp]
"""The group of each content: numbers from 0."""


def content_groups(*keys: Sequence[Hashable | None], vectors: NDArray[Any] | None = None, near: float = NEAR) -> Labels:
    """The content group of each of n contents.

    Two are in one group if any key of theirs is equal (content hash, caption), if their vectors are near-duplicates,
    or if both are in one group with a third.

    Args:
        keys: each a sequence of n keys; None and "" equal nothing. Texts are compared without case and spaces.
        vectors: (n, d) of length 1; rows of zeros are like nothing. The work grows by the square of n.
        near: the cosine from which on two are alike.

    Returns:
        intp (n,): the number of each group, from 0, in the order in which they first occur.

    Raises:
        UsageError: keys and vectors are not of the same n.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    counts = {len(key) for key in keys} | ({len(vectors)} if vectors is not None else set())
    if len(counts) != 1:
        raise UsageError(f"Keys and vectors must be of the same contents, and are of {sorted(counts)}.")
    [n] = counts
    pairs: list[NDArray[np.intp]] = [np.zeros((0, 2), np.intp)]
    for key in keys:
        first: dict[Hashable, int] = {}
        edges = [(first.setdefault(_plain(one), i), i) for i, one in enumerate(key) if one is not None and one != ""]
        pairs.append(np.array(edges, np.intp).reshape(-1, 2))
    if vectors is not None:
        for start in range(0, n, ROWS):
            rows, columns = np.nonzero(vectors[start : start + ROWS] @ vectors[start:].T >= near)
            pairs.append(np.stack([rows + start, columns + start], axis=1))
    edge = np.concatenate(pairs)
    graph = coo_array((np.ones(len(edge), np.int8), (edge[:, 0], edge[:, 1])), shape=(n, n))
    _, labels = connected_components(graph, directed=False)
    order: dict[int, int] = {}
    return np.array([order.setdefault(int(label), len(order)) for label in labels], np.intp)


def split(groups: Sequence[Hashable] | NDArray[Any], seed: int, *, share: float = 0.2) -> NDArray[np.bool_]:
    """Which contents are held out: whole groups drawn by lot, about `share` of the groups; at least one, never all.

    Returns:
        bool (n,), True for what is held out.

    Raises:
        UsageError: there are fewer than two groups, or the share is not between 0 and 1.
    """
    names = sorted({str(group) for group in groups})
    if len(names) < LEAST_GROUPS or not 0 < share < 1:
        raise UsageError(
            f"{len(names)} content groups cannot be split by {share:g}: two and a share below 1 are needed."
        )
    count = min(max(1, round(share * len(names))), len(names) - 1)
    chosen = {names[i] for i in np.random.default_rng(seed).permutation(len(names))[:count]}
    return np.array([str(group) in chosen for group in groups])


def _plain(key: Hashable) -> Hashable:
    return " ".join(key.casefold().split()) if isinstance(key, str) else key
