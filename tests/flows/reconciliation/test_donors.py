"""Another encoder encodes each content once, however many files and sources have it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion.direct import ingest
from flows.ingestion.run import open_run
from flows.reconciliation.donors import Pair, paired
from flows.reconciliation.plan import Known
from schemas import payload
from schemas.payload import State
from schemas.settings import Settings, load_settings
from tests.collection import contents
from tests.media import pdf, picture

OLD, NEW = "text=hashing,image=thumbnail", "text=minilm,image=visual"


def settings_of(tmp_path: Path, preset: str, store: str = "store") -> Settings:
    return load_settings(store=str(tmp_path / store), encoders={"preset": preset, "ocr": "off", "threads": 1})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    picture(root / "red.png", "red")
    pdf(root / "paper.pdf")
    (root / "note.md").write_text("Boats at night.")
    (root / "copies").mkdir()
    for path in sorted(root.glob("*.*")):
        shutil.copy2(path, root / "copies" / f"again-{path.name}")
    (root / "copies" / "again-red.txt").write_text("a red circle")
    return root


def of(source: str, points: dict[str, Any]) -> dict[str, Any]:
    return {id: point for id, point in points.items() if point[0][payload.SOURCE] == source}


def test_copies_are_encoded_once_for_another_encoder(folder: Path, tmp_path: Path) -> None:
    first = ingest(folder, settings_of(tmp_path, OLD))

    second = ingest(folder, settings_of(tmp_path, NEW))

    assert first.copied == 3
    assert second.encoded == first.encoded
    alone = settings_of(tmp_path, NEW, "alone")
    ingest(folder, alone)
    assert contents(settings_of(tmp_path, NEW)) == contents(alone)


def test_picture_whose_name_makes_another_of_the_same_bytes_is_encoded_by_itself(tmp_path: Path) -> None:
    root = tmp_path / "media"
    picture(root / "red.png", "red")
    settings = settings_of(tmp_path, OLD)
    ingest(root, settings)
    names = ("a.dng", "b.tif", "c.tif")  # a raw file is a TIFF, too, of another picture
    a, b, c = (Known(name, State.INDEXED, 1, 1, hash="#1") for name in names)

    with open_run(root, settings) as run:
        todo, pairs = paired(run, {item.path: (item, {"image"}) for item in (a, b, c)})

    assert todo == [a, b]
    assert pairs == [Pair(c, b)]


def test_contents_of_a_source_that_is_through_are_not_encoded_for_the_next(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    old, new = settings_of(tmp_path, OLD), settings_of(tmp_path, NEW)
    ingest(folder, old)
    assert ingest(other, old).encoded == {"text": 0, "image": 0}
    ingest(folder, new)

    report = ingest(other, new)

    assert report.encoded == {"text": 0, "image": 0}
    alone = settings_of(tmp_path, NEW, "alone")
    ingest(other, alone)
    assert of("other", contents(new)) == contents(alone)


@pytest.mark.parametrize("only", [None, ["gone/blue.png"]])
def test_content_that_the_other_encoder_cannot_take_is_quarantined_wherever_it_is(
    only: list[str] | None, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from encoders.visual import VisualEncoder
    from schemas import EncodeError

    ingest(folder, settings_of(tmp_path, OLD))
    encode = VisualEncoder._encode

    def refuse(self: Any, given: Any, modality: Any) -> Any:
        if any(one.shape[1] > one.shape[0] for one in given):
            raise EncodeError("It is wide.")
        return encode(self, given, modality)

    monkeypatch.setattr(VisualEncoder, "_encode", refuse)
    report = ingest(folder, settings_of(tmp_path, NEW), only=only)

    assert {entry.path for entry in report.quarantine} == {"red.png", "copies/again-red.png"}
    assert report.balanced
    assert min(report.found, report.indexed, report.unchanged) >= 0
    assert ingest(folder, settings_of(tmp_path, NEW)).quarantined == 2
