"""Damaged files of every kind: whatever is wrong with one, it is read to its end or refused in a sentence."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from readers import preview, read_file, sniff
from schemas import ReadError
from tests.media import DRAWINGS, FILM_NAMES, PICTURES, RECORDINGS, TEXTS
from tests.office import OFFICE_NAMES

MUTANTS = 24


def mutants(data: bytes, seed: int) -> Iterator[bytes]:
    """The file cut off at every tenth, then with flipped bits, overwritten stretches, and parts left out or doubled."""
    for tenth in range(1, 10):
        yield data[: len(data) * tenth // 10]
    rng = random.Random(seed)
    for _ in range(MUTANTS):
        damaged = bytearray(data)
        reach = rng.choice([256, 2048, len(data)])  # headers are what decoders trust most
        for _ in range(rng.choice([1, 4, 20])):
            at = rng.randrange(min(reach, len(damaged)))
            match rng.randrange(6):
                case 0:
                    damaged[at : at + 16] = rng.randbytes(len(damaged[at : at + 16]))
                case 1:
                    damaged[at : at + 4] = rng.choice([b"\xff" * 4, bytes(4), b"\x7f\xff\xff\xff"])[: len(damaged) - at]
                case 2:
                    del damaged[at : at + rng.randrange(1, 64)]
                    damaged = damaged or bytearray(b"\0")
                case 3:
                    damaged[at:at] = damaged[at : at + rng.randrange(1, 64)]
                case _:
                    damaged[at] ^= 1 << rng.randrange(8)
        yield bytes(damaged)


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
    for data in mutants(media[name].read_bytes(), seed=sum(map(ord, name))):
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
    assert capfd.readouterr() == ("", "")
