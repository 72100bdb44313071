"""Cross-modal attention: the words of a thing attend to its pictures and sounds, and back, and become one vector.

Scaled dot-product attention over all tokens that a thing has (Vaswani et al., "Attention Is All You Need", NeurIPS
2017): with the queries q, keys k and values v of a head, each a linear map of the tokens,

    s_ij = q_i . k_j / sqrt(d)        a_ij = exp(s_ij) / sum_k exp(s_ik)        o_i = sum_j a_ij v_j

where j runs over what is there: any subset of the named vectors will do, and a question is fused by the same weights as
what it is compared with. How it is trained is in `fusion.contrast`. What a segment is told by those beside it in its
item comes on top of it: see `fusion.context`.

The pass is written once, for numpy, which answers questions without loading torch, and for torch, which derives it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.cca import Map
from fusion.context import BESIDE, Tokens, listen
from fusion.likeness import GAMMA
from fusion.pooling import pooled, shares, unit
from fusion.views import TINY, Fuser, Vectors, Views
from schemas import UsageError

FAR = 1e9  # taken from the score of a token that is not there: e^-FAR is 0
ROWS = 1024  # things fused at a time


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


@dataclass(frozen=True, eq=False)
class Attention:
    """A fitted model.

    Attributes:
        inputs: fingerprints by named vector.
        shape: see `Shape`.
        weights: float32 arrays by name; see `begin`.
        trained: what is known of its training, for the card.
        senses: see `fusion.views.Views`.
    """

    inputs: Mapping[str, str]
    shape: Shape
    weights: Mapping[str, Vectors]
    trained: Mapping[str, Any] = field(default_factory=dict)
    senses: Mapping[str, str] = field(default_factory=dict)
    method = "attention"
    distance = "cosine"

    @property
    def dim(self) -> int:
        """Numbers of a fused vector."""
        return self.shape.hidden

    def fuse(self, views: Views) -> Vectors:
        """See `fusion.views.Fuser`."""
        return self.explained(views)[0]

    def explained(self, views: Views) -> tuple[Vectors, list[NDArray[Any]]]:
        """Fused vectors (n, dim), and what attended to what.

        Returns:
            The vectors, and of each block the weights a_ij (n, heads, tokens, tokens), in the order of `token_names`.
            Where things are told by those beside them, the weights of that are the last: (n, heads, tokens, tokens +
            tokens beside), the latter in the order of `names_beside`.
        """
        made, weights = [], []
        for start in range(0, len(views), ROWS):
            z, there, attended = self._told(views.take(slice(start, start + ROWS)))
            made.append(pooled(z, there, np, self.sensed))
            weights.append(attended)
        if not made:
            return np.zeros((0, self.dim), np.float32), []
        return np.concatenate(made).astype(np.float32), [np.concatenate(block) for block in zip(*weights, strict=True)]

    def parts(self, views: Views) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`: what attention added to a token is counted as the token's own."""
        z, there, _ = self._told(views)
        rows = z * shares(z, there, np, self.sensed)[..., None]
        rows /= np.maximum(np.linalg.norm(rows.sum(axis=1), axis=-1), TINY)[:, None, None]
        deep = [self._deep(views, name) for name in sorted(self.inputs)]
        return dict(zip(sorted(self.inputs), np.split(rows, np.cumsum(deep)[:-1], axis=1), strict=True))

    def _told(self, views: Views) -> tuple[Any, list[Any], list[Any]]:
        """The tokens at the end of all, which of them are there, by name, and who attended to what."""
        z, attended = self._attended(views)
        there = list(self._inputs(views)[1].values())
        if self.shape.reach and views.beside is not None:
            tokens = self.tokens(views, z)
            told, a = listen(self.weights, self.shape.heads, tokens, np)
            z, attended = tokens.told(told), [*attended, a]
        return z, there, attended

    @property
    def moved(self) -> bool:
        """Whether anything that is attended to has a part in a fused vector: not where training found nothing."""
        return not self.shape.residual or any(
            self.weights[f"{block}.out.{part}"].any()
            for block in range(self.shape.blocks)
            for part in ("weight", "bias")
        )

    def tokens(self, views: Views, z: Any = None) -> Tokens:
        """What things with segments beside them attend with and to: see `fusion.context`."""
        z = self._attended(views)[0] if z is None else z
        names, beside = sorted(self.inputs), views.beside
        if beside is None:
            raise UsageError("What lies beside these things is not known: there is nothing to attend to.")
        there = self._inputs(views)[1]
        near = [name for name in names if name in beside.tokens]
        return Tokens(
            own=unit(z, np),
            length=np.linalg.norm(z, axis=-1, keepdims=True),
            there=np.concatenate(list(there.values()), 1),
            kinds=np.repeat(np.arange(len(names)), [there[name].shape[1] for name in names]),
            beside=np.concatenate([unit(entered(self.weights, name, beside.tokens[name], np), np) for name in near], 1),
            near=np.concatenate([beside.there[name].astype(np.float32) for name in near], 1),
            near_kinds=np.repeat([names.index(name) for name in near], 2 * self.shape.reach),
        )

    def names_beside(self, views: Views) -> list[tuple[str, int]]:
        """The named vector of each token beside a thing, and its place among those beside it."""
        known = views.beside.tokens if self.shape.reach and views.beside is not None else ()
        return [(name, at) for name in sorted(self.inputs) if name in known for at in range(2 * self.shape.reach)]

    @property
    def sensed(self) -> list[str]:
        """What each of the inputs is made of, in the order of their names."""
        return senses_of(sorted(self.inputs), self.senses)

    def deaf(self) -> Attention:
        """The same model without what things are told by those beside them."""
        weights = {name: array for name, array in self.weights.items() if not name.startswith(BESIDE)}
        return replace(self, weights=weights, shape=replace(self.shape, reach=0))

    def _attended(self, views: Views) -> tuple[Any, list[Any]]:
        tokens, there = self._inputs(views)
        return attended_tokens(self.weights, self.shape, tokens, there, np)

    def token_names(self, views: Views) -> list[str]:
        """The named vector that each token belongs to."""
        return [name for name in sorted(self.inputs) for _ in range(self._deep(views, name))]

    def _deep(self, views: Views, name: str) -> int:
        return views.there[name].shape[1] if name in views.there else 1

    def _inputs(self, views: Views) -> tuple[dict[str, Any], dict[str, Any]]:
        """The tokens of all inputs, zeros for those that the views know nothing of."""
        tokens, there = {}, {}
        count = len(views)
        for name in sorted(self.inputs):
            dim = self.weights[f"in.{name}.landmarks"].shape[1]
            if name in views.tokens and views.tokens[name].shape[2] != dim:
                raise UsageError(
                    f"This model takes {dim} numbers of {name!r}, not {views.tokens[name].shape[2]}: fit it again."
                )
            known = name in views.tokens
            tokens[name] = views.tokens[name] if known else np.zeros((count, 1, dim), np.float32)
            there[name] = views.there[name].astype(np.float32) if known else np.zeros((count, 1), np.float32)
        return tokens, there

    def arrays(self) -> dict[str, Vectors]:
        """See `fusion.views.Fuser`."""
        return dict(self.weights)

    def meta(self) -> dict[str, Any]:
        """See `fusion.views.Fuser`."""
        return {
            "method": self.method,
            "inputs": dict(self.inputs),
            "shape": asdict(self.shape),
            "trained": dict(self.trained),
            "senses": dict(self.senses),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Vectors], meta: Mapping[str, Any]) -> Attention:
        """One from what `arrays` and `meta` gave."""
        return cls(
            meta["inputs"], Shape(**meta["shape"]), dict(arrays), meta.get("trained", {}), meta.get("senses", {})
        )


def reach_of(fuser: Fuser) -> int:
    """How many segments before and after a thing a fusion looks at, besides the thing itself."""
    return fuser.shape.reach if isinstance(fuser, Attention) else 0


def senses_of(names: Sequence[str], senses: Mapping[str, str]) -> list[str]:
    """What the vectors of each name are made of."""
    return [senses.get(name, name) for name in names]


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


def fingerprint(method: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """`METHOD-xxxxxxxx`: equal for equal weights, so that vectors of two fits are never compared."""
    digest = sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return f"{method}-{digest.hexdigest()[:8]}"
