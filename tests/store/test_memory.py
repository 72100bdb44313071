"""What the engine frees or need not keep goes back to the system."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from store import memory

INDEX = """
import sys
from pathlib import Path
from qdrant_client import models
from schemas.payload import point_id
from schemas.vectors import VectorSpec
from store import open_store

def anonymous():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Anonymous:"))

with open_store(Path(sys.argv[1])) as store:
    store.ensure([VectorSpec("image", 4, "dot", "image-1")])
    for start in range(0, 8000, 1000):
        ids = {number: point_id("source", str(number)) for number in range(start, start + 1000)}
        points = [
            models.PointStruct(
                id=id,
                vector={"image": [1.0, 2.0, 3.0, 4.0]},
                payload={"path": f"{number}", "folder": f"{number}", "item": id, "hash": f"{number:064}"},
            )
            for number, id in ids.items()
        ]
        store.upsert(points, sync=False)
    before = anonymous()
    store.optimize()
    print(anonymous() - before)
"""

MAPPED = """
import sys
from pathlib import Path
import numpy as np
from qdrant_client import models
from schemas.payload import point_id
from schemas.vectors import VectorSpec
from store import open_store

def mapped():
    lines = Path("/proc/self/smaps").read_text().splitlines()
    sizes, inside = 0, False
    for line in lines:
        if line.startswith("Rss:"):
            sizes += int(line.split()[1]) / 1024 if inside else 0
        elif "-" in line.split()[0]:
            inside = sys.argv[1] in line
    return sizes
"""

WRITE = f"""
{MAPPED}
vectors = np.random.default_rng(5).normal(size=(30, 256, 2048)).astype(np.float32)
with open_store(Path(sys.argv[1])) as store:
    store.ensure([VectorSpec("image", 2048, "dot", "image-1")], bulk=True)
    most = 0
    for batch, some in enumerate(vectors):
        ids = [point_id("source", f"{{batch}}/{{number}}") for number in range(256)]
        points = [models.PointStruct(id=id, vector=dict(image=one), payload=dict()) for id, one in zip(ids, some)]
        store.upsert(points, sync=False)
        most = max(most, mapped())
    there = store.retrieve([point_id("source", f"{{batch}}/255") for batch in range(30)], with_vectors=True)
    np.testing.assert_array_equal(np.array([one.vector["image"] for one in there], np.float32), vectors[:, -1])
    print(most)
"""

OPEN = f"""
{MAPPED}
with open_store(Path(sys.argv[1])) as store:
    store.ensure([VectorSpec("image", 4, "dot", "image-1")])
with open_store(Path(sys.argv[1])) as store:
    print(mapped())
"""

told = pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="the system does not tell what a process uses")


def run(script: str, folder: Path) -> float:
    command = [sys.executable, "-c", script, str(folder.resolve())]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@told
def test_building_the_index_leaves_no_memory_behind(tmp_path: Path) -> None:
    """8,000 points take 12 MB, and half of that would stay each time that a copy was opened."""
    assert run(INDEX, tmp_path) < 2


@told
def test_files_that_are_written_do_not_pile_up_in_memory_and_lose_nothing(tmp_path: Path) -> None:
    """60 MB of vectors."""
    assert run(WRITE, tmp_path) < 32


@told
def test_opening_a_collection_leaves_none_of_its_files_in_memory(tmp_path: Path) -> None:
    """Its payload indexes alone are 60 MB, empty or not."""
    assert run(OPEN, tmp_path) < 2


def test_a_system_that_tells_nothing_of_its_memory_is_asked_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(*_: object) -> None:
        pytest.fail("there is nobody to ask")

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        elsewhere.setattr(ctypes, "CDLL", ask)
        elsewhere.setattr(memory, "Path", ask)
        memory.let_go(tmp_path)
        memory.give_back()
        assert memory.mapped() == 0
