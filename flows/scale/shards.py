"""The work of a run in shards: some folders each, or a part of a large one, of about the same weight. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flows.reconciliation.plan import Work

FILE = 200_000
"""What a file weighs beside its bytes: a note of ten words costs what reading so much of a film does."""

LEAST, MOST = 10_000_000, 500_000_000
"""What a shard weighs at least (some 50 notes: less is done before a worker has begun it), and at most: that is how
far a bar moves, and how long somebody may wait who stops a run."""

PER_WORKER = 8
"""So many shards a worker, where they do not become too small or large: the last one is waited for by all others."""


def weight(work: Iterable[Work]) -> int:
    """What it weighs, in bytes and what files cost beside them."""
    return sum(one.found.size + FILE for one in work)


def in_shards(work: Iterable[Work], workers: int) -> list[list[Work]]:
    """Every piece of the work in one shard, the heaviest first.

    A folder is in one shard, with its neighbours where they are light, unless it is too heavy for one.
    """
    most = min(MOST, max(LEAST, weight(work) // (workers * PER_WORKER)))
    shards: list[list[Work]] = []
    room = 0
    for part in _parts(work, most):
        heavy = weight(part)
        if heavy > room or not shards:
            shards.append([])
            room = most
        shards[-1] += part
        room -= heavy
    return sorted(shards, key=weight, reverse=True)


def _parts(work: Iterable[Work], most: int) -> Iterator[list[Work]]:
    """The folders, and parts of those that weigh more than `most`."""
    folders: dict[str, list[Work]] = {}
    for one in work:
        folders.setdefault(one.found.path.rpartition("/")[0], []).append(one)
    for _, files in sorted(folders.items()):
        part: list[Work] = []
        heavy = 0
        for one in files:
            own = weight([one])
            if part and heavy + own > most:
                yield part
                part, heavy = [], 0
            part.append(one)
            heavy += own
        yield part
