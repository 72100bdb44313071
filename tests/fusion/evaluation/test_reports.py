from __future__ import annotations

import pytest

from fusion.evaluation import compare_reports, report
from schemas import UsageError
from schemas.evaluation import EvaluationReport, Judged, Query, Run
from schemas.search import SearchRequest


def query(name: str, kind: str = "given", group: str = "") -> Query:
    return Query(id=name, request=SearchRequest.of(text=name), kind=kind, group=group)


JUDGED = Judged(
    queries=[query("q1", "captions", "g1"), query("q2", "captions", "g1"), query("q3", "views", "g2")],
    judgements={"q1": {"boat": 1}, "q2": {"boat": 1, "bell": 1}, "q3": {"film": 1}},
    modalities={"boat": "image", "bell": "audio", "film": "video"},
)
RUN = Run(name="Offline preset", rankings={"q1": ["x", "boat"], "q2": ["bell", "y"], "q3": []})


def test_report_tells_means_by_kind_by_modality_and_in_all():
    found = report(JUDGED, RUN, seconds=[0.1, 0.2, 0.3])

    assert (found.overall.queries, found.overall.groups) == (3, 2)
    assert found.overall.means["mrr"].mean == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert found.kinds["captions"].means["recall@1"].mean == pytest.approx((0 + 1 / 2) / 2)
    assert found.kinds["views"].means["mrr"].mean == 0
    # "boat" is an answer to the first two, "bell" to the second.
    assert {name: one.queries for name, one in found.modalities.items()} == {"audio": 1, "image": 2, "video": 1}
    assert found.coverage == {"audio": 1.0, "image": 1.0, "video": 0.0}
    assert found.unanswered == 1
    assert found.seconds["median"] == pytest.approx(0.2)
    assert found.id.endswith("-offline-preset")


def test_report_survives_being_written_and_read():
    found = report(JUDGED, RUN)

    assert EvaluationReport.model_validate_json(found.model_dump_json()) == found


def test_comparison_is_on_the_questions_that_both_asked():
    before = report(JUDGED, RUN)
    fewer = Judged(queries=JUDGED.queries[:2], judgements=JUDGED.judgements)
    after = report(fewer, Run(name="after", rankings={"q1": ["boat"], "q2": ["bell", "boat"]}))
    [mrr, map_] = compare_reports(before, after, ["mrr", "map"])

    assert (mrr.queries, mrr.groups, mrr.before, mrr.after) == (2, 1, pytest.approx(0.75), 1.0)
    assert mrr.p == 1.0  # both are of one group
    assert map_.before == pytest.approx((1 / 2 + 1 / 2) / 2)


def test_what_cannot_be_compared_is_told():
    before = report(JUDGED, RUN)
    other = report(Judged(queries=[query("z")], judgements={"z": {"a": 1}}), Run(name="z"))

    with pytest.raises(UsageError, match="share no question"):
        compare_reports(before, other)
    with pytest.raises(UsageError, match="no measure 'speed'"):
        compare_reports(before, before, ["speed"])
    with pytest.raises(UsageError, match="no question to evaluate with: The collection gives none"):
        report(Judged(notes=["The collection gives none."]), RUN)
