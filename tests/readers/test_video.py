"""Films: scenes, sound and words."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from readers import read_file, read_image, sniff
from readers.container import when_and_where
from schemas import Modality, ReadError, ReadOptions, Segment, WordKind
from tests.media import COLOURS, FILM_NAMES, OLD_FILM_NAMES, clip
from tests.readers.memory import drawn


def segments(path: Path, **options: Any) -> list[Segment]:
    return list(read_file(path, ReadOptions(**options)).segments)


def spans(path: Path, **options: Any) -> list[tuple[float | None, float | None]]:
    return [(segment.start, segment.end) for segment in segments(path, **options)]


def ground(segment: Segment) -> str:
    """The name of the colour behind the moving square."""
    corner = segment.frames[0][-4:, :4].reshape(-1, 3).mean(axis=0)
    return min(COLOURS, key=lambda name: float(np.abs(corner - COLOURS[name]).sum()))


def silent(path: Path, frames: list[tuple[float, tuple[int, int, int]]], **stream_options: Any) -> Path:
    """A film without sound of frames at any times (seconds)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = Fraction(1, 1000)
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.options = {"preset": "ultrafast"}
        for name, value in stream_options.items():
            setattr(stream, name, value)
        for time, colour in frames:
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), colour, dtype=np.uint8), format="rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def join(target: Any, *streams: Any) -> None:
    """Write streams of open files into `target` as they are, in the order of time."""
    copies = {stream: target.add_stream_from_template(stream) for stream in streams}
    packets = []
    for stream, copy in copies.items():
        for packet in stream.container.demux(stream):
            if packet.size:
                packet.stream = copy
                packets.append(packet)
        stream.container.seek(0)
    for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
        target.mux(packet)


@pytest.mark.parametrize("name", FILM_NAMES)
def test_every_format_has_the_same_scenes(media: dict[str, Path], name: str) -> None:
    reading = read_file(media[name])
    first, second = reading.segments
    assert reading.modality is Modality.VIDEO
    assert [(part.number, part.start, part.end) for part in (first, second)] == [(0, 0.0, 2.0), (1, 2.0, 4.0)]
    assert (ground(first), ground(second)) == ("red", "blue")
    assert first.words[WordKind.SUBTITLE] == "Good morning."
    assert second.words[WordKind.SUBTITLE] == "Good night."
    for part in (first, second):
        assert 2 <= len(part.frames) <= 3
        assert all(frame.shape == (64, 96, 3) and frame.dtype == np.uint8 for frame in part.frames)
        assert len(part.times) == len(part.frames)
        assert part.start <= part.times[0] < part.times[-1] < part.end
        assert part.sound is not None
        assert part.sound.shape == (32_000,)
        assert 0.4 < float(np.percentile(np.abs(part.sound), 90)) < 0.6  # codecs overshoot where a tone ends
    assert reading.info["width"], reading.info["height"] == (96, 64)
    assert reading.info["duration"] == pytest.approx(4.0, abs=0.05)


@pytest.mark.parametrize("name", OLD_FILM_NAMES)
def test_older_containers_have_the_same_scenes(tmp_path: Path, name: str) -> None:
    path = clip(tmp_path / name, rate=25)
    reading = read_file(path)
    first, second = reading.segments
    assert (reading.modality, reading.mime) == (Modality.VIDEO, OLD_FILM_NAMES[name])
    assert (first.start, first.end, second.end) == (
        pytest.approx(0.0, abs=0.1),
        pytest.approx(2.0, abs=0.15),
        pytest.approx(4.0, abs=0.15),
    )
    assert (ground(first), ground(second)) == ("red", "blue")
    assert all(part.sound is not None and abs(len(part.sound) - 32_000) < 3200 for part in (first, second))


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_a_film_without_sound(tmp_path: Path, suffix: str) -> None:
    found = segments(clip(tmp_path / f"a{suffix}", hertz=None))
    assert [ground(part) for part in found] == ["red", "blue"]
    assert [part.sound for part in found] == [None, None]


