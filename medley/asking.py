"""What the command line is given -> a request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from schemas.errors import UsageError
from schemas.search import SearchRequest, sentence


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
    away = [{"text": text, "weight": -1} for text in without or ()]
    away += [{"item": item, "weight": -1} for item in unlike or ()]
    return SearchRequest.of(text=" ".join(words or ()), item=like, parts=away, **more)


def read_request(file: Path) -> SearchRequest:
    """The request that a file holds as JSON; `-`: standard input.

    Raises:
        UsageError: there is no such file, or it holds none.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The request {str(file)!r} cannot be read: {error}.") from error
    try:
        return SearchRequest.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(sentence(error)) from error


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
