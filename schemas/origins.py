"""Where settings come from: the names of environment variables, and which of several sources a value is from."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from schemas.errors import UsageError

PREFIX, JOINT = "MEDLEY_", "__"

_KUBERNETES = re.compile(r"(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)", re.ASCII)
"""What is put into the environment of every container where a service is called medley: no settings of ours."""

ALIKE = 0.7  # of two names, from 0 to 1: from here on one is taken for the other misspelt

Steps = tuple[str, ...]
"""The way to a setting: ("encoders", "preset")."""


@dataclass(frozen=True, slots=True)
class Source:
    """Something that settings come from, and what it says.

    Attributes:
        kind: what it is.
        name: of the file; of the environment it depends on the setting.
        values: what it says, section by section.
    """

    kind: Literal["argument", "environment", "file"]
    name: str
    values: Mapping[str, Any]

    def says(self, steps: Sequence[str]) -> bool:
        """Whether the value of a setting is from here, unless a source before it has one."""
        found: Any = self.values
        for step in steps:
            if isinstance(found, BaseModel):
                return True  # a whole section was given
            if not isinstance(found, Mapping) or step not in found:
                return False
            found = found[step]
        return True

    def called(self, steps: Sequence[str]) -> str:
        """What the setting is called here, to be named in a sentence."""
        if self.kind == "environment":
            given = {name.upper() for name in os.environ}
            ways = [variable(steps[:length]) for length in range(len(steps), 0, -1)]
            return next((name for name in ways if name in given), ways[0])
        return self.name


def variable(steps: Sequence[str]) -> str:
    """The environment variable of a setting."""
    return PREFIX + JOINT.join(steps).upper()


def check_environment(settings: type[BaseModel], environment: Mapping[str, str]) -> list[str]:
    """See that each variable of ours stands for a setting, and that lists and sections are JSON.

    Pydantic passes a misspelt variable over, and shows a traceback for one that is no JSON.

    Returns:
        The variables that resemble no setting: they are somebody else's (a deployment's, a test's), and mean nothing.

    Raises:
        UsageError: one resembles a setting, and is none; or a list or section is no JSON.
    """
    others = []
    for given, value in environment.items():
        name = given.upper()
        rest = name.removeprefix(PREFIX)
        if rest == name or value == "" or _is_kubernetes(rest, value):
            continue
        steps = rest.lower().split(JOINT)
        kind, known = _kind(settings, steps)
        if kind in (list, dict):
            _check_json(given, value, kind, _example(settings, steps, kind))
        elif kind is None and (meant := _meant(rest, settings, known)):
            raise UsageError(f"The environment variable {given} stands for no setting. Did you mean {meant}?")
        elif kind is None and steps[0] in settings.model_fields:
            raise UsageError(f"The environment variable {given} stands for no setting: `medley config` lists them all.")
        elif kind is None:
            others.append(given)
    return others


def leaves(settings: Any, before: Steps = ()) -> Iterator[Steps]:
    """The way to each setting that is no section; of what is by names of the person's own, the way to all of it."""
    for name, field in settings.model_fields.items():
        kind = bare(field.annotation)
        if is_section(kind):
            yield from leaves(kind, (*before, name))
        else:
            yield (*before, name)


def _kind(settings: type[BaseModel], steps: Sequence[str]) -> tuple[Any, list[str]]:
    """What is at the end of the way: `list`, `dict` (sections, too) or another type.

    None if the way leads nowhere; then also the ways that there are from where it is lost.
    """
    at: Any = settings
    for number, step in enumerate(steps):
        if is_section(at):
            if step not in at.model_fields:
                return None, [JOINT.join([*steps[:number], name]) for name in at.model_fields]
            at = bare(at.model_fields[step].annotation)
        elif get_origin(at) is dict:
            at = bare(get_args(at)[1])
        else:
            return None, [JOINT.join(steps[:number])]
    return (dict if is_section(at) else get_origin(at) or at), []


def _meant(rest: str, settings: type[BaseModel], known: Iterable[str]) -> str | None:
    """The variable that was probably meant: one nearly so called, or a setting of a section that was left out."""
    section, _, name = rest.rpartition(JOINT)
    if section.partition(JOINT)[0].lower() in settings.model_fields:
        names = {way.upper().rpartition(JOINT)[2]: way.upper() for way in known}
        near = [names[one] for one in get_close_matches(name, names, n=1, cutoff=ALIKE)]
    else:
        ways = {JOINT.join(steps).upper() for steps in leaves(settings)} | {way.upper() for way in known}
        near = [way for way in sorted(ways) if way.endswith(f"{JOINT}{rest}")]
        near = near or get_close_matches(rest, sorted(ways), n=1, cutoff=ALIKE)
    return f"{PREFIX}{near[0]}" if near else None


def _is_kubernetes(rest: str, value: str) -> bool:
    return _KUBERNETES.fullmatch(rest) is not None and (rest != "PORT" or "://" in value)


def is_section(kind: Any) -> bool:
    """Whether a type is a section of settings."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def bare(annotation: Any) -> Any:
    """A type without `None` and without what pydantic is told of it."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, type(int | None)):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        return bare(inner[0]) if len(inner) == 1 else annotation
    return annotation


def section_of(kind: Any) -> Any:
    """The section that a type has by names of the person's own, as `vectors` has; None if it has none."""
    inner = bare(get_args(kind)[1]) if get_origin(kind) is dict else None
    return inner if is_section(inner) else None


def _check_json(name: str, value: str, kind: type, advice: str) -> None:
    try:
        right = isinstance(json.loads(value), kind)
    except ValueError:
        right = False
    if not right:
        what = f"list, not {value!r}" if kind is list else "object"  # which may hold a key that nobody should see
        raise UsageError(f"The environment variable {name} must be a JSON {what}: {advice}.")


def _example(settings: type[BaseModel], steps: Sequence[str], kind: type) -> str:
    if kind is list:
        return f"""write {variable(steps)}='["…"]'"""
    inside = [one for one in leaves(settings) if one[: len(steps)] == tuple(steps) and len(one) > len(steps)]
    if inside:
        return f"set one setting of it, such as {variable(inside[0])}"
    return f"""write {variable(steps)}='{{"NAME": "…"}}'"""
