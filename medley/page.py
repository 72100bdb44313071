"""Answers as one HTML file that needs nothing else: no script, no font, no picture is fetched from anywhere."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medley.clock import clock
from medley.html import template
from schemas.answer import Hit, SearchResult
from schemas.media import Modality, join_words

LONGEST = {Modality.TEXT.value: 420}  # characters of a hit's words that are shown
SHORT = 170
NARROWEST, WIDEST = 1.15, 2.0  # width over height of a picture that is cropped
COLOURS = {"words": 0, "text": 1, "image": 2, "audio": 3, "video": 4}
"""Colours of the usual named vectors; others take the remaining ones in the order in which they come."""

PALETTE = 8

_KINDS = {b"\xff\xd8\xff": "jpeg", b"\x89PNG": "png", b"RIFF": "webp", b"GIF8": "gif"}
_SENSES = {"image": "by looks alone", "audio": "by sound alone", "video": "by looks alone"}
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)  # of a Markdown document
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")


@dataclass(frozen=True)
class PageSection:
    """One search: what was asked, what was found, and small pictures of it.

    `query_preview` and the values of `previews` are JPEG, PNG, WebP or GIF bytes; the keys of `previews` are made by
    `hit_key`. A hit without a preview is shown by its words.
    """

    title: str
    query_text: str
    result: SearchResult
    query_preview: bytes | None = None
    previews: Mapping[str, bytes] = field(default_factory=dict)
    description: str = ""


def hit_key(hit: Hit) -> str:
    """Names a hit among the previews of its section: its item and segment."""
    return f"{hit.item}:{hit.segment}"


def render_page(sections: Sequence[PageSection], title: str = "Medley", summary: str = "") -> str:
    """One HTML document with a section for each search.

    Everything that comes from files, names and words is escaped; what has no printable form is shown as U+FFFD, so
    that the page can always be written as UTF-8.

    Args:
        sections: the searches, in order.
        title: of the page.
        summary: a sentence below the title.
    """
    shown = [_section(number, section) for number, section in enumerate(sections, start=1)]
    return _UNPRINTABLE.sub("\ufffd", template("results.html").render(sections=shown, title=title, summary=summary))


def _section(number: int, section: PageSection) -> dict[str, Any]:
    hits = section.result.hits
    best = max((hit.score for hit in hits), default=0.0)
    colours = _colours(hits)
    sought = _sought(section.query_text)
    took = section.result.seconds
    return {
        "number": number,
        "title": section.title,
        "description": section.description,
        "query_text": section.query_text,
        "query_preview": _data_uri(section.query_preview),
        "fusion": section.result.fusion,
        "notes": section.result.notes,
        "milliseconds": round((took["encode"] + took["search"]) * 1000) if took else None,
        "vectors": [{"name": name, "colour": colour} for name, colour in colours.items()],
        "hits": [
            _hit(rank, hit, section.previews.get(hit_key(hit)), best=best, colours=colours, sought=sought)
            for rank, hit in enumerate(hits, start=1)
        ],
    }


def _hit(
    rank: int,
    hit: Hit,
    preview: bytes | None,
    *,
    best: float,
    colours: Mapping[str, int],
    sought: re.Pattern[str] | None,
) -> dict[str, Any]:
    folder, slash, name = hit.path.rpartition("/")
    words = " ".join(_HEADING.sub(r"\1 · ", join_words(hit.words, named=False)).split())
    return {
        "rank": rank,
        "score": f"{hit.score:.3f}",
        "modality": hit.modality,
        "noun": {"image": "picture", "audio": "sound", "video": "clip"}.get(hit.modality, hit.modality),
        "folder": folder + slash,
        "name": name,
        "link": _link(hit),
        "place": _place(hit),
        "preview": _data_uri(preview),
        "whole": not _fits(hit.info),
        "words": list(_marked(_shortened(words, LONGEST.get(hit.modality, SHORT), sought), sought)),
        "wordless": "" if words else _wordless(hit),
        "alt": _shortened(words, SHORT, None) or hit.path,
        "vectors": [
            {
                "name": vector,
                "colour": colours[vector],
                "rank": part.rank,
                "score": f"{part.score:.2f}",
                "width": f"{100 * min(1.0, max(0.0, part.share / best)) if best > 0 else 0.0:.1f}",
                "part": f"{100 * part.share / hit.score:.0f}" if hit.score > 0 else "0",
            }
            for vector, part in sorted(hit.vectors.items(), key=lambda named: -named[1].share)
        ],
    }


def _wordless(hit: Hit) -> str:
    """What stands in the place of words where there are none: how the hit was found without them."""
    ways = {_SENSES.get(vector, "by its name") for vector in hit.vectors}
    return f"no words: found {ways.pop()}" if len(ways) == 1 else "no words but its name"


def _colours(hits: Sequence[Hit]) -> dict[str, int]:
    """A colour for each named vector among the hits."""
    names = dict.fromkeys(name for hit in hits for name in hit.vectors)
    free = iter(range(len(COLOURS), 1_000_000))
    colours = {name: COLOURS[name] if name in COLOURS else next(free) % PALETTE for name in names}
    return dict(sorted(colours.items(), key=lambda item: item[1]))


def _place(hit: Hit) -> str:
    """Where in the item: `0:12–0:18`, `p. 3`, `from character 1,204`, or nothing: a whole text has no place to tell."""
    if hit.page is not None:
        return f"p. {hit.page}"
    if hit.characters is not None and hit.characters[0]:
        return f"from character {hit.characters[0]:,}"
    if hit.start is None or hit.end is None:
        return ""
    return f"{clock(hit.start)}–{clock(hit.end)}"


def _fits(info: Mapping[str, Any]) -> bool:
    """Whether a picture of this size may be cropped to a card's 3:2 without losing what it shows."""
    width, height = info.get("width"), info.get("height")
    return not (width and height) or NARROWEST < width / height < WIDEST


