"""A part of a source: what a run looks at that was told what has changed."""

from __future__ import annotations

from collections.abc import Iterable
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
        folders: set[str] = set()
        trees: set[str] = set()
        for given in paths:
            path = root / given
            if not path.is_relative_to(root):
                continue
            inside = "" if path == root else path.relative_to(root).as_posix()
            parent = inside.rpartition("/")[0]
            folders.add(parent)
            if path.name == IGNORE_FILE:
                trees.add(parent)
            elif not path.is_file():  # a folder, or gone: it may have been one
                trees.add(inside)
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
