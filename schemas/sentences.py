"""What pydantic finds wrong -> one sentence for a person."""

from __future__ import annotations

from pydantic import ValidationError


def sentence(error: ValidationError) -> str:
    """What is wrong with a request, in one sentence that names the field."""
    problem = error.errors(include_url=False, include_input=False)[0]
    named = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ").rstrip(".")
    if problem["type"] == "extra_forbidden":
        message = "there is no such field"
    if named == "parts" and problem["type"] == "too_short":
        return "A question needs words, a picture, a sound, a clip, an item or a vector."
    return f"{named}: {message[0].lower()}{message[1:]}." if named else f"{message[0].upper()}{message[1:]}."
