"""What the crawl finds, keeps out and cannot look at; every file comes up once."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from readers import CrawlRules, crawl
from readers.crawl import found_file
from schemas import ExcludedFile, FoundFile, ReadError, UnreadableFile, UsageError
from tests.media import symlink_loop


def make(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"some content")


def found(root: Path, rules: CrawlRules | None = None) -> list[str]:
    return [entry.path for entry in crawl(root, rules) if isinstance(entry, FoundFile)]


def excluded(root: Path, rules: CrawlRules | None = None) -> dict[str, str]:
    return {entry.path: entry.rule for entry in crawl(root, rules) if isinstance(entry, ExcludedFile)}


def unreadable(root: Path, rules: CrawlRules | None = None) -> dict[str, str]:
    return {entry.path: entry.reason for entry in crawl(root, rules) if isinstance(entry, UnreadableFile)}


def test_files_come_in_the_same_order_whatever_the_disk_says(tmp_path: Path) -> None:
    make(tmp_path, "b.jpg", "a/z.jpg", "a/b/c.jpg", "c.jpg", "a.jpg", "d/x.jpg")
    assert found(tmp_path) == ["a.jpg", "b.jpg", "c.jpg", "a/z.jpg", "a/b/c.jpg", "d/x.jpg"]


def test_size_and_time_of_change_are_told(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    os.utime(tmp_path / "a.jpg", ns=(5, 1_600_000_000_123_456_789))
    (entry,) = crawl(tmp_path)
    assert isinstance(entry, FoundFile)
    assert (entry.size, entry.mtime_ns, entry.sidecars, entry.sidecar_stamp) == (12, 1_600_000_000_123_456_789, (), "")


def test_hidden_files_and_folders_are_kept_out_unless_asked_for(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", ".b.jpg", ".git/objects/x.jpg")
    assert found(tmp_path) == ["a.jpg"]
    assert excluded(tmp_path) == {".b.jpg": "hidden", ".git/": "hidden"}
    assert found(tmp_path, CrawlRules(hidden=True)) == [".b.jpg", "a.jpg", ".git/objects/x.jpg"]


def test_a_collection_in_the_folder_is_not_read_as_media(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "store/medley/collection.json", "store/medley/lock", "store/medley/segment.bin")
    assert found(tmp_path) == ["a.jpg"]
    assert excluded(tmp_path) == {"store/medley/": "a collection of Medley"}


def test_large_files_are_kept_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "b.jpg").write_bytes(bytes(2000))
    assert excluded(tmp_path, CrawlRules(max_size=1999)) == {"b.jpg": "larger than 1,999 bytes"}
    assert found(tmp_path, CrawlRules(max_size=2000)) == ["a.jpg", "b.jpg"]


def test_patterns_of_the_settings_keep_files_and_folders_out(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a.bak", "tmp/b.jpg", "deep/tmp/c.jpg", "deep/d.jpg")
    rules = CrawlRules(exclude=("*.bak", "/tmp/"))
    assert found(tmp_path, rules) == ["a.jpg", "deep/d.jpg", "deep/tmp/c.jpg"]
    assert excluded(tmp_path, rules) == {
        "a.bak": "matches '*.bak' in crawl.exclude",
        "tmp/": "matches '/tmp/' in crawl.exclude",
    }


def test_only_what_is_asked_for_is_found_with_its_sidecars(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "a.txt", "b.mp4", "b.srt", "notes.txt", "deep/c.JPG", "deep/draft/d.jpg")
    rules = CrawlRules(include=("*.jpg", "*.JPG"), exclude=("draft/",))
    assert found(tmp_path, rules) == ["a.jpg", "deep/c.JPG"]
    assert sidecars(crawl(tmp_path, rules))["a.jpg"] == ("a.txt",)
    wanted = "not among crawl.include"
    assert excluded(tmp_path, rules) == {
        "a.txt": "sidecar of a.jpg",
        "b.mp4": wanted,
        "b.srt": wanted,
        "notes.txt": wanted,
        "deep/draft/": "matches 'draft/' in crawl.exclude",
    }


def test_small_files_are_kept_out_but_not_what_a_caption_says(tmp_path: Path) -> None:
    make(tmp_path, "icon.jpg", "photo.jpg", "photo.txt")
    (tmp_path / "photo.jpg").write_bytes(bytes(2000))
    rules = CrawlRules(min_size=100)
    assert found(tmp_path, rules) == ["photo.jpg"]
    assert excluded(tmp_path, rules) == {"icon.jpg": "smaller than 100 bytes", "photo.txt": "sidecar of photo.jpg"}


@pytest.mark.skipif(not Path("/proc/tty").is_dir(), reason="no other file system is known to be mounted here")
def test_other_file_systems_are_left_alone_when_asked(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    (tmp_path / "mounted").symlink_to("/proc/tty")
    rules = CrawlRules(follow_links=True, other_disks=False)
    assert found(tmp_path, rules) == ["a.jpg"]
    assert excluded(tmp_path, rules) == {"mounted/": "on another file system"}


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Lists no folder named "bad" for so many times."""
    listing, left = os.scandir, times

    def scandir(path: str) -> Any:
        nonlocal left
        if path.endswith("bad/") and left:
            left -= 1
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return listing(path)

    monkeypatch.setattr("os.scandir", scandir)
    monkeypatch.setattr("readers.hash.WAITS", (0.0, 0.0))


