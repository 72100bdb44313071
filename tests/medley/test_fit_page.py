from __future__ import annotations

import pytest

from medley import fit_page
from schemas.evaluation import Comparison, Interval, Measured
from schemas.fit import FitReport


def card(*, in_use: bool = False, asked: bool = False) -> FitReport:
    against = Comparison(measure="mrr", queries=40, groups=40, before=0.25, after=0.5,
                         difference=Interval(mean=0.25, low=0.1, high=0.4), p=0.002)  # fmt: skip
    measured = Measured(queries=40, groups=40, means={"mrr": Interval(mean=0.5, low=0.4, high=0.6)})
    return FitReport(version="sum-0001", method="sum", inputs={"text": "t", "image": "i"}, dim=8, things=1234,
                     questions={"text": 40}, measured={"fused": measured}, against=against, compared_with="rrf",
                     in_use=in_use, asked=asked)  # fmt: skip


def test_report_tells_what_was_measured_and_what_became_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    fit_page.report(card())
    told = " ".join(capsys.readouterr().out.split())
    assert "sum-0001: text, image of 1,234 segments in 8 numbers" in told
    assert "fused 0.500 [0.40, 0.60]" in told
    assert (
        "It is kept aside, for it is not better than rrf (mean reciprocal rank 0.500 against 0.250, p = 0.002)" in told
    )
    fit_page.report(card(in_use=True, asked=True))
    assert "It is in use: better than rrf" in " ".join(capsys.readouterr().out.split())


def test_versions_stand_on_a_line_each_whatever_the_width(capsys: pytest.CaptureFixture[str]) -> None:
    fit_page.versions([card(), card(in_use=True)])
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("MRR 0.500 against 0.250 of rrf; 1,234 segments of text, image")
    assert "in use; MRR" in second
    fit_page.versions([])
    assert "medley fit attention" in capsys.readouterr().out
