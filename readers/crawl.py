"""Walk a folder: every file is found, kept out by a rule, or reported as unreadable. None is lost."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from readers.hash import os_reason, unreadable
from readers.ignore import IGNORE_FILE, IgnoreRules, read_ignore_file
from readers.pairing import pair_sidecars
from schemas import ExcludedFile, FoundFile, ReadError, UnreadableFile, UsageError

Crawled = FoundFile | ExcludedFile | UnreadableFile

_STORE_FILES = ("collection.json", "lock")  # what tells a folder in which a collection is stored


@dataclass(frozen=True)
class CrawlRules:
    """Which files of a folder are looked at. `exclude` are gitignore patterns; `max_size` is in bytes, 0: no limit."""

    hidden: bool = False
    follow_links: bool = False
    max_size: int = 0
    exclude: tuple[str, ...] = ()


def crawl(root: Path, rules: CrawlRules | None = None) -> Iterator[Crawled]:
    """Every file below `root`, in a fixed order: a folder's files by name, then its folders by name.

    A folder that a rule keeps out is one entry and is not looked into. Links are followed only if the rules say so,
    after all that is not behind a link, and never into a folder that was visited already.

    Raises:
        UsageError: `root` is missing or no folder, or a pattern is not valid.
    """
    rules = rules or CrawlRules()
    try:
        status = os.stat(root)  # noqa: PTH116  # the same call as everywhere below
    except OSError as error:
        raise UsageError(f"The folder {str(root)!r} cannot be crawled: {os_reason(error)}.") from error
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{str(root)!r} is a file, not a folder: name the folder that holds it.")
    patterns = IgnoreRules(rules.exclude, "", "crawl.exclude") if rules.exclude else None
    return _Walk(os.path.abspath(root), rules, patterns).files()  # noqa: PTH100  # keeps links as they are


@dataclass(slots=True)
class _Folder:
    """A folder that is yet to be listed; `path` is relative and ends in "/", or is ""."""

    path: str
    ignore: IgnoreRules | None


class _Walk:
    """One walk. Plain strings and no recursion: 100,000 files take about a second."""

    def __init__(self, root: str, rules: CrawlRules, patterns: IgnoreRules | None) -> None:
        self.root, self.rules, self.patterns = os.path.join(root, ""), rules, patterns  # noqa: PTH118
        self.folders: list[_Folder] = []
        self.links: list[_Folder] = []  # folders behind links: after all others, so that the real path of a file wins
        self.visited: set[tuple[int, int]] = set()

    def files(self) -> Iterator[Crawled]:
        self.folders.append(_Folder("", None))
        while self.folders or self.links:
            if self.folders:
                yield from self.folder(self.folders.pop())
            else:
                yield from self.link(self.links.pop(0))

    def link(self, folder: _Folder) -> Iterator[Crawled]:
        try:
            status = os.stat(self.root + folder.path)  # noqa: PTH116
        except OSError as error:
            yield UnreadableFile(folder.path, f"The link cannot be followed: {os_reason(error)}.")
            return
        if (status.st_dev, status.st_ino) in self.visited:
            yield ExcludedFile(folder.path, "symbolic link to a folder that is visited already")
        else:
            self.folders.append(folder)

    def folder(self, folder: _Folder) -> Iterator[Crawled]:
        path = folder.path
        try:
            if self.rules.follow_links:
                status = os.stat(self.root + path)  # noqa: PTH116
                self.visited.add((status.st_dev, status.st_ino))
            with os.scandir(self.root + path) as listing:
                entries = {entry.name: entry for entry in listing}
        except OSError as error:
            yield UnreadableFile(path or "/", f"The folder cannot be listed: {os_reason(error)}.")
            return
        if path and all(name in entries for name in _STORE_FILES):
            yield ExcludedFile(path, "a collection of Medley")
            return
        ignore = folder.ignore
        if IGNORE_FILE in entries:
            try:
                ignore = read_ignore_file(self.root + path + IGNORE_FILE, path, ignore)
            except ReadError as error:
                yield UnreadableFile(path or "/", str(error))
                return
        files: dict[str, os.stat_result] = {}
        below: list[_Folder] = []
        for name in sorted(entries):
            entry = entries[name]
            outcome = self.entry(entry, path, ignore, below)
            if isinstance(outcome, os.stat_result):
                files[name] = outcome
            elif outcome is not None:
                yield outcome
        self.folders.extend(reversed(below))
        yield from _with_sidecars(path, files)

    def entry(
        self, entry: os.DirEntry[str], base: str, ignore: IgnoreRules | None, below: list[_Folder]
    ) -> os.stat_result | ExcludedFile | UnreadableFile | None:
        """The status of a file that may pass, or what else became of an entry; folders are noted in `below`."""
        path = base + entry.name
        try:
            linked = entry.is_symlink()
            if linked and not self.rules.follow_links:
                return ExcludedFile(path, "symbolic link")
            folder = entry.is_dir()
            shown = path + "/" if folder else path
            if rule := self.rule(entry.name, shown, ignore):
                return ExcludedFile(shown, rule)
            if folder:
                (self.links if linked else below).append(_Folder(shown, ignore))
                return None
            status = entry.stat()
        except OSError as error:
            reason = "It is a link that leads nowhere" if linked else "The file cannot be looked at"
            return UnreadableFile(path, f"{reason}: {os_reason(error)}.")
        rule = self.rule_of_status(status)
        return status if rule is None else ExcludedFile(path, rule)

    def rule_of_status(self, status: os.stat_result) -> str | None:
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file"
        if 0 < self.rules.max_size < status.st_size:
            return f"larger than {self.rules.max_size:,} bytes"
        return None

    def rule(self, name: str, path: str, ignore: IgnoreRules | None) -> str | None:
        if name == IGNORE_FILE:
            return "a file of patterns for Medley"
        if name[0] == "." and not self.rules.hidden:
            return "hidden"
        if self.patterns is not None and (rule := self.patterns.rule(path)):
            return rule
        return ignore.rule(path) if ignore is not None else None


def _with_sidecars(base: str, files: dict[str, os.stat_result]) -> Iterator[Crawled]:
    """A folder's files in the order of their names, sidecars with what they speak of."""
    pairs = pair_sidecars(files)
    if not pairs:
        for name, status in files.items():
            yield FoundFile(base + name, status.st_size, status.st_mtime_ns)
        return
    beside: dict[str, list[str]] = {}
    for name in sorted(pairs):
        for host in pairs[name]:
            beside.setdefault(host, []).append(name)
    for name, status in files.items():
        if name in pairs:
            yield ExcludedFile(base + name, f"sidecar of {', '.join(sorted(pairs[name]))}")
        elif name in beside:
            sidecars = beside[name]
            stamp = _stamp(name, {sidecar: files[sidecar] for sidecar in sidecars})
            paths = tuple(base + sidecar for sidecar in sidecars)
            yield FoundFile(base + name, status.st_size, status.st_mtime_ns, paths, stamp)
        else:
            yield FoundFile(base + name, status.st_size, status.st_mtime_ns)


def _stamp(name: str, files: dict[str, os.stat_result]) -> str:
    """Changes when a sidecar of the file `name` comes, goes or changes; not when both are renamed or moved together."""
    stem = name.rpartition(".")[0] or name
    made_of = [
        (os.fsencode(sidecar.removeprefix(stem)), status.st_size, status.st_mtime_ns)
        for sidecar, status in files.items()
    ]
    return blake2b(repr(made_of).encode(), digest_size=8).hexdigest()


def found_file(path: Path) -> FoundFile:
    """A single file outside any crawl, as a query brings it: without sidecars, its name being its path.

    Raises:
        ReadError: The file cannot be looked at, or is no regular file.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise unreadable(error) from error
    if not stat.S_ISREG(status.st_mode):
        raise ReadError("It is not a regular file.")
    return FoundFile(path.name, status.st_size, status.st_mtime_ns)
