"""How many threads a model may use."""

from __future__ import annotations

import os


def thread_count(asked: int = 0) -> int:
    """Threads for a model: `asked`, or half of the cores this process may use (at least 1) where it is 0.

    The other half decodes. More threads than idle cores make a model slower, not faster: OpenMP's workers spin while
    they wait for each other, and torch with two threads on two busy cores has been seen ten times slower than with one.
    """
    if asked > 0:
        return asked
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores // 2)


def limit_blas(threads: int) -> None:
    """Sets the threads that numpy's matrix products use in this process, where that can be set.

    OpenBLAS takes all cores otherwise, and spends a second core's time to save a tenth of the first one's on products
    as small as those of a small model.
    """
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # slower, not wrong
        return
    threadpool_limits(threads, user_api="blas")
