"""A file that lies elsewhere, passed on from there: whole, or the one range of bytes that a player asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol
from urllib.parse import quote

from fastapi.responses import Response, StreamingResponse

from schemas import NotFoundError, TransientReadError

PIECE = 1 << 20  # bytes that are asked for with one request
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Tree(Protocol):
    """Where files lie."""

    def size(self, path: str) -> int:
        """Bytes of a file."""

    def part(self, path: str, start: int, end: int) -> bytes:
        """The bytes of a file from one place to before another, or further."""


def streamed(tree: Tree, path: str, asked: str | None, mime: str, headers: Mapping[str, str]) -> Response:
    """The answer to a request for a file.

    Args:
        tree: where it lies.
        path: in the tree.
        asked: the header `Range`; several ranges at once are answered by the whole, as servers may.
        mime: what it is.
        headers: of the answer.

    Raises:
        NotFoundError: it cannot be had.
    """
    try:
        size = tree.size(path)
    except TransientReadError as error:
        raise NotFoundError(f"{path} cannot be had from {tree}: {error}") from error
    name = quote(path.rpartition("/")[2])
    told = {**headers, "Accept-Ranges": "bytes", "Content-Disposition": f"inline; filename*=utf-8''{name}"}
    found = _RANGE.fullmatch(asked.strip()) if asked else None
    if found is None or not any(found.groups()):
        return StreamingResponse(_pieces(tree, path, 0, size), 200, {**told, "Content-Length": str(size)}, mime)
    first, last = found.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or start >= end:
        return Response(status_code=416, headers={**told, "Content-Range": f"bytes */{size}"})
    told |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": str(end - start)}
    return StreamingResponse(_pieces(tree, path, start, end), 206, told, mime)


def _pieces(tree: Tree, path: str, start: int, end: int) -> Iterator[bytes]:
    while start < end and (data := tree.part(path, start, min(end, start + PIECE))):
        yield data[: end - start]
        start += len(data)
