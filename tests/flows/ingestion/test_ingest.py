"""Runs over real media, on the embedded engine: what is indexed, and what is told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion.direct import ingest, plan
from flows.ingestion.progress import listening
from schemas import UsageError, payload
from schemas.payload import point_id
from schemas.settings import CrawlSettings, Settings, load_settings
from store import open_store
from tests.collection import contents
from tests.flows.conftest import encoded, paths
from tests.media import make_media, picture, tone


def test_first_run_indexes_everything_and_accounts_for_it(folder: Path, settings: Settings) -> None:
    report = ingest(folder, settings)

    assert (report.found, report.indexed, report.excluded, report.quarantined) == (8, 5, 3, 0)
    assert report.balanced
    assert report.encoded == {"text": 4, "image": 3, "audio": 1}
    assert report.exclusions == {"sidecar": 3}


def test_points_have_the_ids_that_anyone_can_compute(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)

    fields, vectors = contents(settings)[point_id("media", "red.png")]

    assert fields[payload.PATH] == "red.png"
    assert fields[payload.WORDS]["sidecar"] == "a red circle, number 0"
    assert set(vectors) == {"text", "image", "words"}


def test_points_of_a_text_tell_where_their_passages_lie(folder: Path, settings: Settings) -> None:
    text = "\n\n".join(f"# Part {number}\n\n" + "Boats leave the harbour. " * 20 for number in range(4))
    (folder / "notes.md").write_text(text)

    ingest(folder, settings)

    points = [fields for fields, _ in contents(settings).values() if fields[payload.PATH] == "notes.md"]
    places = sorted(fields[payload.CHARACTERS] for fields in points)
    assert len(places) > 1
    assert text[slice(*places[-1])].startswith("# Part ")
    assert places[-1][1] == len(text.rstrip())


def test_second_run_encodes_nothing(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)
    before = contents(settings)

    report = ingest(folder, settings)

    assert (report.unchanged, report.indexed, encoded(report)) == (5, 0, 0)
    assert contents(settings) == before


def test_source_without_a_name_is_refused(folder: Path, settings: Settings) -> None:
    with pytest.raises(UsageError, match="name of the source is empty"):
        ingest(folder, settings, source=" ")


def test_another_folder_of_the_same_name_is_not_taken_for_the_first(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ingest(folder, settings)
    other = tmp_path / "elsewhere" / "media"
    picture(other / "one.png")

    with pytest.raises(UsageError, match="--source"):
        ingest(other, settings)

    ingest(other, settings, source="second")
    assert {"one.png", "red.png"} <= paths(settings)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: None, "There is no folder"),
        (lambda path: path.mkdir(), "is empty"),
        (lambda path: path.write_text("x"), "is a file"),
    ],
)
def test_folder_that_is_none_is_told_in_a_sentence(
    make: Any, sentence: str, settings: Settings, tmp_path: Path
) -> None:
    make(tmp_path / "media")

    with pytest.raises(UsageError, match=sentence):
        ingest(tmp_path / "media", settings)


def test_name_that_is_not_utf8_is_indexed(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.txt")).write_text("coffee")

    report = ingest(root, settings)

    assert report.indexed == 1
    assert paths(settings) == {"caf\\xe9.txt"}


def test_every_format_is_indexed_with_what_it_has(settings: Settings, tmp_path: Path) -> None:
    made = make_media(tmp_path / "media")

    report = ingest(tmp_path / "media", settings)

    found = contents(settings).values()
    missing = {
        path.name
        for path in made.values()
        if path.is_file()
        and path.relative_to(tmp_path / "media").as_posix()
        not in {fields[payload.PATH] for fields, _ in found if fields[payload.STATE] == "indexed"}
    }
    assert report.balanced
    assert not report.quarantine
    assert missing <= {path.name for path in made.values() if path.suffix in (".srt", ".vtt", ".json", ".txt", ".xmp")}
    film = [vectors for fields, vectors in found if fields.get(payload.MODALITY) == "video"]
    assert all("image" in vectors for vectors in film)
    assert any({"image", "audio", "text"} <= set(vectors) for vectors in film)


def test_dry_run_tells_the_plan_and_writes_nothing(folder: Path, settings: Settings, tmp_path: Path) -> None:
    first = plan(folder, settings)
    assert not (tmp_path / "store").exists()
    assert len(first.add) == 5

    ingest(folder, settings)
    before = contents(settings)
    (folder / "red.png").rename(folder / "scarlet.png")
    (folder / "red.txt").rename(folder / "scarlet.txt")
    (folder / "green.txt").write_text("a lawn")
    (folder / "notes.md").write_text("other words altogether")
    os.utime(folder / "sounds" / "high.wav", ns=(1, 1))
    (folder / "empty.png").touch()

    value = plan(folder, load_settings(store=settings.store, encoders={"preset": "text=hashing", "ocr": "off"}))
    with open_store(settings.store) as store:
        assert store.metadata()["preset"] == "tiny"
    assert contents(settings) == before
    assert [(one.origin, one.path) for one in value.move] == [("red.png", "scarlet.png")]
    assert (value.reread, value.change, value.add) == (["green.png"], ["notes.md"], ["empty.png"])
    assert (value.touch, value.unchanged, value.delete) == (["sounds/high.wav"], 1, [])

    report = ingest(folder, settings)
    assert (report.moved, report.quarantined, report.found) == (1, 1, value.found)
    assert plan(folder, settings).empty


def test_progress_is_told_inside_of_a_long_file(tmp_path: Path, settings: Settings) -> None:
    tone(tmp_path / "media" / "long.wav", seconds=30)
    told: list[tuple[str, float, int]] = []

    with listening(lambda *progress: told.append(progress)):
        ingest(tmp_path / "media", settings)

    done = [done for stage, done, _ in told if stage == "index"]
    assert done == sorted(done)
    assert done[0] == pytest.approx(6 / 30)  # a window of six seconds
    assert len(done) > 5
    assert done[-1] == 1


def test_rules_of_the_settings_decide_what_is_in_the_collection(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)
    pictures = settings.model_copy(update={"crawl": CrawlSettings(include=["*.png"], exclude=["blue.*"])})

    report = ingest(folder, pictures)

    assert (report.unchanged, report.deleted, report.balanced) == (2, 3, True)
    assert paths(settings) == {"red.png", "green.png"}


def test_passage_tells_where_in_the_document_it_lies(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)

    fields, _ = contents(settings)[point_id("media", "notes.md")]

    start, end = fields[payload.CHARACTERS]
    assert (folder / "notes.md").read_text()[start:end].split() == fields[payload.WORDS]["document"].split()
