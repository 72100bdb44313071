"""A text encoder without a model: hashed character n-grams."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import cast
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from schemas import EncoderSpec, Modality

SIZES = (2, 3, 4)  # characters of an n-gram


class HashingEncoder(Encoder):
    """Counts the character n-grams of each word in hashed slots (Weinberger et al. 2009, "Feature Hashing").

    It finds texts that share spelling, not meaning. It is exact to the bit on every machine and costs microseconds, so
    it serves where the words do not matter: in tests, and to measure everything around an encoder.
    """

    spec = EncoderSpec(
        name="hashing",
        model="crc32 of character n-grams",
        revision="1",
        modalities=(Modality.TEXT,),
        dim=256,
        space="hashing",
        license="Apache-2.0",
    )
    batch_size = 64

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        vectors = np.zeros((len(contents), self.spec.dim))
        for row, content in zip(vectors, contents, strict=True):
            hashes = np.concatenate([_hashes(word) for word in _words(cast(str, content))])
            # The sign from a bit of its own makes collisions cancel out on average instead of adding up.
            signs = np.where(hashes >> 31, 1.0, -1.0)
            row[:] = np.bincount(hashes % self.spec.dim, signs, self.spec.dim)
            if not row.any():  # every n-gram met its opposite: rare, but the vector needs a direction
                row[hashes[0] % self.spec.dim] = 1.0
        return np.asarray(np.sign(vectors) * np.sqrt(np.abs(vectors)))


def _words(text: str) -> list[str]:
    return unicodedata.normalize("NFKC", text).casefold().split() or [text]


@lru_cache(maxsize=16_384)  # words recur: hashing each once makes a text of a hundred words cost microseconds
def _hashes(word: str) -> NDArray[np.uint32]:
    marked = f" {word} "
    grams = [marked[i : i + n] for n in SIZES for i in range(len(marked) - n + 1)]
    return np.array([crc32(gram.encode("utf-8", "surrogatepass")) for gram in grams], np.uint32)
