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
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from readers.isolated import arena, wire
from readers.isolated.events import Closed, Event, Job, Working
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
_ATTEMPTS = 2  # at a file whose child died before the file's first event: it may not have been the file


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
    """The child is gone, with the reason in words; `hung` if we killed it."""

    def __init__(self, reason: str, *, hung: bool) -> None:
        super().__init__(reason)
        self.hung = hung


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

    def read(self, jobs: Sequence[Job]) -> Iterator[Events]:
        """Read files; events of several come together, each with the index of its job, those of a file in their order.

        A file that crashes the child, or shows no progress for `limits.seconds`, ends with a ReadError like any other
        that cannot be read; what was asked for after it is read by the next child.

        Raises:
            MedleyError: no child can be started at all.
        """
        groups: deque[dict[int, Job]] = deque([dict(enumerate(jobs))] if jobs else [])
        attempts = [0] * len(jobs)
        while groups:
            left = groups.popleft()
            begun: set[int] = set()
            try:
                for events in self._exchange(left):
                    for number, event in events:
                        if isinstance(event, Closed | ReadError):
                            left.pop(number, None)
                            begun.discard(number)
                        else:
                            begun.add(number)
                    yield events
            except _ChildLostError as lost:
                if self._cancelled:
                    return
                number = next(iter(begun), min(left))
                attempts[number] += 1
                again = not begun and not lost.hung and attempts[number] < _ATTEMPTS
                if len(left) > 1 and not begun:  # one by one, they tell who it was
                    groups.extendleft({n: job} for n, job in sorted(left.items(), reverse=True))
                elif again:
                    groups.appendleft(left)
                else:
                    del left[number]
                    groups.extendleft([left] if left else [])
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
            with suppress(MedleyError):  # the host is gone, and the child with it
                _host.wait(self._pid)
            self._pid = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _exchange(self, jobs: dict[int, Job]) -> Iterator[Events]:
        """Send jobs to the child and draw its events until each job has ended.

        Raises:
            _ChildLostError: the child died, or had to be killed.
        """
        numbers = list(jobs)
        if not self._pid:
            shared = arena.make()
            try:
                self._arena = arena.Reader(shared)
                child = _host.fork(self._limits.memory, _modules(jobs.values()), shared)
            finally:
                os.close(shared)
            self._pid, self._jobs, self._events = child
        self._clean = False
        ended = 0
        try:
            wire.send(self._jobs, (list(jobs.values()), self._options))
            while ended < len(numbers):
                if not select.select([self._events], [], [], self._limits.seconds)[0]:
                    self._lose(f"Reading the file made no progress for {self._limits.seconds:g} seconds.", hung=True)
                received: list[tuple[int, Any]] = wire.receive(self._events, self._arena)
                events = [(numbers[n], event) for n, event in received if not isinstance(event, Working)]
                ended += sum(isinstance(event, Closed | ReadError) for _, event in events)
                yield events
        except (EOFError, BrokenPipeError):
            self._lose("", hung=False)
        self._clean = True

    def _lose(self, reason: str, *, hung: bool) -> None:
        self._kill()
        os.close(self._jobs)
        os.close(self._events)
        pid, self._pid = self._pid, 0
        self._clean = True
        code = _host.wait(pid)
        raise _ChildLostError(reason or f"Reading the file crashed its reader ({_signal_name(code)}).", hung=hung)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


def _signal_name(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    return signal.strsignal(-code) or f"signal {-code}"


def _modules(jobs: Iterable[Job]) -> tuple[str, ...]:
    """What the host should import before it forks, judged by the names: whatever else is needed, the child imports."""
    kinds = {(mimetypes.guess_type(job.path)[0] or "").partition("/")[0] for job in jobs}
    films = ("readers.video", "readers.audio") if kinds & {"audio", "video"} else ()
    return ("readers.image", *films) if films or "image" in kinds else ()
