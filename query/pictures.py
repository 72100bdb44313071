"""Small pictures of what was found: made in a child process, for the files are anybody's."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from query.limits import read_limits

if TYPE_CHECKING:
    from readers import Draw

PATIENCE = 20.0
"""Seconds that a small picture may take: whoever looks at hits does not wait longer."""


def drawn(jobs: Sequence[Draw], seconds: float = float("inf")) -> dict[int, bytes | None]:
    """A JPEG by the place of its job, or None where there is nothing to be seen.

    One that is not there could not be made: the file is gone or broken since it was indexed, or time was up.

    Args:
        jobs: what to draw.
        seconds: that all of it may take.
    """
    from readers import Drawn, IsolatedReader
    from schemas import ReadOptions

    ends = time.perf_counter() + seconds
    limits = read_limits()
    found: dict[int, bytes | None] = {}
    if not jobs:
        return found
    limits = replace(limits, seconds=min(limits.seconds, PATIENCE, seconds))
    with IsolatedReader(ReadOptions(), limits) as reader:
        for events in reader.read(jobs):
            found |= {number: event.picture for number, event in events if isinstance(event, Drawn)}
            if time.perf_counter() > ends:
                break
    return found
