"""Where vectors live: one surface over an embedded Qdrant engine and a Qdrant server."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.errors import UsageError
from store.base import Store

__all__ = ["Store", "open_store"]

_COLLECTION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def open_store(location: str | Path, collection: str = "medley", *, api_key: str | None = None) -> Store:
    """Open a collection; it need not exist yet (see `Store.ensure`).

    Args:
        location: a server's URL (http:// or https://), or a folder for the embedded engine, made when first written.
        collection: letters, digits, "_" and "-", at most 64.
        api_key: of the server; never shown in a message.

    Raises:
        UsageError: the name of the collection cannot be used.
        StoreLockedError: another process holds the embedded store.
        StoreError: the folder cannot be used, or is damaged.
    """
    if not _COLLECTION.fullmatch(collection):
        raise UsageError(
            f"The collection name {collection!r} cannot be used: take letters, digits, '_' and '-', at most 64."
        )
    if str(location).startswith(("http://", "https://")):
        from store.server import ServerStore

        return ServerStore(str(location), collection, api_key=api_key)
    from store.embedded import EmbeddedStore

    return EmbeddedStore(Path(location), collection)
