"""What encoders are given, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas import Modality, Segment


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A scene as a film: frames, RGB uint8 (height, width, 3), and when each is shown.

    `times` are seconds from the scene's start: where in its film it lies is nothing that is seen.
    """

    frames: tuple[NDArray[np.uint8], ...]
    times: tuple[float, ...]

    @classmethod
    def of(cls, segment: Segment) -> Clip | None:
        """The scene that a segment is; None if it is none."""
        if not segment.times:
            return None
        start = segment.start or 0.0
        return cls(segment.frames, tuple(round(time - start, 3) for time in segment.times))


Content = str | NDArray[np.uint8] | NDArray[np.float32] | Clip
"""A text; a picture, RGB uint8 (height, width, 3); a sound, mono float32 (samples,) in [-1, 1]; or a scene."""

FRAMES = 3
"""Frames of a scene that are looked at one by one: enough to tell what it shows."""

FILM_FRAMES = 8
"""Frames of a scene that is seen as a film: about one a second, as Qwen3-VL is trained, which merges each two."""

SAMPLE_RATE = 16_000
"""Hertz of sounds, unless an encoder set asks for more (see `EncoderSet.sample_rate`)."""


def spread(frames: tuple[NDArray[np.uint8], ...]) -> tuple[NDArray[np.uint8], ...]:
    """Up to `FRAMES` of the frames of a segment, spread over it."""
    if len(frames) <= FRAMES:
        return frames
    return tuple(frames[int((at + 0.5) * len(frames) / FRAMES)] for at in range(FRAMES))


def wrong(content: object, modality: Modality) -> str | None:
    """What is wrong with a content of this modality, or None."""
    if modality is Modality.TEXT:
        return _wrong_text(content)
    if modality is Modality.IMAGE:
        return _wrong_picture(content)
    if modality is Modality.AUDIO:
        return _wrong_sound(content)
    return _wrong_clip(content)


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


def _wrong_clip(content: object) -> str | None:
    if not isinstance(content, Clip):
        return f"a scene is a Clip of frames, not {_kind(content)}"
    if not content.frames or len(content.frames) != len(content.times):
        return f"a scene has a time for each frame, not {len(content.times)} for {len(content.frames)}"
    return next((fault for frame in content.frames if (fault := _wrong_picture(frame))), None)


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