def test_the_longest_scene_and_the_number_of_frames_are_options(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", ("red",), 6.5)
    assert spans(path) == [(0.0, 6.5)]
    assert spans(path, scene=3.0) == [(0.0, 3.0), (3.0, 6.5)]  # half a second is too short to stand alone
    assert [len(part.frames) for part in segments(path, frames=1)] == [1]
    assert segments(path, image_side=48)[0].frames[0].shape == (32, 48, 3)


@pytest.mark.parametrize("gop", [1, 10, 500])
def test_scenes_are_the_same_whatever_the_key_frames(tmp_path: Path, gop: int) -> None:
    path = clip(tmp_path / "a.mp4", ("red", "blue", "green"), 5.0, gop=gop)
    # Where every frame is a key frame, they do not tell the cut: the next sampled one does.
    late = 0.5 if gop == 1 else 0.0
    assert [start for start, _ in spans(path)] == pytest.approx([0.0, 5.0, 10.0], abs=late)
    assert [ground(part) for part in segments(path)] == ["red", "blue", "green"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_dense_key_frames_are_all_that_is_decoded(tmp_path: Path, suffix: str) -> None:
    from readers.container import film_stream, open_container
    from readers.film import Film

    for gop, alone in ((10, True), (500, False)):
        path = clip(tmp_path / f"{gop}{suffix}", ("red", "blue"), 8.0, rate=5, gop=gop // 2, hertz=None)
        with open_container(path, sniff(path).mime) as container:
            stream = film_stream(container)
            assert stream is not None
            assert Film(container, stream, 16.0, ReadOptions()).key_only is alone


def test_sound_that_outlasts_the_pictures_is_heard(tmp_path: Path) -> None:
    short = clip(tmp_path / "short.mp4", ("red",), 2.0)
    long = clip(tmp_path / "long.mp4", ("blue",), 24.0, rate=2)
    with av.open(str(short)) as pictures, av.open(str(long)) as sound, av.open(str(tmp_path / "a.mp4"), "w") as target:
        join(target, pictures.streams.video[0], sound.streams.audio[0])
    found = segments(tmp_path / "a.mp4")
    assert found[0].start == 0.0
    assert found[-1].end == pytest.approx(24.0, abs=0.1)
    assert all(part.sound is not None and len(part.frames) == 1 for part in found[1:])
    assert {ground(part) for part in found} == {"red"}


def test_a_stretch_of_silence_has_no_sound(tmp_path: Path) -> None:
    long = clip(tmp_path / "long.mp4", ("red", "blue"), 4.0)
    short = clip(tmp_path / "short.mp4", ("red",), 4.0)
    with av.open(str(long)) as pictures, av.open(str(short)) as sound, av.open(str(tmp_path / "a.mp4"), "w") as target:
        join(target, pictures.streams.video[0], sound.streams.audio[0])
    first, second = segments(tmp_path / "a.mp4")
    assert first.sound is not None
    assert second.sound is None


def test_a_film_that_lies_on_its_side_is_shown_upright(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 48, "yuv420p"
        stream.set_display_rotation(90)
        pixels = np.zeros((48, 96, 3), dtype=np.uint8)
        pixels[:, :48] = (255, 255, 255)  # the left half
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    shown = read_image(tmp_path / "a.mp4")[0]
    assert shown.shape == (96, 48, 3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        turned = next(container.decode(video=0)).rotation
    # A positive rotation is counterclockwise: the left half comes to lie below.
    assert turned == 90
    assert (shown[60:].mean() > 200, shown[:36].mean() < 50) == (True, True)


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    path = silent(
        tmp_path / "a.mp4",
        [(number / 10, COLOURS["red"]) for number in range(15)],
        sample_aspect_ratio=Fraction(2, 1),
    )
    shape = segments(path)[0].frames[0].shape
    assert shape == (48, 128, 3)


def test_frames_far_apart_stay_in_view(tmp_path: Path) -> None:
    path = silent(tmp_path / "a.mp4", [(0, COLOURS["red"]), (15, COLOURS["blue"]), (18, COLOURS["blue"])])
    found = segments(path)
    assert [(part.start, part.end) for part in found][:2] == [(0.0, 10.0), (10.0, 15.0)]
    assert [ground(part) for part in found[:3]] == ["red", "red", "blue"]
    assert [part.times for part in found][:2] == [(0.0,), (10.0,)]  # it stays in view from a scene to the next


def test_titles_and_chapters_become_words(tmp_path: Path) -> None:
    clip(tmp_path / "plain.mkv", ("red", "blue"), 2.0)
    with av.open(str(tmp_path / "plain.mkv")) as source, av.open(str(tmp_path / "a.mkv"), "w") as target:
        target.metadata.update({"title": "Two colours", "comment": "A test of chapters"})
        base = Fraction(1, 1000)
        target.set_chapters(
            [
                {"id": 1, "start": 0, "end": 2000, "time_base": base, "metadata": {"title": "Red part"}},
                {"id": 2, "start": 2000, "end": 4000, "time_base": base, "metadata": {"title": "Blue part"}},
            ]
        )
        join(target, *source.streams)
    reading = read_file(tmp_path / "a.mkv")
    first, second = reading.segments
    assert first.words[WordKind.EMBEDDED] == "Two colours\nA test of chapters\nRed part"
    assert second.words[WordKind.EMBEDDED] == "Two colours\nA test of chapters\nBlue part"
    assert reading.info["title"] == "Two colours"


def test_when_and_where_a_film_was_taken_is_known_as_of_a_picture(tmp_path: Path) -> None:
    clip(tmp_path / "plain.mp4", ("red",), 1.0)
    with av.open(str(tmp_path / "plain.mp4")) as source, av.open(str(tmp_path / "a.mp4"), "w") as target:
        target.metadata.update({"creation_time": "2024-05-01T12:30:00Z", "location": "+48.8577-002.2950/"})
        join(target, *source.streams)
    info = read_file(tmp_path / "a.mp4").info
    assert info["taken"] == "2024-05-01T12:30:00+00:00"
    assert info["gps"] == {"lat": 48.8577, "lon": -2.295}
    assert not {"taken", "gps"} & read_file(tmp_path / "plain.mp4").info.keys()


@pytest.mark.parametrize(
    "tags",
    [
        {"creation_time": "1904-01-01T00:00:00.000000Z", "location": "+00.0000+000.0000/"},
        {"creation_time": "1970-01-01T00:00:00Z", "location": "+98.0+002.0/"},
        {"creation_time": "yesterday", "location": "at home"},
    ],
)
def test_a_clock_never_set_and_a_place_that_is_none_are_not_believed(tags: dict[str, str]) -> None:
    assert when_and_where(tags) == {}


def test_a_film_whose_length_nobody_wrote_down_is_read(tmp_path: Path) -> None:
    clip(tmp_path / "plain.webm", ("red", "blue"), 2.0)
    # What cannot seek back, as a recorder in a browser, leaves the length open.
    file = (tmp_path / "live.webm").open("wb")
    target = av.open(_Forward(file), "w", format="webm")
    with av.open(str(tmp_path / "plain.webm")) as source, file, target:
        join(target, *source.streams)
    reading = read_file(tmp_path / "live.webm")
    found = list(reading.segments)
    assert "duration" not in reading.info
    assert [ground(part) for part in found] == ["red", "blue"]
    assert found[-1].end == pytest.approx(4.0, abs=0.1)


class _Forward:
    """A file that can be written to, and nothing else."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def write(self, data: bytes) -> int:
        return int(self.file.write(data))


@pytest.mark.parametrize("name", FILM_NAMES)
@pytest.mark.parametrize("tenths", [1, 5, 8])
def test_a_film_that_was_cut_off_is_told_so(media: dict[str, Path], tmp_path: Path, name: str, tenths: int) -> None:
    data = media[name].read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) * tenths // 10])
    with pytest.raises(ReadError, match=r"^(The file|The film|No reader).*\.$"):
        segments(tmp_path / name)


def test_a_film_that_can_be_played_while_it_loads_is_told_cut_off(tmp_path: Path) -> None:
    clip(tmp_path / "plain.mp4", ("red", "blue", "green"), 3.0)
    faststart = {"movflags": "faststart"}
    target = av.open(str(tmp_path / "a.mp4"), "w", options=faststart)
    with av.open(str(tmp_path / "plain.mp4")) as source, target:
        join(target, *source.streams)
    data = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "a.mp4").write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(ReadError, match=r"cut off|damaged"):
        segments(tmp_path / "a.mp4")
    (tmp_path / "a.mp4").write_bytes(data[: len(data) * 98 // 100])
    assert len(segments(tmp_path / "a.mp4")) == 3  # an end that hardly matters


def test_pictures_that_are_too_large_are_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", ("red",), 1.0)
    with pytest.raises(ReadError, match="claims 96 × 64 pixels, more than the 6,143 allowed"):
        segments(path, max_pixels=96 * 64 - 1)


def test_a_film_without_end_is_refused(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", ("red",), 20.0, rate=2)
    with pytest.raises(ReadError, match="hours"):
        segments(path, max_duration=5.0)


def test_a_long_film_takes_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", ("red", "blue", "green") * 3, 10.0, rate=2, size=(320, 240), hertz=None)
    count, peak = drawn(path)
    assert count == 9
    assert peak < 24_000_000  # three scenes of 20 frames of 230 kB; all of them are 41 MB


def test_subtitles_of_an_unknown_kind_are_passed_over(media: dict[str, Path], tmp_path: Path) -> None:
    data = media["clip.mkv"].read_bytes()
    (tmp_path / "a.mkv").write_bytes(data.replace(b"S_TEXT/UTF8", b"S_TEXT/ZZZ8"))
    first, second = segments(tmp_path / "a.mkv")
    assert WordKind.SUBTITLE not in {*first.words, *second.words}


def test_half_drawn_films_can_be_dropped(media: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(media["clip.mp4"], tmp_path / "a.mp4")
    drawn = read_file(tmp_path / "a.mp4").segments
    assert next(drawn).number == 0
    drawn.close()  # type: ignore[attr-defined]  # they are a generator
