"""The pages of a run: what they say, in words that a person can act on."""

from __future__ import annotations

from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from flows.dashboard import overview
from flows.dashboard.contact import contact_sheet
from flows.dashboard.report import as_markdown, plan_as_markdown, progress_line, trigger_of
from flows.ingestion import direct
from flows.ingestion.progress import listening
from flows.ingestion.spent import Spent
from schemas.limits import ReadLimits
from schemas.plan import IngestPlan
from schemas.report import IngestReport, QuarantineEntry
from schemas.settings import load_settings
from store import open_from
from tests.media import picture, tone


def test_a_report_counts_by_modality_and_tells_why_and_where_the_time_went() -> None:
    report = IngestReport(
        source="photos",
        found=1200,
        indexed=1100,
        unchanged=98,
        quarantined=2,
        by_modality={
            "image": {"indexed": 1000, "quarantined": 1},
            "audio": {"indexed": 100},
            "unknown": {"quarantined": 1},
        },
        encoded={"image": 1000, "text": 0},
        seconds=100.0,
        spent={"decode": 30.0, "encode": 90.0},
        quarantine=[QuarantineEntry(path="a|b.png", reason="It is damaged.")],
        added={"red boat.png": "image"},
    )
    lines = as_markdown(report, "http://here:1").splitlines()
    assert "**1,200 files found**, 100.0 s, 11.0 files read a second." in lines
    assert "|  | indexed | unchanged | quarantined |" in lines
    assert "| image | 1,000 |  | 1 |" in lines
    assert "| **all** | **1,100** | **98** | **2** |" in lines
    assert "Encoded: image 1,000" in lines
    assert lines.index("| encode | 90.0 s | ███████████████ 75% |") < lines.index("| decode | 30.0 s | █████ 25% |")
    assert "| `a\\|b.png` | It is damaged. |" in lines
    assert "- [`red boat.png`](http://here:1/?q=red%20boat)" in lines


def test_a_long_list_is_cut_and_says_so() -> None:
    broken = [QuarantineEntry(path=f"{number}.png", reason="It is damaged.") for number in range(60)]
    page = as_markdown(IngestReport(source="s", quarantine=broken))
    assert "`49.png`" in page
    assert "`50.png`" not in page
    assert "and 10 more: `medley quarantine`" in page
    plan = plan_as_markdown(IngestPlan(source="s", add=[f"{number}.png" for number in range(60)], unchanged=7))
    assert "| 60 | to add |" in plan
    assert "| 7 | unchanged |" in plan
    assert "## To add (the first 50 of 60)" in plan


def test_progress_tells_how_fast_it_is_and_how_long_it_will_take() -> None:
    assert progress_line("index", 30, 120, 10) == "Reading and encoding: 30 of 120, 3.0 a second, 0:00:30 left"
    assert progress_line("index", 10, 36_010, 10) == "Reading and encoding: 10 of 36,010, 1.0 a second, 10:00:00 left"
    assert progress_line("scan", 2000, 0, 3) == "Looking (2,000)"
    assert progress_line("wait", 0, 0, 3) == "Waiting for the collection"


@pytest.mark.parametrize(
    ("tags", "deployed", "told"),
    [
        (["medley", "auto-scheduled"], True, "schedule"),
        (["medley", "watch"], True, "watch"),
        (["medley", "api"], True, "API"),
        (["medley"], True, "by hand"),
        ([], False, "command line"),
    ],
)
def test_the_trigger_of_a_run_is_told_by_its_tags(tags: list[str], deployed: bool, told: str) -> None:
    assert trigger_of(tags, deployed) == told


def test_pictures_that_were_added_are_seen_side_by_side_and_broken_ones_are_left_out(tmp_path: Path) -> None:
    for number, colour in enumerate(["red", "green", "blue"] * 3):
        picture(tmp_path / f"{number}.png", colour, (200, 100))
    (tmp_path / "8.png").write_bytes(b"broken")
    address = contact_sheet(tmp_path, {f"{number}.png": "image" for number in range(9)}, ReadLimits())
    assert address is not None
    kind, _, data = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    with Image.open(BytesIO(b64decode(data))) as sheet:
        assert sheet.size == (6 * 126 + 6, 2 * 126 + 6)
        red, green = sheet.getpixel((66, 66)), sheet.getpixel((126 + 66, 66))
        assert red[0] > 150 > red[1]
        assert green[1] > 90 > green[0]
        assert min(sheet.getpixel((126 * 2 + 66, 126 + 66))) > 230  # nothing in place of the broken one
    assert contact_sheet(tmp_path, {"8.png": "image"}, ReadLimits()) is None


def test_a_run_tells_where_its_time_went_and_the_collection_remembers(tmp_path: Path) -> None:
    picture(tmp_path / "media" / "red.png")
    tone(tmp_path / "media" / "high.wav")
    (tmp_path / "media" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    settings = load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})
    told: list[str] = []

    with listening(lambda stage, done, total: told.append(stage)):
        report = direct.ingest(tmp_path / "media", settings)

    assert report.by_modality["image"] == {"indexed": 1}
    assert report.by_modality["audio"] == {"indexed": 1}
    assert report.added == {"red.png": "image"}
    assert {"decode", "write"} <= set(report.spent)
    assert set(told) >= {"scan", "index"}
    with open_from(settings) as store:
        page = overview.as_markdown(store, settings)
        [last] = store.metadata()["runs"].values()
    assert last["indexed"] == 2
    assert last["ended"] == report.ended
    assert "quarantine" not in last  # the collection has the list itself
    assert "| image | 1 | 1 |" in page
    assert "Quarantined: 1." in page
    assert "| media | " in page


def test_work_of_several_threads_adds_up() -> None:
    spent = Spent()
    spent.add("decode", 1.5)
    spent.add("decode", 0.25)
    with spent.on("write"):
        pass
    assert spent.seconds() == {"decode": 1.75}
