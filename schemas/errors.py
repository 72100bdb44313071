"""Every error that Medley raises on purpose.

    MedleyError
    ├── UsageError              a wrong argument or setting (exit code 2)
    │   └── UnknownNameError    a name that is not in its registry ("did you mean …?")
    ├── ReadError               a file that cannot be read: it is quarantined with this sentence
    │   ├── UnsupportedError    a kind of file that nothing here reads: it is excluded
    │   └── TransientReadError  a fault that may pass by itself: it is read again, and never quarantined
    │       └── FileChangedError    a file that changed or went while it was read: the next run takes it
    ├── EncodeError             an encoder that cannot be loaded, or cannot encode an item
    └── StoreError              the collection cannot be used
        ├── StoreLockedError    another process holds the embedded store
        ├── StoreUnavailableError   the server does not answer
        └── CollectionMismatchError the collection was made for other vectors

The message is the product: one sentence that names the file, setting or value, says what is wrong, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class MedleyError(Exception):
    """Base of all errors that Medley raises on purpose; its text can be shown to a person as it is."""


class UsageError(MedleyError):
    """A wrong argument or setting."""


class UnknownNameError(UsageError):
    """A name that is not in the registry it was looked up in."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(map(str, known))
        near = get_close_matches(name, self.known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(self.known) or 'none'}."
        super().__init__(f"There is no {kind} named {name!r}. {hint}")


class ReadError(MedleyError):
    """A file that cannot be read."""


class UnsupportedError(ReadError):
    """A kind of file that no reader takes."""


class TransientReadError(ReadError):
    """A fault of the disk, the network or the memory that is not the file's, and may be gone in a moment."""


class FileChangedError(TransientReadError):
    """A file that changed or went between the crawl and the end of its reading: to read it again at once is no use."""


class EncodeError(MedleyError):
    """An encoder that cannot be loaded, or cannot encode an item."""


class StoreError(MedleyError):
    """The collection cannot be used."""


class StoreLockedError(StoreError):
    """Another process holds the embedded store."""


class StoreUnavailableError(StoreError):
    """The server does not answer, or refuses."""


class CollectionMismatchError(StoreError):
    """The collection was made for other vectors than those asked for."""
