"""Writes pictures, sounds and clips in many formats, the same bytes every time where the format allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mediakit.synth import RATE, Sound

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.packet import Packet

CODECS = {".wav": "pcm_s16le", ".flac": "flac", ".ogg": "libopus", ".opus": "libopus", ".m4a": "aac"}
QUALITY = {".jpg": {"quality": 88}, ".webp": {"quality": 86, "method": 2}, ".avif": {"quality": 70, "speed": 9}}
FAST = {"libopus": {"compression_level": "2"}, "aac": {"aac_coder": "fast"}}
IMAGE_DESCRIPTION = 0x010E  # the EXIF tag


@dataclass(frozen=True)
class Cue:
    """Words spoken from `start` to `end`, seconds."""

    start: float
    end: float
    words: str


@dataclass(frozen=True)
class Film:
    """What a clip is made of: frames (RGB) at `rate` a second, sound, and words that it carries inside."""

    frames: Iterable[Image.Image]
    sound: Sound
    rate: int = 10
    title: str = ""
    cues: tuple[Cue, ...] = field(default_factory=tuple)


def picture(path: Path, image: Image.Image, description: str = "", keep: str = "") -> None:
    """Saves `image`; `description` goes inside as EXIF or XMP if `keep` says so."""
    extras: dict[str, object] = dict(QUALITY.get(path.suffix, {}))
    if description and keep == "exif":
        exif = Image.Exif()
        exif[IMAGE_DESCRIPTION] = description
        extras["exif"] = exif
    elif description and keep == "xmp" and path.suffix == ".png":
        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", xmp(description))
        extras["pnginfo"] = info
    elif description and keep == "xmp":
        extras["xmp"] = xmp(description).encode()
    if path.suffix == ".gif":
        image = image.quantize(128)
    image.save(path, **extras)


def xmp(description: str) -> str:
    """An XMP packet that holds a description, as photo managers write it."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">'
        f"{escape(description)}</rdf:li></rdf:Alt></dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def sound(path: Path, samples: Sound, tags: Mapping[str, str] | None = None) -> None:
    """Encodes mono samples at `RATE` as the suffix of `path` says."""
    import av

    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:
        container.metadata.update(tags or {})
        stream = container.add_stream(CODECS[path.suffix], rate=RATE, layout="mono")
        stream.codec_context.options = FAST.get(CODECS[path.suffix], {}) | {"flags": "+bitexact"}
        container.mux(feed(stream, samples))


def feed(stream: AudioStream, samples: Sound) -> list[Packet]:
    """All of `samples` encoded, in frames of the size that the codec wants."""
    import av

    stream.codec_context.open()  # only then is the size of its frames known
    resampler = av.AudioResampler(format=stream.format, layout="mono", rate=RATE)
    fifo = av.AudioFifo()
    whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None, :]), format="flt", layout="mono")
    whole.sample_rate, whole.pts, whole.time_base = RATE, 0, Fraction(1, RATE)
    for frame in (*resampler.resample(whole), *resampler.resample(None)):
        fifo.write(frame)
    size = stream.codec_context.frame_size or 4096
    packets: list[Packet] = []
    while (frame := fifo.read(size) or fifo.read(size, partial=True)) is not None:
        packets += stream.encode(frame)
    return packets + stream.encode(None)


def clip(path: Path, film: Film) -> None:
    """Encodes a clip as the suffix of `path` says: H.264 and AAC, or VP8 and Opus for WebM.

    The words inside (`film.cues`) are for Matroska, which takes SubRip as it is.
    """
    import av

    webm = path.suffix == ".webm"
    frames = iter(film.frames)
    first = next(frames)
    with av.open(str(path), "w", container_options={"fflags": "+bitexact"}) as container:
        if film.title:
            container.metadata["title"] = film.title
        video = container.add_stream("libvpx" if webm else "libx264", rate=film.rate)
        video.width, video.height, video.pix_fmt = *first.size, "yuv420p"
        video.codec_context.thread_count = 1  # one thread, the same bytes
        video.codec_context.options = (
            {"deadline": "realtime", "cpu-used": "8", "b": "260k", "flags": "+bitexact"}
            if webm
            else {"preset": "ultrafast", "crf": "28", "g": str(film.rate * 4), "flags": "+bitexact"}
        )
        audio = container.add_stream("libopus" if webm else "aac", rate=RATE, layout="mono")
        audio.codec_context.options = FAST["libopus" if webm else "aac"] | {"b": "48k", "flags": "+bitexact"}
        spoken: list[Packet] = []
        if film.cues:
            with av.open(BytesIO(srt(film.cues).encode()), format="srt") as subtitles:
                words = container.add_stream_from_template(subtitles.streams.subtitles[0])
                for packet in subtitles.demux():
                    if packet.dts is not None:
                        packet.stream = words
                        spoken.append(packet)
        packets = spoken + feed(audio, film.sound)
        for image in (first, *frames):
            packets += video.encode(av.VideoFrame.from_image(image))
        packets += video.encode(None)
        for packet in sorted(packets, key=lambda packet: float((packet.dts or 0) * packet.time_base)):
            container.mux(packet)


def stamp(seconds: float, comma: str) -> str:
    """`00:00:12,500`, with the given mark before the milliseconds."""
    whole, milli = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{comma}{milli:03}"


def srt(cues: Iterable[Cue]) -> str:
    """Cues as SubRip."""
    return "\n".join(
        f"{number}\n{stamp(cue.start, ',')} --> {stamp(cue.end, ',')}\n{cue.words}\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """Cues as WebVTT."""
    return "WEBVTT\n\n" + "\n".join(f"{stamp(cue.start, '.')} --> {stamp(cue.end, '.')}\n{cue.words}\n" for cue in cues)
