"""A medley.toml that tells all settings: made from their description, so that it never lacks one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from schemas.origins import Steps, bare, is_section, section_of, variable
from schemas.settings import Settings

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

HEAD = """\
Settings of Medley for the commands that are run in this folder.

What is commented out is the default, or an example where there is none. Arguments of a command go before environment
variables (in brackets), and those before this file. `medley config` shows what is in force, and where each is from.
"""

EXAMPLE = "image"  # the named vector whose settings are written out
WIDTH = 120
LARGE = 100_000  # numbers from here on are grouped by their thousands


def settings_file(given: Mapping[Steps, Any] | None = None) -> str:
    """The text of the file.

    Args:
        given: settings that are not left at their default, by the way to them.
    """
    lines = [f"# {line}".rstrip() for line in HEAD.splitlines()]
    return "\n".join([*lines, *_section(Settings, (), given or {})]) + "\n"


def _section(section: Any, before: Steps, given: Mapping[Steps, Any]) -> Iterator[str]:
    """The plain settings first: what follows a header belongs to its section."""
    below = []
    for name, field in section.model_fields.items():
        kind, steps = bare(field.annotation), (*before, name)
        if is_section(kind):
            below.append((steps, kind))
        elif inner := section_of(kind):
            below.append(((*steps, EXAMPLE), inner))
        else:
            yield from _setting(field, steps, given)
    for steps, kind in below:
        about = (kind.__doc__ or "").partition("\n")[0].partition(": see")[0].rstrip(".")
        yield from ("", "", f"[{'.'.join(steps)}]  # {about[:1].lower()}{about[1:]}")
        yield from _section(kind, steps, given)


def _setting(field: FieldInfo, steps: Steps, given: Mapping[Steps, Any]) -> Iterator[str]:
    about = field.description or ""
    kind = bare(field.annotation)
    choice = f" One of {', '.join(map(str, get_args(kind)))}." if get_origin(kind) is Literal else ""
    told = f"{about[:1].upper()}{about[1:]}.{choice} [{variable(steps)}]"
    yield ""
    yield from wrap(told, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
    if steps in given:
        yield f"{steps[-1]} = {_literal(given[steps])}"
    else:
        default = field.get_default(call_default_factory=True)
        example = default if default is not None else (field.examples or [""])[0]
        yield f"# {steps[-1]} = {_literal(example)}"


def _literal(value: Any) -> str:
    """A value as TOML, which writes plain ones as JSON does."""
    if isinstance(value, dict):
        return (
            "{ " + ", ".join(f"{json.dumps(key)} = {_literal(one)}" for key, one in value.items()) + " }"
            if value
            else "{}"
        )
    if isinstance(value, int) and not isinstance(value, bool) and value >= LARGE:
        return f"{value:_}"
    return json.dumps(value, ensure_ascii=False)
