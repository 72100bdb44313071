"""A fit is kept with its card, used where it wins, and its vectors are kept up by ingests that encode nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders import registry
from flows.learning import steps
from flows.learning.steps import FitOptions
from flows.learning.things import fusible, read_things
from fusion.calibration import Calibration, Null
from fusion.contrast import Training
from fusion.evidence import confidences
from fusion.fused import SharedSum
from fusion.views import Views
from medley.library import Library
from medley.library import open as open_library
from schemas import CollectionMismatchError, UnknownNameError, UsageError, VectorSpec, payload
from schemas.search import Part, SearchRequest
from schemas.vectors import CALIBRATION, FUSED, MIGRATIONS, vectors_in_use
from store.check import verify
from tests.collection import contents_of
from tests.flows.learning.conftest import SHAPES, captioned
from tests.indexed import copy_of
from tests.media import tone


@pytest.fixture
def library(hundred: Path, tmp_path: Path) -> Iterator[Library]:
    with copy_of(hundred, tmp_path) as opened:
        yield opened


def vectors_of(library: Library, name: str) -> dict[str, Any]:
    return {identity: vectors.get(name) for identity, (_, vectors) in contents_of(library.store).items()}


def test_version_is_kept_with_its_card_whatever_it_is_worth(library: Library) -> None:
    report = library.fit("sum")
    assert report.version == "sum-0001"
    assert set(report.questions) == {"image", "text"}
    assert set(report.measured) == {"best single", "rrf", "rrf with fused", "fused"}
    assert report.compared_with in ("best single", "rrf")
    assert report.in_use == bool(report.against and report.against.won)
    kept = Path(library.store.location) / "medley" / "artifacts" / "fit-sum-0001.safetensors"
    assert kept.stat().st_size > 1000
    [card] = library.fits().values()
    assert (card.fingerprint, card.seconds) == (report.fingerprint, report.seconds)
    assert card.inputs == {name: library.store.vectors()[name].fingerprint for name in ("image", "text")}
    assert library.fit("sum").version == "sum-0002"


def test_what_is_left_out_is_never_learnt_from_and_stays_the_same_when_the_collection_grows(
    library: Library, tmp_path: Path
) -> None:
    def left_out() -> dict[str, bool]:
        specs = fusible(vectors_in_use(library.store.vectors(), library.store.metadata()))
        with read_things(library.store, specs) as things:
            return dict(zip(things.ids, things.left_out.tolist(), strict=True))

    before = left_out()
    assert 5 < sum(before.values()) < 40
    captioned(tmp_path / "media", range(100, 130))
    library.ingest(tmp_path / "media")
    after = left_out()
    assert {identity: after[identity] for identity in before} == before


def test_fused_vector_is_written_in_place_and_searched_with_whatever_a_question_has(library: Library) -> None:
    library.fit("sum")
    before = contents_of(library.store)
    library.use_fit("sum-0001", asked=False)
    for identity, (fields, vectors) in contents_of(library.store).items():
        was, had = before[identity]
        assert {name: one for name, one in vectors.items() if name != FUSED} == {
            name: one for name, one in had.items() if name != FUSED
        }
        assert fields[payload.ENCODERS][FUSED] == library.store.vectors()[FUSED].fingerprint
        assert {k: v for k, v in fields.items() if k != payload.ENCODERS} == {
            k: v for k, v in was.items() if k != payload.ENCODERS
        }
    kept = library.store.load_artifact("fit-sum-0001")
    assert kept is not None
    fuser = SharedSum.from_arrays(*kept)
    assert library.store.vectors()[FUSED].dim == fuser.dim

    asked: Any = SearchRequest.of(text="a red boat number0", using=[FUSED])
    hits = library.search(asked).hits
    assert set(hits[0].vectors) == {FUSED}
    assert "red" in hits[0].words["sidecar"]
    picture = Path(library.store.metadata()["sources"]["media"]) / "7.png"
    both = SearchRequest(parts=[Part(text="a grey tower number7"), Part(image=picture)], using=[FUSED], limit=3)
    assert library.search(both).hits[0].path == "7.png"
    assert FUSED not in library.search("a red boat").hits[0].vectors  # which it is not worth
    library.use_fit("sum-0001", asked=True)
    assert FUSED in library.search("a red boat").hits[0].vectors


def nulls_of(library: Library) -> dict[str, Null]:
    """The null distributions of the fused vector that questions use now."""
    kept = library.store.load_artifact(CALIBRATION)
    assert kept is not None
    calibration = Calibration.from_arrays(*kept)
    fused = library.store.vectors()[FUSED].fingerprint
    return {name: null for name, null in calibration.nulls.items() if calibration.prints[name] == fused}


def test_hits_by_the_fused_vector_tell_how_sure_they_are(library: Library, tmp_path: Path) -> None:
    others = library.store.load_artifact(CALIBRATION)
    assert others is not None
    library.fit("sum")
    library.use_fit("sum-0001")
    nulls = nulls_of(library)
    assert set(nulls) == {"fused.image", "fused.text", "fused.image+text", "fused.stored"}
    assert {null.points for null in nulls.values()} == {100}
    kept = library.store.load_artifact(CALIBRATION)
    assert kept is not None
    for name, quantiles in others[0].items():
        np.testing.assert_array_equal(kept[0][name], quantiles)

    # The share of random pairs that score as high is that of the quantiles: measured here anew, by hand.
    rows = {i: np.asarray(v) for i, v in vectors_of(library, FUSED).items()}
    items = {identity: fields[payload.ITEM] for identity, (fields, _) in contents_of(library.store).items()}
    scores = [a @ b for i, a in rows.items() for j, b in rows.items() if items[i] != items[j]]
    median = nulls["fused.stored"].quantiles[50]
    assert np.mean(np.array(scores) < median) == pytest.approx(0.5, abs=0.08)

    picture = Path(library.store.metadata()["sources"]["media"]) / "7.png"
    words: Any = SearchRequest.of(text="a grey tower number7", using=[FUSED])
    both = SearchRequest(parts=[Part(text="a grey tower number7"), Part(image=picture)], using=[FUSED])
    for asked in (words, both, SearchRequest.of(image=picture, using=[FUSED])):
        hits = library.search(asked).hits
        sure = [hit.confidence for hit in hits]
        assert all(one is not None and 0.0 <= one <= 1.0 for one in sure)
        assert sure == sorted(sure, reverse=True)
    assert library.search(words).relevant is True
    seen = library.search(SearchRequest.of(image=picture, using=[FUSED]))
    assert seen.relevant is None, "looks alone tell as little on it as through a bridge"
    best, last = (library.search(both.model_copy(update={"limit": 100})).hits[at] for at in (0, -1))
    assert best.path == "7.png"
    assert best.confidence is not None
    assert last.confidence is not None
    assert best.confidence > 10 * last.confidence

    library.fit("concatenation")
    library.use_fit("concatenation-0001")  # other vectors, other scores
    again = nulls_of(library)
    assert set(again) == set(nulls)
    assert again["fused.image+text"].quantiles[-1] > 2 * nulls["fused.image+text"].quantiles[-1]
    captioned(tmp_path / "media", range(100, 130))
    library.ingest(tmp_path / "media")
    assert {null.points for null in nulls_of(library).values()} == {130}


def test_sureness_is_measured_among_segments_that_are_made_of_the_same(library: Library, tmp_path: Path) -> None:
    for n in range(60):  # many notes, most of them alike
        words = f"the {SHAPES[n % 5]} of day{n} is ready" if n < 40 else "done"
        (tmp_path / "media" / f"note{n}.txt").write_text(words)
    library.ingest(tmp_path / "media")
    library.fit("sum")
    library.use_fit("sum-0001")
    nulls = nulls_of(library)
    assert {name for name in nulls if name.startswith("fused.text")} == {
        "fused.text",
        "fused.text@image+text",
        "fused.text@text",
    }
    # Notes lie nearer to words than pictures with a caption do.
    assert nulls["fused.text@text"].quantiles[50] > nulls["fused.text@image+text"].quantiles[50] + 0.05

    hits = library.search(text="a grey tower number7", using=[FUSED], limit=30).hits
    assert {hit.modality for hit in hits} == {"image", "text"}
    for hit in hits:
        own = nulls["fused.text@text" if hit.modality == "text" else "fused.text@image+text"]
        [sure] = confidences([{FUSED: hit.vectors[FUSED].score}], [()], {FUSED: own}, 160)
        assert hit.confidence == pytest.approx(sure)


def test_a_few_texts_that_are_there_often_tell_no_tail(library: Library, tmp_path: Path) -> None:
    for n in range(60):
        (tmp_path / "media" / f"note{n}.txt").write_text(("done", "checked", "later")[n % 3])
    library.ingest(tmp_path / "media")
    library.fit("sum")
    library.use_fit("sum-0001")

    assert "fused.text@text" not in nulls_of(library)
    sure = library.search(text="a purple whale", using=[FUSED]).hits[0].confidence
    assert sure is not None
    assert sure < 0.5


def test_ingest_afterwards_encodes_nothing_and_fuses_what_is_new(library: Library, tmp_path: Path) -> None:
    library.fit("sum")
    library.use_fit("sum-0001")
    before = vectors_of(library, FUSED)
    media = tmp_path / "media"
    again = library.ingest(media)
    assert (again.unchanged, again.indexed, set(again.encoded.values())) == (100, 0, {0})
    assert not [note for note in again.notes if FUSED in note]
    assert vectors_of(library, FUSED) == before
    captioned(media, range(100, 104))
    (media / "5.png").rename(media / "renamed.png")
    (media / "5.txt").rename(media / "renamed.txt")
    grown = library.ingest(media)
    assert (grown.indexed, grown.moved, grown.encoded["image"]) == (5, 1, 4)
    after = vectors_of(library, FUSED)
    assert len(after) == 104
    assert all(after.values())
    assert FUSED not in library.store.metadata().get(MIGRATIONS, {})
    library.store.drop_vector(FUSED)  # as `medley store drop fused` does
    assert library.ingest(media).unchanged == 104
    assert FUSED not in library.store.metadata()


def test_other_version_takes_the_place_of_the_one_in_use(library: Library) -> None:
    library.fit("sum")
    library.fit("concatenation")
    library.use_fit("sum-0001")
    library.use_fit("concatenation-0001")
    assert set(library.store.vectors()) == {"text", "image", "audio", "words", FUSED}
    assert library.store.vectors()[FUSED].distance == "dot"
    assert {card.version: card.in_use for card in library.fits().values()} == {
        "sum-0001": False,
        "concatenation-0001": True,
    }
    assert library.fit("sum").compared_with == "concatenation-0001"
    assert verify(library.store).sound
    library.use_fit(None)
    assert FUSED not in library.store.vectors()
    with pytest.raises(UsageError, match="medley fit attention"):
        library.search(SearchRequest.of(text="a boat", using=[FUSED]))


def test_what_was_fused_of_other_vectors_is_not_searched(library: Library, tmp_path: Path) -> None:
    library.fit("sum")
    library.use_fit("sum-0001", asked=True)
    other = {"preset": "text=hashing,image=visual,audio=logmel", "ocr": "off", "threads": 1}
    where = library.store.location
    library.close()
    with open_library(where, encoders=other) as changed:
        report = changed.ingest(tmp_path / "media")
        assert any("fused vectors were made of other vectors image" in note for note in report.notes)
        assert FUSED not in changed.search("a red boat").hits[0].vectors
        with pytest.raises(CollectionMismatchError, match="run `medley fit sum` again"):
            changed.search(SearchRequest.of(text="a boat", using=[FUSED]))


def test_encoders_that_share_a_space_are_summed_in_it() -> None:
    rng = np.random.default_rng(0)
    views = Views.single({name: rng.normal(size=(60, 8)) for name in ("text", "image")})
    groups = np.arange(60)

    def summed(**encoders: str) -> Any:
        specs = {name: VectorSpec(name, 8, "cosine", registry.spec(one).fingerprint) for name, one in encoders.items()}
        return steps.learn(views, groups, specs, FitOptions("sum"), np.ones(60, bool))

    assert summed(text="qwen3-vl-text", image="qwen3-vl").maps == {}
    assert set(summed(text="bge-small", image="siglip2").maps) == {"text", "image"}


def test_fit_takes_samples_and_batches_into_memory_and_never_all(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []
    take = Views.take

    def counted(views: Views, rows: Any) -> Views:
        some = take(views, rows)
        taken.append(len(some))
        return some

    monkeypatch.setattr(Views, "take", counted)
    monkeypatch.setattr(steps, "SAMPLE", 40)
    monkeypatch.setattr(steps, "PAIRS", 35)
    report = steps.fit(library.store, FitOptions("sum"))
    assert report.things > 60
    assert sorted(set(taken))[-2:] == [35, 40]


def test_sample_is_of_what_may_be_learnt_from_and_has_several_kinds_first() -> None:
    views = Views.single({name: np.arange(50.0)[:, None] + 1 for name in ("text", "image")})
    views.there["text"][::2] = False
    among = np.arange(50) < 40
    some = steps.sample(views, among, 25)
    assert len(some) == 25
    assert some.count().tolist().count(2) == 20
    assert some.mean("image").max() <= 40


def test_names_that_are_not_there_are_refused(library: Library) -> None:
    with pytest.raises(UnknownNameError, match="attentoin"):
        library.fit("attentoin")
    with pytest.raises(UnknownNameError, match="pictures"):
        library.fit("sum", using=["pictures"])
    with pytest.raises(UsageError, match="nothing to fuse: the collection has image alone"):
        library.fit("sum", using=["image"])
    with pytest.raises(UnknownNameError, match="sum-0009"):
        library.use_fit("sum-0009")


def test_a_vector_that_too_few_have_is_left_out_unless_it_is_named(library: Library, tmp_path: Path) -> None:
    tone(tmp_path / "media" / "bell.wav", seconds=1)
    (tmp_path / "media" / "bell.txt").write_text("a bell")
    library.ingest(tmp_path / "media")

    report = library.fit("attention")

    assert set(report.inputs) == {"text", "image"}
    assert report.notes[0].startswith("Too few things have 'audio' besides 'image' or 'text'")
    assert report.notes[0].endswith("(1 of 30): it was left out.")
    assert library.fits()[report.version].notes == report.notes
    with pytest.raises(UsageError, match=r"'audio'.*leave it out"):
        library.fit("attention", using=["text", "image", "audio"])


def test_fit_that_wins_is_put_in_use_and_one_that_does_not_is_kept_aside(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = steps.fused_scores
    monkeypatch.setattr(steps, "fused_scores", lambda fuser, asked, found: blind(fuser, asked, found) * 0)
    lost = steps.fit(library.store, FitOptions("sum"))
    assert not lost.in_use
    assert FUSED not in library.store.vectors()

    monkeypatch.setattr(steps.Standing, "rankings", lambda *_: {})
    monkeypatch.setattr(steps, "fused_scores", blind)
    won = steps.fit(library.store, FitOptions("sum"))
    assert won.in_use
    assert library.store.metadata()[FUSED]["version"] == "sum-0002"
    assert set(library.store.vectors()) >= {FUSED}


def test_explanation_tells_what_attended_to_what(library: Library) -> None:
    pytest.importorskip("torch")
    training = Training(epochs=1, threads=1)
    report = steps.fit(library.store, FitOptions("attention", training=training))
    assert report.details["epochs"] == 1
    library.use_fit("attention-0001")
    asked: Any = SearchRequest.of(text="a red boat number0", using=[FUSED])
    attention = library.explain(asked).attention
    assert set(attention) == {"image", "text"}
    for shares in attention.values():
        assert set(shares) == {"image", "text"}
        assert sum(shares.values()) == pytest.approx(1.0, abs=1e-3)
    assert library.explain("a red boat").attention == {}
