"""What pydantic finds wrong -> one sentence for a person: which field, what is wrong with it, what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from schemas.errors import guess

UNKNOWN = "no_such_field"
"""The type of the error that `Strict` raises; its context tells the `field`, and the fields that are `known`."""

_VALUELESS = ("missing", "json_invalid", "extra_forbidden")
"""Types of errors that are not about the value."""

LONGEST = 60  # characters of a wrong value that are shown

_NAME = re.compile(r"[a-z_][a-z0-9_@-]*")  # of a field; what stands in brackets or capitals is a variant of a union

_BOUNDS = {
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "string_too_long": "must have at most {max_length} characters",
    "too_long": "takes at most {max_length}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
}

_KINDS = {
    "int": "must be a whole number",
    "float": "must be a number",
    "finite": "must be a finite number",
    "bool": "must be true or false",
    "string": "must be a text",
    "list": "must be a list",
    "dict": 'must be an object of names and values ({"name": value})',
    "model": 'must be an object of names and values ({"name": value})',
    "path": "must be a path",
    "missing": "is missing",
    "extra": "is not known",
    "uuid": "must be an id",
}
"""By the first word of a type of error."""


class Strict(BaseModel):
    """A model in which a misspelt field is an error that says which one was probably meant."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            for name in given:
                if name not in cls.model_fields:
                    known = ", ".join(cls.model_fields)
                    raise PydanticCustomError(UNKNOWN, "there is no such field", {"field": str(name), "known": known})
        return given


def sentence(error: ValidationError, called: Callable[[str], str] = str) -> str:
    """What is wrong with a request, in one sentence that names the field.

    Args:
        error: what pydantic found.
        called: what a field is called where it was given: an option of a command.
    """
    return sentence_of(gravest(error.errors(include_url=False)), called=called)


def sentence_of(problem: Mapping[str, Any], *, called: Callable[[str], str] = str, whole: str = "The request") -> str:
    """The same for one problem; `whole` is what all of the request is called."""
    at = field_of(problem["loc"])
    if problem["type"] == UNKNOWN:
        return unknown_field(at, problem["ctx"])
    if at == "parts" and problem["type"] == "too_short":
        return "A question needs words, a picture, a sound, a clip, an item or a vector."
    return told(called(at) if at else whole, problem)


def gravest(problems: Sequence[Any]) -> Any:
    """The problem to tell of: of the variants of a union, the one that got furthest."""
    return max(problems, key=lambda one: (len(_plain(one["loc"])), not str(one["type"]).endswith("_type")))


def field_of(place: Iterable[int | str]) -> str:
    """The field that a problem is about, `parts.0.text`; empty: all of it."""
    return ".".join(map(str, _plain(place)))


def told(named: str, problem: Mapping[str, Any], *, secret: bool = False) -> str:
    """What is wrong with what is called so, in one sentence; the value itself is only shown if it is no secret."""
    if problem["type"] in ("value_error", "assertion_error"):
        return f"{named}: {_message(problem)}."
    found = problem["input"]
    tells = isinstance(found, str | int | float) and found != "" and problem["type"] not in _VALUELESS
    given = f", not {found!r}" if tells and not secret and len(repr(found)) <= LONGEST else ""
    return f"{named} {_must(problem, secret=secret)}{given}."


def unknown_field(at: str, context: Mapping[str, Any]) -> str:
    """That there is no such field, and which one was probably meant."""
    where = f" in {at}" if at else ""
    return f"There is no field {context['field']!r}{where}. {guess(context['field'], context['known'].split(', '))}"


def _plain(place: Iterable[int | str]) -> list[int | str]:
    return [step for step in place if isinstance(step, int) or _NAME.fullmatch(step)]


def _must(problem: Mapping[str, Any], *, secret: bool) -> str:
    kind, context = str(problem["type"]), problem.get("ctx", {})
    if kind in _BOUNDS:
        return _BOUNDS[kind].format_map({name: _number(bound) for name, bound in context.items()})
    if kind in ("string_too_short", "too_short"):
        least = context["min_length"]
        what = "characters" if secret or kind == "string_too_short" else "entries"
        return "must not be empty" if least == 1 else f"must have at least {least} {what}"
    if kind == "json_invalid":
        return f"is not JSON ({context['error']})"
    word = kind.partition("_")[0]
    return _KINDS.get(word, f"is wrong ({_message(problem)})")


def _number(bound: Any) -> str:
    return f"{bound:,.10g}" if isinstance(bound, float) else f"{bound:,}" if isinstance(bound, int) else str(bound)


def _message(problem: Mapping[str, Any]) -> str:
    message = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ").rstrip(".")
    return f"{message[:1].lower()}{message[1:]}"
