"""One run at a time over a collection: two would undo each other's work.

The embedded engine has one owner anyway: there only the threads of a process have to be kept apart. On a server a run
writes into the collection's metadata who it is and until when it has the collection, and prolongs that while it lives.
The server cannot compare and write at once, so that the run looks again a moment later whether it is still the one: of
two that begin in the same instant the later writer goes on. What remains is a rival whose write takes longer than that
moment; it is noticed when the lease is next prolonged, and the run stops.

A run may lend its lease to workers on other machines. They look at it every few seconds (`stands`), and stop where it
is recalled or has not been prolonged: what is lent is nobody else's before its time is over, even if its run has died.
"""

from __future__ import annotations

import os
import shlex
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from flows.ingestion.progress import tell
from schemas.errors import StoreError, StoreLockedError
from schemas.vectors import LEASE

if TYPE_CHECKING:
    from schemas.settings import Settings
    from store import Store

SECONDS = 90.0
"""How long a lease lasts that nobody prolongs. The clocks of the machines must agree better than that."""

PROLONGED = 20.0  # seconds from one prolongation to the next
SETTLED = 0.5  # seconds after which a rival that began in the same instant has written
POLL = 1.0  # seconds between two looks while waiting
STALE = 40.0  # seconds before its end at which nobody writes under a lease that was lent: its run is probably dead
WRITING, STOPPING = "writing", "stopping"  # what workers are told

_lost: set[str] = (
    set()
)  # tokens of leases that ended while the server was away: it still has them, and they mean nothing
_threads: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)


class Lease:
    """The right of a run to write a collection."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._token = uuid4().hex
        self._ended = Event()
        self._rival = ""
        self._workers = ""  # what those are told that it is lent to; "": nobody
        self._saying = Lock()

    def check(self) -> None:
        """Ask whether the run may go on.

        Raises:
            StoreLockedError: another run has taken the collection over.
        """
        if self._rival:
            raise StoreLockedError(f"{self._rival} It took the collection over: this run stops.")

    def lend(self) -> str:
        """Let workers write under it, too; returns what they know it by (see `stands`).

        Raises:
            StoreError: the server cannot be told.
        """
        self._tell_workers(WRITING)
        return self._token

    def recall(self) -> None:
        """Tell the workers to stop, who are then to be waited for; a server that is away stops them, too."""
        with suppress(StoreError):
            self._tell_workers(STOPPING)

    def take_back(self) -> None:
        """Have it alone again: no worker writes any more."""
        with suppress(StoreError):
            self._tell_workers("")

    def _tell_workers(self, word: str) -> None:
        self._workers = word
        if not self._rival:
            self._write()

    def _take(self, *, wait: bool) -> None:
        while True:
            rival = self._holder()
            if not rival:
                self._write()
                time.sleep(SETTLED)
                if not (rival := self._holder()):
                    return
            if not wait:
                raise StoreLockedError(f"{rival} Wait until it has ended, or let this one wait with --wait.")
            tell("wait", 0)
            time.sleep(POLL)

    def _holder(self) -> str:
        """Who else has the collection, in a sentence; "" if nobody has."""
        held: dict[str, Any] = self._store.metadata().get(LEASE) or {}
        if not held or held["token"] in {self._token, *_lost} or held["until"] < time.time():
            return ""
        where = f"collection {self._store.collection!r} of {self._store.location}"
        if held["host"] == socket.gethostname() and not _alive(held["pid"]):
            if not held.get("workers"):
                return ""
            left = held["until"] - time.time()
            return f"A run over {where} was killed, and its workers may write to it for another {left:.0f} s."
        return f"A run over {where} is under way in process {held['pid']} on {held['host']} ({held['command']})."

    def _write(self) -> None:
        me = {"token": self._token, "host": socket.gethostname(), "pid": os.getpid()}
        command = shlex.join(sys.argv)[:200]
        with self._saying:  # else what the workers were told before might be written after
            lent = {"workers": self._workers} if self._workers else {}
            self._store.set_metadata({LEASE: {**me, **lent, "command": command, "until": time.time() + SECONDS}})

    def _prolong(self) -> None:
        while not self._ended.wait(PROLONGED):
            with suppress(StoreError):  # a server that is away is away for the run as well
                if rival := self._holder():
                    self._rival = rival
                    return
                self._write()

    def _give_back(self) -> None:
        self._ended.set()
        try:
            if not self._rival and (self._store.metadata().get(LEASE) or {}).get("token") == self._token:
                self._store.set_metadata({LEASE: None})
        except StoreError:
            _lost.add(self._token)


def stands(store: Store, token: str) -> bool:
    """Whether a worker may go on to write under the lease that it knows by this token.

    Raises:
        StoreError: the server does not answer.
    """
    held: dict[str, Any] = store.metadata().get(LEASE) or {}
    lent = held.get("token") == token and held.get("workers") == WRITING
    return lent and held["until"] - time.time() > STALE


def open_when_free(settings: Settings, *, wait: bool) -> Store:
    """Open the collection that the settings name; with `wait`, once the process that holds an embedded one lets go.

    Raises:
        StoreLockedError: another process holds it, and nobody wants to wait.
        StoreError: it cannot be opened.
    """
    from store import open_from

    while True:
        try:
            return open_from(settings)
        except StoreLockedError:
            if not wait:
                raise
            tell("wait", 0)
            time.sleep(POLL)


@contextmanager
def leased(store: Store, *, wait: bool = False) -> Iterator[Lease]:
    """Have a collection for a run, alone; it must exist.

    Args:
        store: the collection.
        wait: until another run has ended.

    Raises:
        StoreLockedError: another run has it.
    """
    from store import is_server

    lock = _threads[store.location, store.collection]
    if not _acquire(lock, wait=wait):
        raise StoreLockedError(
            f"A run over collection {store.collection!r} of {store.location} is under way in this process: wait until "
            "it has ended."
        )
    try:
        lease = Lease(store)
        if not is_server(store.location):
            yield lease
            return
        lease._take(wait=wait)
        prolonging = Thread(target=lease._prolong, name="lease", daemon=True)
        prolonging.start()
        try:
            yield lease
        finally:
            lease._give_back()
            prolonging.join()
    finally:
        lock.release()


def _acquire(lock: Lock, *, wait: bool) -> bool:
    """Take a lock; a run that waits for it can be stopped meanwhile."""
    while not lock.acquire(timeout=POLL if wait else 0):
        if not wait:
            return False
        tell("wait", 0)
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True
