"""Another encoder: only stale vectors are made anew, while searches go on; at every moment a run can be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qdrant_client import QdrantClient

from encoders import load_preset, registry
from flows.ingestion.direct import ingest, plan
from flows.ingestion.run import sharing
from flows.reconciliation import migrate
from query import load_encoders, search
from schemas import VectorSpec, payload
from schemas.payload import point_id
from schemas.report import IngestReport
from schemas.search import SearchRequest
from schemas.settings import Settings, load_settings
from schemas.vectors import MIGRATIONS, vectors_in_use
from store import Store, open_store
from store.server import ServerStore
from tests.collection import contents, contents_of
from tests.media import clip, pdf, picture, tone

OLD, NEW = "text=hashing,image=thumbnail,audio=logmel", "text=hashing,image=visual,audio=logmel"


def settings_of(tmp_path: Path, preset: str, store: str = "store") -> Settings:
    return load_settings(store=str(tmp_path / store), encoders={"preset": preset, "ocr": "off"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    for colour in ("red", "green", "blue"):
        picture(root / f"{colour}.png", colour)
        (root / f"{colour}.txt").write_text(f"a {colour} circle")
    tone(root / "high.wav", hertz=1200)
    clip(root / "film.mp4")
    (root / "notes.md").write_text("Boats at night.")
    pdf(root / "paper.pdf")
    (root / "empty.png").touch()
    return root


def fresh(folder: Path, tmp_path: Path, preset: str) -> dict[str, Any]:
    settings = settings_of(tmp_path, preset, "fresh")
    ingest(folder, settings)
    return contents(settings)


def encoded(report: IngestReport) -> dict[str, int]:
    return {name: count for name, count in report.encoded.items() if count}


def test_other_encoder_makes_its_vector_anew_and_touches_nothing_else(folder: Path, tmp_path: Path) -> None:
    first = ingest(folder, settings_of(tmp_path, OLD))
    settings = settings_of(tmp_path, NEW)

    planned = plan(folder, settings)
    report = ingest(folder, settings)

    assert planned.reencode["image"].paths == ["blue.png", "film.mp4", "green.png", "paper.pdf", "red.png"]
    assert planned.reencode["image"].before == registry.spec("thumbnail").fingerprint
    assert encoded(report) == {"image": first.encoded["image"]}
    assert (report.unchanged, report.indexed, report.balanced) == (7, 0, True)
    assert contents(settings) == fresh(folder, tmp_path, NEW)
    assert plan(folder, settings).empty
    with open_store(settings.store) as store:
        assert MIGRATIONS not in store.metadata()
        assert set(store.vectors()) == {"text", "image", "audio", "words"}
        assert store.vectors()["image"].fingerprint == registry.spec("visual").fingerprint


@pytest.mark.parametrize("added", ["text=hashing", "image=thumbnail", "audio=logmel"])
def test_added_encoder_adds_one_vector_and_touches_nothing_else(added: str, folder: Path, tmp_path: Path) -> None:
    others = ",".join(part for part in OLD.split(",") if part != added)
    ingest(folder, settings_of(tmp_path, others))
    before = contents(settings_of(tmp_path, others))

    report = ingest(folder, settings_of(tmp_path, OLD))

    vector = added.partition("=")[0]
    after = contents(settings_of(tmp_path, OLD))
    assert set(encoded(report)) == {vector}
    assert after == fresh(folder, tmp_path, OLD)
    for identity, (fields, vectors) in after.items():
        assert {name: value for name, value in vectors.items() if name != vector} == before[identity][1]
        assert {k: v for k, v in fields.items() if k != payload.ENCODERS} == {
            k: v for k, v in before[identity][0].items() if k != payload.ENCODERS
        }


def test_text_of_another_encoder_is_made_from_the_payload_without_opening_a_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(folder, settings_of(tmp_path, OLD))
    changed = load_preset(OLD)
    monkeypatch.setattr(type(changed["text"]), "spec", _raised(changed.specs["text"]))
    monkeypatch.setattr("flows.reconciliation.reencode.FileReading", None)

    report = ingest(folder, settings_of(tmp_path, OLD))

    assert set(encoded(report)) == {"text"}
    assert contents(settings_of(tmp_path, OLD)) == fresh(folder, tmp_path, OLD)


def test_words_are_made_anew_when_they_are_split_otherwise(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(folder, settings_of(tmp_path, OLD))
    lexical = type(load_preset(OLD).lexical)
    monkeypatch.setattr(lexical, "spec", _raised(lexical.spec))

    report = ingest(folder, settings_of(tmp_path, OLD))

    assert not encoded(report)
    assert contents(settings_of(tmp_path, OLD)) == fresh(folder, tmp_path, OLD)


def _raised(spec: Any) -> Any:
    from dataclasses import replace

    return replace(spec, preprocessing=spec.preprocessing + 1)


def test_what_moves_changes_and_comes_in_the_same_run_is_as_if_it_were_new(folder: Path, tmp_path: Path) -> None:
    ingest(folder, settings_of(tmp_path, OLD))
    (folder / "red.png").rename(folder / "scarlet.png")
    (folder / "green.txt").write_text("a lawn")
    (folder / "blue.png").unlink()
    picture(folder / "new.png", "yellow")

    report = ingest(folder, settings_of(tmp_path, NEW))

    assert report.balanced
    assert contents(settings_of(tmp_path, NEW)) == fresh(folder, tmp_path, NEW)


def found(store: Store, preset: str, image: Path) -> tuple[list[str], list[str]]:
    """The paths that a picture finds, and the notes of the answer."""
    settings = load_settings(store=store.location, encoders={"preset": preset, "ocr": "off"})
    result = search(
        store,
        load_encoders(settings, store),
        SearchRequest.model_validate({"parts": [{"image": image}], "using": ["image"]}),
    )
    return [hit.path for hit in result.hits], result.notes


def test_old_vectors_answer_until_all_sources_have_new_ones(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    picture(other / "yellow.png", "yellow")
    for root in (folder, other):
        ingest(root, settings_of(tmp_path, OLD))

    report = ingest(folder, settings_of(tmp_path, NEW))
    with open_store(tmp_path / "store") as store:
        in_use = vectors_in_use(store.vectors(), store.metadata())["image"]
        paths, _ = found(store, NEW, other / "yellow.png")
    assert in_use.fingerprint == registry.spec("thumbnail").fingerprint
    assert paths[0] == "yellow.png"
    assert any("'image' of other" in note and str(other) in note for note in report.notes)

    ingest(other, settings_of(tmp_path, NEW))
    with open_store(tmp_path / "store") as store:
        in_use = vectors_in_use(store.vectors(), store.metadata())["image"]
        assert found(store, NEW, other / "yellow.png")[0][0] == "yellow.png"
    assert in_use == VectorSpec("image", 774, "cosine", registry.spec("visual").fingerprint, quantization="scalar")


def test_changing_back_midway_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    picture(other / "yellow.png", "yellow")
    for root in (folder, other):
        ingest(root, settings_of(tmp_path, OLD))
    ingest(folder, settings_of(tmp_path, NEW))
    picture(folder / "new.png", "yellow")
    ingest(folder, settings_of(tmp_path, NEW))

    for root in (folder, other):
        ingest(root, settings_of(tmp_path, OLD))

    with open_store(tmp_path / "store") as store:
        assert set(store.vectors()) == {"text", "image", "audio", "words"}
        assert MIGRATIONS not in store.metadata()
        assert "image" in contents_of(store)[point_id("media", "new.png")][1]


def test_encoder_that_is_left_out_and_comes_back_fills_what_came_meanwhile(folder: Path, tmp_path: Path) -> None:
    ingest(folder, settings_of(tmp_path, OLD))
    picture(folder / "late.png", "yellow")

    without = ingest(folder, settings_of(tmp_path, "text=hashing,audio=logmel"))
    report = ingest(folder, settings_of(tmp_path, OLD))

    assert any("'image'" in note for note in without.notes)
    assert encoded(report) == {"image": 1}
    assert contents(settings_of(tmp_path, OLD)) == fresh(folder, tmp_path, OLD)


def test_what_has_one_of_two_vectors_is_encoded_for_the_other_alone(folder: Path, tmp_path: Path) -> None:
    both = OLD + ",regions=tiles"
    first = ingest(folder, settings_of(tmp_path, both))
    ingest(folder, settings_of(tmp_path, NEW))
    picture(folder / "late.png", "yellow")
    ingest(folder, settings_of(tmp_path, NEW))

    report = ingest(folder, settings_of(tmp_path, both))

    assert encoded(report) == {"image": first.encoded["image"] + 1, "regions": 1}
    assert contents(settings_of(tmp_path, both)) == fresh(folder, tmp_path, both)


class Killed(BaseException):
    """The process ends here."""


def breaking(function: Callable[..., Any], after: int) -> Callable[..., Any]:
    calls = 0

    def broken(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return function(*args, **options)

    return broken


@pytest.mark.parametrize(
    ("method", "after"),
    [
        *[("set_metadata", n) for n in range(3)],  # begun, switched, done
        *[("replace_vector", n) for n in range(2)],  # made, replaced
        *[("update_vectors", n) for n in (1, 3)],  # while filled, while copied
        *[("set_payload", n) for n in (2, 4)],
        ("drop_vector", 0),
    ],
)
def test_interrupted_anywhere_the_next_run_ends_the_same(
    method: str, after: int, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.reconciliation.reencode.BATCH", 3)
    monkeypatch.setattr("flows.reconciliation.migrate.PAGE", 3)
    settings = settings_of(tmp_path, NEW)
    ingest(folder, settings_of(tmp_path, OLD))
    with open_store(settings.store) as store, sharing(store):
        with monkeypatch.context() as patched:
            patched.setattr(store, method, breaking(getattr(store, method), after))
            with pytest.raises(Killed):
                ingest(folder, settings)
        paths, notes = found(store, NEW, folder / "red.png")
        assert paths[0] == "red.png", notes

        ingest(folder, settings)

        after_all = contents_of(store)
        assert MIGRATIONS not in store.metadata()
        assert set(store.vectors()) == {"text", "image", "audio", "words"}
    assert after_all == fresh(folder, tmp_path, NEW)


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_a_server_is_given_other_vectors_in_the_same_way(folder: Path, tmp_path: Path) -> None:
    with ServerStore("http://in-memory", "medley", client=QdrantClient(":memory:")) as store, sharing(store):
        ingest(folder, settings_of(tmp_path, OLD))
        ingest(folder, settings_of(tmp_path, "text=hashing,image=visual"))

        assert set(store.vectors()) == {"text", "image", "audio", "words"}
        assert found(store, NEW, folder / "red.png")[0][0] == "red.png"
        [record] = store.retrieve([point_id("media", "red.png")], with_payload=True, with_vectors=["image"])
    assert (record.payload or {})[payload.ENCODERS]["image"] == registry.spec("visual").fingerprint


def test_migration_is_planned_from_what_the_collection_says_alone() -> None:
    old, new, words = (VectorSpec("image", 4, "cosine", print_) for print_ in ("a-1", "b-1", "w-1"))
    noted = {"to": "b-1", "into": "image_next", "switched": False, "done": ["x"]}

    def stale(
        have: dict[str, VectorSpec], metadata: dict[str, Any], want: VectorSpec
    ) -> list[tuple[str, str | None, set[str]]]:
        return [(one.into, one.before, one.done) for one in migrate.stale(have, metadata, [want])]

    assert stale({"image": old}, {}, old) == []
    assert stale({"image": old}, {}, new) == [("image_next", "a-1", set())]
    assert stale({"image": old}, {MIGRATIONS: {"image": noted}}, new) == [("image_next", "a-1", {"x"})]
    assert stale({"image": old}, {MIGRATIONS: {"image": noted}}, old) == [("image", None, set())]
    assert stale({"words": words}, {}, new) == [("image", None, set())]
    assert stale({"image": new}, {MIGRATIONS: {"image": noted | {"switched": True}}}, new) == []
