"""The pass of the attention: its shape, the weights that it begins with, and what they make of tokens.

It is written once, for numpy, which answers questions without loading torch, and for torch, which derives it. The
equations are in `fusion.attention`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fusion.cca import Map
from fusion.likeness import GAMMA
from fusion.pooling import pooled, unit
from fusion.views import TINY, Vectors

FAR = 1e9  # taken from the score of a token that is not there: e^-FAR is 0


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a model is, and what it is made of.

    Attributes:
        hidden: numbers of a token, and of the fused vector.
        heads: of each attention.
        blocks: attentions, one after the other.
        feedforward: hidden layer after each attention, in parts of `hidden`; 0: none.
        residual: tokens keep what they were, and attention adds to it.
        cross: tokens attend to those of other named vectors alone, where there are any.
        reach: segments before and after a thing in its item that it is told by; 0: none.
    """

    hidden: int = 128
    heads: int = 4
    blocks: int = 1
    feedforward: int = 2
    residual: bool = True
    cross: bool = False
    reach: int = 0

    @classmethod
    def smallest(cls, hidden: int = 64) -> Shape:
        """A linear layer for words, one for pictures, and one attention of four heads between them: no more."""
        return cls(hidden=hidden, heads=4, blocks=1, feedforward=0, residual=False, cross=True)


def begin(shape: Shape, landmarks: Mapping[str, Vectors], seed: int = 0) -> dict[str, Vectors]:
    """Weights drawn by lot.

    Args:
        shape: of the model.
        landmarks: (m, dim) of length 1 by named vector: a token is how alike it is to them (`fusion.likeness`), times
            a matrix. That makes a straight line follow curves; they are not trained.
        seed: of the lot.
    """
    rng = np.random.default_rng(seed)
    hidden = shape.hidden

    def drawn(rows: int, columns: int) -> Vectors:  # Glorot & Bengio, AISTATS 2010
        bound = np.sqrt(6.0 / (rows + columns))
        return rng.uniform(-bound, bound, (rows, columns)).astype(np.float32)

    weights: dict[str, Vectors] = {}
    for name in sorted(landmarks):
        weights[f"in.{name}.landmarks"] = np.asarray(landmarks[name], np.float32)
        weights[f"in.{name}.weight"] = drawn(len(landmarks[name]), hidden)
        weights[f"in.{name}.bias"] = np.zeros(hidden, np.float32)
    for block in range(shape.blocks):
        for part in ("query", "key", "value", "out"):
            weights[f"{block}.{part}.weight"] = drawn(hidden, hidden)
            weights[f"{block}.{part}.bias"] = np.zeros(hidden, np.float32)
        if shape.feedforward:
            weights[f"{block}.up.weight"] = drawn(hidden, shape.feedforward * hidden)
            weights[f"{block}.up.bias"] = np.zeros(shape.feedforward * hidden, np.float32)
            weights[f"{block}.down.weight"] = drawn(shape.feedforward * hidden, hidden)
            weights[f"{block}.down.bias"] = np.zeros(hidden, np.float32)
        if shape.residual:  # at first nothing is added
            for part in ("out", "down"):
                if f"{block}.{part}.weight" in weights:
                    weights[f"{block}.{part}.weight"][:] = 0.0
    return weights


def begin_as_sum(shape: Shape, maps: Mapping[str, Map], seed: int = 0) -> dict[str, Vectors]:
    """Weights with which a model of this shape, with `residual`, is the sum in a shared space.

    Args:
        shape: of the model.
        maps: into the shared space, by named vector.
        seed: of what is drawn by lot.
    """
    weights = begin(shape, {name: way.landmarks for name, way in maps.items()}, seed)
    for name, way in maps.items():
        scale = 1.0 / max(float(np.linalg.norm(way.matrix, axis=0).mean()), TINY)
        weights[f"in.{name}.weight"] = np.zeros_like(weights[f"in.{name}.weight"])
        weights[f"in.{name}.weight"][:, : way.matrix.shape[1]] = way.matrix * scale
        weights[f"in.{name}.bias"][: way.matrix.shape[1]] = -way.offset * scale
    return weights


