"""What was renamed, moved or copied keeps its vectors: after each run, the collection equals the folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from flows.ingestion.direct import ingest
from schemas import payload
from schemas.settings import Settings
from tests.collection import contents
from tests.flows.conftest import encoded, fresh, paths
from tests.media import picture


def test_renamed_picture_with_its_caption_keeps_its_vectors(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    (folder / "red.png").rename(folder / "scarlet.png")
    (folder / "red.txt").rename(folder / "scarlet.txt")

    report = ingest(folder, settings)

    assert (report.moved, report.indexed, report.deleted, encoded(report)) == (1, 1, 0, 0)
    assert contents(settings) == fresh(folder, tmp_path)


def test_moved_folder_encodes_nothing_and_leaves_no_ghost(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    (folder / "sounds").rename(folder / "recordings")

    report = ingest(folder, settings)

    assert (report.moved, encoded(report)) == (1, 0)
    assert contents(settings) == fresh(folder, tmp_path)


def test_files_that_swap_their_names_end_with_their_own_vectors(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ingest(folder, settings)
    for suffix in (".png", ".txt"):
        (folder / f"red{suffix}").rename(folder / f"away{suffix}")
        (folder / f"blue{suffix}").rename(folder / f"red{suffix}")
        (folder / f"away{suffix}").rename(folder / f"blue{suffix}")

    report = ingest(folder, settings)

    assert report.balanced
    assert contents(settings) == fresh(folder, tmp_path)


def test_copy_is_indexed_without_encoding(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    shutil.copy(folder / "sounds" / "high.wav", folder / "again.wav")

    report = ingest(folder, settings)

    assert (report.copied, report.indexed, encoded(report)) == (1, 1, 0)
    assert contents(settings) == fresh(folder, tmp_path)


def test_twins_of_one_run_are_encoded_once(folder: Path, settings: Settings) -> None:
    shutil.copy(folder / "sounds" / "high.wav", folder / "again.wav")

    report = ingest(folder, settings)

    assert report.encoded["audio"] == 1
    assert {"again.wav", "sounds/high.wav"} <= paths(settings)


def test_folder_that_moved_keeps_its_identity_by_name(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    before = set(contents(settings))
    folder.rename(tmp_path / "mounted")

    report = ingest(tmp_path / "mounted", settings, source="media")

    assert (report.unchanged, encoded(report)) == (5, 0)
    assert set(contents(settings)) == before


def test_picture_renamed_and_described_anew_encodes_the_text_alone(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    ingest(folder, settings)
    (folder / "red.png").rename(folder / "scarlet.png")
    (folder / "red.txt").unlink()
    (folder / "scarlet.txt").write_text("a disc the colour of wine")

    report = ingest(folder, settings)

    assert (report.moved, report.indexed) == (1, 1)
    assert report.encoded == {"text": 1, "image": 0, "audio": 0}
    assert contents(settings) == fresh(folder, tmp_path)


def test_text_whose_new_name_makes_it_another_kind_is_read_again(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    (root / "page.txt").write_text("<p>Boats <b>at night</b>.</p> <!-- nobody sees this -->")
    (root / "note.txt").write_text("Boats at night.")
    ingest(root, settings)
    (root / "page.txt").rename(root / "page.html")
    (root / "note.txt").rename(root / "note.md")

    report = ingest(root, settings)

    assert (report.moved, report.indexed, report.balanced) == (2, 2, True)
    assert report.encoded["text"] == 1  # without its marks the page is another text
    assert contents(settings) == fresh(root, tmp_path)


def test_name_that_loses_its_words_loses_their_fingerprint(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    picture(root / "harbour.png")
    ingest(root, settings)
    (root / "harbour.png").rename(root / "\N{GRINNING FACE}.png")

    assert ingest(root, settings).moved == 1
    assert contents(settings) == fresh(root, tmp_path)


def test_picture_renamed_with_a_broken_sidecar_tells_its_new_name(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    picture(root / "red.png")
    (root / "red.json").write_text('{"title": ')
    ingest(root, settings)
    (root / "red.png").rename(root / "scarlet.png")
    (root / "red.json").rename(root / "scarlet.json")

    assert ingest(root, settings).moved == 1
    assert contents(settings) == fresh(root, tmp_path)


def test_two_names_that_are_spelled_alike_are_told_apart(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    bytes_of = Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.txt"))
    bytes_of.write_text("coffee")
    (root / "caf\\xe9.txt").write_text("a name with a backslash")

    first, second = ingest(root, settings), ingest(root, settings)

    assert (first.indexed, first.excluded, first.balanced) == (1, 1, True)
    assert (second.unchanged, second.excluded) == (1, 1)
    assert paths(settings) == {"caf\\xe9.txt"}
    (root / "caf\\xe9.txt").unlink()
    ingest(root, settings)
    [(fields, _)] = contents(settings).values()
    assert fields[payload.WORDS]["document"] == "coffee"


def test_files_renamed_by_one_are_all_carried_over(settings: Settings, tmp_path: Path) -> None:
    root = tmp_path / "media"
    root.mkdir()
    for n in range(150):
        (root / f"{n:03}.txt").write_text(f"text number {n:03}")
    ingest(root, settings)
    for n in reversed(range(150)):
        (root / f"{n:03}.txt").rename(root / f"{n + 1:03}.txt")

    report = ingest(root, settings)

    assert (report.moved, report.indexed, encoded(report)) == (150, 150, 0)
    assert contents(settings) == fresh(root, tmp_path)
