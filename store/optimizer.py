"""Build the vector index of an embedded shard, in a process of its own: `python optimizer.py SHARD`.

The engine freezes the interpreter that it works in, so this one must have nothing else to do. It imports nothing of
Medley, and the process that started it holds the lock.
"""

from __future__ import annotations

import sys

import qdrant_edge as edge


def optimize(shard: str) -> None:
    """Run the engine's optimizers until they have nothing left to do."""
    opened = edge.EdgeShard.load(shard)
    opened.optimize()
    opened.flush()
    opened.close()


if __name__ == "__main__":
    optimize(sys.argv[1])
