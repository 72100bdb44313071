"""A part of a source: what a run looks at that was told what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

IGNORE_FILE = ".medleyignore"


@dataclass(frozen=True, slots=True)
class Scope:
    """Folders by their path in the source, without "/" at the end; the root is "".

    A changed file may be the sidecar of others, and was perhaps renamed, so that whole folders are looked at.

    Attributes:
        folders: whose files are looked at, without what lies in folders below.
        trees: which are looked at with all that lies below.
    """

    folders: frozenset[str]
    trees: frozenset[str] = frozenset()

    @classmethod
    def of(cls, root: Path, paths: Iterable[str | Path]) -> Scope:
        """The scope of changes.

        Args:
            root: of the source.
            paths: what came, went or changed: files or folders, in the source or absolute. Others are passed over.
        """
        absolute = (root / given for given in paths)
        inside = (
            "" if path == root else path.relative_to(root).as_posix() for path in absolute if path.is_relative_to(root)
        )
        return cls.within(inside, lambda path: (root / path).is_file())

    @classmethod
    def within(cls, paths: Iterable[str], is_file: Callable[[str], bool]) -> Scope:
        """The same for paths in the source.

        Args:
            paths: what came, went or changed, with "/" between the parts; "": the root.
            is_file: whether there is a file at such a path.
        """
        folders: set[str] = set()
        trees: set[str] = set()
        for path in paths:
            parent, _, name = path.rpartition("/")
            folders.add(parent)
            if name == IGNORE_FILE:
                trees.add(parent)
            elif not is_file(path):  # a folder, or gone: it may have been one
                trees.add(path)
        return cls(frozenset(folders), frozenset(trees))

    def covers(self, folder: str) -> bool:
        """Whether the files of a folder are looked at."""
        return folder in self.folders or any(
            not tree or folder == tree or folder.startswith(f"{tree}/") for tree in self.trees
        )

    def leads_to(self, folder: str) -> bool:
        """Whether a folder is looked at, or has one below that is."""
        below = f"{folder}/"
        return self.covers(folder) or any(one.startswith(below) for one in (*self.folders, *self.trees))
