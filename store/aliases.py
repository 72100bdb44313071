"""Other names of the collections in a store's folder: `aliases.json`, as a server keeps them in its own way."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import StoreError
from store.files import write_atomically

FILE = "aliases.json"


def read(store: Path) -> dict[str, str]:
    """The collection of each alias.

    Raises:
        StoreError: the file is damaged.
    """
    try:
        known = json.loads((store / FILE).read_bytes())
        return {str(alias): str(collection) for alias, collection in known.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError) as error:
        raise StoreError(f"The aliases {store / FILE} cannot be read ({error}): repair or remove that file.") from error


def resolve(store: Path, name: str) -> str:
    """The collection that a name stands for: itself, unless it is an alias."""
    return read(store).get(name, name)


def point(store: Path, alias: str, collection: str | None) -> None:
    """Let an alias stand for a collection, whatever it stood for; None forgets it. All at once, and durably.

    Raises:
        StoreError: a collection bears the name, or the file cannot be written.
    """
    if (store / alias).is_dir():
        raise StoreError(f"The alias {alias!r} cannot be made: a collection in {store} bears that name.")
    try:
        with _alone(store):
            known = read(store)
            changed = {name: target for name, target in known.items() if name != alias}
            if collection is not None:
                changed[alias] = collection
            if changed != known:
                write_atomically(store / FILE, json.dumps(changed, indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"The aliases {store / FILE} cannot be written ({error}): make the folder writable."
        ) from error


@contextmanager
def _alone(store: Path) -> Iterator[None]:
    """Two collections of one folder may be open in two processes: neither loses the other's change."""
    descriptor = os.open(store, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
