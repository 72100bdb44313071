"""Sound and film files opened with FFmpeg, and its complaints as sentences. The one place that opens them."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import av.error
import av.logging
from av.stream import Disposition

from readers.hash import TRANSIENT, unreadable
from schemas import ReadError, ReadOptions, UnsupportedError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

av.logging.set_level(None)  # FFmpeg's remarks on damaged files go to no one's terminal: they come back as ReadError

# Telling FFmpeg the format keeps it from guessing others: a playlist could make it open other files.
_FORMATS = {
    "wav": "wav",
    "flac": "flac",
    "mp4": "mov",
    "quicktime": "mov",
    "3gpp": "mov",
    "ogg": "ogg",
    "aac": "aac",
    "aiff": "aiff",
    "x-matroska": "matroska",
    "webm": "matroska",
    "x-msvideo": "avi",
    "mp2t": "mpegts",
    "x-ms-asf": "asf",
    "x-flv": "flv",
    "mxf": "mxf",
    "vnd.rn-realmedia": "rm",
    "ac3": "ac3",
    "amr": "amr",
    "basic": "au",
    "x-ape": "ape",
    "x-caf": "caf",
    "x-dsf": "dsf",
    "x-musepack": "mpc",
    "x-musepack8": "mpc8",
    "x-tta": "tta",
    "x-voc": "voc",
    "x-w64": "w64",
    "x-wavpack": "wv",
}
_WAV_PROBE = "65536"  # bytes in which FFmpeg looks for another codec in WAV: more take longer than to decode it all
_MICROSECONDS = 1_000_000
_NO_CLOCK = 86_400  # seconds after 1970: a clock that was never set says 1970 or, in films, 1904
_PLACE = re.compile(r"([+-]\d{1,2}(?:\.\d+)?)([+-]\d{1,3}(?:\.\d+)?)")  # ISO 6709: +48.8577+002.2950/
WHOLE = 0.9  # a file of which less than this share of its stated duration can be read is broken


def open_container(path: Path, mime: str, options: ReadOptions | None = None) -> InputContainer:
    """The container at `path`, which was sniffed as `mime`.

    Raises:
        ReadError: It is damaged or cannot be read.
    """
    options = options or ReadOptions()
    kind, _, name = mime.partition("/")
    form = ("mp3" if kind == "audio" else "mpeg") if name == "mpeg" else _FORMATS.get(name)
    if kind not in ("audio", "video") or form is None:
        raise ReadError("The file is neither sound nor film.")
    given = {"max_pixels": str(options.max_pixels), "protocol_whitelist": "file"}
    if form == "wav":
        given["probesize"] = _WAV_PROBE
    with av_errors():
        return av.open(f"file:{path}", format=form, metadata_errors="replace", options=given)


@contextmanager
def av_errors() -> Iterator[None]:
    """Turn every exception of PyAV and FFmpeg inside into a ReadError of one sentence."""
    try:
        yield
    except (GeneratorExit, ReadError):
        raise
    except av.error.FFmpegError as error:
        if isinstance(error, OSError) and error.errno in TRANSIENT - {errno.EIO}:  # FFmpeg says EIO of what is cut off
            raise unreadable(error) from error
        raise ReadError(_sentence(error)) from error
    except OSError as error:
        raise unreadable(error) from error
    except MemoryError as error:
        raise ReadError("The file claims more memory than there is: it is damaged, or made to do harm.") from error
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError) as error:  # seen on damaged files
        raise ReadError("The file is damaged: its streams contradict each other.") from error


def _sentence(error: av.error.FFmpegError) -> str:
    if isinstance(error, av.error.InvalidDataError | av.error.EOFError):
        return "The file is damaged: a decoder finds invalid data."
    if isinstance(error, av.error.DecoderNotFoundError):
        return "The file is coded in a way that this FFmpeg cannot decode."
    if isinstance(error, av.error.OSError | av.error.PermissionError | av.error.FileNotFoundError):
        return f"The file cannot be read: {(error.strerror or 'input/output error').lower()}."
    return f"The file cannot be decoded: {(error.strerror or 'unknown error').lower().rstrip('.')}."


def has_pictures(path: Path, mime: str) -> bool:
    """Whether a container holds moving pictures; a cover is none.

    Raises:
        ReadError: It cannot be read.
        UnsupportedError: It holds neither pictures nor sound.
    """
    with open_container(path, mime) as container:
        if film_stream(container) is not None:
            return True
        if sound_stream(container) is not None:
            return False
    raise UnsupportedError(f"No reader takes {mime} without pictures and sound.")


def film_stream(container: InputContainer) -> VideoStream | None:
    """The best stream of moving pictures, None without one. Covers and thumbnails are still pictures."""
    still = Disposition.attached_pic | Disposition.timed_thumbnails
    streams = [s for s in container.streams.video if not s.disposition & still and decodable(s)]
    return max(streams, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height), default=None)


def sound_stream(container: InputContainer) -> AudioStream | None:
    """The default stream of sound, or the first; None without one."""
    streams = [s for s in container.streams.audio if decodable(s)]
    return max(streams, key=lambda s: bool(s.disposition & Disposition.default), default=None)


def decodable(stream: Stream) -> bool:
    """Whether this FFmpeg has a decoder for a stream: it makes no context for one that is damaged or unknown."""
    return getattr(stream, "codec_context", None) is not None


def duration_of(container: InputContainer, stream: Stream | None = None) -> float | None:
    """Stated duration in seconds, of a stream where it states one, else of the whole; None if nothing is stated."""
    if stream is not None and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / _MICROSECONDS if container.duration and container.duration > 0 else None


def plain_tags(*sources: dict[str, str]) -> dict[str, str]:
    """Tags with lower-case names and clean values; the first source that has a tag wins."""
    tags: dict[str, str] = {}
    for source in sources:
        for name, value in source.items():
            if text := " ".join(value.replace("\0", " ").split()):
                tags.setdefault(name.lower(), text)
    return tags


def when_and_where(tags: dict[str, str]) -> dict[str, Any]:
    """When and where a camera says that it filmed, by the names that pictures use: taken, gps."""
    info: dict[str, Any] = {}
    with suppress(KeyError, ValueError):
        taken = datetime.fromisoformat(tags["creation_time"])
        if taken.timestamp() > _NO_CLOCK:
            info["taken"] = taken.isoformat()
    place = _PLACE.match(tags.get("com.apple.quicktime.location.iso6709", "") or tags.get("location", ""))
    if place:
        lat, lon = map(float, place.groups())
        if abs(lat) <= 90 and abs(lon) <= 180 and (lat, lon) != (0, 0):  # noqa: PLR2004  # degrees of a globe
            info["gps"] = {"lat": round(lat, 6), "lon": round(lon, 6)}
    return info


def stream_info(container: InputContainer, sound: AudioStream | None) -> dict[str, Any]:
    """What a payload keeps of a container: duration, channels, sample_rate."""
    info: dict[str, Any] = {}
    if duration := duration_of(container):
        info["duration"] = round(duration, 3)
    if sound is not None:
        info["channels"] = sound.codec_context.channels
        info["sample_rate"] = sound.codec_context.sample_rate
    return info
