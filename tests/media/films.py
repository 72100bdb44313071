"""Films of every format, with sound and subtitles."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.media.colours import COLOURS
from tests.media.sounds import encode_sound, sine, sound_stream

FILMS = {  # encoder of pictures, encoder of sound, encoder of subtitles
    ".mp4": ("libx264", "aac", "mov_text"),
    ".mov": ("libx264", "aac", "mov_text"),
    ".mkv": ("libx264", "libopus", "subrip"),
    ".webm": ("libvpx", "libopus", "webvtt"),
    ".avi": ("mpeg4", "mp2", ""),
    ".mpg": ("mpeg2video", "mp2", ""),
    ".3gp": ("mpeg4", "aac", "mov_text"),
    ".ogv": ("libvpx", "libopus", ""),
    ".wmv": ("wmv2", "wmav2", ""),
    ".flv": ("flv", "libmp3lame", ""),
    ".ts": ("mpeg2video", "mp2", ""),
    ".m2ts": ("libx264", "ac3", ""),
    ".vob": ("mpeg2video", "mp2", ""),
    ".mxf": ("mpeg2video", "pcm_s16le", ""),
    ".rm": ("rv20", "ac3", ""),
    ".f4v": ("libx264", "aac", ""),
}
MUXERS = {".mpg": "mpeg", ".3gp": "3gp", ".ogv": "ogg", ".wmv": "asf", ".ts": "mpegts", ".m2ts": "mpegts"}


def clip(
    path: Path,
    scenes: Sequence[str] = ("red", "blue"),
    seconds: float = 2.0,
    *,
    rate: int = 10,
    size: tuple[int, int] = (96, 64),
    hertz: float | None = 440.0,
    subtitles: Sequence[tuple[float, float, str]] = (),
    tags: dict[str, str] | None = None,
    gop: int = 10,
) -> Path:
    """A film: each scene shows a moving square of its colour for `seconds`, over a tone (None: without sound).

    `subtitles` are (start, end, text) and become a stream of the film.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    picture_codec, sound_codec, text_codec = FILMS[path.suffix]
    with av.open(str(path), "w", format=MUXERS.get(path.suffix)) as container:
        container.metadata.update(tags or {})
        film = container.add_stream(picture_codec, rate=rate)
        film.width, film.height, film.pix_fmt = size[0], size[1], "yuv420p"
        film.codec_context.gop_size = gop
        film.options = {"deadline": "realtime", "cpu-used": "8"} if "vpx" in picture_codec else {"preset": "ultrafast"}
        sound = sound_stream(container, sound_codec) if hertz is not None else None
        text = container.add_stream(text_codec) if subtitles else None
        if text is not None:
            text.codec_context.subtitle_header = _ASS_HEADER
        container.start_encoding()
        packets = []
        for number, frame in enumerate(_frames(scenes, round(seconds * rate), size)):
            frame.pts, frame.time_base = number, Fraction(1, rate)
            packets += film.encode(frame)
        packets += film.encode(None)
        if sound is not None and hertz is not None:
            packets += encode_sound(sound, sine(seconds * len(scenes), hertz, 48_000, 1))
        if text is not None:
            packets += [_cue(text, *cue, number) for number, cue in enumerate(subtitles)]
        for packet in sorted(packets, key=lambda p: float((p.dts if p.dts is not None else p.pts) * p.time_base)):
            container.mux(packet)
    return path


_ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize
Style: Default,Arial,16
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def _cue(stream: Any, start: float, end: float, text: str, number: int) -> av.Packet:
    from av.subtitles.subtitle import SubtitleSet

    line = f"{number},0,Default,,0,0,0,,{text}".encode()
    packet = stream.codec_context.encode_subtitle(SubtitleSet.create(line, 0, round((end - start) * 1000)))
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts = packet.dts = round(start * 1000)
    packet.duration = round((end - start) * 1000)
    return packet


def _frames(scenes: Sequence[str], count: int, size: tuple[int, int]) -> Any:
    for colour in scenes:
        for number in range(count):
            pixels = np.full((size[1], size[0], 3), COLOURS[colour], dtype=np.uint8)
            left = number * (size[0] - 16) // max(1, count)
            pixels[20:36, left : left + 16] = 255
            yield av.VideoFrame.from_ndarray(pixels, format="rgb24")
