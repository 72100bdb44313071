"""Medley makes a folder of media searchable by words, picture, sound and clip.

import medley

with medley.open("my-store") as library:
    library.ingest("~/Pictures")
    for hit in library.search(text="a red boat at sunset").hits:
        print(hit.path, hit.score)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medley.library import Library, open
    from schemas.answer import Hit, SearchResult
    from schemas.conversation import Conversation
    from schemas.report import CollectionStatus, IngestReport
    from schemas.search import Part, SearchRequest
    from schemas.version import __version__

__all__ = [
    "CollectionStatus",
    "Conversation",
    "Hit",
    "IngestReport",
    "Library",
    "Part",
    "SearchRequest",
    "SearchResult",
    "__version__",
    "open",
]

_HOMES = {
    "Library": "medley.library",
    "open": "medley.library",
    "CollectionStatus": "schemas.report",
    "IngestReport": "schemas.report",
    "Hit": "schemas.answer",
    "Conversation": "schemas.conversation",
    "Part": "schemas.search",
    "SearchRequest": "schemas.search",
    "SearchResult": "schemas.answer",
    "__version__": "schemas.version",
}


def __getattr__(name: str) -> Any:
    # Lazily: `medley --help` imports this module and must not wait for pydantic and numpy.
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'medley' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
