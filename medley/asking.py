"""What the command line is given -> a request."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.conversation import AVOIDED, DISLIKED, Conversation
from schemas.errors import UsageError
from schemas.search import SearchRequest
from schemas.sentences import sentence

_OPTIONS = {
    "score_threshold": "--threshold",
    "min_confidence": "--confidence",
    "rerank.by": "--rerank",
    "rerank.top": "--top",
    "rerank.milliseconds": "--budget",
}
"""What the command line calls a field otherwise than by its own name."""


def made(
    words: Sequence[str] | None,
    *,
    like: Sequence[str] | None,
    unlike: Sequence[str] | None,
    without: Sequence[str] | None,
    **more: Any,
) -> SearchRequest:
    """A request from the options of a command.

    Raises:
        UsageError: it is none.
    """
    away = [{"text": text, "weight": AVOIDED} for text in without or ()]
    away += [{"item": item, "weight": DISLIKED} for item in unlike or ()]
    with _in_options():
        return SearchRequest.of(text=" ".join(words or ()), item=like, parts=away, **more)


def conversed(file: Path, *, back: bool, drop: bool, parts: Mapping[str, Any], **more: Any) -> Conversation:
    """The conversation in a file, which need not exist yet, with one more turn.

    Args:
        file: JSON of a `Conversation`.
        back: forget the last turn.
        drop: take the last part away.
        parts: what is said now: words, image, audio, video, like, unlike, without, where.
        more: other fields of the request, for this turn.

    Raises:
        UsageError: the file holds no conversation, or nothing is asked.
    """
    try:
        talk = Conversation.model_validate_json(file.read_text("utf-8")) if file.exists() else Conversation()
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        raise UsageError(f"{str(file)!r} holds no conversation: name another file.") from error
    if back:
        talk.back()
    if drop:
        talk.drop()
    if words := " ".join(parts.get("words") or ()):
        talk.refine(words)
    for kind in ("image", "audio", "video"):
        for path in parts.get(kind) or ():
            talk.add({kind: Path(path).absolute()})
    for way, act in (("like", talk.more_like), ("unlike", talk.less_like), ("without", talk.without)):
        for one in parts.get(way) or ():
            act(one)
    if condition := parts.get("where"):
        talk.where(condition)
    asked = talk.request  # says so, if nothing has been asked
    with _in_options():
        talk.turns[-1].request = SearchRequest.of(**{**asked.model_dump(), **more})
    return talk


def read_request(file: Path) -> SearchRequest:
    """The request that a file holds as JSON; `-`: standard input.

    Raises:
        UsageError: there is no such file, or it holds none.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"The request {str(file)!r} cannot be read: {reason}.") from error
    try:
        return SearchRequest.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"In {str(file)!r}: {sentence(error)}") from error


def read_weights(texts: Sequence[str]) -> dict[str, float]:
    """Weights by vector, from words such as `image=0.5`.

    Raises:
        UsageError: one of them is not understood.
    """
    weights = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            weights[name] = float(value)
        except ValueError:
            raise UsageError(
                f"The weight {text!r} is not understood: write VECTOR=NUMBER, such as image=0.5."
            ) from None
    return weights


@contextmanager
def _in_options() -> Iterator[None]:
    """Tell what is wrong with a request in the words of the command line."""
    try:
        yield
    except UsageError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        raise UsageError(sentence(error.__cause__, _option)) from error.__cause__


def _option(field: str) -> str:
    """What the command line calls a field of a request."""
    first, _, rest = field.partition(".")
    if first == "parts":
        kind = rest.partition(".")[2]
        return {"text": "What is looked for", "item": "--like"}.get(kind, f"--{kind}" if kind else "What is looked for")
    return "--weight" if first == "weights" else _OPTIONS.get(field, f"--{first.replace('_', '-')}")
