"""What cannot be read is quarantined or left to the next run, and no good file with it."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion.direct import ingest, plan
from flows.ingestion.points import Item
from flows.ingestion.progress import listening
from query import quarantined
from readers import crawl
from schemas import FoundFile, StoreUnavailableError, payload
from schemas.payload import State, point_id
from schemas.plan import IngestPlan
from schemas.report import QuarantineEntry
from schemas.settings import Settings
from schemas.vectors import RUNS
from store import open_store
from tests.collection import contents
from tests.flows.conftest import encoded, fresh
from tests.media import clip


def test_twins_that_cannot_be_read_are_both_quarantined(folder: Path, settings: Settings) -> None:
    for name in ("one.jpg", "two.jpg"):
        (folder / name).touch()

    report = ingest(folder, settings)

    assert {entry.path for entry in report.quarantine} == {"one.jpg", "two.jpg"}
    assert (report.indexed, report.copied, report.balanced) == (5, 0, True)


def test_store_that_fails_while_files_are_read_quarantines_no_good_file(
    folder: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(folder, settings)
    (folder / "red.txt").write_text("a scarlet disc")

    def away(*_: Any) -> None:
        raise StoreUnavailableError("The server is away.")

    with monkeypatch.context() as patched:
        patched.setattr("flows.ingestion.index.earlier_vectors", away)
        with pytest.raises(StoreUnavailableError, match="away"):
            ingest(folder, settings)

    assert ingest(folder, settings).quarantined == 0
    assert contents(settings) == fresh(folder, tmp_path)


def test_broken_file_is_quarantined_and_comes_back_when_mended(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    good = (folder / "red.png").read_bytes()
    (folder / "red.png").write_bytes(good[: len(good) // 2])

    broken = ingest(folder, settings)
    again = ingest(folder, settings)
    (folder / "red.png").write_bytes(good)
    mended = ingest(folder, settings)

    assert [entry.path for entry in broken.quarantine] == ["red.png"]
    assert (again.quarantined, encoded(again)) == (1, 0)
    assert (mended.quarantined, mended.indexed) == (0, 1)
    assert contents(settings) == fresh(folder, tmp_path)


def test_file_that_breaks_leaves_no_old_segments(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    clip(root / "film.mp4")
    ingest(root, settings)
    (root / "film.mp4").write_bytes((root / "film.mp4").read_bytes()[:2000])

    report = ingest(root, settings)

    assert report.quarantined == 1
    [(fields, vectors)] = contents(settings).values()
    assert (fields[payload.STATE], vectors) == ("quarantined", {})


def test_verifying_leaves_what_was_quarantined_or_excluded_as_it_was(folder: Path, settings: Settings) -> None:
    (folder / "empty.png").touch()
    (folder / "broken.png").write_bytes((folder / "red.png").read_bytes()[:300])
    (folder / "program.bin").write_bytes(bytes(range(256)) * 8)
    ingest(folder, settings)
    before = contents(settings)

    value = plan(folder, settings, verify=True)
    report = ingest(folder, settings, verify=True)

    assert value.empty
    assert (report.unchanged, report.quarantined, report.excluded, encoded(report)) == (5, 2, 4, 0)
    assert contents(settings) == before
    assert all(fields[payload.HASH] for fields, _ in before.values())


@pytest.mark.parametrize("state", [State.EXCLUDED, State.QUARANTINED])
def test_what_another_version_could_not_take_is_tried_again_once(
    folder: Path, settings: Settings, tmp_path: Path, state: State
) -> None:
    ingest(folder, settings)
    [found] = [file for file in crawl(folder) if isinstance(file, FoundFile) and file.path == "red.png"]
    with open_store(settings.store) as store:  # as one left it that does not know such pictures
        store.upsert(Item(found, "", state=state, reason="No reader takes image/png.").points("media"))

    same = ingest(folder, settings)
    with open_store(settings.store) as store:
        runs = store.metadata()[RUNS]
        store.set_metadata({RUNS: {"media": runs["media"] | {"version": "0.0.1"}}})
    value = plan(folder, settings)
    other = ingest(folder, settings)
    after = plan(folder, settings)

    assert (same.indexed, same.unchanged, same.quarantined) == (0, 4, int(state is State.QUARANTINED))
    assert "red.png" in value.retry
    assert set(value.retry) == {"red.png", *(one.path for one in after.excluded if one.rule.startswith("No reader"))}
    assert (other.indexed, other.quarantined, other.balanced, encoded(other)) == (
        1,
        0,
        True,
        2,
    )  # it has a caption, too
    assert runs["media"]["version"] == other.version
    assert after.empty
    assert contents(settings) == fresh(folder, tmp_path)


def test_quarantine_keeps_when_a_file_was_tried_and_empties_itself(folder: Path, settings: Settings) -> None:
    (folder / "empty.png").touch()

    def entries() -> list[QuarantineEntry]:
        with open_store(settings.store) as store:
            return quarantined(store)

    ingest(folder, settings)
    [first] = entries()
    ingest(folder, settings)
    assert entries() == [first]
    time.sleep(1.1)  # the clock of the attempts counts seconds
    report = ingest(folder, settings, retry=True)
    [again] = entries()

    assert (first.path, first.source, first.at_fault) == ("empty.png", "media", "reader")
    assert report.quarantine == [again]
    assert first.first_attempt == first.last_attempt == again.first_attempt == report.quarantine[0].first_attempt
    assert again.last_attempt > again.first_attempt  # type: ignore[operator]  # both are times
    (folder / "empty.png").unlink()
    ingest(folder, settings)
    assert entries() == []


def test_file_that_changes_or_goes_during_the_run_is_left_to_the_next(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ingest(folder, settings)
    (folder / "notes.md").write_text("first words of a longer text")
    (folder / "late.txt").write_text("a file that will be gone")

    def act(_: IngestPlan) -> None:
        (folder / "notes.md").write_text("first words of a longer text that grows while it is read")
        (folder / "late.txt").unlink()

    with listening(None, act):
        report = ingest(folder, settings)

    assert {entry.path for entry in report.postponements} == {"notes.md", "late.txt"}
    assert (report.postponed, report.quarantined, report.balanced) == (2, 0, True)
    assert contents(settings)[point_id("media", "notes.md")][0][payload.WORDS]["document"].startswith("# Harbour")
    assert point_id("media", "late.txt") not in contents(settings)
    report = ingest(folder, settings)
    assert (report.postponed, report.indexed) == (0, 1)
    assert contents(settings) == fresh(folder, tmp_path)


def test_folder_that_cannot_be_listed_for_a_while_keeps_what_is_known_of_it(
    folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(folder, settings)
    before = contents(settings)
    listing = os.scandir

    def scandir(path: str) -> Any:
        if str(path).endswith("sounds/"):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        return listing(path)

    with monkeypatch.context() as patched:
        patched.setattr("os.scandir", scandir)
        patched.setattr("readers.hash.WAITS", ())
        report = ingest(folder, settings)

    assert (report.postponed, report.quarantined, report.deleted, report.balanced) == (1, 0, 0, True)
    assert report.postponements[0].path == "sounds/"
    assert contents(settings) == before
    assert ingest(folder, settings).unchanged == 5


def test_want_of_memory_quarantines_no_good_file(
    folder: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr("encoders.thumbnail.ThumbnailEncoder._encode", full)
        report = ingest(folder, settings)

    assert (report.postponed, report.quarantined, report.indexed, report.balanced) == (3, 0, 2, True)
    assert {entry.reason for entry in report.postponements} == {"There was not enough memory for thumbnail."}
    assert ingest(folder, settings).indexed == 3
    assert contents(settings) == fresh(folder, tmp_path)
