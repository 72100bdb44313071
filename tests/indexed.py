"""A folder of media that is indexed once, and a copy of it for each test that changes what it finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from medley.library import Library
from medley.library import open as open_library
from schemas.vectors import SOURCES
from store.files import copy_tree

ENCODERS = {"preset": "tiny", "ocr": "off", "threads": 1}


def indexed(home: Path) -> Path:
    """Index `home/media` into `home/store`."""
    with open_library(home / "store", encoders=ENCODERS) as library:
        library.ingest(home / "media")
    return home


@contextmanager
def copy_of(home: Path, folder: Path) -> Iterator[Library]:
    """A library in `folder` that is as if `folder/media` had been indexed there."""
    shutil.copytree(home / "media", folder / "media")
    copy_tree(home / "store", folder / "store")
    with open_library(folder / "store", encoders=ENCODERS) as library:
        library.store.set_metadata({SOURCES: {"media": str(folder / "media")}})
        yield library
