"""What all encoders without a model have in common."""

from __future__ import annotations

import numpy as np
import pytest

from encoders.hashing import HashingEncoder
from encoders.logmel import LogMelEncoder
from encoders.thumbnail import ThumbnailEncoder
from encoders.visual import VisualEncoder
from schemas import EncodeError, Modality

IMAGE, AUDIO, TEXT = Modality.IMAGE, Modality.AUDIO, Modality.TEXT


@pytest.mark.parametrize("encoder", [VisualEncoder, ThumbnailEncoder])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("photo.jpg", "not str"),
        (np.zeros((8, 8), np.uint8), r"not uint8 \(8, 8\)"),
        (np.zeros((8, 8, 4), np.uint8), r"not uint8 \(8, 8, 4\)"),
        (np.zeros((8, 8, 3), np.float32), "not float32"),
        (np.zeros((0, 8, 3), np.uint8), "picture is empty"),
    ],
)
def test_what_is_no_picture_is_named(encoder, content, reason):
    with pytest.raises(EncodeError, match=reason):
        encoder().encode([content], IMAGE)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (np.zeros((2, 100), np.float32), r"not float32 \(2, 100\)"),
        (np.zeros(100, np.int16), "not int16"),
        (np.zeros(0, np.float32), "sound is empty"),
        (np.array([0.1, np.nan], np.float32), "not finite"),
    ],
)
def test_what_is_no_sound_is_named(content, reason):
    with pytest.raises(EncodeError, match=reason):
        LogMelEncoder().encode([content], AUDIO)


@pytest.mark.parametrize("encoder", [VisualEncoder, ThumbnailEncoder])
def test_picture_does_not_depend_on_its_batch(encoder, pictures):
    kinds = list(pictures)
    together = encoder(threads=1).encode([pictures[kind] for kind in kinds] * 20, IMAGE)
    alone = np.vstack([encoder().encode([pictures[kind]], IMAGE) for kind in kinds] * 20)
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_sound_does_not_depend_on_its_batch(sounds):
    together = LogMelEncoder(threads=3).encode(list(sounds.values()) * 15, AUDIO)
    alone = np.vstack([LogMelEncoder().encode([one], AUDIO) for one in sounds.values()] * 15)
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_text_does_not_depend_on_its_batch():
    texts = ["a dog", "the dog ran", "a cat"]
    together = HashingEncoder().encode(texts, TEXT)
    np.testing.assert_array_equal(together, np.vstack([HashingEncoder().encode([t], TEXT) for t in texts]))


@pytest.mark.parametrize("encoder", [VisualEncoder, ThumbnailEncoder])
def test_pictures_of_any_size_have_a_vector(encoder):
    rng = np.random.default_rng(0)
    shapes = [(1, 1), (1, 500), (500, 1), (7, 3), (512, 512)]
    vectors = encoder().encode([rng.integers(0, 256, (*shape, 3), dtype=np.uint8) for shape in shapes], IMAGE)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)


@pytest.mark.parametrize("encoder", [VisualEncoder, ThumbnailEncoder])
@pytest.mark.parametrize("value", [0, 128, 255])
def test_even_picture_has_a_vector(encoder, value):
    vector = encoder().encode([np.full((20, 30, 3), value, np.uint8)], IMAGE)
    assert np.linalg.norm(vector) == pytest.approx(1.0)


def test_view_of_a_picture_is_encoded_like_its_copy(pictures):
    turned = pictures["rings"][:, ::-1]
    for encoder in (VisualEncoder(), ThumbnailEncoder()):
        np.testing.assert_array_equal(encoder.encode([turned], IMAGE), encoder.encode([turned.copy()], IMAGE))
