"""What changes in a folder, told in bursts that have settled."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event

SETTLED = 1.0
"""Seconds without a change after which a burst is over: a file that is being copied changes all the time."""

LONGEST = 30.0  # seconds that a burst may take
LOOK = 1.0  # seconds between two looks at the clock and at `stop`


def bursts(
    root: Path,
    *,
    settled: float = SETTLED,
    every: float | None = None,
    apart: Sequence[Path] = (),
    stop: Event | None = None,
) -> Iterator[list[str] | None]:
    """The paths of each burst of changes below a folder, absolute; None when it is time to look at the whole folder.

    What changes while the caller is at work is told with the next burst. The first value is None, and what changes from
    then on is told.

    Args:
        root: the folder.
        settled: seconds of quiet after which a burst is over.
        every: seconds after which the whole folder is due again.
        apart: folders whose changes are not told: that of the store may lie below the root.
        stop: ends it.
    """
    from watchfiles import Change, watch

    def wanted(_: Change, path: str) -> bool:
        return not any(Path(path).is_relative_to(one) for one in apart)

    changes = watch(
        root,
        watch_filter=wanted,
        debounce=int(LONGEST * 1000),
        step=int(settled * 1000),
        rust_timeout=int(LOOK * 1000),
        yield_on_timeout=True,
        stop_event=stop,
    )
    next(changes, None)  # from here on nothing is missed
    whole = time.monotonic()
    yield None
    for burst in changes:
        if burst:
            yield sorted({path for _, path in burst})
        if every is not None and time.monotonic() - whole >= every:
            whole = time.monotonic()
            yield None
