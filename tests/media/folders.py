"""Folders with a file of each kind, and with what must not stop a run."""

from __future__ import annotations

from pathlib import Path

from tests.media.documents import make_texts
from tests.media.films import clip
from tests.media.pictures import picture, pixel_bomb
from tests.media.sounds import tone

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


def symlink_loop(folder: Path) -> Path:
    """A folder with a link to itself."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    return folder / "again"
