from __future__ import annotations

import numpy as np

from encoders.hashing import HashingEncoder
from schemas import Modality


def encode(*texts):
    return HashingEncoder(threads=1).encode(texts, Modality.TEXT)


def test_canonical_vector():
    vector = encode("a dog on the beach")[0]
    first = np.flatnonzero(vector)[:6]
    assert first.tolist() == CANONICAL_SLOTS
    np.testing.assert_allclose(vector[first], CANONICAL, atol=1e-5)


def test_texts_that_share_words_are_nearer_than_those_that_do_not():
    dog, dogs, engine = encode("a dog on the beach", "dogs at a beach", "steam engine number seven")
    assert dog @ dogs > dog @ engine + 0.2


def test_case_width_and_spaces_do_not_matter():
    plain, other = encode("Straße am Meer", "  STRASSE\tam ｍｅｅｒ\n")
    np.testing.assert_allclose(plain, other, atol=1e-6)


def test_anything_written_has_a_vector():
    vectors = encode("!", "日本", "\udcff", "x" * 10_000)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


CANONICAL_SLOTS = [0, 11, 12, 13, 28, 30]
CANONICAL = [0.158114, 0.158114, -0.158114, -0.158114, 0.158114, 0.158114]
