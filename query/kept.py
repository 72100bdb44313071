"""Fitted models of a collection, read once and kept for a moment: to read one takes longer than to answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from store import Store

T = TypeVar("T")

FRESH = 2.0
"""Seconds for which what was read is taken to be what is kept: another process may fit a new one at any time."""

_kept: WeakKeyDictionary[Store, dict[str, tuple[float, Any]]] = WeakKeyDictionary()
_lock = Lock()


def kept(store: Store, name: str, make: Callable[..., T]) -> T | None:
    """What is kept under a name, made by `make(arrays, meta)`; None if there is nothing."""
    now = time.monotonic()
    with _lock:
        found = _kept.setdefault(store, {}).get(name)
    if found is not None and now - found[0] < FRESH:
        value: T | None = found[1]
        return value
    loaded = store.load_artifact(name)
    made = None if loaded is None else make(*loaded)
    with _lock:
        _kept.setdefault(store, {})[name] = now, made
    return made


def forget(store: Store) -> None:
    """Read everything anew: this process has fitted something."""
    with _lock:
        _kept.pop(store, None)
