"""Evaluations of small collections: what is asked, what the copy lacks, and what is kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from qdrant_client import models

import medley
from flows.evaluation import runs
from flows.evaluation.catalogue import catalogue
from flows.evaluation.held_out import hold_out
from flows.evaluation.steps import check_gate, compared
from flows.learning import steps
from fusion.evaluation import report
from medley.library import Library
from schemas import GateError, NotFoundError, UsageError, payload
from schemas.evaluation import EvaluationOptions, EvaluationReport, Gate, Judged, Query, Run
from schemas.search import SearchRequest
from schemas.vectors import bridge_name
from store import open_store
from tests.media import clip

COLOURS = {"red": (210, 30, 30), "green": (20, 150, 40), "blue": (30, 40, 210), "yellow": (235, 210, 30)}
THINGS = ("boat", "harbour", "mountain", "meadow", "kitchen", "violin", "tiger", "lamp", "bridge", "garden")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Forty captioned pictures, whose colour the caption names, a twin of one under another name, and two films."""
    home = tmp_path_factory.mktemp("evaluated")
    media = home / "media"
    media.mkdir()
    rng = np.random.default_rng(0)
    for n in range(40):
        name = list(COLOURS)[n % 4]
        pattern = np.kron(rng.integers(0, 256, (4, 4, 3)), np.ones((8, 8, 1)))
        tinted = (0.6 * np.array(COLOURS[name]) + 0.4 * pattern).astype(np.uint8)
        Image.fromarray(tinted).save(media / f"IMG_{n}.png")
        (media / f"IMG_{n}.txt").write_text(f"a {name} {THINGS[n // 4]}")
    (media / "again.png").write_bytes((media / "IMG_3.png").read_bytes())
    clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off", "threads": 1}) as opened:
        opened.ingest(media)
        yield opened


def held_out(
    library: Library, folder: Path, **options: Any
) -> tuple[Judged, dict[str, tuple[dict[str, Any], set[str]]]]:
    """The questions, and what the copy holds of each path."""
    with open_store(folder) as copy:
        judged = hold_out(library.store, copy, library.encoders, EvaluationOptions(**options))
        found = {
            str(record.id): ((record.payload or {}), set(record.vector or {}))
            for record in copy.scroll_all(with_vectors=True)
        }
    return judged, found


def test_copy_lacks_the_words_that_are_asked_and_nothing_else(library: Library, tmp_path: Path) -> None:
    judged, points = held_out(library, tmp_path, kinds=["captions"])
    asked = {item for of in judged.judgements.values() for item in of}

    assert len(asked) == len(judged.queries) == 8  # a fifth of forty groups
    assert len(points) == library.store.count()
    for fields, vectors in points.values():
        if fields[payload.ITEM] in asked:
            assert vectors == {"image"}
            assert fields[payload.WORDS] == {}
        elif fields[payload.PATH].startswith("IMG"):
            assert vectors == {"image", "text", "words"}
    # The bridge of the copy has never seen the pairs that are asked.
    assert any("fitted on 32 captioned pictures" in note for note in judged.notes)
    for query in judged.queries:
        [item] = judged.judgements[query.id]
        told = library.show(item)[0]["words"]["sidecar"]
        assert query.request.parts[0].text == told


def test_copy_lacks_the_pictures_that_are_asked_with(library: Library, tmp_path: Path) -> None:
    judged, points = held_out(library, tmp_path, kinds=["descriptions"])

    assert len(judged.queries) == 8
    for query in judged.queries:
        [item] = judged.judgements[query.id]
        assert query.request.parts[0].image is not None
        assert points[item][1] == {"text", "words"}


def test_one_scene_is_asked_with_and_the_others_are_left_to_be_found(library: Library, tmp_path: Path) -> None:
    judged, points = held_out(library, tmp_path, kinds=["views"])
    [query] = judged.queries
    [item] = judged.judgements[query.id]
    asked = query.request.parts[0].item

    assert query.id.startswith("views:media/walk.mp4#")
    assert asked is not None
    assert points[asked][0][payload.ITEM] == asked
    assert [fields for id_, (fields, _) in points.items() if id_ != asked and fields[payload.ITEM] == item]


