"""What a tree of files offers to whoever reads them, wherever it lies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Event
from typing import NamedTuple, Protocol

from readers.crawl import Crawled, CrawlRules
from schemas import FoundFile, ReadError
from schemas.scope import Scope


class Wanted(NamedTuple):
    """A file that is to be read, and its content hash where that is known."""

    found: FoundFile
    hash: str = ""


class Here(NamedTuple):
    """A file on this machine, and how it was found: a copy has another time than the file that it is of."""

    path: str
    found: FoundFile


Group = AbstractContextManager[Sequence[Here | ReadError]]
"""Files that are here until the context ends; or why one is not."""


class Groups(Protocol):
    """Groups one after the other."""

    def __iter__(self) -> Iterator[Group]:
        """Itself."""

    def __next__(self) -> Group:
        """The next one."""

    def close(self) -> None:
        """End it, when all groups have been left."""


class Tree(Protocol):
    """A source's files. `str` of it is its address, which the collection keeps."""

    @property
    def name(self) -> str:
        """What the source is called, if nobody says otherwise."""

    @property
    def threads(self) -> int:
        """How many files may be hashed at once."""

    def crawl(self, rules: CrawlRules, scope: Scope | None = None) -> Iterator[Crawled]:
        """Every file, as `readers.crawl.crawl` gives them."""

    def scope(self, paths: Iterable[str]) -> Scope:
        """The part of the tree that changes concern: files or folders, in the tree or by their whole address."""

    def hash(self, found: FoundFile) -> str:
        """The content hash of a file.

        Raises:
            ReadError: it cannot be read.
        """

    def bring(self, groups: Iterable[Sequence[Wanted]], stopped: Event | None = None) -> Groups:
        """Groups of files, to be read here; close it when they have been read.

        Args:
            groups: what is wanted.
            stopped: once it is set, nobody waits for what is not here yet.

        Raises:
            SourceUnavailableError: nothing of the tree can be reached; it may be raised when a group is entered.
        """

    def fetched(self, path: str) -> AbstractContextManager[Path]:
        """One file, here until the context ends.

        Raises:
            ReadError: it cannot be had.
        """

    def check(self) -> None:
        """See that it is there.

        Raises:
            UsageError: it is not, or is no folder.
            SourceUnavailableError: nobody answers.
        """
