"""The report of an evaluation: a table for the terminal, and a page with plots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from medley.html import template
from schemas.evaluation import SHOWN, SURE, Comparison, EvaluationReport, Interval, Measured

if TYPE_CHECKING:
    from rich.console import Console

    from schemas.published import Published

PUBLISHED = ("success@1", "success@5", "success@10")
LEAST = 0.001  # a smaller p is only told to be so


def parts(report: EvaluationReport) -> dict[str, Measured]:
    """The rows of a table: all questions, those of each kind, and those that each modality answers."""
    return {
        "all": report.overall,
        **report.kinds,
        **{f"answered by {name}": one for name, one in report.modalities.items()},
    }


def table(
    report: EvaluationReport, compared: Sequence[Comparison], published: Sequence[Published], console: Console
) -> None:
    """Print a report."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    shown.add_column("")
    for name in ("questions", *SHOWN):
        shown.add_column(name, justify="right")
    for name, one in parts(report).items():
        means = [_with_interval(one.means[measure]) for measure in SHOWN]
        shown.add_row(escape(name), f"{one.queries:,}", *means, style="bold" if name == "all" else None)
    console.print(shown)
    facts = [f"coverage of {name} {share:.0%}" for name, share in report.coverage.items()]
    if report.unanswered:
        facts.append(f"{report.unanswered} without any hit")
    if report.seconds:
        facts.append(f"{report.seconds['median'] * 1000:.0f} ms a question")
    console.print(escape(", ".join(facts)), style="dim", highlight=False)
    if compared:
        console.print(_comparison(compared))
    if published:
        console.print(_published(report, published))
    for note in report.notes:
        console.print(escape(note), style="yellow", highlight=False)
    console.print(f"Kept as {escape(report.id)}.", style="dim", highlight=False)


def verdict(one: Comparison) -> str:
    """What a comparison says, in a word."""
    if one.p >= SURE:
        return "no difference that is sure"
    return "better" if one.difference.mean > 0 else "worse"


def probability(p: float) -> str:
    """A p-value as it is written."""
    return f"< {LEAST:g}" if p < LEAST else f"{p:.3f}"


def _with_interval(one: Interval) -> str:
    return f"{one.mean:.3f} [dim]{one.low:.2f}-{one.high:.2f}[/]"


def _comparison(compared: Sequence[Comparison]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    for name in ("compared", "before", "after", "difference", "p", ""):
        shown.add_column(name, justify="left" if name in ("compared", "") else "right")
    for one in compared:
        said = verdict(one)
        style = {"better": "green", "worse": "red"}.get(said)
        difference = f"{one.difference.mean:+.3f} [dim]{one.difference.low:+.3f} to {one.difference.high:+.3f}[/]"
        means = f"{one.before:.3f}", f"{one.after:.3f}"
        shown.add_row(one.measure, *means, difference, probability(one.p), said, style=style)
    return shown


def _published(report: EvaluationReport, published: Sequence[Published]) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", *PUBLISHED, "where it is published"):
        shown.add_column(name, justify="right" if name in PUBLISHED else "left")
    ours = [f"{report.overall.means[name].mean:.3f}" for name in PUBLISHED]
    shown.add_row(f"here: {escape(report.name)}", *ours, "", style="bold")
    for one in published:
        values = [f"{one.values[name]:.3f}" if name in one.values else "" for name in PUBLISHED]
        shown.add_row(escape(one.system + (f", {one.split}" if one.split else "")), *values, one.source)
    return shown


def page(report: EvaluationReport, compared: Sequence[Comparison], published: Sequence[Published]) -> str:
    """One HTML page that needs nothing else: plots with intervals, tables, and how the run was made."""
    return template("evaluation.html").render(
        report=report,
        parts=parts(report),
        measures=SHOWN,
        plots=[_plot(report, name) for name in ("recall@1", "recall@10", "mrr", "ndcg@10")],
        curve=list(_curve(report)),
        compared=[(one, verdict(one), probability(one.p)) for one in compared],
        published=published,
        shown=PUBLISHED,
        places=PLACES,
        about=dict(_flat(report.about)),
    )


def _plot(report: EvaluationReport, measure: str) -> dict[str, Any]:
    """Bars with their intervals, in percent of the width."""
    bars = [
        {"name": name, "mean": one.means[measure].mean, "low": one.means[measure].low, "high": one.means[measure].high}
        for name, one in parts(report).items()
    ]
    return {"measure": measure, "bars": bars}


def _curve(report: EvaluationReport) -> Iterator[dict[str, Any]]:
    """For each kind, the share of questions whose first right answer stands among the first k."""
    ranks = report.values["mrr"]
    for number, kind in enumerate(report.kinds):
        own = [ranks[question] for question, its in report.kind_of.items() if its == kind]
        points = []
        for n, k in enumerate(PLACES):
            share = sum(value >= 1 / k - 1e-9 for value in own) / len(own)
            points.append((n * 100 / (len(PLACES) - 1), 100 - 100 * share))
        yield {"name": kind, "colour": number % 8, "points": points}


PLACES = (1, 2, 3, 5, 10, 20, 50, 100)


def _flat(about: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in about.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name} ")
        elif value not in ("", None, [], {}):
            yield f"{before}{name}", ", ".join(map(str, value)) if isinstance(value, list) else str(value)
