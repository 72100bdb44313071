"""Bridges fitted at the end of a run, on pictures with captions beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import medley
from fusion import bridges
from fusion.generate import GUESSES, Generator
from query.encode import encode_request
from schemas.search import SearchRequest

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


def test_kind_is_chosen_by_the_collections_own_captions_and_kept_when_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captioned(tmp_path / "media", [f"a {WORDS[n % 7]} and a {WORDS[n // 7 % 7]} {n}" for n in range(64)])
    monkeypatch.setattr("fusion.bridge.PENALTIES", (0.3, 3.0))
    monkeypatch.setattr("fusion.generate.STEPS", 10)
    monkeypatch.setattr("fusion.bridges.FITS", {"ridge": bridges.FITS["ridge"], "cca": bridges.fit_cca})
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off", "threads": 1}) as library:
        library.ingest(tmp_path / "media")
        found = library.fit_bridges()
        assert {(one.source, one.target, one.kind) for one in found} == {
            ("text", "image", "ridge"),
            ("image", "text", "ridge"),
        }
        assert set(found[0].against) == {"cca"}
        arrays, meta = library.store.load_artifact("bridge-text-image") or ({}, {})
        library.store.save_artifact("bridge-text-image", arrays, meta | {"kind": "cca", "pairs": 20})
        library.ingest(tmp_path / "media")
        again = library.store.load_artifact("bridge-text-image")
        assert again is not None
        assert (again[1]["kind"], again[1]["pairs"]) == ("cca", 64)
        assert "image" in library.search("a boat").hits[0].vectors

        x, y = (np.random.default_rng(0).normal(size=(40, library.store.vectors()[n].dim)) for n in ("text", "image"))
        prints = {side: again[1][side] for side in ("source", "target")}
        guessing = Generator.fit(x.astype(np.float32), y.astype(np.float32), **prints)
        library.store.save_artifact("bridge-text-image", guessing.arrays(), guessing.meta())
    with medley.open(tmp_path / "store", encoders={"preset": "tiny", "ocr": "off", "threads": 1}) as library:
        asked = SearchRequest.of(text="a boat", using=["image"], limit=64)
        encoded = encode_request(asked, library.encoders, library.store, library.store.vectors())
        assert len(encoded.terms["image"]) == GUESSES
        pictures = {
            (record.payload or {})["path"]: np.asarray(record.vector["image"])
            for record in library.store.scroll_all(with_vectors=["image"])
            if isinstance(record.vector, dict)
        }
        best = {
            path: max(float(term.vector @ one) for term in encoded.terms["image"]) for path, one in pictures.items()
        }
        found = [hit.path for hit in library.search(asked).hits]
        # The first found is what is nearest to any of the guesses.
        assert found[0] == max(best, key=lambda path: best[path])
