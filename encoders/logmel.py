"""A sound encoder without a model: statistics of the log-mel spectrogram.

Six blocks stand side by side, each of length 1 times a weight (see `encoders.visual` for why):

- how the frames that are heard are coloured: the 10 %, 50 % and 90 % quantile of each mel band,
- the same as mean cepstra (Davis & Mermelstein, IEEE TASSP 1980), which tell the voice from its pitch,
- how the cepstra vary,
- how fast they move (deltas),
- the contrast between peaks and valleys in each eighth of the spectrum (Jiang et al., "Music Type Classification by
  Spectral Contrast Feature", ICME 2002), which tells tones from noise,
- the run of loudness over the sound, in eight parts.

Loudness as such is taken away, so that a quiet recording is near a loud one of the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from schemas import EncoderSpec, Modality

RATE = 16_000  # hertz
WINDOW = 512  # samples of a frame: 32 ms
HOP = 256  # from a frame to the next: 16 ms
AT_ONCE = 48  # frames that are transformed at once: their arrays stay in the cache, their memory with the allocator
BANDS = 40
CEPSTRA = 20
BINS = 8  # of time
PARTS = 8  # of the spectrum, for its contrast
QUANTILES = (0.1, 0.5, 0.9)
FLOOR = 1e-9  # power added to each band: what is 90 dB below a full-scale sine is silence
DEPTH = 1e-6  # and that part of the loudest band's: a quiet recording sinks as deep as a loud one
LOUDEST = 10.0  # amplitude
HEARD = 7.0  # nepers of power (30 dB) below the loudest frame: what is quieter is the pause, not the sound
WEIGHTS = (1.0, 1.0, 1.0, 1.0, 1.0, 0.3)  # of quantiles, cepstra, their spread, deltas, contrast, loudness
FAINT = 1.0  # norm, in nepers, below which a block is noise and is not brought to length 1
CONSTANT = 0.1  # stands beside the blocks: silence, where they are nothing, has this direction

Block = NDArray[np.floating[Any]]


class LogMelEncoder(Encoder):
    """Sounds of like colour and movement are near each other: a voice, an engine, a bird, rain."""

    spec = EncoderSpec(
        name="logmel",
        model="log-mel statistics",
        revision="1",
        modalities=(Modality.AUDIO,),
        dim=len(QUANTILES) * BANDS + (CEPSTRA - 1) + 2 * CEPSTRA + 2 * PARTS + BINS + 1,
        space="logmel",
        license="Apache-2.0",
        preprocessing=4,
    )
    batch_size = 8
    parallel = True

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        return np.stack([describe(cast("NDArray[np.float32]", content)) for content in contents])


def describe(sound: NDArray[np.float32]) -> Block:
    """The descriptor of one sound (samples,): (dim,), finite and not zero whatever the sound."""
    log_mel = log_mel_spectrogram(sound)
    loudness = log_mel.mean(axis=1)
    heard = log_mel[loudness > loudness.max() - HEARD]
    cepstra = heard @ _dct().T
    # Over two frames, on all of them: a movement from sound to pause is a movement.
    deltas = (log_mel[2:] - log_mel[:-2]) @ _dct().T if len(log_mel[2:]) else np.zeros((1, CEPSTRA))
    quantiles = np.quantile(heard, QUANTILES, axis=0) - heard.mean()
    blocks = (
        quantiles.ravel(),
        cepstra.mean(axis=0)[1:],  # the first is loudness
        cepstra.std(axis=0),
        deltas.std(axis=0),
        _contrast(heard),
        _envelope(loudness),
    )
    parts = [weight * _unit(block) for weight, block in zip(WEIGHTS, blocks, strict=True)]
    return np.concatenate([*parts, [CONSTANT]])


def log_mel_spectrogram(sound: NDArray[np.float32]) -> Block:
    """Natural logarithm of power in mel bands, 0 for a full-scale sine: (frames, BANDS), at least one frame."""
    # Samples lie in [-1, 1], and a little beyond after resampling; what a broken file holds must not overflow.
    padded = np.pad(np.clip(sound, -LOUDEST, LOUDEST), (0, max(0, WINDOW - len(sound))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    filters = mel_filters().T
    mel = np.empty((len(frames), BANDS), np.float32)
    for start in range(0, len(frames), AT_ONCE):
        spectrum = np.fft.rfft(frames[start : start + AT_ONCE] * _window(), axis=1)
        mel[start : start + AT_ONCE] = (spectrum.real**2 + spectrum.imag**2) @ filters
    return np.asarray(np.log(mel + max(FLOOR, DEPTH * float(mel.max()))))


@cache
def mel_filters() -> NDArray[np.float32]:
    """Triangles of height 1, evenly spaced on the mel scale m = 2595 log10(1 + f / 700): (BANDS, WINDOW // 2 + 1)."""
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    bins = np.arange(WINDOW // 2 + 1) * RATE / WINDOW
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - low) / (middle - low), (high - bins) / (high - middle)
    return np.asarray(np.clip(np.minimum(rising, falling), 0, None), np.float32)


def _contrast(log_mel: Block) -> Block:
    """How far peaks stand above valleys in each part of the spectrum of frames (n, BANDS): mean and spread."""
    parts = np.ascontiguousarray(log_mel.T).reshape(PARTS, -1, len(log_mel))  # bands first: five times as fast
    above = parts.max(axis=1) - parts.min(axis=1)
    return np.concatenate([above.mean(axis=1), above.std(axis=1)])


def _envelope(loudness: Block) -> Block:
    at = np.linspace(0, len(loudness), BINS + 1)
    # Each part has at least one frame: the parts of a sound of fewer frames share them.
    parts = np.array([loudness[int(low) : max(int(high), int(low) + 1)].mean() for low, high in pairwise(at)])
    return np.asarray(parts - parts.mean())


def _unit(block: Block) -> Block:
    return np.asarray(block / max(float(np.linalg.norm(block)), FAINT))


@cache
def _dct() -> NDArray[np.float32]:
    """The orthonormal cosine transform of type II: (CEPSTRA, BANDS)."""
    angles = np.pi * np.arange(CEPSTRA)[:, None] * (2 * np.arange(BANDS) + 1) / (2 * BANDS)
    matrix = np.cos(angles) * np.sqrt(2 / BANDS)
    matrix[0] /= np.sqrt(2)
    return np.asarray(matrix, np.float32)


@cache
def _window() -> NDArray[np.float32]:
    """Hann's window, scaled so that a full-scale sine has power 1 at its frequency."""
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    return np.asarray(hann * 2 / hann.sum(), np.float32)
