"""Mail: single messages (EML) and boxes of them (mbox). Nothing in them that lies elsewhere is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path
from typing import Any, cast

from readers.hash import unreadable
from readers.magic import EML
from readers.markup import html_text
from readers.text import decode_text
from schemas import ReadError

_SAID = ("From", "To", "Cc", "Date")
_LINE = 1_000_000  # bytes; what is longer is taken for several lines


def messages(path: Path, mime: str, limit: int) -> Iterator[bytes]:
    """The messages of a file, each cut off after `limit` bytes: a box may be far larger than memory.

    Raises:
        ReadError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            if mime == EML:
                yield file.read(limit)
                return
            held: list[bytes] = []
            size, empty = 0, True
            while line := file.readline(_LINE):
                if empty and line.startswith(b"From "):
                    if held:
                        yield b"".join(held)
                    held, size = [], 0
                elif size < limit:
                    held.append(line)
                    size += len(line)
                empty = not line.strip()
            if held:
                yield b"".join(held)
    except OSError as error:
        raise unreadable(error) from error


def message_text(data: bytes) -> tuple[str, str]:
    """Subject and text of a message: who wrote it to whom and when, what it says, and what is attached to it.

    Raises:
        ReadError: It is damaged.
    """
    try:
        message = message_from_bytes(data)
        said, names = _body(message)
    except (MessageError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise ReadError("The message is damaged: its parts contradict each other.") from error
    subject = _field(message, "Subject")
    about = [f"{name}: {value}" for name in _SAID if (value := _field(message, name))]
    attached = f"Attached: {', '.join(names)}" if names else ""
    return subject, "\n\n".join(filter(None, [f"# {subject}" if subject else "", "\n".join(about), said, attached]))


def _body(message: Message[Any, Any]) -> tuple[str, list[str]]:
    """What a message says, and the names of what is attached."""
    return _said(message), [_decoded(name) for part in message.walk() if (name := part.get_filename())]


def _said(part: Message[Any, Any]) -> str:
    """What a part says: its own parts one after the other, of alternatives the plain one where it says anything."""
    if part.get_filename():
        return ""
    kind = part.get_content_type()
    if part.is_multipart():
        inner = [
            (one.get_content_type(), said) for one in cast("list[Any]", part.get_payload()) if (said := _said(one))
        ]
        if kind == "multipart/alternative":
            inner = [one for one in inner if one[0] == "text/plain"][:1] or inner[-1:]
        return "\n\n".join(said for _, said in inner)
    if kind == "text/html":
        return html_text(_payload(part))[1].strip()
    return _payload(part).strip() if kind == "text/plain" else ""


def _payload(part: Message[Any, Any]) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    try:
        return data.decode(part.get_content_charset("utf-8")).replace("\r\n", "\n")
    except (LookupError, ValueError):  # it says what is not true
        return decode_text(data) or ""


def _field(message: Message[Any, Any], name: str) -> str:
    return _decoded(str(message.get(name, "")))


def _decoded(value: str) -> str:
    with suppress(MessageError, LookupError, ValueError):  # else it stays as it is written
        value = str(make_header(decode_header(value)))
    return " ".join(value.split())
