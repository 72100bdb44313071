"""Sound as a stream of mono samples. Memory stays the same however long the recording is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.error import FFmpegError

from readers.container import WHOLE, av_errors
from schemas import ReadError, ReadOptions

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

# Hertz. A slower claim would swell to many times the file's size when resampled, a faster one needs huge filters.
_SLOWEST, _FASTEST = 1_000, 1_000_000
_DAMAGED = 0.1  # share of packets that may be broken
_GAP = 0.1  # seconds; less silence than this is no gap, less sound than this is no sound
_FEW = 4  # damaged packets that even a short file may have


def samples(container: InputContainer, stream: AudioStream, options: ReadOptions) -> Iterator[tuple[float, Samples]]:
    """Blocks of mono float32 in [-1, 1] at `options.sample_rate`, each with the time it claims, in seconds.

    As in any player a few damaged packets are passed over.

    Raises:
        ReadError: More than a tenth of the packets are damaged, or the sound claims an absurd sample rate, or goes on
            beyond `options.max_duration`.
    """
    resampler: av.AudioResampler | None = None
    total = packets = damaged = 0
    limit = options.max_duration * options.sample_rate
    with av_errors():  # around all: to enter it for each frame would cost a tenth of the time
        for packet in container.demux(stream):
            packets += 1
            try:
                frames = packet.decode()
            except FFmpegError as error:
                damaged += 1
                if damaged > max(_FEW, _DAMAGED * packets):
                    raise ReadError("The file is damaged: most of its sound cannot be decoded.") from error
                continue
            for frame in frames:
                if not _SLOWEST <= frame.sample_rate <= _FASTEST:
                    raise ReadError(f"The sound claims a sample rate of {frame.sample_rate:,} Hz: it is damaged.")
                if resampler is None:
                    resampler = _resampler(options)
                try:
                    blocks = resampler.resample(frame)
                except ValueError:  # the format changes midway, as in chained or damaged streams
                    resampler = _resampler(options)
                    blocks = resampler.resample(frame)
                for block in blocks:
                    total += block.samples
                    if total > limit:
                        raise ReadError(
                            f"The sound goes on for more than {options.max_duration / 3600:.0f} hours: "
                            "it is taken for a decompression bomb."
                        )
                    yield _time(block), _array(block)
        for block in resampler.resample(None) if resampler is not None else ():
            yield _time(block), _array(block)


def _resampler(options: ReadOptions) -> av.AudioResampler:
    # Without a bound on the matrix, stereo comes out up to 1.41 times too loud. Few large blocks cost less than many.
    block = max(1, options.sample_rate)
    return av.AudioResampler("flt", "mono", options.sample_rate, block, options={"rematrix_maxval": "1.0"})


def _time(block: AudioFrame) -> float:
    return block.time if block.time is not None else 0.0


def _array(block: AudioFrame) -> Samples:
    plane: Any = block.planes[0]  # which holds more than the samples
    array = np.frombuffer(plane, np.float32, block.samples).copy()
    if array.size and not (array.min() >= -1.0 and array.max() <= 1.0):  # also where one is no number
        np.nan_to_num(array, copy=False)
        np.clip(array, -1.0, 1.0, out=array)
    return array


class SoundTrack:
    """The sound beside a film, drawn forward stretch by stretch."""

    def __init__(self, container: InputContainer, stream: AudioStream, options: ReadOptions, duration: float) -> None:
        self.rate, self.duration = options.sample_rate, duration
        self.origin = (container.start_time or 0) / 1_000_000
        self._blocks = samples(container, stream, options)
        self._buffer: Samples = np.zeros(0, np.float32)
        self._begin = 0  # of the buffer, in samples from the film's start
        self._ended = False
        self.reached = 0.0  # seconds

    def between(self, start: float, end: float) -> Samples | None:
        """The sound from `start` to `end` (seconds), a stretch behind all that came before; None if it is silent."""
        first, last = round(start * self.rate), round(end * self.rate)
        self.reach(end)
        begin, buffer = self._begin, self._buffer
        self._begin = max(begin, min(last, begin + len(buffer)))
        self._buffer = buffer[self._begin - begin :].copy()
        stretch = buffer[max(0, first - begin) : max(0, last - begin)].copy()
        # What a codec pads its last frame with is no sound of the stretch that follows.
        there = len(stretch) >= min(_GAP, (end - start) / 2) * self.rate
        return stretch if there and stretch.any() else None

    def reach(self, end: float) -> float:
        """Decode on to `end`, or to where the sound ends. Returns how far that is, in seconds."""
        last = round(end * self.rate)
        parts = [self._buffer]
        have = self._begin + len(self._buffer)
        while have < last and not self._ended:
            drawn = next(self._blocks, None)
            if drawn is None:
                self._ended = True
                break
            time, block = drawn
            silence = round((time - self.origin) * self.rate) - have
            if _GAP * self.rate < silence and time - self.origin <= self.duration:
                parts.append(np.zeros(silence, np.float32))
                have += silence
            parts.append(block)
            have += len(block)
        self._buffer = np.concatenate(parts)
        self.reached = have / self.rate
        return self.reached


def check_reached(reached: float, stated: float | None) -> None:
    """Refuse a recording of which less was there than it states.

    Raises:
        ReadError: Less than nine tenths of the stated seconds were there.
    """
    if stated is not None and reached < WHOLE * stated:
        raise ReadError(f"The file is cut off: it states {stated:.1f} seconds, and {reached:.1f} could be read.")
