"""Build the vector index of an embedded shard, in a process of its own: `python optimizer.py SHARD`.

The engine freezes the interpreter that it works in, so this one must have nothing else to do. It imports nothing of
Medley, and the process that started it holds the lock.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import qdrant_edge as edge

_PR_SET_PDEATHSIG = 1  # of Linux: prctl(2)


def optimize(shard: str) -> None:
    """Run the engine's optimizers until they have nothing left to do."""
    opened = edge.EdgeShard.load(shard)
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
    die_with(int(sys.argv[2]))
    optimize(sys.argv[1])
