"""The reports of runs as pages of the dashboard."""

from __future__ import annotations

from pathlib import Path

from schemas.fit import FitReport
from schemas.report import IngestReport

LISTED = 50  # quarantined files on the page


def as_markdown(report: IngestReport) -> str:
    """Counts, what was encoded, what was quarantined and why."""
    counts = {
        "found": report.found,
        "indexed": report.indexed,
        "unchanged": report.unchanged,
        "excluded": report.excluded,
        "quarantined": report.quarantined,
        "moved": report.moved,
        "copied": report.copied,
        "deleted": report.deleted,
    }
    lines = [
        f"# {report.source}",
        f"{report.seconds:.1f} s",
        "",
        "| " + " | ".join(counts) + " |",
        "|" + " ---: |" * len(counts),
        "| " + " | ".join(f"{value:,}" for value in counts.values()) + " |",
        "",
        "Encoded: " + (", ".join(f"{name} {count:,}" for name, count in report.encoded.items() if count) or "nothing"),
    ]
    if report.quarantine:
        lines += ["", "| quarantined | reason |", "| --- | --- |"]
        lines += [f"| `{_cell(entry.path)}` | {_cell(entry.reason)} |" for entry in report.quarantine[:LISTED]]
    if report.exclusions:
        lines += ["", "| excluded by | files |", "| --- | ---: |"]
        lines += [f"| {_cell(rule)} | {count:,} |" for rule, count in report.exclusions.items()]
    return "\n".join([*lines, "", *report.notes])


def fit_as_markdown(report: FitReport) -> str:
    """What a fit was learnt from, and what it was found to be worth."""
    state = "in use" if report.in_use else "kept aside"
    lines = [f"# {report.version}", f"{state}; {report.things:,} segments, {report.seconds:.1f} s", ""]
    measures = list(next(iter(report.measured.values())).means) if report.measured else []
    if measures:
        lines += ["| | " + " | ".join(measures) + " |", "| --- |" + " ---: |" * len(measures)]
        for name, measured in report.measured.items():
            cells = (f"{one.mean:.3f} ({one.low:.3f} to {one.high:.3f})" for one in measured.means.values())
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
    if report.against is not None:
        lines += ["", f"Against {report.compared_with}: p = {report.against.p:.3f}."]
    return "\n".join([*lines, "", *report.notes])


def run_name() -> str:
    """The name of a flow run: the source that it is about."""
    from prefect.runtime import flow_run

    given = flow_run.parameters
    return f"ingest {given.get('source') or Path(given['folder']).name}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("`", "'").replace("\n", " ")