def test_sound_of_a_clip_is_an_item_of_its_own_and_the_clip_bears_none(library: Library, tmp_path: Path) -> None:
    judged, points = held_out(library, tmp_path, kinds=["sounds"])
    [query] = judged.queries
    [item] = judged.judgements[query.id]
    alone = query.request.parts[0].item

    assert alone is not None
    assert points[alone][1] == {"audio"}
    assert all("audio" not in vectors for fields, vectors in points.values() if fields[payload.ITEM] == item)


def test_same_bytes_are_no_question_and_lie_in_one_group(library: Library, tmp_path: Path) -> None:
    judged, _ = held_out(library, tmp_path, kinds=["duplicates"])

    assert judged.queries == []
    assert judged.notes[0] == "The collection gives no questions of the kind 'duplicates'."


def test_fused_vector_of_the_copy_was_learnt_without_what_is_asked(library: Library, tmp_path: Path) -> None:
    fit = steps.fit(library.store, steps.FitOptions("concatenation"))
    steps.use(library.store, fit.version, asked=True)
    try:
        judged, points = held_out(library, tmp_path, kinds=["captions"])
        with open_store(tmp_path) as copy:
            note = copy.metadata()["fused"]
            fused = copy.vectors()["fused"]
    finally:
        steps.drop(library.store)
    asked = {item for of in judged.judgements.values() for item in of}

    assert note["asked"]
    assert fused.fingerprint != fit.fingerprint
    assert all("fused" in vectors for fields, vectors in points.values() if fields[payload.ITEM] in asked)
    assert all(
        fields["encoders"]["fused"] == fused.fingerprint for fields, vectors in points.values() if "fused" in vectors
    )


def test_guesses_are_not_copied_and_bridges_are_of_the_kind_that_was_chosen(library: Library, tmp_path: Path) -> None:
    [point] = [one["item"] for one in library.show("again.png")]
    name = bridge_name("text", "image")
    kept = library.store.load_artifact(name)
    assert kept is not None
    row = np.eye(1, library.store.vectors()["text"].dim, dtype=np.float32)[0]
    library.store.update_vectors([models.PointVectors.model_construct(id=point, vector={"text": row})])
    library.store.set_payload({payload.INFERRED: {"text": "graph-0001"}}, [point])
    library.store.save_artifact(name, kept[0], {**kept[1], "kind": "cca"})
    try:
        _, points = held_out(library, tmp_path, kinds=["views"])
        with open_store(tmp_path) as copy:
            fitted = copy.load_artifact(name)
    finally:
        library.store.save_artifact(name, *kept)
        library.store.delete_payload([payload.INFERRED], [point])

    assert "text" not in points[point][1]
    assert payload.INFERRED not in points[point][0]
    assert fitted is not None
    assert fitted[1]["kind"] == "cca"


def test_questions_are_the_same_for_a_seed(library: Library, tmp_path: Path) -> None:
    first, again, other = (
        [query.id for query in held_out(library, tmp_path / str(n), seed=seed)[0].queries]
        for n, seed in enumerate((0, 0, 1))
    )

    assert first == again
    assert first != other


def test_collection_is_only_read_and_the_report_is_kept(library: Library) -> None:
    before = sorted(library.store.artifacts()), library.store.count()
    report, compared_with = library.evaluate(options=EvaluationOptions(kinds=["captions"]), name="first try")

    assert (sorted(library.store.artifacts()), library.store.count()) == before
    assert compared_with == []
    # Colours are all that the words and the pictures share: ten pictures of a colour lie close together.
    assert report.overall.means["recall@10"].mean > 0.3
    assert report.overall.queries == 8
    assert report.coverage["image"] == report.overall.means["recall@10"].mean
    assert runs.load("latest", library.settings) == report
    assert runs.load("first-try", library.settings).id == report.id
    again, _ = library.evaluate(options=EvaluationOptions(kinds=["captions"], questions=1), name="first try")
    assert runs.load("first-try", library.settings).id == again.id
    same_second = again.model_copy()
    runs.keep(same_second, library.settings)
    assert runs.load("first-try", library.settings).id == runs.load("latest", library.settings).id == same_second.id
    assert same_second.id != again.id
    assert runs.load(report.id, library.settings).id == report.id


