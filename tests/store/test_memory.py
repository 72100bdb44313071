"""What the engine frees goes back to the system: a server that built an index would hold it twice from then on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
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


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system does not tell what a process uses")
def test_building_the_index_leaves_no_memory_behind(tmp_path: Path) -> None:
    """8,000 points take 12 MB, and half of that would stay each time that a copy was opened."""
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    more = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert more < 2
