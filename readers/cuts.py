"""Where one scene of a film ends and another begins: hard cuts, cuts between alike pictures, and dissolves.

A hard cut changes the colours. A cut between alike pictures is a step in place that towers above its neighbours, as in
PySceneDetect's adaptive detector. A dissolve is a run of raised steps between two pictures of other colours: the twin
comparison of Zhang, Kankanhalli and Smoliar ("Automatic partitioning of full-motion video", 1993).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Frame = NDArray[np.uint8]

_CUT, _ALIKE, _DISSOLVED = 0.4, 0.1, 0.3  # share of the pixels with other colours: at any cut, alike, over a dissolve
_SAME = 3.0  # mean difference of two thumbnails, of 255, below which a frame shows nothing new
_LEAST, _PEAK = 12.0, 3.0  # difference of an alike picture at least; and times that of the looks around it
_AROUND = 2  # looks before and after
_RAISED = 2.5  # times what is usual: the steps of a dissolve
_USUAL = 8  # steps that tell what is usual
_SLOWEST = 4.0  # seconds; what goes on for longer is motion


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

    def recoloured(self, other: Look) -> float:
        """The share of the pixels that have other colours, wherever in the picture they are."""
        return float(np.abs(self.colours - other.colours).sum()) / 2

    def step_to(self, other: Look) -> float:
        """How much is different in its place: the mean difference of two thumbnails, of 255."""
        if self.small.shape != other.small.shape:
            return 255.0
        difference = self.small - other.small
        return float(np.abs(difference, out=difference).sum()) / difference.size  # `mean` takes four times as long

    def same_as(self, other: Look) -> bool:
        """Whether `other` shows nothing new."""
        return self.step_to(other) < _SAME


def cuts(looks: Iterator[Look]) -> Iterator[tuple[Look, bool]]:
    """Each look, and whether a scene begins with it. It looks two looks ahead."""
    window: deque[tuple[Look, float, float]] = deque()  # look, step and recolouring from the one before
    behind: deque[float] = deque(maxlen=_AROUND)
    dissolve = _Dissolve()
    last: Look | None = None
    for look in looks:
        window.append((look, last.step_to(look), last.recoloured(look)) if last else (look, 0.0, 0.0))
        last = look
        if len(window) > _AROUND:
            yield _judged(window, behind, dissolve)
    while window:
        yield _judged(window, behind, dissolve)


def _judged(window: deque[tuple[Look, float, float]], behind: deque[float], dissolve: _Dissolve) -> tuple[Look, bool]:
    look, step, recoloured = window.popleft()
    around = [*behind, *(ahead for _, ahead, _ in window)]
    behind.append(step)
    towers = step >= _LEAST and bool(around) and step >= _PEAK * fmean(around)
    cut = recoloured > _CUT or (towers and recoloured > _ALIKE)  # what a small thing does is no cut
    return look, dissolve.ended(look, step, cut=cut) or cut


class _Dissolve:
    """Follows a film to see one picture turn into another."""

    def __init__(self) -> None:
        self.usual: deque[float] = deque(maxlen=_USUAL)
        self.before: Look | None = None  # the look before this one
        self.origin: Look | None = None  # the look before the steps rose
        self.settled = True  # whether the steps have been low since the last cut: a dissolve may be cut in its middle

    def ended(self, look: Look, step: float, *, cut: bool) -> bool:
        """Whether a dissolve ends with this look, which is a step away from the one before."""
        before, self.before = self.before, look
        raised = bool(self.usual) and step > max(_SAME, _RAISED * median(self.usual))
        if cut:
            self.origin, self.settled = None, False
        elif not raised:
            self.usual.append(step)
            origin, self.origin, self.settled = self.origin, None, True
            return origin is not None and origin.recoloured(look) > _DISSOLVED
        elif self.settled and self.origin is None:
            self.origin = before
        elif self.origin is not None and look.time - self.origin.time > _SLOWEST:
            self.origin, self.settled = None, False
            self.usual.clear()
        return False
