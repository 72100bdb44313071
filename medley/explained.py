"""An explanation as one HTML page, and as lines for a terminal."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from medley.answering import write_file
from medley.clock import clock
from medley.html import template
from schemas.answer import Explanation, Heard, Hit, Passage, VectorMap
from schemas.errors import UsageError
from schemas.search import SearchRequest

if TYPE_CHECKING:
    from rich.console import Console

HOW = {
    "occlusion": "By how much the score falls where the picture is covered.",
    "silence": "By how much the score falls where the sound is silenced.",
    "patches": "What each part of the picture gives to the tokens of the question.",
    "regions": "What each region gives to the score of the fused vector.",
    "attention": "How much more than others each region was attended to.",
}


def asked(request: SearchRequest) -> str:
    """What was asked, in a line."""
    return " + ".join(_part(part.kind, part.value, part.weight) for part in request.parts)


def _part(kind: str, value: Any, weight: float) -> str:
    if kind == "text":
        named = f"“{value}”"
    elif kind == "vector":
        named = "a vector"
    else:
        named = f"{kind} {getattr(value, 'name', value)}"
    return named if weight == 1 else f"{weight:g} × {named}"


def rows(hit: Hit) -> list[dict[str, Any]]:
    """Each vector with rank, score and share, the greatest share first; then what the hit is given for lacking one."""
    found = [
        {"name": name, "rank": f"#{part.rank}", "score": f"{part.score:.3f}", "share": part.share}
        for name, part in hit.vectors.items()
    ]
    found += [
        {"name": name, "rank": "", "score": "it has none: benefit of the doubt", "share": share}
        for name, share in hit.benefit.items()
    ]
    return sorted(found, key=lambda row: -float(row["share"]))


def pieces(passage: Passage) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it was asked for."""
    at = 0
    for start, end in passage.spans:
        yield passage.text[at:start], False
        yield passage.text[start:end], True
        at = end
    yield passage.text[at:], False


def where(map_: VectorMap) -> str:
    """What a map is of, in words."""
    if map_.second is not None:
        return f"{map_.vector}: the likest half second is at {clock(map_.second)}"
    return f"{map_.vector}: frame {map_.frame} of {map_.frames}" if map_.frame else map_.vector


def page(explanation: Explanation, request: SearchRequest) -> str:
    """One HTML document that needs nothing else."""
    from medley.page import COLOURS
    from medley.show import place

    hit = explanation.hit
    total = hit.score or 1.0
    return template("explain.html").render(
        hit=hit,
        place=place(hit),
        asked=asked(request),
        notes=explanation.notes,
        rows=[
            row
            | {
                "share": f"{row['share']:.3f}",
                "width": f"{min(100.0, max(0.0, 100 * row['share'] / total)):.1f}",
                "colour": COLOURS.get(row["name"], 5),
            }
            for row in rows(hit)
        ],
        score=f"{hit.score:.3f}",
        learned=None if hit.closer is None else f"{hit.closer:.3f}",
        reasons=[(name, f"{value:+.3f}") for name, value in hit.reasons.items()],
        confidence=None if hit.confidence is None else f"{hit.confidence:.2f}",
        passages=[{"kind": one.kind, "pieces": list(pieces(one))} for one in hit.passages],
        kinds=[(kind, shorten(hit.words[kind], 160), f"{v:.2f}") for kind, v in _likest(explanation.kinds)],
        given=[(name, f"{value:+.3f}") for name, value in explanation.given.items()],
        maps=[_drawn(one) for one in explanation.maps],
    )


def _drawn(map_: VectorMap) -> dict[str, str]:
    less, more = ("less", "more") if map_.how == "attention" else ("takes from it", "gives to it")
    return {"title": where(map_), "picture": _uri(map_.picture), "says": HOW[map_.how], "less": less, "more": more}


def written(explanation: Explanation, request: SearchRequest, file: Path) -> None:
    """Write a page, or the first map alone if the file's name ends in .png.

    Raises:
        UsageError: there is no map, or the file cannot be written.
    """
    if file.suffix.lower() != ".png":
        write_file(file, page(explanation, request))
    elif explanation.maps:
        write_file(file, explanation.maps[0].picture)
    else:
        raise UsageError("There is no picture to draw: no vector of pictures or sounds found this hit, or no file.")


def tell(explanation: Explanation, request: SearchRequest, console: Console) -> None:
    """The same in a few lines, without the pictures."""
    from rich.markup import escape

    from medley.show import place

    hit = explanation.hit
    console.print(f"[bold]{escape(hit.path)}[/]{place(hit)}  [dim]{escape(asked(request))}[/]", highlight=False)
    for row in rows(hit):
        line = f"{row['name']:>8} {row['share']:7.3f}  {row['rank']} {row['score']}"
        console.print(f"  [green]{escape(line)}[/]", highlight=False)
    sure = "" if hit.confidence is None else f", probably a right answer: {hit.confidence:.2f}"
    console.print(f"     score {hit.score:7.3f}{sure}", highlight=False)
    if hit.closer is not None and not hit.reasons:
        console.print(
            f"    closer {hit.closer:7.3f}, by a closer look: the best are in the order of that", highlight=False
        )
    if hit.reasons and hit.closer is not None:
        console.print(f"   learned {hit.closer:7.3f}", highlight=False)
        for name, value in hit.reasons.items():
            console.print(f"  [dim]{value:+16.3f}  {escape(name)}[/]", highlight=False)
    for passage in hit.passages:
        marked = "".join(f"[yellow]{escape(t)}[/]" if found else escape(t) for t, found in pieces(passage))
        console.print(f"  [dim]{escape(passage.kind)}[/] {marked}", highlight=False)
    for kind, value in _likest(explanation.kinds):
        console.print(f"  [dim]{escape(kind)}[/] by meaning {value:.2f}", highlight=False)
    for name, others in explanation.attention.items():
        attended = ", ".join(f"{other} {share:.2f}" for other, share in others.items())
        console.print(f"  [dim]{escape(name)}[/] attended to {escape(attended)}", highlight=False)
    if explanation.given:
        parts = ", ".join(f"{name} {share:+.2f}" for name, share in explanation.given.items())
        console.print(f"  [dim]fused[/] of {escape(parts)}", highlight=False)
    for region in explanation.regions:
        by = "" if region.attended is None else f", attended to {region.attended:.3f}"
        console.print(
            f"  [dim]{escape(region.vector)}[/] {region.number} of {region.of} gave {region.given:+.3f}{by}",
            highlight=False,
        )
    for told in explanation.heard:
        shares = ", ".join(f"{name} {share:.2f}" for name, share in told.shares.items())
        console.print(
            f"  [dim]{escape(told.vector)}[/] of {escape(_where(told))} told {escape(shares)}", highlight=False
        )
    for one in explanation.maps:
        console.print(f"  [dim]{escape(where(one))}[/]", highlight=False)
    for note in explanation.notes:
        console.print(escape(note), style="cyan", highlight=False)


def _where(told: Heard) -> str:
    """Where in the item a segment lies."""
    if told.start is not None and told.end is not None:
        return f"{clock(told.start)}-{clock(told.end)}"
    return f"page {told.page}" if told.page is not None else f"segment {told.segment}"


def _likest(kinds: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(kinds.items(), key=lambda pair: -pair[1])


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"
