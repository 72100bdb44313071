"""Cut a film into scenes, from a few frames a second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

_CUT = 0.4  # share of the pixels that change their colour class from one sampled frame to the next
_SHORTEST = 1.0  # seconds
_SAME = 3.0  # mean difference of two thumbnails, of 255, below which a frame shows nothing new
_KEPT = 64  # frames of one scene that wait to be chosen from


@dataclass(slots=True, eq=False)
class Look:
    """A sampled frame: when it is shown (seconds), its pixels, and how it looks in brief."""

    time: float
    pixels: Frame
    colours: NDArray[np.float32] = field(init=False)
    small: NDArray[np.float32] = field(init=False)

    def __post_init__(self) -> None:
        height, width = self.pixels.shape[:2]
        grid = self.pixels[:: max(1, height // 32), :: max(1, width // 32)]
        classes = grid >> 6
        index = (classes[..., 0] << 4) | (classes[..., 1] << 2) | classes[..., 2]
        self.colours = np.bincount(index.reshape(-1), minlength=64).astype(np.float32) / np.float32(index.size)
        self.small = grid.astype(np.float32)

    def cut_to(self, other: Look) -> bool:
        """Whether another scene begins with `other`: its colours are others, wherever in the picture they are."""
        return float(np.abs(self.colours - other.colours).sum()) / 2 > _CUT

    def same_as(self, other: Look) -> bool:
        """Whether `other` shows nothing new."""
        return self.small.shape == other.small.shape and float(np.abs(self.small - other.small).mean()) < _SAME


@dataclass(slots=True)
class Scene:
    """A stretch of a film, in seconds, with the frames that were sampled from it."""

    start: float
    end: float
    looks: list[Look]

    def frames(self, count: int) -> tuple[Frame, ...]:
        """Up to `count` frames, spread over the scene, none of which repeats the one before."""
        news: list[Look] = []
        for look in self.looks:
            if not news or not news[-1].same_as(look):
                news.append(look)
        if len(news) > count:
            news = [news[int((at + 0.5) * len(news) / count)] for at in range(count)]
        return tuple(look.pixels for look in news)


def cut(looks: Iterator[Look], longest: float) -> Iterator[Scene]:
    """Scenes of at most `longest` seconds, cut where the colours jump.

    Frames may lie far apart (a slide show): the last one stays in view. The last scene ends with the last frame; one
    that is shorter than a second belongs to the scene before. At most one scene waits, so memory stays the same.
    """
    waiting: Scene | None = None  # may yet take up a short one that follows
    current: Scene | None = None
    last: Look | None = None
    for look in looks:
        if current is None or last is None:
            current, last = Scene(look.time, look.time, [look]), look
            continue
        while look.time - current.start >= longest:
            current.end = current.start + longest
            if waiting is not None:
                yield waiting
            in_view = look.time - current.end >= _SHORTEST
            waiting, current = current, Scene(current.end, current.end, [last] if in_view else [])
        if look.time - current.start >= _SHORTEST and last.cut_to(look):
            current.end = look.time
            if waiting is not None:
                yield waiting
            waiting, current = current, Scene(look.time, look.time, [])
        current.end = look.time
        current.looks.append(look)
        if len(current.looks) > _KEPT:
            current.looks = current.looks[::2]
        last = look
    if waiting is not None and current is not None and current.end - current.start < _SHORTEST:
        waiting.end, current = current.end, None
    yield from (scene for scene in (waiting, current) if scene is not None)
