"""Answers, for people as tables and for programs as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from medley.clock import clock
from schemas.media import join_words

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.answer import Hit, SearchResult
    from schemas.effective import Effective
    from schemas.plan import IngestPlan
    from schemas.report import CollectionStatus, IngestReport, PostponedEntry, QuarantineEntry
    from store.check import Verification
    from store.recall import Recall

PIPE = 1000  # columns of a line that no person reads on a terminal
WORDS = 80  # characters of a hit's words in a table


def document(value: Any) -> None:
    """Print one JSON document."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")


def terminal() -> Console:
    """The terminal; a pipe gets lines as long as they are, so that no path is cut in two."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE)


PLANNED = {
    "add": "to add",
    "change": "changed",
    "reread": "with other sidecars: their words alone are read again",
    "enrich": "whose words are to be read again: an enricher (OCR, say) has not looked at them yet",
    "retry": "to try again",
    "move": "moved: nothing to encode",
    "copies": "copied: nothing to encode",
    "touch": "with another time stamp alone: nothing to encode",
    "delete": "to delete",
    "forget": "gone that were quarantined or excluded: to forget",
}


def plan(plan: IngestPlan, *, as_json: bool = False) -> None:
    """What a run is going to do: a line where that is nothing."""
    if as_json:
        document(plan.model_dump(by_alias=True))
        return
    console = terminal()
    rest = {"unchanged": plan.unchanged, "excluded": len(plan.excluded), "quarantined": len(plan.quarantined)}
    said = ", ".join(f"{count:,} {what}" for what, count in rest.items() if count)
    if plan.empty:
        console.print(f"Nothing to do: {said or 'no files'}.", highlight=False)
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(justify="right", style="bold")
        table.add_column()
        for name, what in PLANNED.items():
            if count := len(getattr(plan, name)):
                table.add_row(f"{count:,}", what)
        for vector, one in plan.reencode.items():
            before = f", instead of {one.before}" if one.before else ""
            table.add_row(f"{len(one.paths):,}", escape(f"to encode for {vector!r} by {one.after}{before}"))
        if said:
            table.add_row("", said, style="dim")
        console.print(table)
    for note in plan.notes:
        console.print(escape(note), style="yellow", highlight=False)


def report(report: IngestReport, *, as_json: bool) -> None:
    """What a run did."""
    if as_json:
        document(report.model_dump())
        return
    console = terminal()
    done = [
        f"{report.indexed:,} indexed",
        f"{report.unchanged:,} unchanged",
        f"{report.excluded:,} excluded",
        f"{report.quarantined:,} quarantined",
    ]
    if report.postponed:
        done.append(f"{report.postponed:,} postponed")
    moved = [f"{count:,} {what}" for what, count in (("moved", report.moved), ("copied", report.copied)) if count]
    if moved:
        done[0] += f" ({', '.join(moved)})"
    console.print(f"[bold]{report.found:,} files found[/]: {', '.join(done)}.", highlight=False)
    encoded = ", ".join(f"{count:,} {vector}" for vector, count in report.encoded.items() if count)
    gone = f" {report.deleted:,} deleted." if report.deleted else ""
    console.print(f"Encoded: {encoded or 'nothing'}.{gone} {report.seconds:.1f} s.", highlight=False)
    if report.exclusions:
        rules = "; ".join(f"{rule.rstrip('.')} ({count:,})" for rule, count in sorted(report.exclusions.items()))
        console.print(escape(f"Excluded: {rules}."), style="dim", highlight=False)
    for note in report.notes:
        console.print(escape(note), style="cyan", highlight=False)
    _reasons(console, "postponed to the next run", report.postponements)
    _quarantine(console, report.quarantine)


def deployed(made: Mapping[str, str], *, as_json: bool) -> None:
    """What runs when."""
    if as_json:
        document({"deployments": made})
        return
    table = Table("deployment", "runs", box=None, pad_edge=False)
    for name, when in made.items():
        table.add_row(escape(name), escape(when))
    terminal().print(table)


def result(result: SearchResult, *, as_json: bool) -> None:
    """The answer to a question."""
    if as_json:
        document(result.model_dump())
        return
    console = terminal()
    for note in result.notes:
        console.print(escape(note), style="cyan", highlight=False)
    if result.hits:
        console.print(hits_table(result.hits))
    elif not result.notes:
        console.print("Nothing was found.")


def hits_table(hits: Sequence[Hit]) -> Table:
    """Hits as a table: rank, score, where, and why."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("#", justify="right", style="dim")
    table.add_column("score", justify="right")
    table.add_column("item", overflow="fold")
    table.add_column("why", style="green", overflow="fold")
    table.add_column("words", style="dim", overflow="fold")
    for rank, hit in enumerate(hits, start=1):
        why = "  ".join(f"{name} #{part.rank} {part.score:.2f}" for name, part in hit.vectors.items())
        words = " ".join(join_words(hit.words, named=False).split())
        short = words if len(words) <= WORDS else words[: WORDS - 1] + "…"
        table.add_row(str(rank), f"{hit.score:.3f}", escape(f"{hit.path}{place(hit)}"), why, escape(short))
    return table


