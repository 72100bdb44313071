"""Recordings: samples, windows and tags."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from readers import crawl, read, read_audio, read_file
from readers.windows import windows
from schemas import FoundFile, Modality, ReadError, ReadOptions, Segment, WordKind
from tests.media import BARE_SOUNDS, RARE_RECORDINGS, RECORDINGS, sine, tone
from tests.readers.memory import drawn


def segments(path: Path, **options: Any) -> list[Segment]:
    return list(read_file(path, ReadOptions(**options)).segments)


def pitch(sound: NDArray[np.float32], rate: int = 16_000) -> float:
    """The loudest frequency, in hertz."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum) * rate / len(sound))


def wav(path: Path, samples: NDArray[Any], rate: int = 16_000) -> Path:
    import soundfile

    soundfile.write(path, samples, rate, subtype="FLOAT" if samples.dtype == np.float32 else "PCM_16")
    return path


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_format_sounds_the_same(media: dict[str, Path], name: str) -> None:
    reading = read_file(media[name])
    (segment,) = reading.segments
    sound = segment.sound
    assert sound is not None
    assert (reading.modality, segment.number, segment.frames) == (Modality.AUDIO, 0, ())
    assert (sound.dtype, sound.ndim) == (np.float32, 1)
    assert abs(len(sound) - 32_000) < 1_000  # codecs add up to a frame
    assert pitch(sound) == pytest.approx(440, abs=2)
    assert 0.4 < float(np.percentile(np.abs(sound), 90)) < 0.6
    assert segment.start == 0.0
    assert segment.end == pytest.approx(2.0, abs=0.06)
    assert reading.info["channels"] == 1
    assert reading.info["duration"] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize("name", RARE_RECORDINGS)
def test_rarer_formats_are_known_by_their_content_and_sound_the_same(tmp_path: Path, name: str) -> None:
    path = tone(tmp_path / name)
    reading = read_file(path.rename(tmp_path / "file.txt"))
    (segment,) = reading.segments
    sound = segment.sound
    assert (reading.modality, reading.mime) == (Modality.AUDIO, RARE_RECORDINGS[name])
    assert sound is not None
    assert abs(len(sound) - 32_000) < 1_000
    loud = float(np.percentile(np.abs(sound), 90))
    if path.suffix not in BARE_SOUNDS or path.suffix == ".dsf":
        assert pitch(sound) == pytest.approx(440, abs=2)
        assert 0.4 < loud < 0.6
    else:
        assert (loud > 0.1) == (path.suffix in (".amr", ".awb"))  # noise; the others are silent


def test_words_that_begin_as_a_recording_does_are_words(tmp_path: Path) -> None:
    for words in (
        "MAC addresses of the house",
        "MP+ is a codec",
        "TTA1 was its mark",
        ".snd and other ends",
        "MPCK, too",
    ):
        (tmp_path / "a.txt").write_text(words)
        assert read_file(tmp_path / "a.txt").modality is Modality.TEXT


def test_tags_of_rarer_formats_become_words(tmp_path: Path) -> None:
    for name in ("a.wv", "a.tta", "a.caf", "a.ra"):
        (segment,) = segments(tone(tmp_path / name, 1.0, tags={"title": "Night train"}))
        assert segment.words[WordKind.EMBEDDED] == "Night train"


