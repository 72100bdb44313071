"""The process that builds indexes: the engine would freeze the one that asks for them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from store.lock import FolderLock

SCRIPT = Path(__file__).with_name("optimizer.py")


class Builder:
    """At most one such process at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._ended = False

    def build(self, shard: Path, fields: Mapping[str, str], lock: FolderLock | None) -> str | None:
        """Build the indexes of a shard that nobody has open; gives the reason if they could not be built.

        Args:
            shard: its folder.
            fields: payload fields without an index, with their types.
            lock: held by the process as well, which may outlive this one for a moment if that is killed.
        """
        command = [sys.executable, "-P", str(SCRIPT), str(shard), json.dumps(fields), str(os.getpid())]
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
