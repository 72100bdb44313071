"""The frames and cues of a film, in one pass over the file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import numpy as np
from av.error import FFmpegError
from av.stream import Discard

from readers.container import av_errors, decodable
from readers.cuts import Look
from readers.subtitles import Cue, clean_cue
from schemas import ReadError, ReadOptions

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from readers.cuts import Frame
    from readers.sound import SoundTrack

_STEP = 0.5  # seconds between sampled frames
_CLOSE = 0.1  # seconds between a sampled frame and a key frame that is sampled besides
_DENSE = 2.0  # seconds between key frames up to which they alone show all there is to see
_LONG = 1200.0  # seconds; a film that is longer is sampled by its key frames if each scene has one
_FEW, _DAMAGED = 4, 0.1  # packets that may be broken: as many, or this share
_THREADS = 2  # that decode one film; each holds frames of its own, and several films are read at a time
_TEXT_CODECS = frozenset(("mov_text", "subrip", "srt", "webvtt", "ass", "ssa", "text"))


class Film:
    """A film's pictures as they are drawn; `cues` and `reached` grow with them. Times are seconds from its start."""

    def __init__(self, container: InputContainer, stream: VideoStream, duration: float, options: ReadOptions) -> None:
        self.container, self.stream, self.options = container, stream, options
        self.begin = (container.start_time or 0) / 1_000_000
        self.base = float(stream.time_base or 0)  # to ask each packet for it would make a fraction each time
        self.cues: list[Cue] = []
        self.reached = 0.0
        # A time far beyond the stated end is damage, and would make thousands of scenes of one still frame.
        self.limit = min(options.max_duration, 2 * duration + 60 if duration else options.max_duration)
        texts = (stream for stream in container.streams.subtitles if decodable(stream))
        self.captions = [stream for stream in texts if stream.codec_context.name in _TEXT_CODECS]
        if "matroska" in container.format.name:
            with suppress(FFmpegError):  # without an index everything is decoded
                container.seek(
                    0
                )  # the index of key frames lies at the end of the file, and is read with the first seek
        self.key_only = _keys_suffice(stream, duration, options)
        drawn: list[Stream] = [stream, *self.captions]
        for other in container.streams:
            if other not in drawn:
                other.discard = Discard.all  # what nobody asks for need not be read
        stream.thread_type, stream.thread_count = "AUTO", _THREADS
        if stream.codec_context.name in ("h264", "hevc"):
            # Frames that no other one refers to can be left out without harm: a third of the work.
            stream.codec_context.skip_frame = "NONREF"

    def looks(self, sound: SoundTrack | None) -> Iterator[Look]:
        """Sampled frames in the order of time. Where `sound` outlasts the pictures, the last one stays in view.

        Raises:
            ReadError: More than a tenth of the packets are damaged.
        """
        packets = damaged = 0
        due = -1.0
        last: Look | None = None
        intra = True  # whether every frame is a key frame, so that one tells nothing
        with av_errors():
            for packet in self.container.demux(self.stream, *self.captions):
                if packet.stream is not self.stream and packet.stream.type == "subtitle":
                    self._caption(packet)
                    continue
                self._note(packet)
                intra = intra and packet.is_keyframe
                if self.key_only and packet.size and not packet.is_keyframe:
                    continue
                packets += 1
                try:
                    frames: list[Any] = packet.decode()
                except FFmpegError as error:
                    damaged += 1
                    if damaged > max(_FEW, _DAMAGED * packets):
                        raise ReadError("The file is damaged: most of its pictures cannot be decoded.") from error
                    continue
                for frame in frames:
                    time = max(0.0, frame.time - self.begin) if frame.time is not None else self.reached
                    if time > self.limit:
                        raise ReadError(f"The film claims to go on for {time / 3600:.1f} hours: it is damaged.")
                    self.reached = max(self.reached, time)
                    fresh = frame.key_frame and not intra and last is not None and time - last.time > _CLOSE
                    if time >= due or fresh:  # encoders set a key frame where the picture changes
                        due = time + _STEP * 0.99
                        last = Look(time, pixels_of(frame, self.stream, self.options.image_side))
                        yield last
        if last is not None:  # the last frame stays in view until the next would have come
            self.reached += 1 / float(self.stream.average_rate or 25)
            yield from self._held(last, sound)

    def _held(self, last: Look, sound: SoundTrack | None) -> Iterator[Look]:
        """The last frame again at the film's end, and for as long as its sound goes on."""
        time = self.reached
        yield Look(time, last.pixels)
        while sound is not None and (ahead := sound.reach(time + self.options.scene)) > time + _STEP:
            time = min(ahead, time + self.options.scene)
            yield Look(time, last.pixels)

    def _note(self, packet: Packet[Any]) -> None:
        """Packets tell how far the film goes, also those that are passed over."""
        if packet.pts is not None:
            time = packet.pts * self.base - self.begin
            if time <= self.limit:
                self.reached = max(self.reached, time)

    def _caption(self, packet: Packet[Any]) -> None:
        if packet.pts is None or packet.time_base is None or not packet.size:
            return
        start = float(packet.pts * packet.time_base) - self.begin
        end = start + float((packet.duration or 0) * packet.time_base)
        try:
            lines = [getattr(part, "dialogue", b"") for part in packet.stream.decode(packet)]
        except FFmpegError:
            return  # one line of subtitles that cannot be decoded; the pictures are what counts
        if text := clean_cue(b" ".join(lines).decode("utf-8", "replace")):
            self.cues.append(Cue(start, end, text))


def _keys_suffice(stream: VideoStream, duration: float, options: ReadOptions) -> bool:
    """Whether the key frames alone tell the scenes, so that nothing else needs to be decoded (some 10x faster).

    They do where they are dense. Encoders also set one at every cut: in a long film they are enough if they are no
    farther apart than the longest scene.
    """
    base = float(stream.time_base or 0)
    times = sorted(entry.timestamp * base for entry in stream.index_entries if entry.is_keyframe)
    if len(times) < 10:  # noqa: PLR2004  # too few to tell
        return False
    gap = quantiles([after - before for before, after in pairwise(times)], n=10)[-1]
    return gap <= (options.scene if duration > _LONG else _DENSE)


def pixels_of(frame: VideoFrame, stream: VideoStream, side: int) -> Frame:
    """RGB pixels as they are meant to be seen: turned, with square pixels, longest side `side`."""
    width, height = float(frame.width), float(frame.height)
    aspect = float(stream.sample_aspect_ratio or 1)
    if 0.1 < aspect < 10:  # noqa: PLR2004  # others are damage
        width *= aspect
    scale = min(1.0, side / max(width, height))
    small = frame.reformat(max(1, round(width * scale)), max(1, round(height * scale)), "rgb24")
    pixels: Frame = small.to_ndarray()  # type: ignore[assignment]  # the format says that it is uint8
    turns = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns) if turns else pixels)
