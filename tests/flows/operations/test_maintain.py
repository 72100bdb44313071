"""Maintenance: quarantined files, the index, backups."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from flows.ingestion import direct
from flows.ingestion.run import sharing, store_of
from flows.operations import maintain
from schemas.report import MaintenanceReport
from schemas.settings import Settings, load_settings
from store import open_from
from tests.media import picture


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})


def test_quarantined_files_are_tried_again_where_their_folder_is_at_hand(tmp_path: Path, settings: Settings) -> None:
    for source in ("here", "away"):
        picture(tmp_path / source / "good.png")
        (tmp_path / source / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        direct.ingest(tmp_path / source, settings)
    (tmp_path / "away").rename(tmp_path / "unplugged")
    report = MaintenanceReport()

    with store_of(settings) as store:
        maintain.retry_quarantined(store, settings, report)

    assert (report.retried, report.recovered, report.quarantined) == (1, 0, 1)
    assert report.notes == [f"The 1 quarantined files of away wait: there is no folder {str(tmp_path / 'away')!r} now."]


def test_backups_are_whole_stores_and_the_oldest_are_deleted(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture(tmp_path / "media" / "red.png")
    direct.ingest(tmp_path / "media", settings)
    days = iter(range(10))

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(2026, 1, 1, 4, 0, 0) + timedelta(days=next(days))

    monkeypatch.setattr(maintain, "datetime", Clock)
    place = tmp_path / "backups"
    (place / f"2025-12-31T040000{maintain.UNFINISHED}").mkdir(parents=True)
    (place / "mine").mkdir()
    reports = []
    with store_of(settings) as store, sharing(store):
        for _ in range(3):
            reports.append(MaintenanceReport())
            with store_of(settings) as again:
                assert again is store
                maintain.back_up(again, place, 2, reports[-1])

    assert sorted(one.name for one in place.iterdir()) == ["2026-01-02T040000", "2026-01-03T040000", "mine"]
    assert re.search(r"2026-01-01T040000$", reports[2].dropped[0])
    with open_from(settings, place / "2026-01-03T040000") as copy:
        assert copy.count() == 1


def test_a_collection_that_needs_no_index_is_left_alone(tmp_path: Path, settings: Settings) -> None:
    picture(tmp_path / "media" / "red.png")
    direct.ingest(tmp_path / "media", settings)
    report = MaintenanceReport()
    with store_of(settings) as store:
        maintain.rebuild_index(store, report)
    assert report.recall == {}
