"""Small media of every kind that Medley reads, made in the test: nothing is downloaded and nothing is committed.

`make_media(folder)` makes one file of each kind; `picture`, `tone`, `clip` and `pdf` make single ones.
"""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tests.office import make_office

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "yellow": (230, 210, 40)}
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


def drawing(colour: str = "red", size: tuple[int, int] = (96, 64), shape: str = "circle") -> Image.Image:
    """A coloured shape on a light ground with a little noise, so that no two drawings have the same bytes."""
    seed = sum(map(ord, colour + shape))
    noise = np.random.default_rng(seed).integers(215, 240, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    pen = ImageDraw.Draw(image)
    box = (size[0] // 4, size[1] // 6, size[0] * 3 // 4, size[1] * 5 // 6)
    {"circle": pen.ellipse, "square": pen.rectangle}[shape](box, fill=COLOURS[colour])
    return image


def picture(
    path: Path, colour: str = "red", size: tuple[int, int] = (96, 64), shape: str = "circle", **options: Any
) -> Path:
    """A picture in the format that the suffix tells; `options` go to Pillow's `save` (exif=…, pnginfo=…)."""
    if path.suffix in (".heic", ".heif"):
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix in (".psd", ".dng"):
        return {".psd": psd, ".dng": dng}[path.suffix](path, colour, size)
    if path.suffix in (".svg", ".svgz"):
        return svg(path, colour)
    drawing(colour, size, shape).save(path, **options)
    return path


def psd(path: Path, colour: str = "red", size: tuple[int, int] = (96, 64)) -> Path:
    """A picture as Photoshop writes it: no layers, the flattened picture alone, not packed."""
    planes = np.asarray(drawing(colour, size)).transpose(2, 0, 1)
    head = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, size[1], size[0], 8, 3)
    path.write_bytes(head + struct.pack(">III", 0, 0, 0) + struct.pack(">H", 0) + planes.tobytes())
    return path


def svg(path: Path, colour: str = "red", *, inside: str = "") -> Path:
    """A drawing of a circle of 96 × 64 pixels; `inside` is more of its source. Packed where the suffix is .svgz."""
    ground = "#e3e3e3"
    source = (
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="96" height="64"><title>A {colour} dot</title><rect width="96" height="64" fill="{ground}"/>'
        f'<ellipse cx="48" cy="31.5" rx="24.5" ry="21.5" fill="rgb{COLOURS[colour]}"/>{inside}</svg>'
    )
    path.write_bytes(gzip.compress(source.encode()) if path.suffix == ".svgz" else source.encode())
    return path


def dng(path: Path, colour: str = "red", size: tuple[int, int] = (96, 64), orientation: int = 1) -> Path:
    """A camera raw file: a JPEG preview, and sensor values of a few pixels."""
    preview = BytesIO()
    drawing(colour, size).save(preview, "JPEG", quality=92)
    jpeg = preview.getvalue() + b"\0" * (len(preview.getvalue()) % 2)
    sensor = np.full((32, 48), 1000, dtype="<u2").tobytes()
    raw = _directory(
        8 + len(jpeg) + len(sensor),
        *((254, "I", 0), (256, "I", 48), (257, "I", 32), (258, "H", 16), (259, "H", 1), (262, "H", 32803)),
        *((273, "I", 8 + len(jpeg)), (277, "H", 1), (278, "I", 32), (279, "I", len(sensor))),
        *((33421, "H", 2, 2), (33422, "B", 0, 1, 1, 2), (50717, "I", 4095)),
    )
    main = _directory(
        8 + len(jpeg) + len(sensor) + len(raw),
        *((254, "I", 1), (256, "I", size[0]), (257, "I", size[1]), (258, "H", 8, 8, 8), (259, "H", 7), (262, "H", 6)),
        *((271, "s", *b"Maker\0"), (272, "s", *b"Model X\0"), (273, "I", 8), (274, "H", orientation), (277, "H", 3)),
        *((278, "I", size[1]), (279, "I", len(jpeg)), (330, "I", 8 + len(jpeg) + len(sensor))),
        *((50706, "B", 1, 4, 0, 0), (50708, "s", *b"Maker Model X\0")),
    )
    start = struct.pack("<4sI", b"II*\0", 8 + len(jpeg) + len(sensor) + len(raw))
    path.write_bytes(start + jpeg + sensor + raw + main)
    return path


def deep(path: Path, colour: tuple[int, ...], *, ink: bool = False) -> Path:
    """One colour with 16 bits a channel, which Pillow does not write: PNG, or TIFF (in RGB, or in `ink`)."""
    pixels = np.full((16, 16, len(colour)), colour, dtype="<u2")
    if path.suffix == ".png":
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
        header = _chunk(b"IHDR", struct.pack(">IIBBBBB", 16, 16, 16, 2, 0, 0, 0))
        path.write_bytes(PNG_MARK + header + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b""))
        return path
    count = len(colour)
    directory = _directory(
        8 + pixels.nbytes,
        *((256, "I", 16), (257, "I", 16), (258, "H", *[16] * count), (259, "H", 1), (262, "H", 5 if ink else 2)),
        *((273, "I", 8), (277, "H", count), (278, "I", 16), (279, "I", pixels.nbytes)),
    )
    path.write_bytes(struct.pack("<4sI", b"II*\0", 8 + pixels.nbytes) + pixels.tobytes() + directory)
    return path


