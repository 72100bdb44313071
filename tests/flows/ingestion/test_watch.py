"""Folders that are followed: bursts that settle, and runs over what changed alone."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import medley
from flows.ingestion.watch import bursts
from readers import crawl
from schemas import MedleyError
from schemas.scope import Scope
from schemas.settings import load_settings
from tests.collection import contents_of
from tests.media import picture


@pytest.fixture
def library(tmp_path: Path) -> medley.Library:
    return medley.Library(load_settings(store=str(tmp_path / "store"), encoders={"preset": "tiny", "ocr": "off"}))


def album(root: Path) -> Path:
    for place in ("a.png", "x/b.png", "x/y/c.png", "z/d.png"):
        picture(root / place, "red")
    return root


def found(root: Path, *paths: str) -> list[str]:
    return [file.path for file in crawl(root, scope=Scope.of(root, paths))]


def test_a_changed_file_has_its_folder_looked_at_and_nothing_else(tmp_path: Path) -> None:
    root = album(tmp_path / "media")
    assert found(root, "x/b.png") == ["x/b.png"]
    assert found(root, "a.png") == ["a.png"]
    assert found(root, str(root / "x" / "y" / "c.png"), "a.png") == ["a.png", "x/y/c.png"]
    assert found(root, "x") == ["a.png", "x/b.png", "x/y/c.png"]  # a new folder, with all that it brings
    assert found(root, "/elsewhere/b.png") == []
    (root / "x" / ".medleyignore").write_text("c.png")
    assert [path for path in found(root, "x/.medleyignore") if path.endswith(".png")] == ["x/b.png", "x/y/c.png"]
    assert found(root, "x/y/c.png") == ["x/y/c.png"]  # excluded, by a file above it


def test_runs_over_what_changed_make_the_collection_that_a_whole_run_makes(
    tmp_path: Path, library: medley.Library
) -> None:
    root = album(tmp_path / "media")
    with library:
        library.ingest(root)
        picture(root / "x" / "new.png", "blue")
        report = library.ingest(root, only=["x/new.png"])
        assert (report.found, report.indexed, report.unchanged) == (2, 1, 1)
        (root / "x" / "new.txt").write_text("a blue one")
        assert library.ingest(root, only=["x/new.txt"]).indexed == 1  # its sidecar
        (root / "z").rename(root / "x" / "w")
        moved = library.ingest(root, only=["z", "x/w"])
        assert (moved.moved, moved.encoded["image"]) == (1, 0)
        shutil.rmtree(root / "x" / "y")
        gone = library.ingest(root, only=[str(root / "x" / "y" / "c.png"), str(root / "x" / "y")])
        assert gone.deleted == 1
        (root / "a.png").unlink()
        assert library.ingest(root, only=["a.png"]).deleted == 1
        followed = contents_of(library.store)
        assert library.status().runs["media"].found == 4  # the figures are those of whole runs

        again = library.ingest(root)
        assert (again.indexed, again.deleted, again.unchanged) == (0, 0, 3)
        assert contents_of(library.store) == followed


def test_a_copy_from_a_folder_that_did_not_change_is_found_by_its_hash_alone(
    tmp_path: Path, library: medley.Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = album(tmp_path / "media")
    (root / "note.md").write_text("words of a note")
    picture(root / "x" / "blue.png", "blue")
    with library:
        library.ingest(root)
        shutil.copy(root / "note.md", root / "z" / "again.md")
        shutil.copy(root / "x" / "blue.png", root / "z" / "b.png")
        (root / "z" / "new.md").write_text("words of another")
        seen: list[str] = []
        scroll = library.store.scroll_all

        def noted(*given: Any, **more: Any) -> Iterator[Any]:
            for record in scroll(*given, **more):
                seen.append((record.payload or {}).get("path", ""))
                yield record

        monkeypatch.setattr(library.store, "scroll_all", noted)
        planned = library.plan(root, only=["z/again.md", "z/b.png", "z/new.md"])
        assert sorted(seen) == ["note.md", "x/blue.png", "z/d.png"]
        monkeypatch.undo()
        report = library.ingest(root, only=["z/again.md", "z/b.png", "z/new.md"])

        assert {(one.origin, one.path) for one in planned.copies} == {
            ("note.md", "z/again.md"),
            ("x/blue.png", "z/b.png"),
        }
        assert planned.add == ["z/new.md"]
        assert (report.copied, report.encoded) == (2, {"text": 1, "image": 0, "audio": 0})
        followed = contents_of(library.store)
        again = library.ingest(root)
        assert (again.indexed, again.unchanged) == (0, 9)
        assert contents_of(library.store) == followed


def test_a_source_that_is_mostly_gone_is_not_deleted_on_hearsay(tmp_path: Path, library: medley.Library) -> None:
    root = tmp_path / "media"
    for number in range(25):
        picture(root / "disk" / f"{number}.png", "red")
    with library:
        library.ingest(root)
        shutil.rmtree(root / "disk")
        with pytest.raises(MedleyError, match="Is the right disk mounted there"):
            library.ingest(root, only=["disk"])
        assert library.status().items == 25


def test_bursts_settle_and_what_changes_meanwhile_comes_with_the_next(tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / ".medley").mkdir()
    stop = threading.Event()
    told = bursts(root, settled=0.2, apart=[root / ".medley"], stop=stop)
    assert next(told) is None  # the whole folder first
    for number in range(20):
        (root / f"{number}.txt").write_text("words")
        (root / ".medley" / "log").write_text(str(number))
    assert next(told) == sorted(str(root / f"{number}.txt") for number in range(20))
    (root / "19.txt").unlink()
    (root / "folder").mkdir()
    assert next(told) == [str(root / "19.txt"), str(root / "folder")]
    stop.set()
    assert list(told) == []


def test_the_whole_folder_is_due_again_after_a_while(tmp_path: Path) -> None:
    stop = threading.Event()
    told = bursts(tmp_path, settled=0.1, every=0.0, stop=stop)
    assert [next(told), next(told)] == [None, None]
    stop.set()
