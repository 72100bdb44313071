"""Runs in memory where there is room: the engine syncs a hundred files at a time, which costs nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.conftest import quick_folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Replaces pytest's own."""
    with quick_folder() as folder:
        yield folder
