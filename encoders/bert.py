"""The forward pass of a small BERT, in numpy.

Why not torch: a question waits for its encoder. Importing sentence-transformers takes six to nine seconds on a machine
of two cores, importing what is here and loading MiniLM half a second; on the processor the two are equally fast
afterwards, and their vectors agree to six digits (a test holds them against each other).

Texts of one length are run together, so that no text is padded and a vector cannot depend on its batch.

Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", NAACL 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PACK = 512  # tokens run at once: enough to keep the processor's units busy, few enough for its cache
AT_ONCE = 32  # rows of the widest layer that are rectified at once: their arrays stay in the cache
EPSILON = np.float32(1e-12)  # of the layer norm


class Bert:
    """An encoder of token ids, mean-pooled.

    Args:
        weights: arrays by their names in a BERT checkpoint of Hugging Face's transformers.
        heads: attention heads a layer; the sizes of everything else are told by the weights.

    Raises:
        KeyError: a weight is missing.
    """

    def __init__(self, weights: Mapping[str, Array], *, heads: int) -> None:
        self.heads = heads
        self.words = weights["embeddings.word_embeddings.weight"]
        # The second kind of segment is for pairs of sentences: here, every token is of the first.
        self.places = (
            weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self.norm = _norm(weights, "embeddings.LayerNorm")
        layers = 1 + max(int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer."))
        self.layers = [_Layer(weights, f"encoder.layer.{i}", heads) for i in range(layers)]

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return int(self.words.shape[1])

    @property
    def longest(self) -> int:
        """Tokens that a text can have."""
        return len(self.places)

    def __call__(self, texts: Sequence[Sequence[int]]) -> Array:
        """The mean of the last layer over each text's tokens: float32 (n, dim)."""
        vectors = np.empty((len(texts), self.dim), np.float32)
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        start = 0
        while start < len(order):
            stop, tokens = start, 0
            while stop < len(order) and (stop == start or tokens + len(texts[order[stop]]) <= PACK):
                tokens += len(texts[order[stop]])
                stop += 1
            chosen = order[start:stop]
            vectors[chosen] = self._pack([texts[i] for i in chosen])
            start = stop
        return vectors

    def _pack(self, texts: Sequence[Sequence[int]]) -> Array:
        """Runs texts in the order of their lengths, all tokens in one array."""
        runs = [(length, len(list(same))) for length, same in groupby(texts, key=len)]
        ids = np.concatenate([np.asarray(text, np.intp) for text in texts])
        places = np.concatenate([self.places[: len(text)] for text in texts])
        hidden = _normalised(self.words[ids] + places, *self.norm)
        for layer in self.layers:
            hidden = layer(hidden, runs)
        pooled, at = [], 0
        for length, count in runs:
            pooled.append(hidden[at : at + length * count].reshape(count, length, -1).mean(axis=1))
            at += length * count
        return np.concatenate(pooled)


class _Layer:
    """Attention and feed-forward network, each added to what came in and normalised."""

    def __init__(self, weights: Mapping[str, Array], prefix: str, heads: int) -> None:
        self.heads = heads
        three = [_linear(weights, f"{prefix}.attention.self.{name}") for name in ("query", "key", "value")]
        self.attend = np.hstack([w for w, _ in three]), np.concatenate([b for _, b in three])  # one product, not three
        self.attended = _linear(weights, f"{prefix}.attention.output.dense")
        self.attended_norm = _norm(weights, f"{prefix}.attention.output.LayerNorm")
        self.widen = _linear(weights, f"{prefix}.intermediate.dense")
        self.narrow = _linear(weights, f"{prefix}.output.dense")
        self.norm = _norm(weights, f"{prefix}.output.LayerNorm")

    def __call__(self, hidden: Array, runs: Sequence[tuple[int, int]]) -> Array:
        queries_keys_values = _apply(hidden, self.attend)
        context, at = np.empty_like(hidden), 0
        for length, count in runs:
            part = slice(at, at + length * count)
            context[part] = self._attention(queries_keys_values[part].reshape(count, length, 3, self.heads, -1))
            at = part.stop
        hidden = _normalised(_apply(context, self.attended) + hidden, *self.attended_norm)
        return _normalised(_apply(_gelu(_apply(hidden, self.widen)), self.narrow) + hidden, *self.norm)

    @staticmethod
    def _attention(split: Array) -> Array:
        """Attention within texts of one length: (count, length, 3, heads, d) to (count * length, heads * d)."""
        queries, keys, values = split.transpose(2, 0, 3, 1, 4)
        scores = queries @ keys.transpose(0, 1, 3, 2) * np.float32(queries.shape[-1] ** -0.5)
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        count, heads, length, size = values.shape
        return np.asarray((scores @ values).transpose(0, 2, 1, 3).reshape(count * length, heads * size))


def _linear(weights: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    return np.ascontiguousarray(weights[f"{name}.weight"].T), weights[f"{name}.bias"]


def _norm(weights: Mapping[str, Array], name: str) -> tuple[Array, Array]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _apply(x: Array, linear: tuple[Array, Array]) -> Array:
    product = x @ linear[0]
    product += linear[1]
    return product


def _normalised(x: Array, scale: Array, shift: Array) -> Array:
    x -= x.mean(axis=1, keepdims=True)
    variance = np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[1])
    x /= np.sqrt(variance + EPSILON)
    x *= scale
    x += shift
    return x


def _gelu(x: Array) -> Array:
    """The linear unit x * Phi(x), with the error function as in Abramowitz & Stegun, 7.1.26 (error 1.5e-7)."""
    # In place, a few rows at a time: new memory for all of it costs more than the arithmetic.
    for start in range(0, len(x), AT_ONCE):
        part = x[start : start + AT_ONCE]
        z = np.abs(part)
        z *= np.float32(0.5**0.5)
        t = z * np.float32(0.3275911)
        t += 1
        np.reciprocal(t, out=t)
        phi = t * np.float32(1.061405429)
        for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
            phi += np.float32(coefficient)
            phi *= t
        z *= z
        np.negative(z, out=z)
        np.exp(z, out=z)
        phi *= z  # 1 - erf(z)
        np.subtract(1, phi, out=phi)
        np.copysign(phi, part, out=phi)
        phi += 1
        phi *= np.float32(0.5)
        part *= phi
    return x
