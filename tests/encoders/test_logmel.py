from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct

from encoders import logmel
from encoders.logmel import LogMelEncoder, log_mel_spectrogram, mel_filters
from schemas import Modality


def encode(*sounds):
    return LogMelEncoder(threads=1).encode(sounds, Modality.AUDIO)


def test_canonical_vectors(sounds):
    for kind, expected in CANONICAL.items():
        np.testing.assert_allclose(encode(sounds[kind])[0][PLACES], expected, atol=1e-3, err_msg=kind)


def test_filters_are_triangles_between_neighbouring_mel_points():
    # Written out from the definition, point by point, where the module computes whole arrays.
    def mel(hertz):
        return 2595 * np.log10(1 + hertz / 700)

    step = mel(8000) / 41
    filters = mel_filters()
    assert filters.shape == (40, 257)
    for band in (0, 7, 39):
        for k in range(257):
            edges = [700 * (10 ** ((band + i) * step / 2595) - 1) for i in range(3)]
            hertz = k * 16000 / 512
            if edges[0] < hertz <= edges[1]:
                expected = (hertz - edges[0]) / (edges[1] - edges[0])
            elif edges[1] < hertz < edges[2]:
                expected = (edges[2] - hertz) / (edges[2] - edges[1])
            else:
                expected = 0.0
            assert filters[band, k] == pytest.approx(expected, abs=1e-5)


def test_cepstra_are_scipys_cosine_transform():
    log_mel = np.random.default_rng(0).normal(size=(5, 40))
    np.testing.assert_allclose(log_mel @ logmel._dct().T, dct(log_mel, norm="ortho")[:, :20], atol=1e-5)


def test_full_scale_sine_has_power_one():
    t = np.arange(16000) / 16000
    spectrogram = log_mel_spectrogram(np.sin(2 * np.pi * 1000 * t).astype(np.float32))
    assert spectrogram.max() == pytest.approx(0.0, abs=1.0)
    assert spectrogram.shape == (61, 40)
    assert spectrogram.min() == pytest.approx(np.log(1e-6), abs=1.0)


def test_quiet_recording_is_near_a_loud_one_of_the_same(sounds):
    for kind in ("sweep", "pulses"):
        loud, quiet, other = encode(sounds[kind], sounds[kind] * 0.2, sounds["tone"])
        assert loud @ quiet > 0.9
        assert loud @ quiet > loud @ other + 0.2


def test_contrast_tells_tones_from_noise(sounds):
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    tone, hiss = (logmel._contrast(log_mel_spectrogram(sound)) for sound in (sounds["tone"], noise))
    assert tone[: logmel.PARTS].max() > 5 * hiss[: logmel.PARTS].max()


def test_silence_has_one_vector_whatever_its_length(sounds):
    vectors = encode(sounds["silence"], sounds["silence"][:100], np.zeros(1, np.float32), sounds["tone"] * 1e-6)
    np.testing.assert_allclose(vectors, np.tile(vectors[:1], (4, 1)), atol=2e-2)
    assert abs(vectors[0] @ encode(sounds["sweep"])[0]) < 0.2


@pytest.mark.parametrize("samples", [1, 2, 511, 512, 513, 768, 1024, 3000])
def test_short_sounds_have_a_vector(samples, sounds):
    assert np.linalg.norm(encode(sounds["sweep"][:samples])) == pytest.approx(1.0)


def test_clipped_and_absurd_samples_have_a_vector(sounds):
    vectors = encode(np.sign(sounds["tone"]), np.full(4000, 3e38, np.float32), np.full(4000, -1.0, np.float32))
    assert np.isfinite(vectors).all()


PLACES = [0, 41, 85, 119, 125, 140, 160, 170, 183, 190, 196, 203]
CANONICAL = {
    "tone": [-0.0166, -0.0165, 0.0181, -0.0166, -0.2181, 0.0017, 0.0017, 0.0006, 0.0, 0.0, -0.0, 0.0576],
    "sweep": [-0.0114, -0.0114, -0.0005, -0.0114, 0.0058, 0.1086, 0.0167, 0.13, 0.1613, 0.1725, 0.0241, 0.0446],
    "pulses": [-0.0249, -0.0249, 0.0653, 0.0019, 0.0815, 0.1737, 0.1742, 0.0048, 0.0645, 0.1497, 0.0465, 0.0445],
    "silence": [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
}
