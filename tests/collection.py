"""What a collection holds, in a form that two of them can be compared in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.payload import FIRST_ATTEMPT, LAST_ATTEMPT, MODIFIED, MTIME_NS, SIDECARS
from schemas.settings import Settings
from store import Store, open_store


def contents(settings: Settings) -> dict[str, tuple[dict[str, Any], dict[str, list[float]]]]:
    """Every point of the collection: payload and vectors by id."""
    with open_store(settings.store) as store:
        return contents_of(store)


def contents_of(store: Store) -> dict[str, tuple[dict[str, Any], dict[str, list[float]]]]:
    """The same of a store that is open."""
    return {
        str(record.id): (_timeless(record.payload or {}), _plain(record.vector))
        for record in store.scroll_all(with_payload=True, with_vectors=True)
    }


def placeless(points: Mapping[str, tuple[dict[str, Any], Any]]) -> dict[str, Any]:
    """Contents without the times of files, in which no two places agree."""
    return {
        identity: ({key: value for key, value in fields.items() if key not in (MTIME_NS, MODIFIED, SIDECARS)}, vectors)
        for identity, (fields, vectors) in points.items()
    }


def _timeless(fields: dict[str, Any]) -> dict[str, Any]:
    """A payload without the times of attempts, in which no two collections agree."""
    return {key: value for key, value in fields.items() if key not in (FIRST_ATTEMPT, LAST_ATTEMPT)}


def _plain(vectors: Any) -> dict[str, list[float]]:
    return {
        name: list(getattr(vector, "values", vector)) if hasattr(vector, "indices") else _rounded(vector)
        for name, vector in (vectors or {}).items()
    }


def _rounded(vector: Any) -> Any:
    """Numbers, or rows of them where a vector has several."""
    return [_rounded(row) for row in vector] if isinstance(vector[0], list) else [round(x, 5) for x in vector]
