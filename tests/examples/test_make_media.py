from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from make_media import MARKER, make_media
from mediakit import clips, documents, paintings, photographs, recordings, write
from PIL import Image

from readers import read
from schemas import FoundFile, WordKind

README = Path(__file__).parents[2] / "examples/README.md"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same makers with fewer things to make."""
    monkeypatch.setattr(paintings, "PAINTINGS", (*paintings.PAINTINGS[3:6], paintings.PAINTINGS[-4]))
    monkeypatch.setattr(recordings, "RECORDINGS", recordings.RECORDINGS[:2])
    monkeypatch.setattr(clips, "CLIPS", clips.CLIPS[3:4])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def words_of(file: Path, *sidecars: str) -> dict[WordKind, str]:
    reading = read(file, FoundFile(file.name, file.stat().st_size, file.stat().st_mtime_ns, sidecars))
    return next(reading.segments).words


def decoded(file: Path) -> np.ndarray:
    with av.open(str(file)) as container:
        sampled = av.AudioResampler("flt", "mono", 24_000)
        return np.concatenate([f.to_ndarray()[0] for p in container.decode(audio=0) for f in sampled.resample(p)])


def test_there_are_enough_items_of_each_modality() -> None:
    pictures, sounds, films = len(paintings.PAINTINGS), len(recordings.RECORDINGS), len(clips.CLIPS)
    assert pictures + len(photographs.PHOTOGRAPHS) + sounds + films + len(documents.DOCUMENTS) + 1 >= 80
    assert pictures >= 40 and sounds >= 28 and 4 <= films <= 6 and len(documents.DOCUMENTS) >= 11
    paths = [painting.path for painting in paintings.PAINTINGS] + [
        recording.path for recording in recordings.RECORDINGS
    ]
    assert len(set(paths)) == len(paths)


def test_a_third_of_the_painted_scenes_has_no_words_and_a_neutral_name() -> None:
    landscapes = [p for p in paintings.PAINTINGS if p.path.split("/")[1] not in ("signs", "scans", "science")]
    wordless = [painting for painting in landscapes if not painting.caption]
    assert 0.25 < len(wordless) / len(landscapes) < 0.4
    for painting in wordless:
        assert Path(painting.path).stem.rstrip("0123456789_") in ("dsc", "img", "gopr"), painting.path
    assert sum(bool(painting.caption) for painting in paintings.PAINTINGS) >= 30


@pytest.mark.usefixtures("few")
def test_the_same_media_each_time(tmp_path: Path) -> None:
    count = make_media(tmp_path / "one")
    make_media(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert count == len(contents(tmp_path / "one")) - 1  # the marker is none of them


@pytest.mark.usefixtures("few")
def test_nothing_is_made_twice_and_what_is_lost_is_made_again(tmp_path: Path) -> None:
    count = make_media(tmp_path)
    lost = tmp_path / paintings.PAINTINGS[0].path
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert make_media(tmp_path) == count
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == stamps
    lost.unlink()
    assert make_media(tmp_path) == count
    assert lost.is_file()
    (tmp_path / MARKER).write_text("{")
    assert make_media(tmp_path) == count


@pytest.mark.parametrize("keep", ["txt", "json", "exif"])
def test_captions_are_read_from_where_they_are_kept(keep: str, tmp_path: Path) -> None:
    painting = replace(paintings.PAINTINGS[-8], path="a/b.jpg", caption="A white arrow.", keep=keep, tags=("sign",))
    paintings.save(painting, tmp_path)
    sidecars = [f"b.{keep}"] if keep in ("txt", "json") else []
    words = words_of(tmp_path / "a/b.jpg", *sidecars)
    assert "A white arrow." in words[WordKind.SIDECAR if sidecars else WordKind.EMBEDDED]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif", ".tiff", ".gif"])
def test_pictures_of_every_format_can_be_opened(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{suffix}"
    write.picture(file, Image.new("RGB", (60, 40), "teal"))
    with Image.open(file) as image:
        assert image.size == (60, 40)
        red, green, blue = image.convert("RGB").getpixel((30, 20))
    assert abs(red) < 12 and abs(green - 128) < 12 and abs(blue - 128) < 12


@pytest.mark.parametrize("keep", [".png", ".jpg"])
def test_xmp_holds_the_caption(keep: str, tmp_path: Path) -> None:
    file = tmp_path / f"a{keep}"
    write.picture(file, Image.new("RGB", (8, 8)), "Peaks & <snow>", "xmp")
    with Image.open(file) as image:
        packet = image.info["xmp"]
    assert "Peaks &amp; &lt;snow&gt;" in (packet.decode() if isinstance(packet, bytes) else packet)


@pytest.mark.parametrize("suffix", sorted(write.CODECS))
def test_sounds_of_every_format_have_their_length_and_title(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"bell{suffix}"
    write.sound(file, recordings.synth.bell(np.random.default_rng(1)), {"title": "A bell"})
    assert len(decoded(file)) / 24_000 == pytest.approx(6.8, abs=0.1)
    assert "A bell" in words_of(file)[WordKind.EMBEDDED]


def test_bell_of_the_long_recording_rings_at_its_second(tmp_path: Path) -> None:
    [recording] = [r for r in recordings.RECORDINGS if r.sound is recordings.an_evening_outdoors]
    recordings.save(recording, tmp_path)
    sound = decoded(tmp_path / recording.path)
    at = int(recordings.BELL_AT * 24_000)
    before, after = (np.abs(sound[start : start + 24_000]).max() for start in (at - 30_000, at))
    assert len(sound) / 24_000 == pytest.approx(32, abs=0.2)
    assert after > 5 * before


def test_spoken_words_stand_at_their_second(tmp_path: Path) -> None:
    cue = next(cue for cue in clips.LECTURE if "Magma rises" in cue.words)
    assert f"00:00:12,000 --> 00:00:17,000\n{cue.words}" in write.srt(clips.LECTURE)
    film = write.Film([Image.new("RGB", (64, 36))] * 30, np.zeros(24_000 * 5, np.float32), 6, "T", (cue,))
    write.clip(tmp_path / "a.mkv", replace(film, cues=(write.Cue(1.0, 3.0, "Look, the sea!"),)))
    with av.open(str(tmp_path / "a.mkv")) as container:
        [stream] = container.streams.subtitles
        [packet] = [packet for packet in container.demux(stream) if packet.pts is not None]
        assert float(packet.pts * packet.time_base) == 1.0
        assert bytes(packet) == b"Look, the sea!"


def test_handwritten_pdf_can_be_read(tmp_path: Path) -> None:
    documents.save(tmp_path)
    words = words_of(tmp_path / "texts/office/bicycle-manual.pdf")[WordKind.DOCUMENT]
    assert "Caring for your bicycle" in words and "one drop of oil on each link" in words


def test_every_photograph_and_its_terms_stand_in_the_readme() -> None:
    told = README.read_text(encoding="utf-8")
    for _, name, _, _ in photographs.PHOTOGRAPHS:
        assert f"`{name}`" in told, name
