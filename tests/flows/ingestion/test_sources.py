"""Folders as sources of a collection: whose name stands for what, and what a run that is refused leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.ingestion.direct import ingest, plan
from schemas import MedleyError, UsageError, payload
from schemas.settings import Settings, load_settings
from schemas.vectors import SOURCES
from store import open_store
from tests.collection import contents
from tests.media import picture


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})


def texts(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for n in range(count):
        (folder / f"{n}.txt").write_text(f"text number {n}")
    return folder


def sources(settings: Settings) -> dict[str, str]:
    with open_store(settings.store) as store:
        found: dict[str, str] = store.metadata().get(SOURCES, {})
    return found


def test_empty_folder_is_refused_and_claims_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "empty" / "media").mkdir(parents=True)
    with pytest.raises(UsageError, match="is empty"):
        ingest(tmp_path / "empty" / "media", settings)
    assert not Path(settings.store).exists()

    media = texts(tmp_path / "media", 2)
    ingest(media, settings)

    assert sources(settings) == {"media": str(media)}


def test_run_that_is_refused_leaves_its_source_where_it_was(settings: Settings, tmp_path: Path) -> None:
    media, wrong = texts(tmp_path / "media", 30), texts(tmp_path / "wrong", 1)
    ingest(media, settings)
    before = contents(settings)
    other = load_settings(store=settings.store, encoders={"preset": "text=hashing", "ocr": "off"})

    with pytest.raises(MedleyError, match="29 of the 30 items of source 'media'"):
        ingest(wrong, other, source="media")

    assert sources(settings) == {"media": str(media)}
    assert contents(settings) == before
    assert ingest(media, settings).unchanged == 30


def test_source_that_is_all_gone_asks_first_however_small_it_is(settings: Settings, tmp_path: Path) -> None:
    media = texts(tmp_path / "media", 3)
    ingest(media, settings)
    for path in media.iterdir():
        path.unlink()

    assert plan(media, settings).notes[0].startswith("3 of the 3 items of source 'media' are no longer in")
    with pytest.raises(MedleyError, match="3 of the 3 items"):
        ingest(media, settings)
    assert ingest(media, settings, force=True).deleted == 3
    assert ingest(media, settings).found == 0


def test_contents_that_another_source_has_are_carried_over(settings: Settings, tmp_path: Path) -> None:
    media = texts(tmp_path / "media", 3)
    picture(media / "red.png", "red")
    ingest(media, settings)
    second = texts(tmp_path / "second", 4)
    picture(second / "deep" / "scarlet.png", "red")
    (second / "deep" / "scarlet.txt").write_text("a disc the colour of wine")

    planned = plan(second, settings)
    report = ingest(second, settings)

    assert planned.add == ["3.txt"]
    assert {(one.source, one.origin, one.path, one.reread) for one in planned.copies} == {
        *(("media", f"{n}.txt", f"{n}.txt", False) for n in range(3)),
        ("media", "red.png", "deep/scarlet.png", True),
    }
    assert (report.copied, report.indexed, report.deleted, report.balanced) == (4, 5, 0, True)
    assert report.encoded == {"text": 2, "image": 0, "audio": 0}
    found = contents(settings)
    alone = load_settings(store=str(tmp_path / "alone"), encoders={"preset": "tiny", "ocr": "off"})
    ingest(second, alone)
    assert {id: point for id, point in found.items() if point[0][payload.SOURCE] == "second"} == contents(alone)


def test_files_that_change_places_across_two_sources_keep_their_own_vectors(settings: Settings, tmp_path: Path) -> None:
    one, two = texts(tmp_path / "one", 2), texts(tmp_path / "two", 1)
    (two / "0.txt").write_text("something else")
    ingest(one, settings)
    ingest(two, settings)
    (one / "1.txt").write_text("something else")
    (one / "0.txt").write_text("text number 1")

    report = ingest(one, settings)

    words = {
        (fields[payload.SOURCE], fields[payload.PATH]): fields[payload.WORDS]["document"]
        for fields, _ in contents(settings).values()
    }
    assert sum(report.encoded.values()) == 0
    assert words == {
        ("one", "0.txt"): "text number 1",
        ("one", "1.txt"): "something else",
        ("two", "0.txt"): "something else",
    }


def test_contents_that_lie_out_of_the_scope_of_a_run_are_carried_over(settings: Settings, tmp_path: Path) -> None:
    media = texts(tmp_path / "media", 2)
    ingest(media, settings)
    (media / "copies").mkdir()
    (media / "copies" / "0.txt").write_text("text number 0")
    (media / "copies" / "new.txt").write_text("something else")

    report = ingest(media, settings, only=["copies/0.txt", "copies/new.txt"])

    assert (report.copied, report.indexed, report.found) == (1, 2, 2)
    assert report.encoded["text"] == 1
    alone = load_settings(store=str(tmp_path / "alone"), encoders={"preset": "tiny", "ocr": "off"})
    ingest(media, alone)
    assert contents(settings) == contents(alone)
