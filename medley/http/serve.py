"""A server in this process: it takes a socket, answers until it is stopped, and gives all back."""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from medley.http.guard import LOOPBACK
from schemas import UsageError

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from schemas.settings import HttpSettings

PATIENCE = 5  # seconds that requests under way are given when the server is stopped
BACKLOG = 2048
KEPT = 30  # seconds that an idle connection is kept


def listen(settings: HttpSettings) -> socket.socket:
    """The socket, taken before anything slow is begun.

    Raises:
        UsageError: it cannot be had.
    """
    host, port = settings.host, settings.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise UsageError(f"There is no address {host!r} on this machine ({error.strerror}): correct --host.") from error
    family, kind, protocol, _, address = found[0]
    taken = socket.socket(family, kind, protocol)  # told the protocol, asyncio sends answers without waiting for an ACK
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(BACKLOG)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} on {host} is taken by another program: stop it, or choose another with --port."
            ) from error
        raise UsageError(
            f"Port {port} on {host} cannot be had ({error.strerror}): correct --host or --port."
        ) from error
    return taken


def url_of(taken: socket.socket) -> str:
    """The address to ask at."""
    host, port = taken.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - what was bound to, not bound here
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_open(settings: HttpSettings) -> bool:
    """Whether anybody who reaches this machine can ask."""
    return settings.host not in LOOPBACK and settings.api_key is None


def make_server(app: FastAPI, ready: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """A server that answers until Ctrl-C, SIGTERM or its `should_exit`; what is under way is finished first.

    Run it on the socket of `listen`: `server.run(sockets=[taken])`.

    Args:
        app: what answers.
        ready: is called when it does.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

    return Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
            timeout_keep_alive=KEPT,
        )
    )
