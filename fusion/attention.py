"""Cross-modal attention: the words of a thing attend to its pictures and sounds, and back, and become one vector.

Scaled dot-product attention over all tokens that a thing has (Vaswani et al., "Attention Is All You Need", NeurIPS
2017): with the queries q, keys k and values v of a head, each a linear map of the tokens,

    s_ij = q_i . k_j / sqrt(d)        a_ij = exp(s_ij) / sum_k exp(s_ik)        o_i = sum_j a_ij v_j

where j runs over what is there: any subset of the named vectors will do, and a question is fused by the same weights as
what it is compared with. How it is trained is in `fusion.contrast`. What a segment is told by those beside it in its
item comes on top of it: see `fusion.context`.

The pass itself is in `fusion.attending`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.attending import Shape, attended_tokens, entered
from fusion.context import BESIDE, Tokens, listen
from fusion.pooling import pooled, shares, unit
from fusion.views import TINY, Fuser, Vectors, Views
from schemas import UsageError

ROWS = 1024  # things fused at a time


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


def fingerprint(method: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """`METHOD-xxxxxxxx`: equal for equal weights, so that vectors of two fits are never compared."""
    digest = sha256()
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return f"{method}-{digest.hexdigest()[:8]}"
