"""The report of an evaluation as a page of the dashboard."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.evaluation import SHOWN, Comparison, EvaluationReport, Measured


def as_markdown(report: EvaluationReport, compared: Sequence[Comparison] = ()) -> str:
    """Means with their intervals, by kind and by modality, and what changed since a run that it is compared with."""
    head = ["questions", *SHOWN]
    rows = {"all": report.overall} | report.kinds | {f"finds {name}": one for name, one in report.modalities.items()}
    lines = [
        f"# {report.name}",
        f"{report.made:%Y-%m-%d %H:%M} UTC, run `{report.id}`",
        "",
        "| | " + " | ".join(head) + " |",
        "| --- |" + " ---: |" * len(head),
        *(f"| {name} | {_row(one)} |" for name, one in rows.items()),
        "",
        "Coverage: " + (", ".join(f"{name} {share:.0%}" for name, share in report.coverage.items()) or "not known"),
    ]
    if compared:
        lines += ["", "| compared | before | after | difference | p |", "| --- | ---: | ---: | ---: | ---: |"]
        lines += [
            f"| {one.measure} | {one.before:.3f} | {one.after:.3f} | {one.difference.mean:+.3f} "
            f"[{one.difference.low:+.3f}, {one.difference.high:+.3f}] | {one.p:.3f} |"
            for one in compared
        ]
    if report.gate is not None:
        passed = f"passed, against `{report.gate.against or 'nothing yet'}`" if report.gate.passed else "**failed**"
        lines += ["", f"The gate {passed}. {report.gate.failure}".rstrip()]
    return "\n".join([*lines, "", *report.notes])


def _row(one: Measured) -> str:
    means = [one.means[name] for name in SHOWN]
    return " | ".join([f"{one.queries:,}", *(f"{mean.mean:.3f} [{mean.low:.2f}, {mean.high:.2f}]" for mean in means)])
