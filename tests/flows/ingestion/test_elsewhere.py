"""Runs over sources that do not lie in a folder: the collection is that of a folder with the same files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.ingestion.direct import ingest, plan
from flows.ingestion.progress import listening
from schemas import SourceUnavailableError, payload
from schemas.report import IngestReport
from schemas.settings import Settings, load_settings
from tests.collection import contents, placeless
from tests.elsewhere import Place, in_memory, on_s3, on_the_web
from tests.media import clip, picture, tone

COUNTS = ("found", "indexed", "excluded", "quarantined", "copied", "encoded", "by_modality")


@pytest.fixture(params=["memory", "web", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kinds: Any = {"memory": in_memory, "web": lambda: on_the_web(tmp_path / "web"), "s3": on_s3}
    with kinds[request.param]() as there:
        yield there


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Place]:
    with on_the_web(tmp_path / "web") as there:
        yield there


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readers.hash.WAITS", (0.01,))


def make(root: Path) -> Path:
    for n in range(3):
        picture(root / "pictures" / f"{n}.png", ["red", "green", "blue"][n])
    (root / "pictures" / "0.txt").write_text("a disc the colour of wine")
    (root / "pictures" / "copy.png").write_bytes((root / "pictures" / "0.png").read_bytes())
    (root / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    for n in range(12):
        (root / f"note {n:02}.md").write_text(f"# Note {n}\n\nwords of note {n}")
    tone(root / "bell.wav", seconds=2)
    clip(root / "film.mp4")
    return root


def counts(report: IngestReport) -> dict[str, Any]:
    return report.model_dump(include=set(COUNTS))


def test_collection_is_that_of_a_folder_and_a_run_over_what_has_not_changed_reads_nothing(
    place: Place, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(tmp_path / "media")
    place.fill(root)
    here = load_settings(store=str(tmp_path / "here"), encoders={"preset": "tiny", "ocr": "off"})
    expected = ingest(root, here)

    report = ingest(place.address, settings)

    assert (expected.indexed, expected.quarantined, expected.copied) == (18, 1, 1)
    assert counts(report) == counts(expected)
    assert placeless(contents(settings)) == placeless(contents(here))

    def read(*_: Any, **__: Any) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr("readers.trees.remote.RemoteTree._get", read)
    monkeypatch.setattr("readers.trees.remote.RemoteTree._hash", read)
    again = ingest(place.address, settings)
    assert (again.unchanged, again.indexed, again.found, again.balanced) == (18, 0, report.found, True)


@pytest.mark.parametrize("place", ["memory", "s3"], indirect=True)
def test_what_came_went_moved_and_changed_is_followed(place: Place, settings: Settings, tmp_path: Path) -> None:
    root = make(tmp_path / "media")
    place.fill(root)
    ingest(place.address, settings)
    place.put("moved/1.png", (root / "pictures" / "1.png").read_bytes())
    place.delete("pictures/1.png")
    place.delete("note 03.md")
    place.put("note 04.md", b"# Note 4\n\nother words than before")
    place.put("new.md", b"never seen before")
    place.put("pictures/2.txt", b"described anew")

    planned = plan(place.address, settings)
    report = ingest(place.address, settings)

    assert [(one.origin, one.path) for one in planned.move] == [("pictures/1.png", "moved/1.png")]
    assert (planned.add, planned.change, planned.delete) == (["new.md"], ["note 04.md"], ["note 03.md"])
    assert planned.reread == ["pictures/2.png"]
    assert (report.moved, report.deleted, report.balanced) == (1, 1, True)
    assert report.encoded == {"text": 3, "image": 0, "audio": 0}
    fresh = load_settings(store=str(tmp_path / "fresh"), encoders={"preset": "tiny", "ocr": "off"})
    ingest(place.address, fresh)
    assert contents(settings) == contents(fresh)


def test_connection_that_breaks_ends_the_run_and_quarantines_nothing(
    web: Place, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make(tmp_path / "media")
    (root / "pictures" / "broken.jpg").unlink()
    web.fill(root)
    monkeypatch.setattr("readers.trees.landing.AHEAD", 1)  # most of it is still to be fetched when the server goes
    monkeypatch.setattr("flows.ingestion.reading.GROUP_FILES", 1)

    def cut(stage: str, done: float, total: int) -> None:
        if stage == "index":
            web.stop()

    with listening(cut), pytest.raises(SourceUnavailableError, match=r"http://.*/media cannot be reached"):
        ingest(web.address, settings)
    states = {fields[payload.STATE] for fields, _ in contents(settings).values()}
    assert states <= {"indexed", "excluded"}
    with pytest.raises(SourceUnavailableError):
        ingest(web.address, settings)
    web.start()
    report = ingest(web.address, settings)
    assert report.quarantined == 0
    assert report.unchanged + report.indexed == 18


def test_object_that_cannot_be_had_now_is_postponed_and_taken_by_the_next_run(
    web: Place, settings: Settings, tmp_path: Path
) -> None:
    web.fill(make(tmp_path / "media"))
    refused = tmp_path / "web" / "media" / "note 07.md"
    web.refused.add("/media/note%2007.md")

    report = ingest(web.address, settings)

    assert (report.postponed, report.quarantined, report.balanced) == (1, 1, True)
    assert [(one.path, one.reason.partition(":")[0]) for one in report.postponements] == [
        ("note 07.md", "It cannot be fetched")
    ]
    assert refused.exists()
    web.refused.clear()
    after = ingest(web.address, settings)
    assert (after.indexed, after.postponed, after.encoded["text"]) == (1, 0, 1)


def test_another_encoder_fetches_pictures_again(web: Place, settings: Settings, tmp_path: Path) -> None:
    for n, colour in enumerate(("red", "green")):
        picture(tmp_path / "media" / f"{n}.png", colour)
    web.fill(tmp_path / "media")
    ingest(web.address, settings)
    other = load_settings(store=settings.store, encoders={"preset": "text=hashing,image=visual,audio=logmel"})

    report = ingest(web.address, other)

    assert (report.encoded["image"], report.unchanged) == (2, 2)