PNG_MARK = b"\x89PNG\r\n\x1a\n"


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _directory(at: int, *entries: tuple[Any, ...]) -> bytes:
    """A directory of TIFF that will lie at `at`: each entry is its tag, the kind of its values, and the values."""
    kinds = {"B": 1, "s": 2, "H": 3, "I": 4}
    table, beyond = struct.pack("<H", len(entries)), b""
    for tag, kind, *values in entries:
        data = bytes(values) if kind == "s" else struct.pack(f"<{len(values)}{kind}", *values)
        place = data.ljust(4, b"\0")
        if len(data) > 4:
            place = struct.pack("<I", at + 2 + 12 * len(entries) + 4 + len(beyond))
            beyond += data + b"\0" * (len(data) % 2)
        table += struct.pack("<HHI", tag, kinds[kind], len(values)) + place
    return table + bytes(4) + beyond


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
            stream = _sound_stream(container, codec)
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
        sound = _sound_stream(container, sound_codec) if hertz is not None else None
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
            packets += _encode_sound(sound, sine(seconds * len(scenes), hertz, 48_000, 1))
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


def _sound_stream(container: Any, codec: str) -> Any:
    stream = container.add_stream(codec, rate=48_000)
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream


def _write_sound(container: Any, stream: Any, samples: NDArray[np.float32]) -> None:
    for packet in _encode_sound(stream, samples):
        container.mux(packet)


def _encode_sound(stream: Any, samples: NDArray[np.float32]) -> list[av.Packet]:
    stream.codec_context.open(strict=False)
    size = stream.codec_context.frame_size or 1024
    resampler = av.AudioResampler(stream.codec_context.format, "mono", 48_000, frame_size=size)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, 0, Fraction(1, 48_000)
    packets = []
    for part in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += stream.encode(part)
    return packets + stream.encode(None)


def pdf(path: Path, pages: Sequence[str] = ("First page.", "Second page."), title: str = "A paper") -> Path:
    """A PDF with a line of text for each line of each page; "" makes a page without text."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, text in enumerate(pages):
        shown = "".join(f"({line.translate(_ESCAPES)}) Tj T* " for line in text.split("\n") if line)
        content = f"BT /F1 12 Tf 14 TL 40 780 Td {shown}ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * number} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    objects.append(f"<< /Title ({title.translate(_ESCAPES)}) >>")
    body, offsets = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n".encode("latin-1")
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    body += (
        f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
        f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    ).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    return path


_ESCAPES = {ord("("): "\\(", ord(")"): "\\)", ord("\\"): "\\\\"}

TEXTS = {
    "note.txt": "The lighthouse keeper climbs the stairs at dusk.\n",
    "story.md": "# The harbour\n\nA red boat lies in the harbour.\n\n# The mountain\n\nSnow covers the summit.\n",
    "page.html": "<html><head><title>Trains</title><style>p{}</style></head><body><h1>Trains</h1>"
    "<p>A steam train crosses the bridge.</p><script>var hidden = 1;</script></body></html>",
    "data.json": json.dumps({"title": "Recipe", "steps": ["Peel the apples.", "Bake for an hour."], "count": 2}),
    "talk.srt": "1\n00:00:01,000 --> 00:00:03,500\nWelcome to the <i>museum</i>.\n\n"
    "2\n00:01:00,000 --> 00:01:02,000\nMind the dinosaur.\n",
    "song.lrc": "[ti:Sea]\n[00:01.50]Row the boat\n[00:04.00]Down the stream\n",
    "film.ass": "[Script Info]\nTitle: x\n\n[Events]\nFormat: Layer, Start, End, Style, Text\n"
    "Dialogue: 0,0:00:01.00,0:00:02.50,Default,{\\i1}Good evening{\\i0}, all.\n",
    "memo.rtf": "{\\rtf1\\ansi{\\fonttbl{\\f0 Times;}}{\\info{\\title A memo}}"
    "\\f0 The caf\\'e9 opens.\\par Bring \\b cake\\b0 .}",
    "hello.eml": "From: Ann <ann@example.org>\nTo: Ben\nSubject: =?utf-8?q?K=C3=A4se?=\n\nThe cheese has come.\n",
    "saved.mhtml": "Snapshot-Content-Location: https://x.example/\nSubject: Boats\nMIME-Version: 1.0\n"
    'Content-Type: multipart/related; boundary="b"\n\n--b\nContent-Type: text/html\n'
    "Content-Transfer-Encoding: quoted-printable\n\n<h1>Boats</h1><p class=3D'x'>They float.</p>\n"
    "--b\nContent-Type: image/png\nContent-Location: https://x.example/a.png\n\nxyz\n--b--\n",
    "box.mbox": "".join(
        f"From ann@example.org Mon Jan  1 00:00:00 2024\nSubject: Letter {n}\n\nThe {thing} has come.\n\n"
        for n, thing in enumerate(("boat", "train"), 1)
    ),
    "talk.vtt": "WEBVTT\n\n00:05.000 --> 00:07.000\nThe bells are ringing.\n",
}


def make_texts(folder: Path) -> dict[str, Path]:
    """A document of each kind, by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {name: folder / name for name in TEXTS}
    for name, text in TEXTS.items():
        files[name].write_text(text, encoding="utf-8")
    files["paper.pdf"] = pdf(folder / "paper.pdf", ("The whale swims north.", "", "The eagle flies south."))
    return files | make_office(folder)


