"""Which file speaks of which."""

from __future__ import annotations

import pytest

from readers.pairing import pair_sidecars, split_suffix


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["photo.png", "photo.txt"], {"photo.txt": ["photo.png"]}),
        (["PHOTO.JPG", "PHOTO.TXT"], {"PHOTO.TXT": ["PHOTO.JPG"]}),
        (["photo.png", "photo.png.txt"], {"photo.png.txt": ["photo.png"]}),
        (["clip.mp4", "clip.en.srt", "clip.pt-BR.vtt"], {"clip.en.srt": ["clip.mp4"], "clip.pt-BR.vtt": ["clip.mp4"]}),
        (["clip.mp4", "clip.en.forced.srt"], {"clip.en.forced.srt": ["clip.mp4"]}),
        (["clip.webm", "clip.info.json"], {"clip.info.json": ["clip.webm"]}),
        (
            ["photo.jpg", "photo.jpg.supplemental-metadata.json"],
            {"photo.jpg.supplemental-metadata.json": ["photo.jpg"]},
        ),
        (["raw.jpg", "raw.xmp"], {"raw.xmp": ["raw.jpg"]}),
        (["scan", "scan.txt"], {"scan.txt": ["scan"]}),
        (["data.dat", "data.dat.txt"], {"data.dat.txt": ["data.dat"]}),
        (["clip.mp4", "clip.en.mp4", "clip.en.srt"], {"clip.en.srt": ["clip.en.mp4"]}),
    ],
)
def test_a_sidecar_finds_its_file(names: list[str], pairs: dict[str, list[str]]) -> None:
    assert pair_sidecars(names) == pairs


@pytest.mark.parametrize(
    "names",
    [
        ["note.txt"],
        ["note.txt", "note.md", "note.pdf", "note.html"],  # documents of their own, all of them
        ["talk.srt", "talk.vtt", "talk.txt"],
        ["report.docx", "report.txt"],  # nothing reads the first: the text must not vanish with it
        ["drawing.eps", "drawing.txt"],
        ["photo.png", "photo2.txt"],
        ["photo.png", "Photo.txt"],
        ["clip.mp4", "clip.part.srt"],
    ],
)
def test_a_text_without_a_file_stands_for_itself(names: list[str]) -> None:
    assert pair_sidecars(names) == {}


def test_a_suffix_is_what_follows_the_last_dot() -> None:
    assert split_suffix("a.b.PNG") == ("a.b", "png")
    assert split_suffix("README") == ("README", "")
    assert split_suffix(".profile") == (".profile", "")
