"""Walk a tree that lies elsewhere: the rules of `readers.crawl`, over listings that are asked for ahead."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from readers.crawl import Crawled, CrawlRules, Walk
from readers.crawl import Entry as AnyEntry
from readers.ignore import IgnoreRules, ignore_rules
from schemas.scope import Scope

AHEAD = 16  # folders that are listed before they are looked at
NAMELESS = ("", ".", "..")  # as parts of a path: keys of an object store may have them
UNNAMED = "a key with a part that is no name"
UNTOLD = "a file of which its server does not tell the size"


class Status(NamedTuple):
    """What a walk asks of a file."""

    st_mode: int
    st_size: int  # -1: it is not told
    st_mtime_ns: int
    st_dev: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a folder, as `os.scandir` gives them."""

    name: str
    folder: bool
    size: int = 0
    mtime_ns: int = 0

    def is_symlink(self) -> bool:
        """No store has any that it does not follow."""
        return False

    def is_dir(self) -> bool:
        """Whether it is a folder."""
        return self.folder

    def stat(self) -> Status:
        """Its size and time."""
        return Status(stat.S_IFREG, self.size, self.mtime_ns)


Listing = MutableMapping[str, AnyEntry]


class RemoteWalk(Walk):
    """One walk.

    Args:
        listing: the entries of a folder by name, whose path ends in "/" or is "".
        text: the words of an ignore file.
        rules: which files are wanted.
        scope: the part that is looked at.
    """

    def __init__(
        self, listing: Callable[[str], Listing], text: Callable[[str], str], rules: CrawlRules, scope: Scope | None
    ) -> None:
        super().__init__("/", rules, 0, scope)
        self._list, self._text = listing, text
        self._ahead: dict[str, Future[Listing]] = {}

    def files(self) -> Iterator[Crawled]:
        """Every file, as `readers.crawl.crawl` gives them."""
        self._pool = ThreadPoolExecutor(AHEAD, thread_name_prefix="list")
        try:
            yield from super().files()
        finally:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def listing(self, path: str) -> Listing:
        """The entries of a folder; those that come next are asked for meanwhile."""
        for folder in self.folders[-AHEAD:]:
            if folder.path not in self._ahead and (self.scope is None or self.scope.leads_to(folder.path[:-1])):
                self._ahead[folder.path] = self._pool.submit(self._list, folder.path)
        future = self._ahead.pop(path, None)
        return self._list(path) if future is None else future.result()

    def ignore_file(self, path: str, above: IgnoreRules | None) -> IgnoreRules:
        """The rules of a folder's ignore file."""
        return ignore_rules(partial(self._text, path), path, above)

    def rule(self, name: str, path: str, ignore: IgnoreRules | None) -> str | None:
        """The rule that keeps a file or folder out for its name."""
        return UNNAMED if name in NAMELESS else super().rule(name, path, ignore)

    def rule_of_status(self, status: Status) -> str | None:
        """The rule that keeps a file out."""
        return UNTOLD if status.st_size < 0 else super().rule_of_status(status)
