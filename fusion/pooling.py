"""Tokens of a thing as one vector, for numpy and for torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fusion.views import TINY


def pooled(z: Any, there: Sequence[Any], xp: Any, senses: Sequence[str] = ()) -> Any:
    """Tokens (n, tokens, hidden) as one vector of length 1: (n, hidden); see `shares`."""
    return unit((z * shares(z, there, xp, senses)[..., None]).sum(1), xp)


def shares(z: Any, there: Sequence[Any], xp: Any, senses: Sequence[str] = ()) -> Any:
    """What each token is multiplied by in the sum of all: (n, tokens).

    A name counts as one, however many tokens it has: their sum is brought to length 1. So does a sense, however many
    names it has: a picture and its regions together count no more than its words.

    Args:
        z: the tokens, name by name.
        there: of each name, which of its tokens a thing has: 1.0 or 0.0 (n, k).
        xp: numpy or torch; all arrays are its own.
        senses: of each name what it is made of; none: of something of its own.
    """
    lengths, at = [], 0
    for one in there:
        lengths.append(_length((z[:, at : at + one.shape[1]] * one[..., None]).sum(1), xp))
        at += one.shape[1]
    has = xp.stack([(one.sum(1) > 0) * 1.0 for one in there], 1)
    if senses:
        of = np.asarray(senses)
        alike = (of[:, None] == of).astype(np.float32)
        has = has / (has @ (alike if xp is np else xp.as_tensor(alike, device=z.device, dtype=has.dtype)) + TINY)
    return xp.concatenate([one * (has[:, i] / lengths[i])[:, None] for i, one in enumerate(there)], 1)


def unit(z: Any, xp: Any) -> Any:
    """Tokens of length 1."""
    return z / _length(z, xp)[..., None]


def _length(z: Any, xp: Any) -> Any:
    return xp.sqrt((z * z).sum(-1) + TINY)