def forward(
    weights: Mapping[str, Any],
    shape: Shape,
    tokens: Mapping[str, Any],
    there: Mapping[str, Any],
    xp: Any,
    *,
    senses: Sequence[str] = (),
) -> tuple[Any, list[Any]]:
    """Fused vectors (n, hidden) of length 1, and of each block the attention weights (n, heads, tokens, tokens).

    Args:
        weights: see `begin`.
        shape: of the model.
        tokens: (n, k, dim) by named vector.
        there: 1.0 or 0.0 (n, k) by named vector.
        xp: numpy or torch; all arrays are its own.
        senses: of each name, in their order: see `fusion.pooling.pooled`.
    """
    z, attended = attended_tokens(weights, shape, tokens, there, xp)
    return pooled(z, [there[name] for name in sorted(tokens)], xp, senses), attended


def entered(weights: Mapping[str, Any], name: str, given: Any, xp: Any) -> Any:
    """Vectors (n, k, dim) of a name as tokens: (n, k, hidden)."""
    turned = weights[f"in.{name}.landmarks"].T
    features = xp.exp(GAMMA * (unit(given, xp) @ turned - 1.0))
    return features @ weights[f"in.{name}.weight"] + weights[f"in.{name}.bias"]


def attended_tokens(
    weights: Mapping[str, Any], shape: Shape, tokens: Mapping[str, Any], there: Mapping[str, Any], xp: Any
) -> tuple[Any, list[Any]]:
    """The tokens (n, tokens, hidden) after all blocks, and the weights of each; see `forward`."""
    names = sorted(tokens)

    def linear(name: str, rows: Any) -> Any:
        return rows @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    z = xp.concatenate([entered(weights, name, tokens[name], xp) for name in names], 1)
    there_all = xp.concatenate([there[name] for name in names], 1)
    seen = there_all[:, None, :]
    if shape.cross:
        seen = _of_others(there_all, [there[name].shape[1] for name in names], xp)

    attended = []
    for block in range(shape.blocks):
        part = partial(lambda at, name, rows: linear(f"{at}.{name}", rows), block)
        out, a = _attend(part, shape.heads, _normed(z, xp) if shape.residual else z, seen, xp)
        z = z + out if shape.residual else out
        if shape.feedforward:
            up = part("up", _normed(z, xp) if shape.residual else z)
            down = part("down", up * (up > 0))
            z = z + down if shape.residual else down
        attended.append(a)
    return z, attended


def _attend(part: Callable[[str, Any], Any], heads: int, y: Any, seen: Any, xp: Any) -> tuple[Any, Any]:
    n, count, hidden = y.shape
    q, k, v = (part(name, y).reshape(n, count, heads, hidden // heads) for name in ("query", "key", "value"))
    s = xp.einsum("nihd,njhd->nhij", q, k) / (hidden // heads) ** 0.5
    s = s - (1.0 - seen[:, None]) * FAR
    e = xp.exp(s - xp.amax(s, -1)[..., None])
    a = e / e.sum(-1)[..., None]
    o = xp.einsum("nhij,njhd->nihd", a, v).reshape(n, count, hidden)
    return part("out", o), a


def _of_others(there: Any, counts: list[int], xp: Any) -> Any:
    """Which tokens each token attends to: those of other kinds that are there, or else all that are (n, i, j)."""
    kind = np.repeat(np.arange(len(counts)), counts)
    other = (kind[:, None] != kind[None, :]).astype(np.float32)
    if xp is not np:
        other = xp.as_tensor(other, device=there.device)
    others = there[:, None, :] * other
    none = (others.sum(-1) == 0)[..., None] * 1.0
    return others + none * there[:, None, :]


def _normed(z: Any, xp: Any) -> Any:
    """Layer normalization without weights of its own: the maps that follow have them."""
    z = z - (z.sum(-1) / z.shape[-1])[..., None]
    return z / xp.sqrt((z * z).sum(-1) / z.shape[-1] + 1e-6)[..., None]