def test_a_fault_of_the_disk_that_passes_is_not_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "bad/a.jpg", "b.jpg")
    failing(monkeypatch, 2)
    assert found(tmp_path) == ["b.jpg", "bad/a.jpg"]


def test_a_fault_of_the_disk_that_stays_is_told_from_a_fault_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "bad/a.jpg", "b.jpg")
    failing(monkeypatch, 99)
    assert list(crawl(tmp_path))[1:] == [
        UnreadableFile("bad/", "The folder cannot be listed: input/output error.", transient=True)
    ]


def test_long_names_and_deep_trees_are_found(tmp_path: Path) -> None:
    long, deep = "n" * 251 + ".jpg", "/".join(["d"] * 400)
    make(tmp_path, long, f"{deep}/a.jpg")
    assert found(tmp_path) == [long, f"{deep}/a.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="paths are made by descriptors of folders")
def test_a_tree_deeper_than_a_path_can_be_is_reported_where_it_ends(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    folder = os.open(tmp_path, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=folder)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    [(path, reason)] = unreadable(tmp_path).items()
    assert found(tmp_path) == ["a.jpg"]
    assert set(path) == {"d", "/"}
    assert reason == "The folder cannot be listed: file name too long."


def test_the_nearest_ignore_file_has_the_last_word(tmp_path: Path) -> None:
    make(tmp_path, "a.raw", "keep/b.raw", "keep/c.tmp", "keep/deep/d.raw", "keep/deep/e.tmp")
    (tmp_path / ".medleyignore").write_text("# originals\n*.raw\n*.tmp\n")
    (tmp_path / "keep/.medleyignore").write_text("!*.raw\n/c.tmp\n")
    assert found(tmp_path) == ["keep/b.raw", "keep/deep/d.raw"]
    assert excluded(tmp_path) == {
        ".medleyignore": "a file of patterns for Medley",
        "keep/.medleyignore": "a file of patterns for Medley",
        "a.raw": "matches '*.raw' in .medleyignore",
        "keep/c.tmp": "matches '/c.tmp' in keep/.medleyignore",
        "keep/deep/e.tmp": "matches '*.tmp' in .medleyignore",
    }


def test_a_pattern_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"crawl\.exclude"):
        list(crawl(tmp_path, CrawlRules(exclude=("!",))))


def test_an_ignore_file_that_cannot_be_read_stops_at_its_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "b/c.jpg")
    (tmp_path / "b/.medleyignore").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path) == ["a.jpg"]
    assert "b/.medleyignore" in unreadable(tmp_path)["b/"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "outside/secret.jpg", "root/a.jpg")
    (tmp_path / "root/link.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "root/folder").symlink_to(tmp_path / "outside")
    assert found(tmp_path / "root") == ["a.jpg"]
    assert excluded(tmp_path / "root") == {"link.jpg": "symbolic link", "folder": "symbolic link"}


def test_links_are_followed_when_asked_and_loops_end(tmp_path: Path) -> None:
    make(tmp_path, "outside/secret.jpg", "root/sub/a.jpg")
    symlink_loop(tmp_path / "root")
    (tmp_path / "root/alias").symlink_to("sub")
    (tmp_path / "root/folder").symlink_to(tmp_path / "outside")
    (tmp_path / "root/file.jpg").symlink_to(tmp_path / "outside/secret.jpg")
    (tmp_path / "outside/back").symlink_to(tmp_path / "root")
    rules = CrawlRules(follow_links=True)
    visited = "symbolic link to a folder that is visited already"
    assert found(tmp_path / "root", rules) == ["file.jpg", "sub/a.jpg", "folder/secret.jpg"]
    assert excluded(tmp_path / "root", rules) == {"again/": visited, "alias/": visited, "folder/back/": visited}


def test_a_link_that_leads_nowhere_is_reported(tmp_path: Path) -> None:
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere")
    assert unreadable(tmp_path, CrawlRules(follow_links=True)) == {
        "gone.jpg": "It is a link that leads nowhere: no such file or directory."
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_kept_out_and_do_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    assert excluded(tmp_path) == {"pipe.jpg": "not a regular file"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="to root nothing is forbidden")
def test_a_forbidden_folder_is_reported(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    try:
        assert unreadable(tmp_path) == {"closed/": "The folder cannot be listed: permission denied."}
        assert found(tmp_path) == ["a.jpg"]
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_vanishes_under_way_is_reported(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg", "gone/b.jpg")
    entries = crawl(tmp_path)
    assert isinstance(next(entries), FoundFile)
    (tmp_path / "gone/b.jpg").unlink()
    (tmp_path / "gone").rmdir()
    [gone] = entries
    assert gone == UnreadableFile("gone/", "The folder cannot be listed: no such file or directory.", transient=True)


def test_the_root_must_be_a_folder(tmp_path: Path) -> None:
    make(tmp_path, "a.jpg")
    with pytest.raises(UsageError, match="is a file, not a folder"):
        crawl(tmp_path / "a.jpg")
    with pytest.raises(UsageError, match="no such file or directory"):
        crawl(tmp_path / "missing")


def test_a_link_as_root_is_followed(tmp_path: Path) -> None:
    make(tmp_path, "real/a.jpg")
    (tmp_path / "link").symlink_to("real")
    assert found(tmp_path / "link") == ["a.jpg"]


@pytest.mark.skipif(os.name != "posix", reason="names are bytes on POSIX alone")
def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    make(tmp_path, name)
    assert found(tmp_path) == [name]


def test_every_file_of_a_mixed_folder_comes_up_once(tmp_path: Path) -> None:
    paths = [
        "a.jpg",
        "a.txt",
        "b.mp4",
        "b.en.srt",
        "b.de.srt",
        "c.txt",
        "d/e.png",
        "d/e.png.json",
        "d/f.md",
        ".g",
        "h.bak",
    ]
    make(tmp_path, *paths)
    counts = Counter(entry.path for entry in crawl(tmp_path, CrawlRules(exclude=("*.bak",))))
    assert counts == Counter(paths)


def sidecars(entries: Iterable[object]) -> dict[str, tuple[str, ...]]:
    return {entry.path: entry.sidecars for entry in entries if isinstance(entry, FoundFile)}


def test_sidecars_are_listed_with_what_they_speak_of(tmp_path: Path) -> None:
    make(tmp_path, "d/photo.png", "d/photo.txt", "d/photo.ogg", "d/photo.png.json", "d/other.txt")
    assert sidecars(crawl(tmp_path)) == {
        "d/other.txt": (),
        "d/photo.ogg": ("d/photo.txt",),
        "d/photo.png": ("d/photo.png.json", "d/photo.txt"),
    }
    assert excluded(tmp_path) == {
        "d/photo.txt": "sidecar of photo.ogg, photo.png",
        "d/photo.png.json": "sidecar of photo.png",
    }


def test_the_stamp_of_sidecars_changes_with_them_and_survives_a_move(tmp_path: Path) -> None:
    make(tmp_path, "one/photo.png", "one/photo.txt")

    def stamp() -> str:
        (entry,) = (entry for entry in crawl(tmp_path) if isinstance(entry, FoundFile))
        return entry.sidecar_stamp

    before = stamp()
    assert before
    (tmp_path / "one").rename(tmp_path / "two")
    assert stamp() == before
    (tmp_path / "two/photo.txt").write_text("other words")
    changed = stamp()
    assert changed != before
    make(tmp_path, "two/photo.json")
    assert stamp() not in (before, changed)
    (tmp_path / "two/photo.json").unlink()
    (tmp_path / "two/photo.txt").unlink()
    assert stamp() == ""


def test_an_excluded_picture_leaves_its_text_a_document(tmp_path: Path) -> None:
    make(tmp_path, "photo.png", "photo.txt")
    assert found(tmp_path, CrawlRules(exclude=("*.png",))) == ["photo.txt"]


def test_a_single_file_is_found_by_itself(tmp_path: Path) -> None:
    make(tmp_path, "photo.png", "photo.txt")
    entry = found_file(tmp_path / "photo.png")
    assert (entry.path, entry.size, entry.sidecars) == ("photo.png", 12, ())
    with pytest.raises(ReadError, match="no such file"):
        found_file(tmp_path / "missing.png")
    with pytest.raises(ReadError, match="not a regular file"):
        found_file(tmp_path)
