"""This side of the children: jobs go out, events come in, and what crashes or hangs is a ReadError."""

from __future__ import annotations

import atexit
import json
import mimetypes
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from readers.isolated import arena, wire
from readers.isolated.events import ENDS, Draw, Event, Job, Working
from readers.isolated.host import Fork, Wait
from schemas import MedleyError, ReadError, ReadOptions
from schemas.limits import ReadLimits

Events = list[tuple[int, Event]]

_BOOT = """
import json, sys
sys.path[:] = json.loads(sys.argv[1])
from readers.isolated.host import main
main(int(sys.argv[2]))
"""
_ATTEMPTS = 2  # at a file whose child died: somebody else may have killed it


class _Host:
    """The process that forks children (see `readers.isolated.host`): one, started when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process that started it: a fork of it must start its own

    def start(self) -> None:
        """Start the host, if it does not run; it imports while we go on."""
        with self._lock:
            self._start()

    def fork(self, memory: int, modules: tuple[str, ...], shared: int) -> tuple[int, int, int]:
        """A new child: its process id, the end that jobs are written to, the end that events are read from."""
        theirs_jobs, jobs = wire.make_pipe()
        events, theirs_events = wire.make_pipe()
        try:
            pid = self._ask(Fork(memory, modules), [theirs_jobs, theirs_events, shared])
        except BaseException:
            os.close(jobs)
            os.close(events)
            raise
        finally:
            os.close(theirs_jobs)
            os.close(theirs_events)
        return pid, jobs, events

    def wait(self, pid: int) -> int:
        """The exit code of a child that is dead or dying; negative: the signal that killed it."""
        return self._ask(Wait(pid), [])

    def close(self) -> None:
        """End the host and its children."""
        with self._lock:
            process, self._process = self._process, None
            if process is not None and self._owner == os.getpid():
                self._socket.close()
                process.wait()

    def _start(self) -> None:
        if self._process is not None and self._owner == os.getpid() and self._process.poll() is None:
            return
        ours, theirs = socket.socketpair()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process
        # A numpy without threads: what has threads cannot be forked safely.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", _BOOT, json.dumps(sys.path), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._complaints,
            env=environment,
        )
        theirs.close()
        self._socket, self._owner = ours, os.getpid()

    def _ask(self, request: Fork | Wait, ends: list[int]) -> int:
        with self._lock:
            self._start()
            try:
                socket.send_fds(self._socket, [pickle.dumps(request)], ends)
                answer = self._socket.recv(4096)
            except ConnectionError:
                answer = b""
            if not answer:
                self._complaints.seek(0)
                said = self._complaints.read().decode(errors="replace").strip().splitlines()
                raise MedleyError(f"The process that reads files cannot run: {said[-1] if said else 'it was ended'}.")
            result: int = pickle.loads(answer)  # noqa: S301  # from our own child
            return result


_host = _Host()
atexit.register(_host.close)


def start_host() -> None:
    """Let the host start and import while something else is done: it takes a third of a second, once a process."""
    _host.start()


class _ChildLostError(Exception):
    """The child is gone, with the reason in words, the file it was at, if any; `hung` if we killed it."""

    def __init__(self, reason: str, at: int | None, *, hung: bool) -> None:
        super().__init__(reason)
        self.at, self.hung = at, hung


class IsolatedReader:
    """Reads files in a child process, one after the other. One thread at a time may use it; close it when done.

    Args:
        options: how media are decoded.
        limits: what one file may take.
    """

    def __init__(self, options: ReadOptions, limits: ReadLimits | None = None) -> None:
        self._options = options
        self._limits = limits or ReadLimits()
        self._pid = self._jobs = self._events = 0
        self._clean = True  # nothing that was asked for is still to come
        self._cancelled = False

    def read(self, jobs: Sequence[Job | Draw]) -> Iterator[Events]:
        """Read files, or draw them; events of several come together, each with its job's index, in their order.

        A file that crashes the child, or shows no progress for `limits.seconds`, ends with a ReadError like any other
        that cannot be read; what was asked for after it is read by the next child.

        Raises:
            MedleyError: no child can be started at all.
        """
        left = dict(enumerate(jobs))
        attempts = [0] * len(jobs)
        passed: set[int] = set()  # files of which something was passed on: they cannot begin anew
        while left:
            try:
                for events in self._exchange(left):
                    passed.update([number for number, _ in events])
                    for number, event in events:
                        if isinstance(event, ENDS):
                            left.pop(number, None)
                    yield events
            except _ChildLostError as lost:
                if self._cancelled:
                    return
                number = min(left) if lost.at is None else lost.at
                attempts[number] += 1
                if lost.hung or number in passed or attempts[number] == _ATTEMPTS:
                    left.pop(number, None)
                    yield [(number, ReadError(str(lost)))]

    def cancel(self) -> None:
        """From another thread: let `read` return at once, whatever the child is at."""
        self._cancelled = True
        if self._pid:
            self._kill()

    def close(self) -> None:
        """End the child."""
        if self._pid:
            if not self._clean:
                self._kill()
            os.close(self._jobs)
            os.close(self._events)
            del self._arena  # its memory goes with the last array in it
            pid, self._pid = self._pid, 0
            with suppress(MedleyError):  # the host is gone, and the child with it
                _host.wait(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, jobs: dict[int, Job | Draw]) -> Iterator[Events]:
        """Send jobs to the child and draw its events until each job has ended.

        Raises:
            _ChildLostError: the child died, or had to be killed.
        """
        numbers = list(jobs)
        fresh = not self._pid
        if fresh:
            shared = arena.make()
            try:
                self._arena = arena.Reader(shared)
                child = _host.fork(self._limits.memory, _modules(jobs.values()), shared)
            finally:
                os.close(shared)
            self._pid, self._jobs, self._events = child
        if self._cancelled:  # before there was a child to kill
            self._lose("", numbers)
        self._clean = False
        ended = 0
        waiting = select.poll()  # `select` itself takes no descriptor beyond 1,023, and an engine has hundreds open
        waiting.register(self._events, select.POLLIN)
        try:
            if fresh:
                wire.send(self._jobs, self._options)
            wire.send(self._jobs, list(jobs.values()))
            while ended < len(numbers):
                if not waiting.poll(self._limits.seconds * 1000):
                    self._lose(f"Reading the file made no progress for {self._limits.seconds:g} seconds.", numbers)
                received: list[tuple[int, Any]] = wire.receive(self._events)
                events = [
                    (numbers[n], event.unpack(self._arena) if isinstance(event, wire.Packed) else event)
                    for n, event in received
                    if not isinstance(event, Working)
                ]
                ended += sum([isinstance(event, ENDS) for _, event in events])
                yield events
        except (EOFError, BrokenPipeError):
            self._lose("", numbers)
        self._clean = True

    def _lose(self, reason: str, numbers: Sequence[int]) -> None:
        """Raise what there is to say of a child that died, or of one that hung, if there is a reason."""
        self._kill()
        at = None if self._arena.marked is None else numbers[self._arena.marked]
        os.close(self._jobs)
        os.close(self._events)
        pid, self._pid = self._pid, 0
        self._clean = True
        code = _host.wait(pid)
        crashed = f"Reading the file crashed its reader ({_signal_name(code)})."
        raise _ChildLostError(reason or crashed, at, hung=bool(reason))

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


def _signal_name(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return signal.strsignal(-code) or f"signal {-code}"


def _modules(jobs: Iterable[Job | Draw]) -> tuple[str, ...]:
    """What the host should import before it forks, judged by the names: whatever else is needed, the child imports."""
    kinds = {(mimetypes.guess_type(job.path)[0] or "").partition("/")[0] for job in jobs}
    films = ("readers.video", "readers.audio") if kinds & {"audio", "video"} else ()
    return ("readers.image", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", *films) if films or "image" in kinds else ()