def place(hit: Hit) -> str:
    """Where in the item: ` 0:12-0:18`, ` p. 3`, ` from character 1,204`, or nothing."""
    if hit.page is not None:
        return f" p. {hit.page}"
    if hit.characters is not None and hit.characters[0]:
        return f" from character {hit.characters[0]:,}"
    if hit.start is None or hit.end is None:
        return ""
    return f" {clock(hit.start)}-{clock(hit.end)}"


def status(status: CollectionStatus, *, as_json: bool) -> None:
    """What a collection holds."""
    if as_json:
        document(status.model_dump())
        return
    console = terminal()
    by_modality = ", ".join(f"{count:,} {modality}" for modality, count in status.by_modality.items() if count)
    console.print(
        f"[bold]{status.items:,} items[/] ({by_modality or 'none'}), {status.points:,} points.", highlight=False
    )
    for name, folder in status.sources.items():
        run = status.runs.get(name)
        last = (
            f"last run ended {run.ended} and took {run.seconds:,.1f} s" if run and run.ended else "no run has ended yet"
        )
        console.print(f"Source {escape(name)}: {escape(folder)}; {last}", highlight=False)
    if status.vectors:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("vector", "points", "dim", "distance", "encoder"):
            table.add_column(column, justify="right" if column in ("points", "dim") else "left")
        for name, vector in status.vectors.items():
            table.add_row(name, f"{vector.points:,}", str(vector.dim or ""), vector.distance, vector.fingerprint)
        console.print(table)
    for name, bridge in status.bridges.items():
        console.print(f"{escape(name)}: {escape(bridge)}", highlight=False)
    _quarantine(console, status.quarantined)


def quarantine(entries: Sequence[QuarantineEntry], *, as_json: bool) -> None:
    """Which files could not be read or encoded: why, who is at fault, when they were tried first and last."""
    if as_json:
        document([entry.model_dump() for entry in entries])
        return
    console = terminal()
    if not entries:
        console.print("No file is quarantined.")
        return
    sources = len({entry.source for entry in entries}) > 1
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column, style in (
        ("quarantined", ""),
        ("reason", "yellow"),
        ("at fault", ""),
        ("first", "dim"),
        ("last", "dim"),
    ):
        table.add_column(column, style=style, overflow="fold")
    for entry in entries:
        path = f"{entry.source}: {entry.path}" if sources else entry.path
        tried = (_day(entry.first_attempt), _day(entry.last_attempt))
        table.add_row(escape(path), escape(entry.reason), escape(entry.at_fault), *tried)
    console.print(table)


