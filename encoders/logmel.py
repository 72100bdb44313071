"""A sound encoder without a model: statistics of the log-mel spectrogram."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Content, Encoder
from schemas import EncoderSpec, Modality

RATE = 16_000  # hertz
WINDOW = 512  # samples of a frame: 32 ms
HOP = 256
BANDS = 40
CEPSTRA = 20
BINS = 8  # of time, for the shape of a sound
FLOOR = 1e-8  # power below which nothing is heard: -80 dB of a full-scale sine's


class LogMelEncoder(Encoder):
    """How a sound is coloured (cepstra and their spread), how it moves (deltas) and how its loudness runs."""

    spec: ClassVar[EncoderSpec] = EncoderSpec(
        name="logmel",
        model="log-mel statistics",
        revision="1",
        modalities=(Modality.AUDIO,),
        dim=4 * CEPSTRA + BANDS + BINS,
        space="logmel",
        license="Apache-2.0",
    )

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        return np.stack([describe(cast("NDArray[np.float32]", content)) for content in contents])


def describe(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """The descriptor of one sound (samples,): float32 (dim,), finite and not zero whatever the sound."""
    log_mel = log_mel_spectrogram(sound)
    cepstra = log_mel @ _dct().T
    deltas = np.diff(cepstra, axis=0, prepend=cepstra[:1])
    loudness = log_mel.mean(axis=1)
    envelope = np.array([part.mean() if part.size else 0 for part in np.array_split(loudness, BINS)])
    return np.concatenate(
        [
            cepstra.mean(axis=0),
            cepstra.std(axis=0),
            deltas.std(axis=0),
            np.abs(deltas).mean(axis=0),
            log_mel.std(axis=0),
            envelope - envelope.mean(),
        ]
    ).astype(np.float32)


def log_mel_spectrogram(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log power in mel bands: (frames, BANDS), at least one frame."""
    padded = np.pad(sound, (0, max(0, WINDOW - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    spectrum = np.fft.rfft(frames * _hann(), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    return np.asarray(np.log(power @ mel_filters().T + FLOOR), np.float32)


@cache
def mel_filters() -> NDArray[np.float32]:
    """Triangular filters, evenly spaced on the mel scale (O'Shaughnessy 1987): (BANDS, WINDOW // 2 + 1)."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float32)


@cache
def _dct() -> NDArray[np.float32]:
    n = np.arange(BANDS)
    matrix = np.cos(np.pi * np.arange(CEPSTRA)[:, None] * (2 * n + 1) / (2 * BANDS)) * np.sqrt(2 / BANDS)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


@cache
def _hann() -> NDArray[np.float32]:
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW), np.float32)
