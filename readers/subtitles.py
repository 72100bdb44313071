"""Subtitles: SubRip and WebVTT texts, and the text streams inside films, as timed cues."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass

_CLOCK = r"(?:(\d+):)?(\d+):(\d+)[,.](\d{1,3})"
_TIMES = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}", re.ASCII)
_MARKUP = re.compile(r"<[^>\n]{0,200}>|\{[\\=][^}\n]{0,200}\}")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def parse_cues(text: str) -> list[Cue]:
    """The cues of a SubRip or WebVTT text, in its order. Blocks without times (notes, styles) are none."""
    blocks: list[tuple[re.Match[str], list[str]]] = []
    inside = False
    for line in text.split("\n"):
        if times := _TIMES.match(line):
            blocks.append((times, []))
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            blocks[-1][1].append(line)
    cues = (Cue(_seconds(*times.groups()[:4]), _seconds(*times.groups()[4:]), _joined(said)) for times, said in blocks)
    return [cue for cue in cues if cue.text]


def _joined(lines: list[str]) -> str:
    return clean_cue("\n".join(lines))


def _seconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> float:
    return float(int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) + float(f"0.{fraction}")


def clean_cue(text: str) -> str:
    """The words of a cue, without markup, on one line."""
    text = _MARKUP.sub("", text.replace("\\N", " ").replace("\\n", " ").replace("\\h", " "))
    return " ".join(html.unescape(text).split())


def spoken(cues: Iterable[Cue], start: float, end: float) -> str:
    """What is said between `start` and `end`; words that are repeated at once (rolling captions) once."""
    said: list[str] = []
    for cue in cues:
        if cue.start < end and cue.end > start and (not said or said[-1] != cue.text):
            said.append(cue.text)
    return " ".join(said)