def _day(time: str | None) -> str:
    """The day and minute of a time, in the zone of whoever reads it."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M") if time else ""


def item(segments: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """All that is known of an item."""
    if as_json:
        document({"segments": segments})
        return
    console = terminal()
    first = segments[0]
    console.print(f"[bold]{escape(first['path'])}[/]", highlight=False)
    shared = Table(box=None, show_header=False, pad_edge=False)
    shared.add_column(style="dim")
    shared.add_column(overflow="fold")
    for key in ("state", "reason", "modality", "mime", "source", "item", "size", "modified", "hash"):
        if first.get(key) not in (None, ""):
            shared.add_row(key, escape(str(first[key])))
    vectors = {f"vector {name}": made_by for name, made_by in first.get("encoders", {}).items()}
    for key, value in {**first.get("info", {}), **vectors}.items():
        shared.add_row(key, escape(str(value)))
    console.print(shared)
    for segment in segments:
        where = "  ".join(f"{key} {segment[key]}" for key in ("start", "end", "page", "characters") if key in segment)
        console.print(f"[dim]segment {segment['segment']}  {where}[/]", highlight=False)
        for kind, text in segment.get("words", {}).items():
            console.print(f"  [green]{kind}[/] {escape(text)}", highlight=False)


def settings(found: Sequence[Effective], file: Path, ignored: Sequence[str]) -> None:
    """The settings in force, and where they are from; those that somebody set stand out. Then what is ignored."""
    console = terminal()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("setting", "value", "from"):
        table.add_column(column, overflow="fold")
    for one in found:
        where = str(file) if one.origin == "file" else one.where or one.origin
        style = "dim" if one.origin == "default" else ""
        value = "not set" if one.value is None else one.value if isinstance(one.value, str) else json.dumps(one.value)
        table.add_row(escape(one.name), escape(value), escape(where), style=style)
    console.print(table)
    if ignored:
        console.print(f"No settings, and ignored: {', '.join(ignored)}.", style="yellow", highlight=False)
    if not file.is_file():
        console.print(f"There is no {file}: `medley init` writes one.", style="dim", highlight=False, soft_wrap=True)


def verification(found: Verification, *, as_json: bool) -> None:
    """Whether a collection is sound, and what is wrong with it."""
    if as_json:
        document({"sound": found.sound, **asdict(found)})
        return
    console = terminal()
    vectors = ", ".join(f"{count:,} {name}" for name, count in found.vectors.items())
    verdict = "[green]Sound[/]" if found.sound else f"[yellow]{found.faults:,} faults[/]"
    console.print(f"{verdict}: {found.points:,} points read ({escape(vectors)}).", highlight=False)
    for problem in found.problems:
        console.print(escape(problem), style="yellow", highlight=False, soft_wrap=True)
    if found.faults > len(found.problems):
        console.print(f"… and {found.faults - len(found.problems):,} more.", style="dim", highlight=False)


def copied(points: int, source: str, target: str, *, as_json: bool) -> None:
    """What was copied, and where to."""
    if as_json:
        document({"points": points, "from": source, "to": target})
        return
    terminal().print(escape(f"{points:,} points copied from {source} to {target}."), highlight=False, soft_wrap=True)


def dropped(vector: str, *, as_json: bool) -> None:
    """Which vector is gone."""
    if as_json:
        document({"dropped": vector})
        return
    terminal().print(escape(f"The vector {vector!r} was dropped."), highlight=False)


def recalls(measured: Sequence[Recall], points: int, *, as_json: bool) -> None:
    """What the vector index finds, and how fast."""
    if as_json:
        document({"points": points, "vectors": [asdict(one) for one in measured]})
        return
    console = terminal()
    if not measured:
        console.print(f"{points:,} points need no index: a scan answers them as fast.", highlight=False)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("vector", "recall@10", "hnsw_ef", "exact ms", "indexed ms", "sample"):
        table.add_column(column, justify="left" if column == "vector" else "right")
    for one in measured:
        numbers = f"{one.recall:.3f}", str(one.hnsw_ef), f"{one.exact:.1f}", f"{one.indexed:.1f}", str(one.sample)
        table.add_row(escape(one.vector), *numbers)
    console.print(table)


def _quarantine(console: Console, entries: Sequence[QuarantineEntry]) -> None:
    _reasons(console, "quarantined", entries)


def _reasons(console: Console, what: str, entries: Sequence[QuarantineEntry | PostponedEntry]) -> None:
    if not entries:
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(what, overflow="fold")
    table.add_column("reason", style="yellow", overflow="fold")
    for entry in entries:
        table.add_row(escape(entry.path), escape(entry.reason))
    console.print(table)
