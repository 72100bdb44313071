"""Where vectors live: one surface over an embedded Qdrant engine and a Qdrant server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from store.base import Store
from store.specs import check_collection

if TYPE_CHECKING:
    from schemas.settings import Settings

__all__ = ["Store", "is_server", "open_from", "open_store", "shown_location"]


def open_from(settings: Settings, location: str | Path | None = None) -> Store:
    """Open the collection that the settings name, or the one of that name at another location: see `open_store`."""
    return open_store(
        settings.store if location is None else location,
        settings.collection,
        api_key=settings.api_key.get_secret_value() if settings.api_key else None,
        timeout=settings.timeout,
        ca_file=settings.ca_file,
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


def open_store(
    location: str | Path,
    collection: str = "medley",
    *,
    api_key: str | None = None,
    timeout: int = 30,
    ca_file: Path | None = None,
) -> Store:
    """Open a collection; it need not exist yet (see `Store.ensure`).

    Args:
        location: a server's URL (http:// or https://), or a folder for the embedded engine, made when first written.
        collection: its name or an alias: letters, digits, "_" and "-", at most 64.
        api_key: of the server; never shown in a message.
        timeout: seconds that one attempt at a request to the server may take.
        ca_file: PEM file with the certificates that the server's is checked against; else those of the system.

    Raises:
        UsageError: the name of the collection, the URL or the file of certificates cannot be used.
        StoreLockedError: another process holds the embedded store.
        StoreError: the folder cannot be used, or is damaged.
    """
    check_collection(collection)
    if is_server(location):
        from store.server import ServerStore

        return ServerStore(str(location), collection, api_key=api_key, timeout=timeout, ca_file=ca_file)
    from store.embedded import EmbeddedStore

    return EmbeddedStore(Path(location), collection)
