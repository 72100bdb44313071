"""The host: a process of one thread that has imported the readers and forks a child when it is asked to.

Forking the process that asks would copy its threads' locks in whatever state they are; starting a fresh interpreter for
each child would take a third of a second.
"""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

_REQUEST = 65_536  # bytes, more than any request has


@dataclass(frozen=True, slots=True)
class Fork:
    """Ask for a child that may allocate so many bytes; its pipes and the memory to share come with the request."""

    memory: int
    modules: tuple[str, ...] = ()  # imported by the host, once, so that all its children share them


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask how a child ended, which is dead or dying."""

    pid: int


def main(descriptor: int) -> None:
    """Answer requests on the socket until it is closed; then nothing of this is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    asked = socket.socket(fileno=descriptor)
    children: set[int] = set()
    for name in ("readers.isolated.child", "readers.document"):
        importlib.import_module(name)
    try:
        while True:
            data, ends, *_ = socket.recv_fds(asked, _REQUEST, 3)
            if not data:
                return
            request: Fork | Wait = pickle.loads(data)  # noqa: S301  # from our own parent
            if isinstance(request, Wait):
                children.discard(request.pid)
                answer = _exit_code(request.pid)
            else:
                answer = _fork(request, ends, asked)
                children.add(answer)
            asked.sendall(pickle.dumps(answer))
    finally:
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _exit_code(pid: int) -> int:
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:  # it was the child of another host, which somebody killed
        return -signal.SIGKILL


def _fork(request: Fork, ends: list[int], asked: socket.socket) -> int:
    for name in request.modules:
        importlib.import_module(name)
    gc.freeze()  # what the children share with us their garbage collectors must not write to, or it is theirs alone
    pid = os.fork()
    if pid == 0:
        asked.close()
        _be_child(request.memory, *ends)
    for end in ends:
        os.close(end)
    return pid


def _be_child(memory: int, jobs: int, events: int, shared: int) -> NoReturn:
    """Serve, and end without running what the host registered for its own end."""
    from readers.isolated.child import serve

    status = 1
    try:
        _limit(memory)
        serve(jobs, events, shared)
        status = 0
    except BrokenPipeError:  # nobody waits for the answer
        status = 0
    finally:
        os._exit(status)


def _limit(memory: int) -> None:
    """No more than `memory` bytes beyond what is allocated now, and no core file of somebody's pictures."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(OSError, ValueError):  # not known here: /proc is Linux's
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  # no file of a user's
            allocated = int(file.read().split()[5]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_DATA, (allocated + memory, allocated + memory))
