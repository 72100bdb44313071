"""Where the file of an item lies on this machine: below the folder of its source, or nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from store import Store


def located(store: Store, source: str, path: str) -> Path | None:
    """The file, links resolved; None: it is not there (any more), or lies outside of its source."""
    return below(store.metadata().get(SOURCES, {}).get(source), path)


def below(folder: str | None, path: str) -> Path | None:
    """The same where the folder of the source is known; None: it is not on this machine."""
    if folder is None:
        return None
    try:
        root = Path(folder).resolve(strict=True)
        file = (root / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return file if file.is_relative_to(root) and file.is_file() else None