def test_judged_questions_are_asked_of_the_collection_itself(library: Library) -> None:
    judged = Judged(
        queries=[Query(id=text, request=SearchRequest.of(text=text)) for text in ("a red boat", "a blue tiger")],
        judgements={"a red boat": {"IMG_0.png": 1, "gone.png": 1}, "a blue tiger": {"IMG_26": 1}},
    )
    report, _ = library.evaluate(judged)

    assert report.values["mrr"] == {"a red boat": 1.0, "a blue tiger": 1.0}
    assert report.values["recall@10"]["a red boat"] == 0.5
    assert report.notes == ["The collection lacks 1 of 3 right answers, such as 'gone.png'."]
    with pytest.raises(NotFoundError, match="has none of the 1 items"):
        library.evaluate(Judged(queries=judged.queries[:1], judgements={"a red boat": {"gone.png": 1}}))


def test_worse_run_fails_the_gate_and_an_equal_one_passes(library: Library) -> None:
    judged = Judged(
        queries=[Query(id=str(n), request=SearchRequest.of(text=f"a red {THINGS[n]}")) for n in range(8)],
        judgements={str(n): {f"IMG_{4 * n}.png": 1} for n in range(8)},
    )
    good, _ = library.evaluate(judged, name="good")
    same, _ = library.evaluate(judged, name="same")
    bad, changes = library.evaluate(
        judged, options=EvaluationOptions(ask={"using": ["audio"]}), name="bad", against="good"
    )

    check_gate(same, "good", {"mrr": 0.0}, library.settings)
    check_gate(same, "latest", {"mrr": 0.0}, library.settings)
    assert all(one.p == 1.0 for one in compared(same, good.id, library.settings))
    mrr = next(one for one in changes if one.measure == "mrr")
    assert mrr.before == 1.0
    assert mrr.after == 0.0
    assert mrr.p < 0.05
    with pytest.raises(GateError, match=r"mrr fell from 1\.000 .* on 8 questions, by more than 0\.1"):
        check_gate(bad, "good", {"mrr": 0.1}, library.settings)


def gated(library: Library, ranks: list[int], against: str = "latest") -> EvaluationReport:
    """A run whose questions are answered at these ranks, put to the gate as one of a schedule is."""
    judged = Judged(
        queries=[Query(id=f"g{n}", request=SearchRequest.of(text=f"{n}")) for n in range(len(ranks))],
        judgements={f"g{n}": {"right": 1} for n in range(len(ranks))},
    )
    rankings = {f"g{n}": [*(f"wrong {i}" for i in range(rank - 1)), "right"] for n, rank in enumerate(ranks)}
    made = report(judged, Run(name="gated", rankings=rankings), about={}, seconds=[], notes=[])
    runs.keep(made, library.settings)
    with suppress(GateError):
        check_gate(made, against, {"mrr": 0.1}, library.settings)
    return runs.load(made.id, library.settings)


def gate_of(made: EvaluationReport) -> Gate:
    assert made.gate is not None
    return made.gate