@pytest.mark.parametrize("name", ["tone.wv", "tone.tta", "tone.caf", "tone.w64", "tone.au", "tone.dsf"])
def test_a_recording_of_a_rarer_format_that_was_cut_off_is_told_so(tmp_path: Path, name: str) -> None:
    data = tone(tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(ReadError, match=r"^The file (is cut off|is damaged|holds no sound).*\.$"):
        segments(tmp_path / name)


def test_lyrics_beside_a_recording_are_sung_in_its_windows(tmp_path: Path) -> None:
    tone(tmp_path / "song.flac", 12.0)
    (tmp_path / "song.lrc").write_text("[ti:Sea]\n[00:01.00]Row the boat\n[00:08.00]Down the stream\n")
    (found,) = [file for file in crawl(tmp_path) if isinstance(file, FoundFile)]
    first, *_, last = read(tmp_path / "song.flac", found).segments
    assert (first.words[WordKind.SUBTITLE], last.words[WordKind.SUBTITLE]) == (
        "Row the boat",
        "Row the boat Down the stream",
    )


def test_stereo_becomes_the_mean_of_both_sides(tmp_path: Path) -> None:
    left, right = sine(1, 300, 16_000)[:, 0], sine(1, 500, 16_000)[:, 0] * 0.5
    path = wav(tmp_path / "a.wav", np.stack([left, right], axis=1))
    (segment,) = segments(path)
    assert segment.sound is not None
    assert np.abs(segment.sound - (left + right) / 2).max() < 1e-3


def test_loud_stereo_does_not_clip(tmp_path: Path) -> None:
    loud = np.repeat(np.sin(np.arange(16_000) / 9)[:, None], 2, axis=1).astype(np.float32)
    (segment,) = segments(wav(tmp_path / "a.wav", loud))
    assert segment.sound is not None
    assert np.abs(segment.sound - loud[:, 0]).max() < 1e-3


def test_many_channels_become_one(tmp_path: Path) -> None:
    (segment,) = segments(wav(tmp_path / "a.wav", np.repeat(sine(1, 300, 16_000), 6, axis=1)))
    assert segment.sound is not None
    assert segment.sound.shape == (16_000,)
    assert 0 < float(np.abs(segment.sound).max()) <= 1


def test_wild_samples_are_tamed(tmp_path: Path) -> None:
    values = np.array([np.nan, np.inf, -np.inf, 5.0, 0.25] * 2000, dtype=np.float32)
    (segment,) = segments(wav(tmp_path / "a.wav", values))
    assert segment.sound is not None
    assert np.isfinite(segment.sound).all()
    assert float(np.abs(segment.sound).max()) <= 1.0


def test_the_sample_rate_is_what_was_asked_for(tmp_path: Path) -> None:
    tone(tmp_path / "a.flac", 1.0, 440, rate=44_100)
    (segment,) = segments(tmp_path / "a.flac", sample_rate=48_000)
    assert segment.sound is not None
    assert abs(len(segment.sound) - 48_000) < 50
    assert pitch(segment.sound, 48_000) == pytest.approx(440, abs=2)


def cut(seconds: float, window: float, hop: float) -> list[tuple[float, float]]:
    rate = 100
    ramp = np.arange(round(seconds * rate), dtype=np.float32)

    def blocks() -> Iterator[tuple[float, NDArray[np.float32]]]:
        for at in range(0, len(ramp), 37):
            yield at / rate, ramp[at : at + 37]

    spans = []
    for start, end, sound in windows(blocks(), ReadOptions(sample_rate=rate, window=window, hop=hop)):
        assert np.array_equal(sound, ramp[round(start * rate) : round(end * rate)])
        spans.append((start, end))
    return spans


@pytest.mark.parametrize(
    ("seconds", "window", "hop", "spans"),
    [
        (4, 6, 3, [(0, 4)]),
        (9, 6, 3, [(0, 9)]),  # one and a half windows are one
        (9.5, 6, 3, [(0, 6), (3, 9.5)]),
        (12, 6, 3, [(0, 6), (3, 9), (6, 12)]),
        (12, 6, 6, [(0, 6), (6, 12)]),
        (14, 6, 6, [(0, 6), (6, 14)]),
        (16, 6, 6, [(0, 6), (6, 12), (10, 16)]),
        (0, 6, 3, []),
    ],
)
def test_windows(seconds: float, window: float, hop: float, spans: list[tuple[float, float]]) -> None:
    assert cut(seconds, window, hop) == spans


def test_a_window_ends_at_a_pause_and_the_next_one_begins_after_it(tmp_path: Path) -> None:
    said = np.concatenate([np.concatenate([sine(4, 300, 16_000), np.zeros((16_000, 1), np.float32)]) for _ in range(6)])
    found = segments(wav(tmp_path / "a.wav", said))
    assert [(part.start, part.end) for part in found] == [(0, 4), (5, 9), (10, 14), (15, 19), (20, 24), (25, 30)]
    faint = segments(wav(tmp_path / "b.wav", said * np.float32(0.01)))
    assert [(part.start, part.end) for part in faint] == [(part.start, part.end) for part in found]


def test_breaths_and_silence_are_no_pauses(tmp_path: Path) -> None:
    breath = np.concatenate([np.concatenate([sine(1.85, 300, 16_000), np.zeros((2400, 1), np.float32)])] * 6)
    assert [(part.start, part.end) for part in segments(wav(tmp_path / "a.wav", breath))] == [(0, 6), (3, 9), (6, 12)]
    silence = np.zeros((12 * 16_000, 1), np.float32)
    assert [(part.start, part.end) for part in segments(wav(tmp_path / "b.wav", silence))] == [(0, 6), (3, 9), (6, 12)]


@pytest.mark.parametrize("channels", range(1, 9))
@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
def test_mono_to_surround_at_any_rate_sounds_the_same(tmp_path: Path, channels: int, rate: int) -> None:
    tone(tmp_path / "a.flac", 0.5, 440, rate=rate, channels=channels)
    reading = read_file(tmp_path / "a.flac")
    (segment,) = reading.segments
    assert (reading.info["channels"], reading.info["sample_rate"]) == (channels, rate)
    assert segment.sound is not None
    assert pitch(segment.sound, 16_000) == pytest.approx(440, abs=3)
    assert 0.3 < float(np.abs(segment.sound[2000:-2000]).max()) <= 0.6


def test_each_window_holds_its_own_sound(tmp_path: Path) -> None:
    parts = [sine(2, hertz, 16_000) for hertz in (300, 600, 900, 1200)]
    path = wav(tmp_path / "a.wav", np.concatenate(parts))
    found = segments(path, window=2.0, hop=2.0)
    assert [(part.number, part.start, part.end) for part in found] == [(0, 0, 2), (1, 2, 4), (2, 4, 6), (3, 6, 8)]
    assert [round(pitch(part.sound)) for part in found if part.sound is not None] == [300, 600, 900, 1200]


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.m4a", "a.opus"])
def test_tags_become_words(tmp_path: Path, name: str) -> None:
    tags = {"title": "Night train", "artist": "The Owls", "album": "Rails", "genre": "Jazz", "comment": "Live"}
    reading = read_file(tone(tmp_path / name, 1.0, tags=tags))
    (segment,) = reading.segments
    assert segment.words[WordKind.EMBEDDED].split("\n") == ["Night train", "The Owls", "Rails", "Jazz", "Live"]
    assert reading.info["title"] == "Night train"
    assert reading.info["artist"] == "The Owls"
    assert reading.info["tags"] == ["Jazz"]


def test_tags_of_mp3(media: dict[str, Path], tmp_path: Path) -> None:
    def frame(name: bytes, text: bytes) -> bytes:
        return name + struct.pack(">I", len(text)) + b"\0\0" + text

    frames = frame(b"TIT2", b"\x03Night train") + frame(b"TPE1", b"\x01" + "Ölköpfe".encode("utf-16"))
    frames += frame(b"USLT", b"\x03eng\0All night long")
    size = len(frames)
    header = b"ID3\x03\0\0" + bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    (tmp_path / "a.mp3").write_bytes(header + frames + media["tone.mp3"].read_bytes())
    reading = read_file(tmp_path / "a.mp3")
    (segment,) = reading.segments
    assert segment.words[WordKind.EMBEDDED].split("\n") == ["Night train", "Ölköpfe", "All night long"]


def test_a_cover_does_not_make_a_film(media: dict[str, Path], tmp_path: Path) -> None:
    import av
    from av.stream import Disposition

    with av.open(str(media["tone.m4a"])) as source, av.open(str(tmp_path / "a.mp4"), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        cover = target.add_stream("mjpeg")
        cover.width, cover.height, cover.pix_fmt = 64, 64, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        for packet in [*cover.encode(av.VideoFrame(64, 64, "yuvj420p")), *cover.encode(None)]:
            target.mux(packet)
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    with av.open(str(tmp_path / "a.mp4")) as made:
        assert len(made.streams.video) == 1
    assert read_file(tmp_path / "a.mp4").modality is Modality.AUDIO


@pytest.mark.parametrize(
    "name", ["tone.wav", "tone.flac", "tone.mp3", "tone.ogg", "tone.m4a", "tone.opus", "tone.aiff"]
)
@pytest.mark.parametrize("tenths", [2, 5, 8])
def test_a_recording_that_was_cut_off_is_told_so(
    media: dict[str, Path], tmp_path: Path, name: str, tenths: int
) -> None:
    data = media[name].read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * tenths // 10])
    with pytest.raises(ReadError, match=r"^The file (is cut off|is damaged|holds no sound).*\.$"):
        segments(tmp_path / name)


def test_a_recorder_that_could_not_go_back_is_believed(media: dict[str, Path], tmp_path: Path) -> None:
    data = bytearray(media["tone.wav"].read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    (tmp_path / "a.wav").write_bytes(data)
    assert len(segments(tmp_path / "a.wav")) == 1


def test_an_mp3_without_a_stated_length_is_not_taken_for_cut_off(media: dict[str, Path], tmp_path: Path) -> None:
    data = media["tone.mp3"].read_bytes()
    for mark in (b"Xing", b"Info"):
        data = data.replace(mark, b"\0\0\0\0")
    (tmp_path / "a.mp3").write_bytes(data[: len(data) // 2])
    (segment,) = segments(tmp_path / "a.mp3")
    assert 0.5 < (segment.end or 0) < 1.5


def test_a_few_damaged_packets_are_passed_over(tmp_path: Path) -> None:
    tone(tmp_path / "a.mp3", 20.0)
    data = bytearray((tmp_path / "a.mp3").read_bytes())
    at = len(data) // 2
    data[at : at + 40] = bytes(40)
    (tmp_path / "a.mp3").write_bytes(data)
    assert len(segments(tmp_path / "a.mp3")) == 5


@pytest.mark.parametrize("hertz", [1, 67_000_000])
def test_an_absurd_sample_rate_is_refused(media: dict[str, Path], tmp_path: Path, hertz: int) -> None:
    data = bytearray(media["tone.wav"].read_bytes())
    data[24:28] = hertz.to_bytes(4, "little")
    (tmp_path / "a.wav").write_bytes(data)
    with pytest.raises(ReadError, match=f"sample rate of {hertz:,} Hz"):
        segments(tmp_path / "a.wav")


def test_sound_without_end_is_refused(tmp_path: Path) -> None:
    tone(tmp_path / "a.flac", 30.0)
    with pytest.raises(ReadError, match="decompression bomb"):
        segments(tmp_path / "a.flac", max_duration=20.0)


def test_an_empty_recording_is_told_so(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav", np.zeros((0, 1), dtype=np.float32))
    with pytest.raises(ReadError, match=r"no sound|damaged"):
        segments(tmp_path / "a.wav")


def test_a_recording_of_a_few_samples_is_told_so(tmp_path: Path) -> None:
    wav(tmp_path / "a.wav", np.ones((5, 1), dtype=np.float32), 44_100)
    with pytest.raises(ReadError, match=r"or less than a thousandth of a second\.$"):
        segments(tmp_path / "a.wav")


def test_a_query_hears_the_first_window(tmp_path: Path) -> None:
    tone(tmp_path / "a.flac", 20.0)
    assert len(read_audio(tmp_path / "a.flac")) == 6 * 16_000


def test_a_long_recording_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    tone(path, 600.0, rate=8_000)  # 38 MB as float32 at 16 kHz
    count, peak = drawn(path)
    assert count == 199
    assert peak < 4_000_000


def test_a_reading_that_is_never_drawn_can_be_dropped(media: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(media["tone.mp3"], tmp_path / "a.mp3")
    reading = read_file(tmp_path / "a.mp3")
    assert reading.info["sample_rate"] == 22_050
    reading.segments = iter(())
    (tmp_path / "a.mp3").unlink()
