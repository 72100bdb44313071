"""Every error that Medley raises on purpose.

    MedleyError
    ├── UsageError              a wrong argument or setting (exit code 2)
    │   ├── UnknownNameError    a name that is not in its registry ("did you mean …?")
    │   ├── ScarceError         too few of a named vector to learn from
    │   ├── NotFoundError       an item that the collection does not have
    │   ├── EmptyCollectionError    nothing has been ingested yet
    │   └── UnreachableError    a question that reaches none of the vectors it may search
    ├── ReadError               a file that cannot be read: it is quarantined with this sentence
    │   ├── UnsupportedError    a kind of file that nothing here reads: it is excluded
    │   └── TransientReadError  a fault that may pass by itself: it is read again, and never quarantined
    │       ├── FileChangedError    a file that changed or went while it was read: the next run takes it
    │       └── SourceUnavailableError  nothing answers where the source's files lie
    ├── EncodeError             an encoder that cannot be loaded, or cannot encode an item
    ├── GateError               searches got worse than they may
    └── StoreError              the collection cannot be used
        ├── StoreLockedError    another process holds the embedded store
        ├── StoreUnavailableError   the server does not answer
        ├── CollectionMismatchError the collection was made for other vectors
        └── RefusedError            what was asked of the engine cannot be answered: the request is at fault
            └── NotOfferedError     the engine has no such feature

The message is the product: one sentence that names the file, setting or value, says what is wrong, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class MedleyError(Exception):
    """Base of all errors that Medley raises on purpose; its text can be shown to a person as it is."""


class UsageError(MedleyError):
    """A wrong argument or setting."""


class ScarceError(UsageError):
    """There are too few of a named vector to learn from.

    Attributes:
        vector: its name.
    """

    def __init__(self, message: str, vector: str) -> None:
        super().__init__(message)
        self.vector = vector

    def __reduce__(self) -> tuple[type[ScarceError], tuple[str, str]]:
        return ScarceError, (str(self), self.vector)


def guess(name: str, known: Iterable[str]) -> str:
    """The known name that was probably meant; else all of them."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(names) or 'none'}."


class UnknownNameError(UsageError):
    """A name that is not in the registry it was looked up in."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(map(str, known))
        super().__init__(f"There is no {kind} named {name!r}. {guess(name, self.known)}")

    def __reduce__(self) -> tuple[type[UnknownNameError], tuple[str, str, list[str]]]:
        """To be raised in another process than the one in which it happened."""
        return UnknownNameError, (self.kind, self.name, self.known)


class NotFoundError(UsageError):
    """An item that the collection does not have."""


class EmptyCollectionError(UsageError):
    """A question to a collection into which nothing has been ingested yet."""


class UnreachableError(UsageError):
    """A question none of whose parts can be compared with the vectors that it may search."""


class ReadError(MedleyError):
    """A file that cannot be read."""


class UnsupportedError(ReadError):
    """A kind of file that no reader takes."""


class TransientReadError(ReadError):
    """A fault of the disk, the network or the memory that is not the file's, and may be gone in a moment."""


class FileChangedError(TransientReadError):
    """A file that changed or went between the crawl and the end of its reading: to read it again at once is no use."""


class SourceUnavailableError(TransientReadError):
    """Nothing answers where a source's files lie: no file of it is to blame, and none can be read."""


class EncodeError(MedleyError):
    """An encoder that cannot be loaded, or cannot encode an item."""


class GateError(MedleyError):
    """How well a collection is searched fell by more than it may."""


class StoreError(MedleyError):
    """The collection cannot be used."""


class StoreLockedError(StoreError):
    """Another process holds the embedded store."""


class StoreUnavailableError(StoreError):
    """The server does not answer, or refuses."""


class CollectionMismatchError(StoreError):
    """The collection was made for other vectors than those asked for."""


class RefusedError(StoreError):
    """What was asked of the engine cannot be answered; the same request will be refused again."""


class NotOfferedError(RefusedError):
    """The engine has no such feature."""


HTTP_STATUS: dict[type[MedleyError], int] = {
    UsageError: 400,
    NotFoundError: 404,
    EmptyCollectionError: 404,
    CollectionMismatchError: 409,
    UnsupportedError: 415,
    SourceUnavailableError: 503,
    UnreachableError: 422,
    ReadError: 422,
    EncodeError: 422,
    RefusedError: 400,
    NotOfferedError: 501,
    StoreLockedError: 503,
    StoreUnavailableError: 503,
}
"""What an error is over HTTP; one that is not here is what its base is, and the fault is ours (500) where none is."""


def http_status(error: MedleyError) -> int:
    """The HTTP status of an error, by the nearest of its classes in `HTTP_STATUS`."""
    return next((HTTP_STATUS[kind] for kind in type(error).__mro__ if kind in HTTP_STATUS), 500)
