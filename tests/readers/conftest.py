"""One set of generated media for all tests of the readers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media import make_films, make_pictures, make_recordings, make_texts


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A good file of every kind, by file name. Tests that change a file copy it first."""
    folder = tmp_path_factory.mktemp("media")
    return make_texts(folder) | make_pictures(folder) | make_recordings(folder) | make_films(folder)
