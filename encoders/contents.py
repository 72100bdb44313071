"""What encoders are given, and what is wrong with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from schemas import Modality

Content = str | NDArray[np.uint8] | NDArray[np.float32]
"""A text; a picture, RGB uint8 (height, width, 3); or a sound, mono float32 (samples,) in [-1, 1]."""

SAMPLE_RATE = 16_000
"""Hertz of sounds, unless an encoder set asks for more (see `EncoderSet.sample_rate`)."""


def wrong(content: object, modality: Modality) -> str | None:
    """What is wrong with a content of this modality, or None."""
    if modality is Modality.TEXT:
        return _wrong_text(content)
    if modality is Modality.IMAGE:
        return _wrong_picture(content)
    if modality is Modality.AUDIO:
        return _wrong_sound(content)
    return f"{modality} is not encoded as such, but as its pictures, sounds and words"


def resampled(sound: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """A sound (samples,) at another rate in hertz, by a polyphase filter.

    Models have been trained on one rate and hear another pitch at any other.
    """
    if rate == wanted:
        return sound
    from scipy.signal import resample_poly

    return np.asarray(resample_poly(sound, wanted, rate), np.float32)  # it takes the common divisor away itself


def _wrong_text(content: object) -> str | None:
    if not isinstance(content, str):
        return f"a text is a str, not {_kind(content)}"
    return None if content.strip() else "the text is empty"


def _wrong_picture(content: object) -> str | None:
    if not isinstance(content, np.ndarray) or content.dtype != np.uint8 or content.shape[2:] != (3,):
        return f"a picture is an array of uint8 (height, width, 3), not {_kind(content)}"
    return None if content.size else f"the picture is empty: {content.shape}"


def _wrong_sound(content: object) -> str | None:
    if not isinstance(content, np.ndarray) or content.dtype != np.float32 or content.ndim != 1:
        return f"a sound is an array of float32 (samples,), not {_kind(content)}"
    if not content.size:
        return "the sound is empty"
    return None if np.isfinite(content).all() else "the sound has samples that are not finite"


def _kind(content: object) -> str:
    if isinstance(content, np.ndarray):
        return f"{content.dtype} {content.shape}"
    return type(content).__name__
