"""Plans and reports of runs as pages of the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from flows.ingestion.progress import STAGES
from schemas.fit import FitReport
from schemas.plan import IngestPlan
from schemas.report import IngestReport

LISTED = 50  # files of a list that a page shows
OUTCOMES = ("indexed", "quarantined", "postponed", "excluded")

PLANNED = {
    "add": "to add",
    "change": "changed",
    "reread": "with other sidecars",
    "retry": "to try again",
    "move": "moved",
    "copies": "copied",
    "touch": "with another time stamp alone",
    "delete": "to delete",
}


def progress_line(stage: str, done: float, total: int, seconds: float) -> str:
    """How far a stage is: so many of so many, how fast, how long still."""
    what = STAGES.get(stage, stage)
    if not total:
        return f"{what} ({done:,.0f})" if done else what
    rate = done / seconds if seconds else 0.0
    left = f", {timedelta(seconds=round((total - done) / rate))} left" if rate and done < total else ""
    return f"{what}: {done:,.0f} of {total:,}, {rate:,.1f} a second{left}"


def plan_as_markdown(plan: IngestPlan) -> str:
    """What a run is going to do, and with which files."""
    rows = [(f"{len(listed):,}", what) for name, what in PLANNED.items() if (listed := getattr(plan, name))]
    rows += [(f"{len(one.paths):,}", f"to encode for `{name}`") for name, one in plan.reencode.items()]
    rest = {"unchanged": plan.unchanged, "excluded": len(plan.excluded), "quarantined": len(plan.quarantined)}
    rows += [(f"{count:,}", what) for what, count in rest.items() if count]
    lines = [f"# Plan for {plan.source}", "", *table(("files", "what"), rows, ">-")]
    for name, what in PLANNED.items():
        if listed := [getattr(one, "path", one) for one in getattr(plan, name)]:
            more = f" (the first {LISTED} of {len(listed):,})" if len(listed) > LISTED else ""
            lines += ["", f"## {what[0].upper()}{what[1:]}{more}", ""]
            lines += [f"- `{cell(path)}`" for path in listed[:LISTED]]
    return "\n".join([*lines, "", *plan.notes])


def as_markdown(report: IngestReport, link: str | None = None) -> str:
    """Counts, by modality too; where the time went; what was quarantined and why; where to search.

    Args:
        report: of the run.
        link: where the collection can be searched.
    """
    done = report.indexed + report.quarantined
    lines = [
        f"# {report.source}",
        "",
        f"**{report.found:,} files found**, {report.seconds:,.1f} s"
        + (f", {done / report.seconds:,.1f} files read a second" if done and report.seconds else "")
        + ".",
        "",
        *_counts(report),
        "",
        "Encoded: " + (", ".join(f"{name} {count:,}" for name, count in report.encoded.items() if count) or "nothing"),
        *_time_spent(report),
    ]
    if report.quarantine:
        rows = [(f"`{cell(one.path)}`", cell(one.reason)) for one in report.quarantine]
        lines += ["", "## Quarantined", "", *table(("file", "reason"), rows[:LISTED], "--")]
        if len(rows) > LISTED:
            lines.append(f"\n… and {len(rows) - LISTED:,} more: `medley quarantine`.")
    if report.exclusions:
        rows = [(cell(rule), f"{count:,}") for rule, count in report.exclusions.items()]
        lines += ["", "## Excluded", "", *table(("rule", "files"), rows, "->")]
    if link:
        lines += ["", f"[Search the collection]({link})"]
        named = list(report.added)[:5]
        lines += [
            f"- [`{cell(path)}`]({link}/?q={_query(path)})" for path in named if "?" not in link and "#" not in link
        ]
    return "\n".join([*lines, "", *report.notes])


def fit_as_markdown(report: FitReport) -> str:
    """What a fit was learnt from, and what it was found to be worth."""
    state = "in use" if report.in_use else "kept aside"
    lines = [f"# {report.version}", f"{state}; {report.things:,} segments, {report.seconds:.1f} s", ""]
    measures = list(next(iter(report.measured.values())).means) if report.measured else []
    if measures:
        rows = [
            (name, *(f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})" for one in measured.means.values()))
            for name, measured in report.measured.items()
        ]
        lines += table(("", *measures), rows, "-" + ">" * len(measures))
    if report.against is not None:
        lines += ["", f"Against {report.compared_with}: p = {report.against.p:.3f}."]
    return "\n".join([*lines, "", *report.notes])


def run_name() -> str:
    """The name of a flow run: what it does, the source that it is about, and who asked for it."""
    from prefect.runtime import deployment, flow_run

    given: Mapping[str, Any] = flow_run.parameters
    what = "reconcile-full" if given.get("verify") else "retry" if given.get("retry") else "ingest"
    source = given.get("source") or Path(given["folder"]).name
    return f"{what} {source} ({trigger_of(flow_run.tags or (), bool(deployment.id))})"


def trigger_of(tags: Sequence[str], deployed: bool) -> str:
    """Who asked for a run, by its tags."""
    told = {"auto-scheduled": "schedule", "start": "start", "api": "API", "watch": "watch"}
    return next((told[tag] for tag in tags if tag in told), "by hand" if deployed else "command line")


def _counts(report: IngestReport) -> list[str]:
    """A row for each modality that was read, and one for all files."""
    total = {
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "excluded": report.excluded,
        "quarantined": report.quarantined,
        "postponed": report.postponed,
        "moved": report.moved,
        "copied": report.copied,
        "deleted": report.deleted,
    }
    heads = [name for name, count in total.items() if count or name in ("indexed", "unchanged", "quarantined")]
    rows = [
        (modality, *(f"{outcomes[name]:,}" if outcomes.get(name) else "" for name in heads))
        for modality, outcomes in sorted(report.by_modality.items())
    ]
    rows.append(("**all**", *(f"**{total[name]:,}**" for name in heads)))
    return table(("", *heads), rows, "-" + ">" * len(heads))


def _time_spent(report: IngestReport) -> list[str]:
    """The stages that took longest; they overlap, so that shares are of the work and not of the clock."""
    whole = sum(report.spent.values())
    if not whole:
        return []
    spent = sorted(report.spent.items(), key=lambda one: -one[1])
    rows = [
        (stage, f"{seconds:,.1f} s", f"{'█' * round(20 * seconds / whole)} {seconds / whole:.0%}")
        for stage, seconds in spent
    ]
    return ["", "## Where the time went", "", *table(("stage", "work", "share"), rows, "->-")]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], sides: str) -> list[str]:
    """The lines of a table; `sides` has a > for each column that is aligned to the right."""
    rule = "|".join(" ---: " if side == ">" else " --- " for side in sides)
    return [f"| {' | '.join(heads)} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _query(path: str) -> str:
    from urllib.parse import quote

    return quote(Path(path).stem.replace("_", " "))


def cell(text: str) -> str:
    """Text as it may stand in a table."""
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
