"""Subtitles and lyrics: SubRip, WebVTT, SubStation and LRC texts, and the text streams inside films, as timed cues."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_CLOCK = r"(?:(\d{1,5}):)?(\d{1,5}):(\d{1,5})[,.](\d{1,3})"
_CLOCK_ALONE = re.compile(_CLOCK, re.ASCII)
_TIMES = re.compile(rf"^\s*{_CLOCK}\s*-->\s*{_CLOCK}", re.ASCII)
_SUBSTATION = "[Script Info]"
_LYRIC = re.compile(r"\[(\d{1,3}):(\d\d)(?:[.:](\d{1,3}))?\]", re.ASCII)
_LONGEST_LYRIC = 10.0  # seconds; a line ends with the next one, or after so long
_MARKUP = re.compile(r"<[^>\n]{0,200}>|\{[\\=][^}\n]{0,200}\}")


@dataclass(frozen=True, slots=True)
class Cue:
    """What is said from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


def parse_cues(text: str) -> list[Cue]:
    """The cues of a text in any of these forms, in its order. What has no times (notes, styles) is none."""
    if text.lstrip("\ufeff\n ").startswith(_SUBSTATION):
        found = _substation(text)
    elif "-->" not in text and any(map(_LYRIC.match, text.split("\n", 50))):  # after tags of title and artist
        found = _lyrics(text)
    else:
        found = _blocks(text)
    return [cue for cue in found if cue.text]


def _substation(text: str) -> Iterator[Cue]:
    """SubStation Alpha tells the order of its fields itself; the last of them is what is said."""
    fields = ["layer", "start", "end"]
    for line in text.split("\n"):
        name, _, value = line.partition(":")
        if name == "Format":
            fields = [field.strip().lower() for field in value.split(",")]
        elif name == "Dialogue" and {"start", "end"} <= set(fields):
            said = dict(zip(fields, value.split(",", len(fields) - 1), strict=False))
            start, end = (_CLOCK_ALONE.fullmatch(said.get(edge, "").strip()) for edge in ("start", "end"))
            if start and end and fields[-1] in said:
                yield Cue(_seconds(*start.groups()), _seconds(*end.groups()), clean_cue(said[fields[-1]]))


def _lyrics(text: str) -> Iterator[Cue]:
    """Lines of LRC; one that is sung again bears all its times."""
    lines: list[tuple[float, str]] = []
    for line in text.split("\n"):
        at = 0
        starts = []
        while time := _LYRIC.match(line, at):
            starts.append(_seconds(None, time[1], time[2], time[3] or "0"))
            at = time.end()
        lines += [(start, clean_cue(_LYRIC.sub("", line[at:]))) for start in starts]
    lines.sort(key=lambda line: line[0])
    for (start, said), (following, _) in zip(lines, [*lines[1:], (float("inf"), "")], strict=True):
        yield Cue(start, min(following, start + _LONGEST_LYRIC), said)


def _blocks(text: str) -> Iterator[Cue]:
    """SubRip and WebVTT: a line of times, and what is said below it."""
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
    for times, said in blocks:
        yield Cue(_seconds(*times.groups()[:4]), _seconds(*times.groups()[4:]), _joined(said))


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
