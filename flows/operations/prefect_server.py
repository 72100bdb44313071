"""A Prefect server of our own, in a process that ends with ours; or one that is there already."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from schemas import MedleyError, UsageError

PATIENCE = 180.0  # seconds until it answers: its new database takes a slow machine long
ENDING = 15.0  # seconds until it is killed
HOST = "127.0.0.1"

QUIET = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}


@contextmanager
def running(port: int, *, log: Path | None = None, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of the API of a Prefect server on this machine: one that answers at the port, or one started there.

    Args:
        port: to listen on.
        log: where the server's own log goes; else nowhere.
        environment: more of Prefect's settings.

    Raises:
        UsageError: another program has the port.
        MedleyError: the server does not start.
    """
    url = f"http://{HOST}:{port}/api"
    if answers(url):
        yield url
        return
    _check_free(port)
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", HOST, "--port", str(port)]
    with (log or Path(os.devnull)).open("ab") as written:
        process = subprocess.Popen(  # noqa: S603 - this interpreter, and a number
            command,
            env={**os.environ, **QUIET, "PREFECT_UI_API_URL": url, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,  # Ctrl-C is for us: it must outlive the runs, which report to it how they ended
        )
    try:
        _await(process, url, log)
        yield url
    finally:
        _end(process)


def answers(url: str) -> bool:
    """Whether a Prefect API answers at a URL."""
    import httpx

    try:
        return httpx.get(f"{url}/health", timeout=5).json() is True
    except (httpx.HTTPError, ValueError):
        return False


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UsageError(
                f"Port {port}, where Prefect's dashboard goes, is taken by another program: stop it, or choose another "
                "with --prefect-port."
            ) from error


def _await(process: subprocess.Popen[bytes], url: str, log: Path | None) -> None:
    until = time.monotonic() + PATIENCE
    while not answers(url):
        if process.poll() is not None or time.monotonic() > until:
            said = f" {log} says why." if log else ""
            raise MedleyError(f"The Prefect server did not start.{said}")
        time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it and whatever it started, at once or, where it does not go, by force."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(ENDING)
        except ProcessLookupError:
            process.wait()
        except subprocess.TimeoutExpired:
            continue
        return
