"""Folders that change at random between runs; `make soak` walks further."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.soak.folders import walk


@pytest.mark.parametrize("seed", [4, 9])
def test_collection_follows_its_folder(tmp_path: Path, seed: int) -> None:
    assert walk(tmp_path, random.Random(seed), runs=4) == []
