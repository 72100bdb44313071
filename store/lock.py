"""Who may use an embedded store: one process at a time, and in it, readers together or one who closes it alone."""

from __future__ import annotations

import fcntl
import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, RLock
from typing import TYPE_CHECKING

from schemas.errors import StoreError, StoreLockedError

if TYPE_CHECKING:
    from types import TracebackType


class FolderLock:
    """An exclusive lock on a folder, held until `release` or the end of the process, however it ends.

    The engine refuses a folder that another process holds only after it has damaged that process's files, so this lock
    is taken before the engine looks at the folder. The kernel keeps it (`flock`), so the file that a killed process
    leaves behind locks nothing; what is written in it only lets the error name the holder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # Never truncated here: until the lock is ours, the file speaks for its holder.
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(
                f"The store {path.parent} cannot be locked ({error.strerror}): make the folder writable, "
                "or choose another with --store."
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sentence = self._who_holds_it()
            os.close(self._descriptor)
            raise StoreLockedError(sentence) from None
        except OSError as error:
            os.close(self._descriptor)
            raise StoreError(
                f"The store {path.parent} cannot be locked ({error.strerror}): its file system keeps no locks; "
                "choose a folder on a local disk with --store."
            ) from error
        self._introduce()

    @property
    def descriptor(self) -> int:
        """For a process that is started to work on the folder: the lock is held until it has ended, too."""
        return self._descriptor

    def announce(self, url: str) -> None:
        """Tell who finds the folder locked that its holder answers there."""
        self._introduce(url=url)

    def release(self) -> None:
        """Let others have the folder. The file stays: were it removed, two processes could hold two of its name."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _introduce(self, **more: str) -> None:
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "command": shlex.join(sys.argv)[:200], **more}
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps(holder).encode(), 0)

    def _who_holds_it(self) -> str:
        folder = self._path.parent
        try:
            holder = json.loads(os.pread(self._descriptor, 4096, 0))
            pid, host, command = int(holder["pid"]), str(holder["host"]), str(holder["command"])
        except (OSError, ValueError, KeyError, TypeError):  # the holder has not written it yet
            return f"The store {folder} is in use by another process: wait until it has ended, or run a Qdrant server."
        if pid == os.getpid() and host == socket.gethostname():
            return f"The store {folder} is already open in this process: share that one, or close it first."
        if url := holder.get("url"):
            return (
                f"The store {folder} is held by the server at {url} (process {pid} on {host}): ask it there, let it "
                f"ingest (POST {url}/ingest), or stop it."
            )
        return (
            f"The store {folder} is in use by process {pid} on {host} ({command}): wait until it has ended or stop it, "
            "or run a Qdrant server, which several processes can use at once."
        )


def server_of(path: Path) -> str | None:
    """Where the server answers that holds this lock now; None if no server does."""
    try:
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                url = json.loads(file.read(4096))["url"]
                return str(url)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


class Gate:
    """Many pass together (`with gate`), or one alone: the engine must not be closed while a thread is inside it.

    Every query passes, so that passing is two locks of C, and nobody is told where nobody waits.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        self._changed = Condition(self._lock)
        self._inside = self._waiting = 0

    def __enter__(self) -> None:
        """Pass together with others, after whoever is alone."""
        with self._lock:
            self._inside += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._waiting and not self._inside:
                self._changed.notify_all()

    @contextmanager
    def if_free(self) -> Iterator[bool]:
        """Whether nobody is inside at this moment; others are kept out until done, so make it short."""
        with self._lock:
            yield not self._inside

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait for those inside, and keep others out until done."""
        with self._lock:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not self._inside)
            finally:
                self._waiting -= 1
            yield
