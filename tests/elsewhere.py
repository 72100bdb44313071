"""Sources that do not lie in a folder: in memory, on a web server, on a stand-in for S3."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest


@dataclass
class Place:
    """Somewhere else. `asked` are the requests that were made, `refused` the paths of those that are, on the web."""

    address: str
    put: Callable[[str, bytes], object]
    delete: Callable[[str], object]
    asked: list[str] = field(default_factory=list)
    stop: Callable[[], object] = lambda: None
    start: Callable[[], object] = lambda: None
    refused: set[str] = field(default_factory=set)

    def fill(self, folder: Path) -> None:
        """Bring all that is in a folder there."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.put(path.relative_to(folder).as_posix(), path.read_bytes())


@contextmanager
def in_memory(name: str = "media") -> Iterator[Place]:
    """fsspec's own, which is as good as a store within a process."""
    fsspec = pytest.importorskip("fsspec", reason="the extra remote is not installed")
    files = fsspec.filesystem("memory")
    root = f"/{os.getpid()}/{name}"

    def put(path: str, data: bytes) -> None:
        files.pipe(f"{root}/{path}", data)

    yield Place(f"memory:/{root}", put, lambda path: files.rm(f"{root}/{path}"))
    if files.exists(root):
        files.rm(root, recursive=True)


@contextmanager
def on_the_web(folder: Path) -> Iterator[Place]:
    """Python's own web server, which lists its folders."""
    pytest.importorskip("aiohttp", reason="the extra remote is not installed")
    asked: list[str] = []
    refused: set[str] = set()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path in refused:
                self.send_error(403)
            else:
                super().do_GET()

        def log_request(self, *_: Any) -> None:
            asked.append(f"{self.command} {self.path}")

        def log_message(self, *_: Any) -> None:
            pass

    root = folder / "media"
    root.mkdir(parents=True)
    running: list[ThreadingHTTPServer] = []

    def start(port: int) -> int:
        server = ThreadingHTTPServer(("127.0.0.1", port), partial(Handler, directory=str(folder)))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        running.append(server)
        return server.server_port

    def stop() -> None:
        while running:
            server = running.pop()
            server.shutdown()
            server.server_close()

    def put(path: str, data: bytes) -> None:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)

    port = start(0)
    place = Place(f"http://127.0.0.1:{port}/media", put, lambda path: (root / path).unlink(), asked, stop)
    place.start, place.refused = lambda: start(port), refused
    yield place
    stop()


@cache
def _s3() -> int:
    """The port of moto's S3, which lives as long as this process."""
    moto = pytest.importorskip("moto.server", reason="moto is not installed")
    server = moto.ThreadedMotoServer(port=0, verbose=False)
    server.start()
    atexit.register(server.stop)
    return int(server.get_host_and_port()[1])


@contextmanager
def on_s3() -> Iterator[Place]:
    """moto's S3, over HTTP, asked by s3fs as the real one is; a bucket of its own."""
    pytest.importorskip("s3fs", reason="s3fs is not installed")
    bucket = f"bucket-{uuid4()}"
    given = {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{_s3()}",
        "AWS_ACCESS_KEY_ID": "someone",
        "AWS_SECRET_ACCESS_KEY": "a-secret-of-someone",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    with patch.dict(os.environ, given):
        from s3fs import S3FileSystem

        files = S3FileSystem(use_listings_cache=False, skip_instance_cache=True)
        files.mkdir(bucket)

        def put(path: str, data: bytes) -> None:
            files.call_s3("put_object", Bucket=bucket, Key=f"media/{path}", Body=data)

        def delete(path: str) -> None:
            files.call_s3("delete_object", Bucket=bucket, Key=f"media/{path}")

        yield Place(f"s3://{bucket}/media", put, delete)
