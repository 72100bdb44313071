"""Build the indexes of an embedded shard, in a process of its own: `python optimizer.py SHARD FIELDS PARENT`.

The engine freezes the interpreter that it works in, so this one must have nothing else to do. It imports nothing of
Medley, and the process that started it holds the lock.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping

import qdrant_edge as edge

_PR_SET_PDEATHSIG = 1  # of Linux: prctl(2)

# Once the vector index is built, the engine reads those of payload fields from their files as they are asked for: 1 KB
# of memory a point less, and filters are as fast.
INDEX_TYPES: dict[str, edge.KeywordIndexParams | edge.IntegerIndexParams | edge.DatetimeIndexParams] = {
    "keyword": edge.KeywordIndexParams(memory=edge.Memory.Cold),
    "integer": edge.IntegerIndexParams(lookup=True, range=True, memory=edge.Memory.Cold),
    "datetime": edge.DatetimeIndexParams(memory=edge.Memory.Cold),
}


def optimize(shard: str, fields: Mapping[str, str]) -> None:
    """Run the engine's optimizers until they have nothing left to do.

    Args:
        shard: its folder.
        fields: payload fields to index first, with their types: the vector index knows of them, and so finds more
            where a filter leaves some points only.
    """
    opened = edge.EdgeShard.load(shard)
    for key, kind in fields.items():
        opened.update(edge.UpdateOperation.create_field_index(key, INDEX_TYPES[kind]))
    opened.optimize()
    opened.flush()
    opened.close()


def die_with(parent: int) -> None:
    """End when the process that asked for the index ends: nobody would take it, and the lock would be held."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        sys.exit("whoever asked for it is gone")


if __name__ == "__main__":
    die_with(int(sys.argv[3]))
    optimize(sys.argv[1], json.loads(sys.argv[2]))
