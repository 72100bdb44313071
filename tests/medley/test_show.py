"""What a collection holds, on a terminal."""

from __future__ import annotations

import pytest

from medley import show
from schemas.report import CollectionStatus, IngestReport


def test_status_tells_when_the_last_run_of_a_source_ended_and_whether_one_has(
    capsys: pytest.CaptureFixture[str],
) -> None:
    runs = {"whole": IngestReport(ended="2026-01-02T03:04:05+00:00", seconds=6.7)}
    sources = {"whole": "/a", "killed": "/b"}
    status = CollectionStatus(items=0, points=0, by_modality={}, quarantined=[], vectors={}, sources=sources, runs=runs)

    show.status(status, as_json=False)

    told = capsys.readouterr().out.replace("\n", " ")
    assert "Source whole: /a; last run ended 2026-01-02T03:04:05+00:00 and took 6.7 s" in told
    assert "Source killed: /b; no run has ended yet" in told
