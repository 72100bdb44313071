"""The table in docs/formats.md: a file of every kind that it names is made and read, and none is left out of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from readers import read_file
from readers.pairing import DOCUMENT_SUFFIXES, MEDIA_SUFFIXES
from readers.raw import RAW
from schemas import Modality
from tests.media import OLD_FILM_NAMES, RARE_RECORDINGS, clip, make_media, picture, tone

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text(encoding="utf-8")
SECTIONS = {"Pictures": Modality.IMAGE, "Sound": Modality.AUDIO, "Films": Modality.VIDEO, "Documents": Modality.TEXT}
ALIASES = {
    "jpe",
    "jfif",
    "heif",
    "jpx",
    "wave",
    "oga",
    "aif",
    "m4b",
    "m4v",
    "mpeg",
    "mts",
    "3g2",
    "aifc",
    "snd",
    "ssa",
    "mht",
    "pgm",
    "pbm",
    "pnm",
}
ALIASES |= {"htm", "markdown"}


def told() -> dict[str, Modality]:
    """The suffixes in the first column of each table, with what the files are."""
    found = {}
    for title, modality in SECTIONS.items():
        section = PAGE.split(f"## {title}\n")[1].split("\n## ")[0]
        for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE):
            found |= dict.fromkeys(re.findall(r"`(\w+)`", row), modality)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of every kind, by suffix."""
    folder = tmp_path_factory.mktemp("formats")
    paths = [*make_media(folder).values(), tone(folder / "more.mka")]
    paths += [picture(folder / f"more.{suffix}") for suffix in ("jpeg", "tif", "j2k")]
    paths += [clip(folder / name, rate=25) for name in OLD_FILM_NAMES]
    paths += [tone(folder / name) for name in RARE_RECORDINGS]
    (folder / "more.xml").write_text("<?xml version='1.0'?><note>words</note>")
    return {path.suffix[1:]: path for path in [*paths, folder / "more.xml"]}


@pytest.mark.parametrize(("suffix", "modality"), told().items())
def test_every_row_is_true(made: dict[str, Path], suffix: str, modality: Modality) -> None:
    reading = read_file(made[suffix])
    segments = list(reading.segments)
    assert reading.modality is modality
    assert segments
    match modality:
        case Modality.TEXT:
            assert all(segment.text for segment in segments)
        case Modality.AUDIO:
            assert all(segment.sound is not None for segment in segments)
        case _:
            assert all(segment.frames for segment in segments)


def test_no_kind_is_left_out_of_the_table() -> None:
    known = set(told())
    assert set(RAW) <= set(re.findall(r"`(\w+)`", PAGE))
    assert (MEDIA_SUFFIXES | DOCUMENT_SUFFIXES) - known - ALIASES - set(RAW) == {"xmp"}  # which is no item of its own
