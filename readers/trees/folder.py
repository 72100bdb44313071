"""A folder of this machine: its files are read where they lie."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Event

from readers.crawl import Crawled, CrawlRules, crawl
from readers.hash import content_hash
from readers.trees.base import Group, Here, Wanted
from schemas import FoundFile, UsageError
from schemas.scope import Scope


class FolderTree:
    """The tree below a folder.

    Args:
        root: the folder, absolute.
        given: what somebody called it.
    """

    def __init__(self, root: Path, given: str = "") -> None:
        self._root, self._given = root, given or str(root)
        self._base = f"{root}{os.sep}"

    def __str__(self) -> str:
        return str(self._root)

    @property
    def name(self) -> str:
        """The folder's name."""
        return self._root.name or "root"

    @property
    def threads(self) -> int:
        """A core each: a disk gives faster than one of them hashes."""
        return os.cpu_count() or 1

    def crawl(self, rules: CrawlRules, scope: Scope | None = None) -> Iterator[Crawled]:
        """Every file: see `readers.crawl.crawl`."""
        return crawl(self._root, rules, scope)

    def scope(self, paths: Iterable[str]) -> Scope:
        """The part of the folder that changes concern."""
        return Scope.of(self._root, paths)

    def hash(self, found: FoundFile) -> str:
        """The content hash of a file.

        Raises:
            ReadError: it cannot be read.
        """
        return content_hash(self._base + found.path)

    def bring(self, groups: Iterable[Sequence[Wanted]], stopped: Event | None = None) -> Generator[Group]:
        """The files as they lie."""
        base = self._base
        for group in groups:
            yield nullcontext([Here(base + found.path, found) for found, _ in group])

    @contextmanager
    def fetched(self, path: str) -> Iterator[Path]:
        """The file as it lies."""
        yield self._root / path

    def check(self) -> None:
        """See that the folder is there.

        Raises:
            UsageError: it is not, or is a file.
        """
        if not self._root.exists():
            raise UsageError(f"There is no folder {self._given!r}.")
        if not self._root.is_dir():
            raise UsageError(f"{self._given!r} is a file: give the folder that it lies in.")
