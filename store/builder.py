"""The process that builds a vector index: the engine would freeze the one that asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from store.lock import FolderLock

SCRIPT = Path(__file__).with_name("optimizer.py")


class Builder:
    """At most one such process at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    def build(self, shard: Path, lock: FolderLock | None) -> str | None:
        """Build the index of a shard that nobody has open; gives the reason if it could not be built.

        Args:
            shard: its folder.
            lock: held by the process as well, which may outlive this one for a moment if that is killed.
        """
        command = [sys.executable, "-P", str(SCRIPT), str(shard), str(os.getpid())]
        shared = () if lock is None else (lock.descriptor,)
        try:
            with subprocess.Popen(  # noqa: S603 - our own file
                command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, pass_fds=shared
            ) as self._process:
                try:
                    if self._ended:  # meanwhile
                        self._process.kill()
                    said = self._process.communicate()[1].strip().splitlines()
                except BaseException:
                    self._process.kill()
                    raise
            if self._ended:
                return "the store was closed meanwhile"
            return (said or ["it was killed"])[-1] if self._process.returncode else None
        except OSError as error:
            return f"no process can be started: {error.strerror or error}"
        finally:
            self._process = None

    def end(self) -> None:
        """Let there be no process, now and from now on: `build` then says so."""
        self._ended, process = True, self._process
        if process is not None:
            process.kill()
