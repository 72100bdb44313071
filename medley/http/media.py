"""Routes to what was found: the item, a small picture of it, and the file itself, from any byte on.

Only files of indexed items are given, and only from below the folder of their source, links resolved.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from medley.http.held import HeldLibrary, HeldTurns
from medley.http.streams import streamed
from medley.library import Library
from query.located import elsewhere, located, shown_place
from schemas import NotFoundError, payload
from schemas.answer import Hit
from schemas.media import Modality
from schemas.payload import State, point_id

router = APIRouter(tags=["Items"])

KEPT_BYTES = 64 << 20  # of small pictures
SMALLEST, LARGEST = 32, 1024  # pixels
_SCRIPTED = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")


class _Pictures:
    """The small pictures that were asked for last, by what they show."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._bytes, self._lock = 0, Lock()

    def get(self, key: str) -> bytes | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def keep(self, key: str, picture: bytes) -> None:
        with self._lock:
            self._bytes += len(picture) - len(self._kept.pop(key, b""))
            self._kept[key] = picture
            while self._bytes > KEPT_BYTES:
                self._bytes -= len(self._kept.popitem(last=False)[1])


_pictures = _Pictures()


@router.get("/items")
def find_item(
    library: HeldLibrary,
    name: Annotated[str, Query(description="its path in the source, the unambiguous end of it, or its id")],
) -> dict[str, list[dict[str, Any]]]:
    """All that the collection knows of an item: the payload of each of its segments."""
    return {"segments": library.show(name)}


@router.get("/items/{item}")
def show_item(library: HeldLibrary, item: UUID) -> dict[str, list[dict[str, Any]]]:
    """The same by the item's id."""
    _segment(library, item, 0)
    return {"segments": library.show(str(item))}


@router.get("/items/{item}/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def thumbnail(
    library: HeldLibrary,
    turns: HeldTurns,
    item: UUID,
    *,
    segment: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
    side: Annotated[int, Query(ge=SMALLEST, le=LARGEST, description="pixels, of the longer side at most")] = 360,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """A small JPEG: the picture, the frame at the segment's middle, the shape of its sound, the page of a PDF."""
    fields = await run_in_threadpool(_segment, library, item, segment)
    place = (fields.get(key, "") for key in (payload.START, payload.END, payload.PAGE))
    tag = f'"{fields[payload.HASH][:24]}-{"-".join(map(str, place))}-{side}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if if_none_match == tag:
        return Response(status_code=304, headers=headers)
    picture = _pictures.get(tag) or await turns.take(lambda: _drawn(library, fields, side, tag))
    return Response(picture, media_type="image/jpeg", headers=headers)


def _drawn(library: Library, fields: dict[str, Any], side: int, tag: str) -> bytes:
    tree = elsewhere(library.store, fields[payload.SOURCE])
    place = str(_file(library, fields)) if tree is None else shown_place(str(tree), fields[payload.PATH])
    picture = library.preview(_as_hit(fields, place), side)
    if picture is None:
        raise NotFoundError(f"{fields[payload.PATH]} has nothing to be seen.")
    _pictures.keep(tag, picture)
    return picture


@router.head("/items/{item}/file", include_in_schema=False)
@router.get("/items/{item}/file", response_class=FileResponse, responses={206: {}, 416: {}})
def file(
    library: HeldLibrary,
    item: UUID,
    asked: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
) -> Response:
    """The file, whole or in ranges of bytes, so that a player can begin anywhere: `…/file#t=12.5`."""
    fields = _segment(library, item, 0)
    mime = fields.get(payload.MIME) or "application/octet-stream"
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-cache"}
    if mime in _SCRIPTED:  # a page that was indexed must not run its scripts as if it were one of ours
        headers["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    tree = elsewhere(library.store, fields[payload.SOURCE])
    if tree is not None:
        return streamed(tree, fields[payload.PATH], asked, mime, headers)
    path = _file(library, fields)
    return FileResponse(path, media_type=mime, headers=headers, filename=path.name, content_disposition_type="inline")


def _segment(library: Library, item: UUID, segment: int) -> dict[str, Any]:
    """The payload of an indexed item's segment.

    Raises:
        NotFoundError: there is none.
    """
    missing = NotFoundError(f"There is no item {item} in the collection.")
    if not library.store.exists():
        raise missing
    first = _payload(library, str(item))
    if first is None or first.get(payload.STATE) != State.INDEXED.value or first.get(payload.SEGMENT) != 0:
        raise missing
    if segment == 0:
        return first
    found = _payload(library, point_id(first[payload.SOURCE], first[payload.PATH], segment))
    if found is None:
        raise NotFoundError(f"{first[payload.PATH]} has no segment {segment}.")
    return found


def _payload(library: Library, point: str) -> dict[str, Any] | None:
    found = library.store.retrieve([point])
    return found[0].payload if found else None


def _file(library: Library, fields: dict[str, Any]) -> Path:
    """Where the file lies.

    Raises:
        NotFoundError: it is not there (any more), or lies outside of its source.
    """
    path = located(library.store, fields[payload.SOURCE], fields[payload.PATH])
    if path is None:
        raise NotFoundError(f"The file {fields[payload.PATH]} is not on this machine.")
    return path


def _as_hit(fields: dict[str, Any], place: str | None) -> Hit:
    return Hit(
        item=fields[payload.ITEM],
        source=fields[payload.SOURCE],
        path=fields[payload.PATH],
        modality=Modality(fields[payload.MODALITY]),
        score=0.0,
        start=fields.get(payload.START),
        end=fields.get(payload.END),
        page=fields.get(payload.PAGE),
        segment=fields[payload.SEGMENT],
        file=place,
    )
