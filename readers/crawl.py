"""Walk a folder: every file is found, kept out by a rule, or reported as unreadable. None is lost."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from readers.hash import TRANSIENT, again, os_reason, unreadable
from readers.ignore import IGNORE_FILE, IgnoreRules, ignore_rules, text_of
from readers.pairing import is_sidecar, pair_sidecars
from schemas import (
    ExcludedFile,
    FoundFile,
    ReadError,
    SourceUnavailableError,
    TransientReadError,
    UnreadableFile,
    UsageError,
)
from schemas.scope import Scope

Size = tuple[int, int]  # bytes, and time of change in nanoseconds

Crawled = FoundFile | ExcludedFile | UnreadableFile


class Entry(Protocol):
    """What a walk asks of an entry of a folder: an `os.DirEntry`, or what stands for one."""

    @property
    def name(self) -> str:
        """Its name."""

    def is_symlink(self) -> bool:
        """Whether it is a symbolic link."""

    def is_dir(self) -> bool:
        """Whether it is a folder."""

    def stat(self) -> Any:
        """Its `st_mode`, `st_size`, `st_mtime_ns` and `st_dev`."""


_STORE_FILES = ("collection.json", "lock")  # what tells a folder in which a collection is stored


@dataclass(frozen=True)
class CrawlRules:
    """Which files of a folder are looked at.

    `include` and `exclude` are gitignore patterns; without `include` all files are wanted. Sizes are in bytes; a
    `max_size` of 0 is no limit. What a wanted file says of itself in a sidecar is read, whatever the sidecar is called
    and however small it is. Without `other_disks`, what is mounted below the root is not looked into.
    """

    hidden: bool = False
    follow_links: bool = False
    other_disks: bool = True
    min_size: int = 0
    max_size: int = 0
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


def crawl(root: Path, rules: CrawlRules | None = None, scope: Scope | None = None) -> Iterator[Crawled]:
    """Every file below `root`, in a fixed order: a folder's files by name, then its folders by name.

    A folder that a rule keeps out is one entry and is not looked into. Links are followed only if the rules say so,
    after all that is not behind a link, and never into a folder that was visited already.

    Args:
        root: the folder.
        rules: which files are wanted.
        scope: the part of it that is looked at; None: all.

    Raises:
        UsageError: `root` is missing or no folder, or a pattern is not valid.
    """
    rules = rules or CrawlRules()
    try:
        status = root.stat()
    except OSError as error:
        raise UsageError(f"The folder {str(root)!r} cannot be crawled: {os_reason(error)}.") from error
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(f"{str(root)!r} is a file, not a folder: name the folder that holds it.")
    return Walk(os.path.abspath(root), rules, status.st_dev, scope).files()  # noqa: PTH100  # keeps links as they are


@dataclass(slots=True)
class _Folder:
    """A folder that is yet to be listed; `path` is relative and ends in "/", or is ""."""

    path: str
    ignore: IgnoreRules | None


class Walk:
    """One walk. Plain strings and no recursion: 100,000 files take about a second."""

    def __init__(self, root: str, rules: CrawlRules, device: int, scope: Scope | None = None) -> None:
        self.root = root if root.endswith(os.sep) else root + os.sep
        self.rules, self.device, self.scope = rules, device, scope
        self.excluded = IgnoreRules(rules.exclude, "", "crawl.exclude") if rules.exclude else None
        self.included = IgnoreRules(rules.include, "", "crawl.include") if rules.include else None
        self.folders: list[_Folder] = []
        self.links: list[_Folder] = []  # folders behind links: after all others, so that the real path of a file wins
        self.visited: set[tuple[int, int]] = set()

    def files(self) -> Iterator[Crawled]:
        """Every file, as `crawl` gives them."""
        self.folders.append(_Folder("", None))
        while self.folders or self.links:
            if self.folders:
                yield from self.folder(self.folders.pop())
            else:
                yield from self.link(self.links.pop(0))

    def link(self, folder: _Folder) -> Iterator[Crawled]:
        """Have a folder behind a link looked at, if it was not."""
        try:
            status = os.stat(self.root + folder.path)  # noqa: PTH116  # paths are strings in a walk
        except OSError as error:
            yield _unreadable(folder.path, "The link cannot be followed", error)
            return
        if (status.st_dev, status.st_ino) in self.visited:
            yield ExcludedFile(folder.path, "symbolic link to a folder that is visited already")
        else:
            self.folders.append(folder)

    def folder(self, folder: _Folder) -> Iterator[Crawled]:
        """The files of a folder; those below it are noted."""
        path = folder.path
        try:
            if self.rules.follow_links:
                status = os.stat(self.root + path)  # noqa: PTH116  # paths are strings in a walk
                self.visited.add((status.st_dev, status.st_ino))
            entries = again(partial(self.listing, path))
        except OSError as error:
            yield _unreadable(path or "/", "The folder cannot be listed", error)
            return
        except SourceUnavailableError:
            raise
        except TransientReadError as error:
            yield UnreadableFile(path or "/", f"The folder cannot be listed. {error}", transient=True)
            return
        if path and all(name in entries for name in _STORE_FILES):
            yield ExcludedFile(path, "a collection of Medley")
            return
        ignore = folder.ignore
        if IGNORE_FILE in entries:
            try:
                ignore = again(partial(self.ignore_file, path, ignore))
            except ReadError as error:
                yield UnreadableFile(path or "/", str(error), transient=isinstance(error, TransientReadError))
                return
        files: dict[str, Size] = {}
        below: list[_Folder] = []
        if self.scope is not None and not self.scope.covers(path[:-1]):
            entries = {name: entry for name, entry in entries.items() if self.scope.leads_to(path + entry.name)}
        for name in sorted(entries):
            outcome = self.entry(entries.pop(name), path, ignore, below)  # a million of them are let go one by one
            if isinstance(outcome, tuple):
                files[name] = outcome
            elif outcome is not None:
                yield outcome
        self.folders.extend(reversed(below))
        yield from _with_sidecars(path, files, self.unwanted(path, files))

    def listing(self, path: str) -> MutableMapping[str, Entry]:
        """The entries of a folder, whose path ends in "/" or is ""."""
        with os.scandir(self.root + path) as listing:
            return {entry.name: entry for entry in listing}

    def ignore_file(self, path: str, above: IgnoreRules | None) -> IgnoreRules:
        """The rules in the ignore file of a folder."""
        return ignore_rules(partial(text_of, self.root + path + IGNORE_FILE), path, above)

    def entry(
        self, entry: Entry, base: str, ignore: IgnoreRules | None, below: list[_Folder]
    ) -> Size | ExcludedFile | UnreadableFile | None:
        """Size and time of a file that may pass, or what else became of an entry; folders are noted in `below`."""
        path = base + entry.name
        try:
            linked = entry.is_symlink()
            if linked and not self.rules.follow_links:
                return ExcludedFile(path, "symbolic link")
            folder = entry.is_dir()
            shown = path + "/" if folder else path
            if rule := self.rule(entry.name, shown, ignore):
                return ExcludedFile(shown, rule)
            if folder and not self.rules.other_disks and again(entry.stat).st_dev != self.device:
                return ExcludedFile(shown, "on another file system")
            if folder:
                (self.links if linked else below).append(_Folder(shown, ignore))
                return None
            status = again(entry.stat)
        except OSError as error:
            what = "It is a link that leads nowhere" if linked else "The file cannot be looked at"
            return _unreadable(path, what, error, linked=linked)
        rule = self.rule_of_status(status)
        return (status.st_size, in_64_bits(status.st_mtime_ns)) if rule is None else ExcludedFile(path, rule)

    def rule_of_status(self, status: Any) -> str | None:
        """The rule that keeps a file out for what it is, or how large."""
        if not stat.S_ISREG(status.st_mode):
            return "not a regular file"
        if 0 < self.rules.max_size < status.st_size:
            return f"larger than {self.rules.max_size:,} bytes"
        return None

    def rule(self, name: str, path: str, ignore: IgnoreRules | None) -> str | None:
        """The rule that keeps a file or folder out for its name."""
        if name == IGNORE_FILE:
            return "a file of patterns for Medley"
        if name[0] == "." and not self.rules.hidden:
            return "hidden"
        if self.excluded is not None and (rule := self.excluded.rule(path)):
            return rule
        return ignore.rule(path) if ignore is not None else None

    def unwanted(self, base: str, files: Mapping[str, Size]) -> dict[str, str]:
        """The rule by name for the files that are not wanted for themselves; a wanted one may have them as sidecars."""
        if self.included is None and not self.rules.min_size:
            return {}
        rules = {}
        for name, (size, _) in files.items():
            if self.included is not None and self.included.rule(base + name) is None:
                rules[name] = "not among crawl.include"
            elif size < self.rules.min_size:
                rules[name] = f"smaller than {self.rules.min_size:,} bytes"
        return rules


def _unreadable(path: str, what: str, error: OSError, *, linked: bool = False) -> UnreadableFile:
    """What cannot be looked at; what has gone since it was listed is left to the next run, as faults that pass are."""
    transient = error.errno in TRANSIENT or (error.errno == errno.ENOENT and not linked)
    return UnreadableFile(path, f"{what}: {os_reason(error)}.", transient=transient)


def _with_sidecars(base: str, files: dict[str, Size], unwanted: dict[str, str]) -> Iterator[Crawled]:
    """A folder's files in the order of their names, sidecars with what they speak of."""
    pairs = pair_sidecars([name for name in files if name not in unwanted or is_sidecar(name)])
    if not pairs:
        for name, (size, mtime_ns) in files.items():
            if name in unwanted:
                yield ExcludedFile(base + name, unwanted[name])
            else:
                yield FoundFile(base + name, size, mtime_ns)
        return
    beside: dict[str, list[str]] = {}
    for name in sorted(pairs):
        for host in pairs[name]:
            beside.setdefault(host, []).append(name)
    for name, (size, mtime_ns) in files.items():
        if name in pairs:
            yield ExcludedFile(base + name, f"sidecar of {', '.join(sorted(pairs[name]))}")
        elif name in unwanted:
            yield ExcludedFile(base + name, unwanted[name])
        elif name in beside:
            sidecars = beside[name]
            stamp = _stamp(name, {sidecar: files[sidecar] for sidecar in sidecars})
            paths = tuple(base + sidecar for sidecar in sidecars)
            yield FoundFile(base + name, size, mtime_ns, paths, stamp)
        else:
            yield FoundFile(base + name, size, mtime_ns)


def _stamp(name: str, files: dict[str, Size]) -> str:
    """Changes when a sidecar of the file `name` comes, goes or changes; not when both are renamed or moved together."""
    stem = name.rpartition(".")[0] or name
    made_of = [(os.fsencode(sidecar.removeprefix(stem)), size, mtime_ns) for sidecar, (size, mtime_ns) in files.items()]
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
    return FoundFile(path.name, status.st_size, in_64_bits(status.st_mtime_ns))


def in_64_bits(time_ns: int) -> int:
    """A file's time, which some disks hold beyond the years 1678 to 2262: no store takes it then."""
    return min(max(time_ns, -(2**63)), 2**63 - 1)
