"""What was edited or deleted is followed, and nothing else is encoded: the collection equals the folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.ingestion.direct import ingest
from schemas import MedleyError
from schemas.settings import Settings, load_settings
from tests.collection import contents
from tests.flows.conftest import encoded, fresh, paths
from tests.media import picture
from tests.store.conftest import quick_folder


def test_changed_caption_encodes_the_text_alone(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    (folder / "red.txt").write_text("a scarlet disc")

    report = ingest(folder, settings)

    assert report.encoded == {"text": 1, "image": 0, "audio": 0}
    assert contents(settings) == fresh(folder, tmp_path)


def test_touched_file_encodes_nothing(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    os.utime(folder / "red.png", ns=(1, 1))

    report = ingest(folder, settings)

    assert (report.unchanged, encoded(report)) == (5, 0)
    assert contents(settings) == fresh(folder, tmp_path)


def test_deleted_file_leaves_the_collection(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    (folder / "notes.md").unlink()

    report = ingest(folder, settings)

    assert report.deleted == 1
    assert contents(settings) == fresh(folder, tmp_path)


def test_document_that_shrinks_leaves_no_stale_passages(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / "long.txt").write_text(" ".join(f"word{n}" for n in range(1000)))
    ingest(root, settings)
    (root / "long.txt").write_text("short now")

    ingest(root, settings)

    assert len(contents(settings)) == 1


def test_mass_deletion_asks_first(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    for n in range(30):
        (root / f"{n}.txt").write_text(f"text {n}")
    ingest(root, settings)
    for n in range(25):
        (root / f"{n}.txt").unlink()

    with pytest.raises(MedleyError, match="25 of the 30 items"):
        ingest(root, settings)
    assert len(paths(settings)) == 30

    assert ingest(root, settings, force=True).deleted == 25
    assert len(paths(settings)) == 5


def test_edit_that_keeps_the_time_stamp_is_seen_by_its_size(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    stat = (folder / "notes.md").stat()
    (folder / "notes.md").write_text("other words")
    os.utime(folder / "notes.md", ns=(stat.st_atime_ns, stat.st_mtime_ns))

    report = ingest(folder, settings)

    assert report.encoded == {"text": 1, "image": 0, "audio": 0}
    assert contents(settings) == fresh(folder, tmp_path)


def test_verifying_sees_an_edit_that_keeps_time_and_size(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    stat = (folder / "notes.md").stat()
    (folder / "notes.md").write_text((folder / "notes.md").read_text().replace("Boats", "Ships"))
    os.utime(folder / "notes.md", ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert ingest(folder, settings).unchanged == 5
    report = ingest(folder, settings, verify=True)

    assert (report.unchanged, report.indexed, encoded(report)) == (4, 1, 1)
    assert contents(settings) == fresh(folder, tmp_path)


def test_other_owner_and_rights_encode_nothing(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)
    before = contents(settings)
    for path in folder.rglob("*.png"):
        path.chmod(0o600)
        if os.geteuid() == 0:
            os.chown(path, 1, 1)

    report = ingest(folder, settings)

    assert (report.unchanged, encoded(report)) == (5, 0)
    assert contents(settings) == before


@pytest.mark.parametrize("year", [1600, 1901, 2300, 12_000])
def test_file_of_any_date_is_indexed_once(year: int, settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / "note.txt").write_text("Boats at night.")
    seconds = (year - 1970) * 31_556_952
    os.utime(root / "note.txt", (seconds, seconds))
    if abs((root / "note.txt").stat().st_mtime - seconds) > 1:
        pytest.skip("this file system holds no such date")

    assert ingest(root, settings).indexed == 1
    assert ingest(root, settings).unchanged == 1


paths_of_files = st.sampled_from(["a.png", "b.png", "c/d.png", "n.md", "c/n.md"])
states = st.dictionaries(paths_of_files, st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1)
State = dict[str, tuple[int, int]]


def write(root: Path, state: State) -> None:
    """A folder in which each file has one of three contents and, if it is a picture, one of two captions or none."""
    shutil.rmtree(root, ignore_errors=True)
    for path, (content, caption) in state.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if path.endswith(".png"):
            picture(root / path, ("red", "green", "blue")[content], (40 + 10 * content, 40))
            if caption:
                (root / path).with_suffix(".txt").write_text("x" * caption + " caption")
        else:
            (root / path).write_text("# Note\n\n" + "word " * (content + 1))
    for path in root.rglob("*.*"):
        os.utime(path, ns=(0, 10**18 + path.stat().st_size))


@hypothesis_settings(max_examples=5)
@given(before=states, after=states)
def test_any_folder_after_any_other_makes_the_collection_of_the_second(before: State, after: State) -> None:
    with quick_folder() as home:
        settings = load_settings(store=str(home / "store"), encoders={"preset": "tiny", "ocr": "off"})
        write(home / "media", before)
        ingest(home / "media", settings)
        write(home / "media", after)

        report = ingest(home / "media", settings)

        seen = {(path[-3:], content) for path, (content, _) in before.items()}
        new = {(path[-3:], content) for path, (content, _) in after.items()} - seen
        assert report.balanced
        assert report.encoded["image"] == len([kind for kind, _ in new if kind == "png"])
        assert contents(settings) == fresh(home / "media", home)