def test_gate_compares_with_the_last_run_that_passed_and_neither_with_a_bad_one_nor_down_a_slope(
    library: Library,
) -> None:
    """Mean reciprocal ranks of eight questions: 1; then 0.5, which is bad; then less by a sixteenth, and by another."""
    first = gated(library, [1] * 8)
    assert gate_of(first) == Gate(drops={"mrr": 0.1}, against="", passed=True, held=True)
    bad = gated(library, [2] * 8)
    assert (gate_of(bad).passed, gate_of(bad).against) == (False, first.id)
    assert "mrr fell from 1.000" in gate_of(bad).failure
    as_bad = gated(library, [2] * 8)  # the bad one is not what others are measured by
    assert (gate_of(as_bad).passed, gate_of(as_bad).against) == (False, first.id)
    less = gated(library, [2, *[1] * 7])
    assert (gate_of(less).passed, gate_of(less).held, gate_of(less).against) == (True, False, first.id)
    still_less = gated(library, [2, 2, *[1] * 6])  # 0.875: by 0.0625 below the last, by 0.125 below the first
    assert (gate_of(still_less).passed, gate_of(still_less).against) == (False, first.id)
    again = gated(library, [1] * 8)
    assert (gate_of(again).passed, gate_of(again).held) == (True, True)
    assert gate_of(gated(library, [1] * 8)).against == again.id
    # Who takes the loss as it is compares with it by its name.
    accepted = gated(library, [2] * 8, against=bad.id)
    assert (gate_of(accepted).passed, gate_of(accepted).against) == (True, bad.id)
    assert gate_of(gated(library, [2] * 8)).against == accepted.id


def test_run_that_no_gate_has_judged_is_compared_with_where_none_has_passed(library: Library) -> None:
    judged = Judged(
        queries=[Query(id="ungated", request=SearchRequest.of(text="a red boat"))],
        judgements={"ungated": {"IMG_0.png": 1}},
    )
    good, _ = library.evaluate(judged, name="ungated")
    bad, changes = library.evaluate(
        judged, options=EvaluationOptions(ask={"using": ["audio"]}), name="worse", against="latest", gated=True
    )
    assert [one.before for one in changes if one.measure == "mrr"] == [1.0]
    with pytest.raises(GateError, match=good.id):
        check_gate(bad, "latest", {"mrr": 0.1}, library.settings)
    after, changes = library.evaluate(
        judged, options=EvaluationOptions(ask={"using": ["audio"]}), name="as bad", against="latest", gated=True
    )
    assert [one.before for one in changes if one.measure == "mrr"] == [1.0]
    assert runs.earlier("latest", library.settings, after) == bad  # which is no gate


def test_catalogue_holds_no_more_items_than_are_asked_for(library: Library) -> None:
    everything, there = catalogue(library.store, 1000)
    some, of = catalogue(library.store, 5)
    assert there == of == len(everything) == 42
    first = sorted(everything, key=lambda thing: thing.id)[:5]
    assert {thing.key: thing for thing in some} == {thing.key: thing for thing in first}


def test_question_that_reaches_nothing_counts_as_not_found(library: Library) -> None:
    judged = Judged(
        queries=[Query(id="q", request=SearchRequest.of(text="a red boat", using=["audio"]))],
        judgements={"q": {"IMG_0.png": 1}},
    )
    report, _ = library.evaluate(judged)

    assert report.overall.means["mrr"].mean == 0.0
    assert report.unanswered == 1
    assert "cannot reach audio" in report.notes[0]


def test_latest_is_the_last_run_that_asked_some_of_the_same_and_need_not_be_there(library: Library) -> None:
    judged, other = (
        Judged(queries=[Query(id=text, request=SearchRequest.of(text=text))], judgements={text: {"IMG_0.png": 1}})
        for text in ("red", "a boat that is red")
    )
    first, nothing = library.evaluate(judged, name="alone", against="latest")
    library.evaluate(other, name="between")
    again, changes = library.evaluate(judged, name="again", against="latest")

    assert nothing == []
    check_gate(first, "latest", {"mrr": 0.0}, library.settings)
    assert [one.queries for one in changes] == [1] * 6
    before = runs.earlier("latest", library.settings, again)
    assert before is not None
    assert before.id == first.id


def test_unknown_runs_and_options_are_told(library: Library) -> None:
    with pytest.raises(UsageError, match="There is no run 'yesterday'"):
        runs.load("yesterday", library.settings)
    with pytest.raises(UsageError, match="fusion"):
        library.evaluate(options=EvaluationOptions(kinds=["views"], ask={"fusion": {"k": 0}}))
