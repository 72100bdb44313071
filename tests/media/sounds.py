"""Recordings of every format, those among them that nothing here encodes."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

SOUNDS = {  # muxer and encoder of what soundfile does not write
    ".m4a": ("ipod", "aac"),
    ".opus": ("ogg", "libopus"),
    ".aac": ("adts", "aac"),
    ".mka": ("matroska", "libopus"),
    ".wma": ("asf", "wmav2"),
    ".3ga": ("3gp", "aac"),
    ".wv": ("wv", "wavpack"),
    ".tta": ("tta", "tta"),
    ".ac3": ("ac3", "ac3"),
    ".eac3": ("eac3", "eac3"),
    ".caf": ("caf", "alac"),
    ".au": ("au", "pcm_s16be"),
    ".voc": ("voc", "pcm_s16le"),
    ".w64": ("w64", "pcm_s16le"),
    ".mp2": ("mp2", "mp2"),
    ".ra": ("rm", "ac3"),
}


def sine(seconds: float, hertz: float = 440.0, rate: int = 22_050, channels: int = 1) -> NDArray[np.float32]:
    """A tone: float32 (samples, channels), half as loud as can be."""
    time = np.arange(round(seconds * rate)) / rate
    wave = (0.5 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    return np.repeat(wave[:, None], channels, axis=1)


def tone(
    path: Path,
    seconds: float = 2.0,
    hertz: float = 440.0,
    *,
    rate: int = 22_050,
    channels: int = 1,
    tags: dict[str, str] | None = None,
) -> Path:
    """A recording of one tone in the format that the suffix tells. Tags are written to all but WAV and MP3."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in BARE_SOUNDS:
        path.write_bytes(BARE_SOUNDS[path.suffix](seconds, hertz))
        return path
    samples = sine(seconds, hertz, rate, channels)
    if path.suffix in SOUNDS:
        form, codec = SOUNDS[path.suffix]
        with av.open(str(path), "w", format=form) as container:
            container.metadata.update(tags or {})
            stream = sound_stream(container, codec)
            container.start_encoding()
            _write_sound(container, stream, sine(seconds, hertz, 48_000, 1))
        return path
    import soundfile

    with soundfile.SoundFile(path, "w", rate, channels) as file:
        if path.suffix in (".ogg", ".flac"):
            for name, value in (tags or {}).items():
                setattr(file, name, value)
        file.write(samples)
    return path


def _dsf(seconds: float, hertz: float) -> bytes:
    """The tone in bits of 2.8 MHz, whose density is the sound's pressure."""
    rate = 2_822_400
    wave = 1 + 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    bits = np.diff(np.floor(np.cumsum(wave / 2)), prepend=0).astype(np.uint8)
    packed = np.packbits(bits, bitorder="little").tobytes()
    packed += b"\x69" * (-len(packed) % 4096)
    kind = b"fmt " + struct.pack("<QIIIIIIQII", 52, 1, 0, 1, 1, rate, 1, len(bits), 4096, 0)
    data = b"data" + struct.pack("<Q", 12 + len(packed)) + packed
    return b"DSD " + struct.pack("<QQQ", 28, 28 + len(kind) + len(data), 0) + kind + data


def _ape(seconds: float, _: float) -> bytes:
    """Silence: a frame of each 73,728 samples says that it is silent."""
    samples, each, frame = round(seconds * 22_050), 73_728, struct.pack("<II", 0x8000_0000, 3) + bytes(16)
    count = -(-samples // each)
    places = [52 + 24 + 4 * count + len(frame) * number for number in range(count)]
    sizes = (3990, 0, 52, 24, 4 * count, 0, len(frame) * count, 0, 0)
    head = struct.pack("<HHIIIHHI", 1000, 32, each, samples - each * (count - 1), count, 16, 1, 22_050)
    return (
        b"MAC "
        + struct.pack("<HHIIIIIII", *sizes)
        + bytes(16)
        + head
        + struct.pack(f"<{count}I", *places)
        + frame * count
    )


def _mpc(seconds: float, _: float) -> bytes:
    """Silence: each frame of 1,152 samples has eight bits, and all are zero."""
    count = round(seconds * 44_100 / 1152)
    bits = "0" * 8 + f"{8:020b}{0:08b}" * count
    bits += "0" * (64 - len(bits) % 32)
    words = [int(bits[at : at + 32], 2) for at in range(0, len(bits), 32)]
    return b"MP+\x07" + struct.pack("<I", count) + bytes(16) + struct.pack(f"<{len(words)}I", *words)


def _amr(seconds: float, _: float) -> bytes:
    """Noise: frames of 20 ms at 12.2 kbit/s, whose bits are any."""
    noise = np.random.default_rng(1)
    return b"#!AMR\n" + b"".join(b"\x3c" + noise.bytes(31) for _ in range(round(seconds * 50)))


def _awb(seconds: float, _: float) -> bytes:
    """The same of a wider band, at 12.65 kbit/s."""
    noise = np.random.default_rng(1)
    return b"#!AMR-WB\n" + b"".join(b"\x14" + noise.bytes(32) for _ in range(round(seconds * 50)))


BARE_SOUNDS = {".dsf": _dsf, ".ape": _ape, ".mpc": _mpc, ".amr": _amr, ".awb": _awb}
"""What nothing here encodes, by suffix: the bytes of so many seconds."""


def sound_stream(container: Any, codec: str) -> Any:
    stream = container.add_stream(codec, rate=48_000)
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream


def _write_sound(container: Any, stream: Any, samples: NDArray[np.float32]) -> None:
    for packet in encode_sound(stream, samples):
        container.mux(packet)


def encode_sound(stream: Any, samples: NDArray[np.float32]) -> list[av.Packet]:
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.codec_context.format, "mono", 48_000, frame_size=size)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    packets = []
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += stream.encode(part)
    return packets + stream.encode(None)
