"""Damaged files of every kind: whatever is wrong with one, it is read to its end or refused in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from readers import preview, read_file, sniff
from schemas import ReadError
from tests.damage import mutants
from tests.media import DRAWINGS, FILM_NAMES, PICTURES, RECORDINGS, TEXTS
from tests.office import OFFICE_NAMES

MUTANTS = 33  # of each kind; `make soak` reads thousands


def outcome(path: Path) -> str:
    """Read a file to its end. Returns the sentence it was refused with, or "read"."""
    try:
        reading = read_file(path)
        for number, segment in enumerate(reading.segments):
            assert segment.number == number < 10_000
            assert segment.sound is None or np.isfinite(segment.sound).all()
            assert all(frame.ndim == 3 and frame.dtype == np.uint8 for frame in segment.frames)
            json.dumps(segment.words).encode()
        json.dumps(reading.info, allow_nan=False)
    except ReadError as error:
        return str(error)
    return "read"


@pytest.mark.parametrize("name", [*TEXTS, "paper.pdf", *OFFICE_NAMES, *PICTURES, *DRAWINGS, *RECORDINGS, *FILM_NAMES])
def test_a_damaged_file_is_read_or_refused_in_a_sentence(
    media: dict[str, Path], tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    seen = set()
    for data in mutants(media[name].read_bytes(), sum(map(ord, name)), MUTANTS):
        path.write_bytes(data)
        said = outcome(path)
        seen.add(said == "read")
        assert said == "read" or (said.endswith(".") and said.count("\n") == 0 and len(said) < 160)
        try:
            preview(path, sniff(path).modality)
        except ReadError as error:
            assert str(error).endswith(".")
    betrayed = ("red.png", "red.svgz", "tone.ogg", *OFFICE_NAMES)  # their checksums betray every bit
    assert seen == {True, False} or name in TEXTS or name in betrayed
    assert capfd.readouterr() == ("", "") or name == "red.dng"  # the JPEG decoder in LibRaw speaks past everybody
