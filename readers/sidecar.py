"""The words of the files that stand beside another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readers.hash import unreadable
from readers.pairing import CUE_SUFFIXES, split_suffix
from readers.subtitles import Cue, parse_cues
from readers.text import decode_text, smooth, without_translations
from readers.xmp import parse_xmp
from schemas import FoundFile, ReadOptions, TransientReadError
from schemas.payload import payload_path

_LONGEST = 10_000  # characters of one sidecar that every segment carries
_SAYING = ("title", "headline", "caption", "description", "summary", "alt", "alt_text", "text", "transcript", "lyrics")
_TAGGING = ("tags", "keywords", "subject", "subjects", "categories", "people")


@dataclass(slots=True)
class Sidecar:
    """What the sidecars of a file say. `unread` are the names of those that could not be read, as in a payload."""

    lines: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    cues: list[Cue] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """All but the cues, a line each, keywords last."""
        return unique_lines([*self.lines, ", ".join(self.tags)])


def read_sidecars(path: Path, found: FoundFile, options: ReadOptions) -> Sidecar:
    """The sidecars of `found`, which lies at `path`. A broken one costs its words, not the file: see `unread`.

    Raises:
        TransientReadError: one cannot be read now, or is no longer there.
    """
    sidecar = Sidecar()
    for relative in found.sidecars:
        beside = path.with_name(relative.rpartition("/")[2])
        try:
            with beside.open("rb") as file:
                data = file.read(options.max_document)
        except OSError as error:
            if isinstance(fault := unreadable(error), TransientReadError):
                raise fault from error  # else the words would be missing until the sidecar changes
            data = None
        if data is None or not _take(sidecar, split_suffix(beside.name)[1], data):
            sidecar.unread.append(payload_path(beside.name))
    return sidecar


def _take(sidecar: Sidecar, suffix: str, data: bytes) -> bool:
    """Add what a sidecar says; False if it cannot be understood."""
    if suffix == "xmp":
        xmp = parse_xmp(data)
        if xmp is not None:
            sidecar.lines += xmp.lines.values()
            sidecar.tags += xmp.tags
        return xmp is not None
    text = decode_text(data)
    if text is None:
        return False
    if suffix in CUE_SUFFIXES:
        sidecar.cues += parse_cues(text)
        return True
    if suffix == "json":
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        _take_json(sidecar, value)
        return True
    sidecar.lines.append(without_translations(text).strip()[:_LONGEST])
    return True


def _take_json(sidecar: Sidecar, value: Any) -> None:
    """Known keys, if there are any, so that neither addresses nor settings are taken for words; else all strings."""
    if isinstance(value, dict):
        fields = {str(key).lower(): said for key, said in value.items()}
        said = [" ".join(json_strings(fields[key])) for key in _SAYING if key in fields]
        tags = [tag for key in _TAGGING if key in fields for tag in json_strings(fields[key])]
        if any(said) or tags:
            sidecar.lines += [line[:_LONGEST] for line in said]
            sidecar.tags += tags
            return
    sidecar.lines.append(" ".join(json_strings(value))[:_LONGEST])


def json_strings(value: Any) -> Iterator[str]:
    """All strings among the values of a JSON document that hold a letter and are no address, in order."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            lettered = value[:1].isalpha() or any(character.isalpha() for character in value)
            if lettered and "://" not in value[:16]:
                yield smooth(value)
        elif isinstance(value, dict):
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def unique_lines(lines: list[str]) -> str:
    """Lines without those that are empty or repeat another one."""
    return "\n".join(dict.fromkeys(line for line in lines if line))
