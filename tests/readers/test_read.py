"""What holds for files of every kind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import readers
from readers import CrawlRules, crawl, found_file, read, read_audio, read_file, read_image
from schemas import FileChangedError, FoundFile, Modality, ReadError, Reading, ReadOptions, UnsupportedError, WordKind
from tests.media import make_broken, make_media, picture, tone


def test_a_folder_of_everything_is_read(tmp_path: Path) -> None:
    made = make_media(tmp_path / "all")
    found = [entry for entry in crawl(tmp_path) if isinstance(entry, FoundFile)]
    assert {entry.path for entry in found} == {f"all/{name}" for name in made}
    modalities = set()
    for entry in found:
        reading = read(tmp_path / entry.path, entry)
        modalities.add(reading.modality)
        segments = list(reading.segments)
        assert [segment.number for segment in segments] == list(range(len(segments))), entry.path
        assert segments, entry.path
        assert segments[0].words[WordKind.NAME].startswith("all / ")
        json.dumps(reading.info)
        json.dumps([dict(segment.words) for segment in segments]).encode("ascii")
    assert modalities == set(Modality)


def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    made = make_broken(tmp_path)
    expected = {
        "truncated_picture": "The picture is cut off: its end is missing.",
        "truncated_film": "The file is damaged: a decoder finds invalid data.",
        "truncated_recording": "The file is cut off: it holds 50% of the sound that it states.",
        "empty": "The file is empty.",
        "pixel_bomb": "The picture claims 60000 × 60000 pixels, more than the 200,000,000 allowed.",
        "unknown": "No reader takes application/octet-stream.",
    }
    for name, sentence in expected.items():
        with pytest.raises(ReadError) as told:
            list(read_file(made[name]).segments)
        assert str(told.value) == sentence
        assert isinstance(told.value, UnsupportedError) == (name == "unknown")
    assert read_file(made["mislabelled"]).modality is Modality.TEXT


def test_a_file_that_changed_since_it_was_found_is_told_so(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    found = found_file(path)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileChangedError, match="the next run takes it"):
        read(path, found)


def test_a_file_that_changes_while_it_is_read_is_told_so_at_the_end(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.wav", 20.0)
    segments = read(path, found_file(path)).segments
    next(segments)
    os.utime(path, ns=(1, 1))
    with pytest.raises(FileChangedError):
        list(segments)


def test_a_file_that_is_being_written_is_not_called_damaged(tmp_path: Path) -> None:
    path = tone(tmp_path / "a.flac", 60.0, rate=44_100)
    found = found_file(path)
    segments = read(path, found).segments
    next(segments)
    os.truncate(path, found.size // 2)
    with pytest.raises(FileChangedError):
        list(segments)


def test_a_file_that_vanishes_is_told_so(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    found = found_file(path)
    path.unlink()
    with pytest.raises(ReadError, match="no such file or directory"):
        read(path, found)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_that_are_no_text_are_read(media: dict[str, Path], tmp_path: Path) -> None:
    for name in ("red.jpg", "red.heic", "tone.ogg", "clip.mp4", "paper.pdf", "note.txt"):
        odd = os.fsdecode(b"\xff\xfe %s:" + name.encode())
        shutil.copy(media[name], tmp_path / odd)
    for entry in crawl(tmp_path, CrawlRules()):
        assert isinstance(entry, FoundFile)
        assert list(read(tmp_path / entry.path, entry).segments)


def test_a_query_gets_pictures_and_sounds_prepared_alike(media: dict[str, Path]) -> None:
    options = ReadOptions(image_side=32, sample_rate=8_000)
    assert read_image(media["red.jpg"], options)[0].shape == (21, 32, 3)
    assert read_image(media["clip.mp4"], options)[0].shape == (21, 32, 3)
    assert read_audio(media["tone.mp3"], options).shape == (16_000,)
    assert read_audio(media["clip.mp4"], options).shape == (16_000,)
    with pytest.raises(ReadError, match="holds no picture"):
        read_image(media["tone.mp3"])
    with pytest.raises(ReadError, match="holds no sound"):
        read_audio(media["red.jpg"])


def test_all_that_is_exported_exists() -> None:
    assert set(readers.__all__) == {
        "Closed",
        "CrawlRules",
        "Draw",
        "Drawn",
        "Event",
        "Hashed",
        "IsolatedReader",
        "Job",
        "MediaType",
        "Opened",
        "content_hash",
        "crawl",
        "found_file",
        "kind_by_name",
        "name_words",
        "preview",
        "read",
        "read_audio",
        "read_file",
        "read_image",
        "sniff",
        "start_host",
    }
    assert all(hasattr(readers, name) for name in readers.__all__)


def test_importing_the_readers_loads_no_decoder() -> None:
    heavy = ("av", "PIL", "numpy", "pypdf", "selectolax", "charset_normalizer", "pydantic", "pillow_heif")
    code = f"import sys, readers; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


def test_a_reading_is_told_by_its_first_segment(media: dict[str, Path]) -> None:
    reading = read_file(media["clip.mkv"])
    assert isinstance(reading, Reading)
    assert next(reading.segments).number == 0
