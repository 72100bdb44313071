"""What a fit found, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from schemas.fit import BridgeChoice, FitReport


def report(card: FitReport) -> None:
    """One fit: what it was learnt from, what it was found to be worth, and what became of it."""
    console = Console()
    asked = ", ".join(f"{count} by {kind}" for kind, count in card.questions.items())
    console.print(
        f"{card.version}: {', '.join(card.inputs)} of {card.things:,} segments in {card.dim} numbers; "
        f"{card.seconds:g} s.",
        highlight=False,
    )
    if card.measured:
        console.print(f"Asked of what was left out: {asked}.", highlight=False)
        console.print(_measured(card))
    for sentence in (verdict(card), *card.notes):
        console.print(sentence, highlight=False)


def verdict(card: FitReport) -> str:
    """What became of a fit, in words."""
    if card.against is None:
        return f"It is kept aside: `medley fit use {card.version}` puts it in use."
    found = f"mean reciprocal rank {card.against.after:.3f} against {card.against.before:.3f}, p = {card.against.p:.3f}"
    if card.method == "graph":
        what = f"{card.details.get('tells')} by {card.details.get('by')}"
        if card.in_use:
            return f"Words now find by it what has none ({what}): better than {card.compared_with} ({found})."
        return f"Nothing was written ({what}), for searches find no more with it than {card.compared_with} ({found})."
    if not card.in_use:
        return (
            f"It is kept aside, for it is not better than {card.compared_with} ({found}). "
            f"`medley fit use {card.version}` puts it in use all the same."
        )
    searched = (
        "Searches use it from now on."
        if card.asked
        else "Besides the other vectors it adds nothing that is sure: searches use it where --using fused asks for it."
    )
    return f"It is in use: better than {card.compared_with} ({found}). {searched}"


def bridges(found: Sequence[BridgeChoice]) -> None:
    """The bridge that was chosen between each two vectors, and what the others came to."""
    console = Console()
    for one in found:
        tried = "; ".join(
            f"{kind} {against.after:.3f} against {against.before:.3f} of the ridge (p = {against.p:.3f})"
            for kind, against in one.against.items()
        )
        console.print(
            f"{one.source} to {one.target}: {one.kind}, on {one.pairs:,} pairs. Mean reciprocal rank of what was left "
            f"out: {tried}.",
            highlight=False,
        )


def versions(cards: Sequence[FitReport]) -> None:
    """All versions, a line each."""
    if not cards:
        Console().print("Nothing was fitted yet: `medley fit attention` fits a fusion of the vectors.", highlight=False)
        return
    console = Console()
    width = max(len(card.version) for card in cards)
    for card in cards:
        found = card.against
        worth = f"MRR {found.after:.3f} against {found.before:.3f} of {card.compared_with}; " if found else ""
        state = ("in use, asked; " if card.asked else "in use; ") if card.in_use else ""
        console.print(
            f"{card.version:{width}}  {card.made:%Y-%m-%d %H:%M}  {state}{worth}{card.things:,} segments of "
            f"{', '.join(card.inputs)}",
            highlight=False,
            soft_wrap=True,
        )


def _measured(card: FitReport) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column("", no_wrap=True)
    for measure in next(iter(card.measured.values())).means:
        table.add_column(measure.upper() if measure == "mrr" else measure, no_wrap=True)
    for name, measured in card.measured.items():
        cells = [f"{one.mean:.3f} [{one.low:.2f}, {one.high:.2f}]" for one in measured.means.values()]
        table.add_row(name, *cells)
    return table