def _link(hit: Hit) -> str | None:
    """The file on this machine or on a web server, at the second of the hit."""
    at = f"#t={hit.start:.1f}" if hit.start and hit.modality in (Modality.VIDEO, Modality.AUDIO) else ""
    if hit.file is not None and hit.file.startswith(("http://", "https://")):
        return hit.file + at
    if hit.file is None or not Path(hit.file).is_absolute():
        return None
    return Path(hit.file).as_uri() + at


def _data_uri(image: bytes | None) -> str | None:
    kind = next((kind for magic, kind in _KINDS.items() if image and image.startswith(magic)), None)
    return f"data:image/{kind};base64,{b64encode(image).decode()}" if image and kind else None


def _sought(text: str) -> re.Pattern[str] | None:
    """What is marked in the words of a hit: the words of the query, whatever their ending."""
    words = sorted({word.lower() for word in re.findall(r"\w{4,}", text)}, key=len, reverse=True)
    return re.compile(rf"\b({'|'.join(map(re.escape, words))})\w{{0,2}}\b", re.IGNORECASE) if words else None


def _shortened(text: str, longest: int, sought: re.Pattern[str] | None) -> str:
    """At most `longest` characters, cut at a word, beginning shortly before the first word that was asked for."""
    if len(text) <= longest:
        return text
    found = sought.search(text) if sought else None
    start = max(0, min(found.start() - longest // 3, len(text) - longest)) if found else 0
    start = text.rfind(" ", 0, start) + 1 if start else 0
    end = text.rfind(" ", start, start + longest)
    end = end if end > start else start + longest
    return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")


def _marked(text: str, sought: re.Pattern[str] | None) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it was asked for."""
    at = 0
    for match in sought.finditer(text) if sought else ():
        if match.start() > at:
            yield text[at : match.start()], False
        yield match[0], True
        at = match.end()
    if at < len(text):
        yield text[at:], False
