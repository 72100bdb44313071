"""What object stores and web servers say when something is wrong, in one sentence that tells no secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from schemas import FileChangedError, MedleyError, TransientReadError

T = TypeVar("T")

GONE = (404, 410)
_LONGEST = 200  # characters of what a library says
_SHORTEST = 4  # characters of a secret: what is shorter would blot out half of the sentence


def asking(call: Callable[[], T], secrets: Mapping[str, Any]) -> T:
    """What a call of fsspec gives.

    No fault of a file's bytes is among what may go wrong here: a broken connection, a key that has expired and an
    object that is being brought back from an archive look much alike.

    Args:
        call: asks.
        secrets: options of the file system, whose values are not to be shown.

    Raises:
        FileChangedError: what is asked for is not there (any more).
        TransientReadError: it cannot be had now.
    """
    try:
        return call()
    except MedleyError:
        raise
    except Exception as error:  # each store has errors of its own, and few of them are OSErrors
        if _gone(error):
            raise FileChangedError("The file is no longer there: the next run takes note.") from error
        raise TransientReadError(f"It cannot be fetched: {reason(error, secrets)}.") from error


def _gone(error: Exception) -> bool:
    """Whether it says that something is not there; fsspec's web client says so of whatever went wrong."""
    if not isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError):
        return False
    cause = error.__cause__
    return cause is None or hasattr(cause, "response") or getattr(cause, "status", None) in GONE


def reason(error: BaseException, secrets: Mapping[str, Any]) -> str:
    """Why something could not be done, as its library says it."""
    if isinstance(error, FileNotFoundError) and error.__cause__ is not None:
        error = error.__cause__
    said = (str(error).strip().splitlines() or [""])[0]
    said = re.sub(r"(?<=://)[^/\s@]*@", "", said)
    said = re.sub(r"\?[^\s'\"]*", "", said)  # what follows an address may be a signature
    for secret in _texts(secrets):
        said = said.replace(secret, "…")
    return f"{type(error).__name__}: {said[:_LONGEST]}".rstrip(" .:")


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _texts(one)]
    return [value] if isinstance(value, str) and len(value) >= _SHORTEST else []
