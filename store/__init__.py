"""Where vectors live: one surface over an embedded Qdrant engine and a Qdrant server."""

from __future__ import annotations

import re
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from schemas.errors import UsageError
from store.base import Store
from store.specs import check_collection

if TYPE_CHECKING:
    from schemas.settings import Settings

__all__ = ["Store", "is_server", "open_from", "open_store", "shown_location"]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/+(.+)")
_ADDRESS = re.compile(r"()([\w.-]+:\d+/?)", re.ASCII)  # localhost:6333


def open_from(settings: Settings, location: str | Path | None = None, *, hasty: bool = False) -> Store:
    """Open the collection that the settings name, or the one of that name at another location: see `open_store`."""
    return open_store(
        settings.store if location is None else location,
        settings.collection,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        timeout=settings.timeout,
        ca_file=settings.ca_file,
        hasty=hasty,
    )


def shown_location(location: str | Path) -> str:
    """The location as it may be shown: a server's URL without what stands before its @, which is a secret."""
    if not is_server(location):
        return str(location)
    from store.remote import without_credentials

    return without_credentials(str(location))


def is_server(location: str | Path) -> bool:
    """Whether a location is a server's URL; else it is a folder."""
    return str(location).startswith(("http://", "https://"))


def check_folder(location: str | Path) -> None:
    """Raise `UsageError` if what should be a folder was probably meant to be a server: a mistyped URL makes none."""
    text = re.sub(r"(?<=/)[^/@]*@", "", str(location))  # what stands before an @ is a secret
    if found := _URL.fullmatch(text) or _ADDRESS.fullmatch(text):
        scheme, rest = found.groups()
        meant = [*get_close_matches(scheme.lower(), ["https", "http"], n=1), "http"][0]
        raise UsageError(
            f"The store {text!r} is no server's URL: did you mean {meant}://{rest}? "
            f"If a folder of that name is meant, write ./{text}."
        )


def open_store(
    location: str | Path,
    collection: str = "medley",
    *,
    api_key: str | None = None,
    timeout: int = 30,
    ca_file: Path | None = None,
    hasty: bool = False,
) -> Store:
    """Open a collection; it need not exist yet (see `Store.ensure`).

    Args:
        location: a server's URL (http:// or https://), or a folder for the embedded engine, made when first written.
        collection: its name or an alias: letters, digits, "_" and "-", at most 64.
        api_key: of the server; never shown in a message.
        timeout: seconds that one attempt at a request to the server may take.
        ca_file: PEM file with the certificates that the server's is checked against; else those of the system.
        hasty: tell soon that the server does not answer: somebody waits who has probably mistyped its address.

    Raises:
        UsageError: the name of the collection, the location or the file of certificates cannot be used.
        StoreLockedError: another process holds the embedded store.
        StoreError: the folder cannot be used, or is damaged.
    """
    check_collection(collection)
    if is_server(location):
        from store.retry import HASTY, Backoff
        from store.server import ServerStore

        backoff = HASTY if hasty else Backoff()
        return ServerStore(
            str(location), collection, api_key=api_key, timeout=timeout, ca_file=ca_file, backoff=backoff
        )
    check_folder(location)
    from store.embedded import EmbeddedStore

    return EmbeddedStore(Path(location), collection)