PICTURES = (
    *("red.jpg", "red.png", "red.webp", "red.avif", "red.gif", "red.tiff", "red.heic", "red.bmp"),
    *("red.jp2", "red.psd", "red.dng", "red.ppm"),
)
DRAWINGS = ("red.svg", "red.svgz")
RECORDINGS = (
    "tone.wav",
    "tone.flac",
    "tone.mp3",
    "tone.ogg",
    "tone.m4a",
    "tone.opus",
    "tone.aac",
    "tone.aiff",
    "tone.wma",
)
OLD_FILM_NAMES = {
    "clip.avi": "video/x-msvideo",
    "clip.mpg": "video/mpeg",
    "clip.3gp": "video/3gpp",
    "clip.ogv": "video/ogg",
    "clip.wmv": "video/x-ms-asf",
    "clip.flv": "video/x-flv",
    "clip.ts": "video/mp2t",
    "clip.m2ts": "video/mp2t",
    "clip.vob": "video/mpeg",
    "clip.mxf": "video/mxf",
    "clip.rm": "video/vnd.rn-realmedia",
    "clip.f4v": "video/mp4",
}
RARE_RECORDINGS = {
    "tone.wv": "audio/x-wavpack",
    "tone.tta": "audio/x-tta",
    "tone.caf": "audio/x-caf",
    "tone.au": "audio/basic",
    "tone.w64": "audio/x-w64",
    "tone.voc": "audio/x-voc",
    "tone.ac3": "audio/ac3",
    "tone.eac3": "audio/ac3",
    "tone.mp2": "audio/mpeg",
    "tone.ra": "audio/vnd.rn-realmedia",
    "tone.dsf": "audio/x-dsf",
    "tone.ape": "audio/x-ape",
    "tone.mpc": "audio/x-musepack",
    "tone.amr": "audio/amr",
    "tone.awb": "audio/amr",
}
FILM_NAMES = ("clip.mp4", "clip.mkv", "clip.webm", "clip.mov")


def make_pictures(folder: Path) -> dict[str, Path]:
    """A picture of each format, by file name."""
    return {name: picture(folder / name) for name in (*PICTURES, *DRAWINGS)}


def make_recordings(folder: Path) -> dict[str, Path]:
    """A recording of each format, by file name."""
    return {name: tone(folder / name) for name in RECORDINGS}


def make_films(folder: Path) -> dict[str, Path]:
    """A film of each format, two scenes of two seconds, with sound and subtitles, by file name."""
    said = ((0.2, 1.5, "Good morning."), (2.2, 3.5, "Good night."))
    return {name: clip(folder / name, subtitles=said) for name in FILM_NAMES}


def make_media(folder: Path) -> dict[str, Path]:
    """A good file of every kind that is read, by file name. No two share a stem with a text, so none is a sidecar."""
    return make_texts(folder) | make_pictures(folder) | make_recordings(folder) | make_films(folder)


def make_broken(folder: Path) -> dict[str, Path]:
    """Files that must not stop a run, by what is wrong with them. `mislabelled` alone can be read (as text)."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = picture(folder / "whole.jpg", size=(400, 300))
    film = clip(folder / "whole.mp4")
    files = {
        "truncated_picture": _cut(whole, folder / "cut.jpg"),
        "truncated_film": _cut(film, folder / "cut.mp4"),
        "truncated_recording": _cut(tone(folder / "whole.wav"), folder / "cut.wav"),
        "empty": folder / "empty.png",
        "mislabelled": folder / "words.jpg",
        "pixel_bomb": folder / "bomb.png",
        "unknown": folder / "unknown.bin",
    }
    files["empty"].write_bytes(b"")
    files["mislabelled"].write_text("These are words, not a picture.\n", encoding="utf-8")
    files["pixel_bomb"].write_bytes(pixel_bomb())
    files["unknown"].write_bytes(bytes(range(256)) * 8)
    whole.unlink()
    film.unlink()
    (folder / "whole.wav").unlink()
    return files


def _cut(whole: Path, target: Path, share: float = 0.5) -> Path:
    data = whole.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])
    return target


def pixel_bomb(side: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that claims `side` × `side` pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(bytes(10_000))) + _chunk(b"IEND", b"")
    return PNG_MARK + data


def symlink_loop(folder: Path) -> Path:
    """A folder with a link to itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    return folder / "again"
