"""Runs over real media, on the embedded engine: after each, the collection equals the folder."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from flows.ingestion.direct import ingest, plan
from flows.ingestion.progress import listening
from query import quarantined
from schemas import MedleyError, StoreUnavailableError, UsageError, payload
from schemas.payload import point_id
from schemas.plan import IngestPlan
from schemas.report import IngestReport, QuarantineEntry
from schemas.settings import CrawlSettings, Settings, load_settings
from store import open_store
from tests.collection import contents
from tests.media import clip, make_media, picture, tone
from tests.store.conftest import quick_folder


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


def test_twins_that_cannot_be_read_are_both_quarantined(folder: Path, settings: Settings) -> None:
    for name in ("one.jpg", "two.jpg"):
        (folder / name).touch()

    report = ingest(folder, settings)

    assert {entry.path for entry in report.quarantine} == {"one.jpg", "two.jpg"}
    assert (report.indexed, report.copied, report.balanced) == (5, 0, True)


def test_changed_caption_encodes_the_text_alone(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    (folder / "red.txt").write_text("a scarlet disc")

    report = ingest(folder, settings)

    assert report.encoded == {"text": 1, "image": 0, "audio": 0}
    assert contents(settings) == fresh(folder, tmp_path)


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


def test_folder_that_moved_keeps_its_identity_by_name(folder: Path, settings: Settings, tmp_path: Path) -> None:
    ingest(folder, settings)
    before = set(contents(settings))
    folder.rename(tmp_path / "mounted")

    report = ingest(tmp_path / "mounted", settings, source="media")

    assert (report.unchanged, encoded(report)) == (5, 0)
    assert set(contents(settings)) == before


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


def test_rules_of_the_settings_decide_what_is_in_the_collection(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)
    pictures = settings.model_copy(update={"crawl": CrawlSettings(include=["*.png"], exclude=["blue.*"])})

    report = ingest(folder, pictures)

    assert (report.unchanged, report.deleted, report.balanced) == (2, 3, True)
    assert paths(settings) == {"red.png", "green.png"}


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


def test_passage_tells_where_in_the_document_it_lies(folder: Path, settings: Settings) -> None:
    ingest(folder, settings)

    fields, _ = contents(settings)[point_id("media", "notes.md")]

    start, end = fields[payload.CHARACTERS]
    assert (folder / "notes.md").read_text()[start:end].split() == fields[payload.WORDS]["document"].split()
