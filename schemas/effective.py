"""The settings in force, one by one: what each is, and which source it is from. Secrets are not shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, SecretStr

from schemas.origins import Source, Steps
from schemas.settings import Settings, without_credentials

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """A setting in force.

    Attributes:
        name: `encoders.preset`.
        value: plain JSON; a secret is asterisks.
        origin: "argument", "environment", "file" or "default".
        where: the variable or the file; empty for the others.
        about: what it is for.
    """

    name: str
    value: Any
    origin: str
    where: str
    about: str


def effective(settings: Settings, known: Sequence[Source]) -> list[Effective]:
    """Every setting, in the order of the sections.

    Args:
        settings: those in force.
        known: what they were put together from: see `schemas.settings.sources`.
    """
    return [_told(steps, value, about, known) for steps, value, about in _each(settings)]


def _each(section: BaseModel, before: Steps = ()) -> Iterator[tuple[Steps, Any, str]]:
    for name, field in type(section).model_fields.items():
        steps, value, about = (*before, name), getattr(section, name), field.description or ""
        if isinstance(value, BaseModel):
            yield from _each(value, steps)
        elif isinstance(value, Mapping) and value:
            for key, inner in value.items():
                if isinstance(inner, BaseModel):
                    yield from (one for one in _each(inner, (*steps, key)) if one[1] is not None)
                else:
                    yield (*steps, key), inner, about
        else:
            yield steps, value, about


def _told(steps: Steps, value: Any, about: str, known: Sequence[Source]) -> Effective:
    source = next((one for one in known if one.says(steps)), None)
    origin = DEFAULT if source is None else source.kind
    where = source.called(steps) if source is not None and origin != "argument" else ""
    return Effective(".".join(steps), _shown(steps, value), origin, where, about)


def _shown(steps: Steps, value: Any) -> Any:
    if isinstance(value, SecretStr):
        return str(value)  # asterisks
    if steps == ("store",):
        return without_credentials(value)
    return value if isinstance(value, str | int | float | list | dict | None) else str(value)
