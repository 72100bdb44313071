"""Windows of a recording: cut at pauses where there are any, overlapping where there are none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from schemas import ReadOptions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

_ROOM = 4  # windows that one buffer holds: what is left in a full one is copied to the next
_FRAME = 0.02  # seconds in which loudness is measured
_EVERY = 4  # samples of which one is enough to tell how loud it is
_PAUSE = 0.3  # seconds; less is a breath inside a sentence
_QUIET = 0.1  # of what is loud in a window: 20 dB below it
_SILENT = 1e-4  # of full scale: what is never louder has no pauses


def windows(blocks: Iterator[tuple[float, Samples]], options: ReadOptions) -> Iterator[tuple[float, float, Samples]]:
    """Windows of a recording: start and end in seconds, samples.

    A window ends where a pause begins in its second half, and the next one begins where the pause ends. Where nobody
    pauses, a window is as long as it may be and the next one begins a hop later. A recording of up to one and a half
    windows is one window. What is left after the last whole window belongs to it, or, if that is more than half a
    window, makes a last window that ends where the recording ends.
    """
    rate = options.sample_rate
    length, hop = max(1, round(options.window * rate)), max(1, round(options.hop * rate))
    buffer: Samples = np.empty(_ROOM * length, np.float32)  # of which windows are views: none is copied out
    first = last = begin = 0  # what is buffered and not passed; where that begins in the recording
    for _, block in blocks:
        if last + len(block) > len(buffer):
            rest = buffer[first:last]
            buffer = np.empty(max(_ROOM * length, len(rest) + len(block)), np.float32)
            buffer[: len(rest)] = rest
            first, last = 0, len(rest)
        buffer[last : last + len(block)] = block
        last += len(block)
        while last - first >= hop + length and begin + last - first > 1.5 * length:
            end, onward = _pause(buffer[first : first + length], rate) or (length, hop)
            yield begin / rate, (begin + end) / rate, buffer[first : first + end]  # nobody writes into it
            first, begin = first + onward, begin + onward
    if first == last:
        return
    if last - first > 1.5 * length:
        yield begin / rate, (begin + length) / rate, buffer[first : first + length]
        begin, first = begin + last - first - length, last - length
    yield begin / rate, (begin + last - first) / rate, buffer[first:last]


def _pause(sound: Samples, rate: int) -> tuple[int, int] | None:
    """Where the longest pause in the second half of `sound` begins and ends, in samples; None without one."""
    frame = max(1, round(_FRAME * rate))
    count = len(sound) // frame
    if count < 4:  # noqa: PLR2004  # too few to compare
        return None
    some = sound[: count * frame].reshape(count, frame)[:, ::_EVERY]
    loudness = np.sqrt(np.einsum("ij,ij->i", some, some) / some.shape[1])
    loud = float(np.partition(loudness, count * 95 // 100)[count * 95 // 100])
    if loud < _SILENT:
        return None
    quiet = loudness < _QUIET * loud
    quiet[: count // 2] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]])))
    begins, ends = edges[::2], edges[1::2]
    if not len(begins):
        return None
    longest = int(np.argmax(ends - begins))
    begin, end = int(begins[longest]) * frame, int(ends[longest]) * frame
    return (begin, end) if end - begin >= _PAUSE * rate else None
