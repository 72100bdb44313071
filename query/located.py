"""Where the file of an item lies: below the folder of its source on this machine, elsewhere, or nowhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from readers.trees import address_in, fetched, remote_tree
from schemas import MedleyError
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from readers.trees import RemoteTree
    from store import Store


def located(store: Store, source: str, path: str) -> Path | None:
    """The file on this machine, links resolved; None: it is not there (any more), or lies outside of its source."""
    return below(store.metadata().get(SOURCES, {}).get(source), path)


def below(folder: str | None, path: str) -> Path | None:
    """The same where the folder of the source is known; None: it is not on this machine."""
    if folder is None or "://" in folder:
        return None
    try:
        root = Path(folder).resolve(strict=True)
        file = (root / path).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    return file if file.is_relative_to(root) and file.is_file() else None


def elsewhere(store: Store, source: str) -> RemoteTree | None:
    """The tree of a source that does not lie on this machine; None: it does, or cannot be reached from here."""
    folder = store.metadata().get(SOURCES, {}).get(source, "")
    if "://" not in folder:
        return None
    try:
        return remote_tree(folder)
    except MedleyError:
        return None


@contextmanager
def at_hand(sources: Mapping[str, str], source: str, path: str) -> Iterator[Path | None]:
    """The file, fetched if need be, until the context ends; None: it cannot be had (any more)."""
    folder = sources.get(source)
    with ExitStack() as held:
        file = below(folder, path)
        if folder is not None and "://" in folder:
            try:
                file = held.enter_context(fetched(folder, path))
            except MedleyError:
                file = None
        yield file


def shown_place(folder: str, path: str) -> str | None:
    """Where a person finds the file: its path if it is there, or its address."""
    if "://" in folder:
        return address_in(folder, path)
    file = os.path.join(folder, path)  # noqa: PTH118 - a `Path` takes three times as long, for each hit of a search
    return file if os.path.exists(file) else None  # noqa: PTH110 - likewise


@contextmanager
def on_this_machine(place: str, path: str) -> Iterator[Path | None]:
    """The file at what `shown_place` gave for a path, fetched if need be; None: it cannot be had (any more)."""
    if "://" not in place:
        yield Path(place)
        return
    folder = place.removesuffix(address_in(place, path).removeprefix(place))
    with at_hand({"": folder}, "", path) as file:
        yield file
