"""What a file is, by its content."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from readers import MediaType, sniff
from schemas import Modality, ReadError, UnsupportedError
from tests.media import clip, tone

MIMES = {
    "red.jpg": "image/jpeg",
    "red.png": "image/png",
    "red.webp": "image/webp",
    "red.avif": "image/avif",
    "red.gif": "image/gif",
    "red.tiff": "image/tiff",
    "red.heic": "image/heic",
    "red.bmp": "image/bmp",
    "red.ppm": "image/x-portable-anymap",
    "saved.mhtml": "message/rfc822",
    "tone.wav": "audio/wav",
    "tone.flac": "audio/flac",
    "tone.mp3": "audio/mpeg",
    "tone.ogg": "audio/ogg",
    "tone.m4a": "audio/mp4",
    "tone.opus": "audio/ogg",
    "tone.aac": "audio/aac",
    "tone.aiff": "audio/aiff",
    "clip.mp4": "video/mp4",
    "clip.mkv": "video/x-matroska",
    "clip.webm": "video/webm",
    "clip.mov": "video/quicktime",
    "note.txt": "text/plain",
    "story.md": "text/markdown",
    "page.html": "text/html",
    "data.json": "application/json",
    "talk.srt": "application/x-subrip",
    "talk.vtt": "text/vtt",
    "song.lrc": "application/x-lrc",
    "film.ass": "text/x-ssa",
    "paper.pdf": "application/pdf",
}
MODALITIES = {"image": Modality.IMAGE, "audio": Modality.AUDIO, "video": Modality.VIDEO}


def sniffed(path: Path, data: bytes | str) -> MediaType:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return sniff(path)


@pytest.mark.parametrize("name", MIMES)
def test_every_format_is_known(media: dict[str, Path], name: str) -> None:
    mime = MIMES[name]
    assert sniff(media[name]) == MediaType(MODALITIES.get(mime.split("/")[0], Modality.TEXT), mime)


TOLD_BY_NAME = ("text/plain", "text/markdown", "application/json", "message/rfc822")


@pytest.mark.parametrize("name", [name for name, mime in MIMES.items() if mime not in TOLD_BY_NAME])
def test_the_name_does_not_matter(media: dict[str, Path], tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").symlink_to(media[name])
    assert sniff(tmp_path / "file.txt").mime == MIMES[name]


def test_a_tag_before_the_sound_is_seen_through(media: dict[str, Path], tmp_path: Path) -> None:
    tag = b"ID3\x04\0\0\0\0\x27\x10" + bytes(5008)  # 5,008 bytes of padding, as 7 bits a byte
    assert sniffed(tmp_path / "a", tag + media["tone.mp3"].read_bytes()).mime == "audio/mpeg"
    assert sniffed(tmp_path / "b", tag + media["tone.flac"].read_bytes()).mime == "audio/flac"
    assert sniffed(tmp_path / "c", tag + media["tone.aac"].read_bytes()).mime == "audio/aac"


def test_films_without_pictures_are_recordings(tmp_path: Path) -> None:
    sound = tone(tmp_path / "sound.mka", 0.5)
    assert sniff(sound) == MediaType(Modality.AUDIO, "audio/x-matroska")
    m4a = tone(tmp_path / "sound.m4a", 0.5).read_bytes()
    assert sniffed(tmp_path / "sound.mp4", m4a.replace(b"M4A ", b"isom")) == MediaType(Modality.AUDIO, "audio/mp4")


def test_a_silent_film_is_a_film(tmp_path: Path) -> None:
    assert sniff(clip(tmp_path / "clip.webm", ("red",), 0.5, hertz=None)).modality is Modality.VIDEO


@pytest.mark.parametrize(
    ("name", "text", "mime"),
    [
        ("page", "\n<!-- a page --><!-- two -->\n<HTML><body>words", "text/html"),
        ("page", '<?xml version="1.0"?>\n<!DOCTYPE html>\n<html>', "text/html"),
        ("page.xml", '<?xml version="1.0"?><book><p>words</p></book>', "text/xml"),
        ("note.json", "no JSON at all", "text/plain"),
        ("note", "{\\rtf1 words}", "application/rtf"),
        ("inbox", "From a@b.c Mon Jan  1 00:00:00 2024\r\nSubject: words\r\n\r\nmore", "application/mbox"),
        ("note.txt", "From Ann on Mon 2024\nNote: words", "text/plain"),
        ("list.txt", "P1 is urgent, P2 is not\n", "text/plain"),
        ("list.txt", "[10:30] Ann: Hello\nand more", "text/plain"),
        ("note.eml", "Subject: words\n\nmore", "message/rfc822"),
        ("note.txt", "Subject: words\n\nmore", "text/plain"),
        ("note.eml", "no head at all", "text/plain"),
        ("words.jpg", "These are words.", "text/plain"),
        ("script.py", "print('hello')", "text/plain"),
        ("utf16.txt", "\ufeffwords".encode("utf-16-le").decode("latin-1"), "text/plain"),
    ],
)
def test_kinds_of_text(tmp_path: Path, name: str, text: str, mime: str) -> None:
    assert sniffed(tmp_path / name, text.encode("latin-1")) == MediaType(Modality.TEXT, mime)


@pytest.mark.parametrize(
    ("name", "data", "mime"),
    [
        ("a.xmp", b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", "application/rdf+xml"),
        ("a.ps", b"%!PS-Adobe-3.0", "application/postscript"),
        ("a.docx", b"PK\x03\x04" + bytes(100), "application/zip"),
        ("a.jpg", b"PK\x03\x04" + bytes(100), "application/zip"),
        ("a.tar.gz", b"\x1f\x8b" + bytes(100), "application/gzip"),
        ("a.db", b"SQLite format 3\0" + bytes(100), "application/vnd.sqlite3"),
        ("a.bin", bytes(range(256)), "application/octet-stream"),
        ("a.qoi", b"qoif" + bytes(100), "image/qoi"),
        ("noname", bytes(range(256)), "this kind of file"),
    ],
)
def test_what_no_reader_takes_is_named(tmp_path: Path, name: str, data: bytes, mime: str) -> None:
    with pytest.raises(UnsupportedError) as told:
        sniffed(tmp_path / name, data)
    assert str(told.value) == f"No reader takes {mime}."


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.wav", "a.pdf", "a.txt", "a.json"])
def test_a_file_that_is_not_what_its_name_promises_is_broken(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReadError) as told:
        sniffed(tmp_path / name, random.Random(0).randbytes(3000).replace(b"\xff", b"\0"))
    assert not isinstance(told.value, UnsupportedError)
    assert "its content is something else" in str(told.value)


def test_an_empty_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"^The file is empty\.$"):
        sniffed(tmp_path / "a.png", b"")


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        sniff(tmp_path / "missing.png")


def test_comments_without_end_do_not_hold_the_reader_up(tmp_path: Path) -> None:
    assert sniffed(tmp_path / "a.html", "<!---->" * 800).mime == "text/html"


def test_raw_samples_are_not_taken_for_frames_of_sound(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    taken = 0
    for seed in range(200):
        data = b"\xff\xfb" + random.Random(seed).randbytes(4000)
        try:
            sniffed(tmp_path / "noise.bin", data)
            taken += 1
        except UnsupportedError:
            continue
    assert taken <= 2
    Image.fromarray(noise).save(tmp_path / "noise.png")
    assert sniff(tmp_path / "noise.png").mime == "image/png"
