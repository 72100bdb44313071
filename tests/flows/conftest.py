"""A small folder of media, and what tests ask of the runs over it.

They run in memory where there is room: the engine syncs a hundred files at a time, which costs nothing there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion.direct import ingest
from schemas import payload
from schemas.report import IngestReport
from schemas.settings import Settings, load_settings
from tests.collection import contents
from tests.media import picture, tone
from tests.store.conftest import quick_folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Replaces pytest's own."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    for n, colour in enumerate(("red", "green", "blue")):
        picture(root / f"{colour}.png", colour)
        (root / f"{colour}.txt").write_text(f"a {colour} circle, number {n}")
    tone(root / "sounds" / "high.wav", hertz=1200)
    (root / "notes.md").write_text("# Harbour\n\nBoats at night.\n")
    return root


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})


def paths(settings: Settings) -> set[str]:
    return {fields[payload.PATH] for fields, _ in contents(settings).values()}


def encoded(report: IngestReport) -> int:
    return sum(report.encoded.values())


def fresh(folder: Path, tmp_path: Path) -> dict[str, Any]:
    """The collection that an undisturbed first run makes of the folder."""
    settings = load_settings(store=str(tmp_path / "fresh"), encoders={"preset": "tiny", "ocr": "off"})
    ingest(folder, settings)
    return contents(settings)
