"""Bridges fitted at the end of a run, on pictures with captions beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

import medley

PICTURES = 34
WORDS = ("boat", "harbour", "mountain", "meadow", "kitchen", "violin", "tiger")


def captioned(media: Path, captions: list[str]) -> None:
    media.mkdir()
    rng = np.random.default_rng(0)
    for n, caption in enumerate(captions):
        Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(media / f"{n}.png")
        (media / f"{n}.txt").write_text(caption)


def notes(media: Path, store: Path) -> list[str]:
    with medley.open(store, encoders={"preset": "tiny", "ocr": "off", "threads": 1}) as library:
        report = library.ingest(media)
        assert report.indexed + report.unchanged == PICTURES
        return [note for note in report.notes if "pictures" in note]


def test_bridge_is_fitted_on_captioned_pictures_and_kept(tmp_path: Path) -> None:
    captioned(tmp_path / "media", [f"a {WORDS[n % 7]} and a {WORDS[n // 7]}" for n in range(PICTURES)])
    [note] = notes(tmp_path / "media", tmp_path / "store")
    assert note.startswith("Words now reach pictures without captions: fitted on 34 captioned pictures")
    assert notes(tmp_path / "media", tmp_path / "store") == []


def test_captions_that_are_all_the_same_are_told_and_do_not_end_the_run(tmp_path: Path) -> None:
    captioned(tmp_path / "media", ["OLYMPUS DIGITAL CAMERA"] * PICTURES)
    [note] = notes(tmp_path / "media", tmp_path / "store")
    assert note.startswith("Words do not reach pictures without captions yet.")
    assert "the source vectors are nearly all the same" in note
