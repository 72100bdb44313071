"""From what a person writes to a tree: `~/Pictures`, `file:///srv/photos`, `s3://bucket/photos`, `https://host/photos/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from readers.trees.folder import FolderTree
from schemas import UsageError

if TYPE_CHECKING:
    from readers.trees.base import Tree
    from readers.trees.remote import RemoteTree

_ADDRESS = re.compile(r"(?P<protocol>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_HERE = ("file", "local")
WEB = ("http://", "https://")
_SECRET = re.compile(r"[^/]*:[^/]*@")  # a password before the host


def is_remote(address: str | Path) -> bool:
    """Whether it names something that lies elsewhere."""
    found = _ADDRESS.fullmatch(str(address))
    return found is not None and found["protocol"].lower() not in _HERE


def address_of(given: str | Path) -> str:
    """A source's address as it is kept: an absolute path, or a URL without "/" at its end.

    Raises:
        UsageError: it is a URL that says more than where the files lie: a password, say, which would be kept with it.
    """
    found = _ADDRESS.fullmatch(str(given))
    if found is None:
        return str(Path(given).expanduser().resolve())
    protocol, rest = found["protocol"].lower(), found["rest"]
    if protocol in _HERE:
        return str(Path(unquote(rest.removeprefix("localhost"))).resolve())
    if _SECRET.match(rest):
        raise UsageError(
            f"The address of the source ({protocol}://…) holds a password, which the collection would keep: leave it "
            f"out, and give it to fsspec in its configuration or environment (FSSPEC_{protocol.upper()}_…)."
        )
    if f"{protocol}://" in WEB and re.search(r"[?#]", rest):
        raise UsageError(
            f"The address of the source ({protocol}://…) goes on after a '?' or '#': give that of a folder that its "
            "server lists."
        )
    if not (rest := rest.rstrip("/")):
        raise UsageError(f"{protocol}:// names no place: write {protocol}://BUCKET/FOLDER, or whatever it lies in.")
    return f"{protocol}://{rest}"


def open_tree(address: str | Path) -> Tree:
    """The tree at an address; whether it is there, `Tree.check` tells.

    Raises:
        UsageError: the address is none, or what is needed to reach it is not installed.
    """
    where = address_of(address)
    return remote_tree(where) if is_remote(where) else FolderTree(Path(where), str(address))


def address_in(address: str, path: str) -> str:
    """The address of a file of a tree that lies elsewhere."""
    return f"{address}/{quote(path, safe='/') if address.startswith(WEB) else path}"


@lru_cache(maxsize=16)
def remote_tree(address: str) -> RemoteTree:
    """The tree at a URL, one for all who ask: it keeps its connections.

    Raises:
        UsageError: what is needed to reach it is not installed.
    """
    from readers.trees.remote import RemoteTree

    return RemoteTree(address)


@contextmanager
def fetched(address: str, path: str) -> Iterator[Path]:
    """A file of the tree at an address, on this machine until the context ends.

    Raises:
        ReadError: it cannot be had.
        UsageError: the address is none any more.
    """
    with open_tree(address).fetched(path) as file:
        yield file
