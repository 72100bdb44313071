"""A new segment is told by others of its folder, day and tags, as those were that a graph was fitted on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.ExifTags import Base

from flows.learning import infer
from flows.learning.mates import MOST, Mates
from fusion.graph import MATES, MATES_WEIGHT
from medley.library import Library
from schemas import payload
from store import Store
from tests.collection import contents_of
from tests.indexed import copy_of, indexed
from tests.store.conftest import quick_folder

KINDS = {"harbour": "a boat on the water", "castle": "a tower of stone", "night": "a tiger in the dark"}


def picture(file: Path, seed: int, *, words: str = "", taken: str = "", **info: Any) -> None:
    """One that looks like no other, so that what is nearest says nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    exif = Image.Exif()
    if taken:
        exif[Base.DateTime] = taken
    Image.fromarray(noise).resize((32, 32), Image.Resampling.NEAREST).save(file, exif=exif)
    if info or words:
        told = {"caption": words} if words else {}
        file.with_suffix(".json").write_text(json.dumps(told | info))


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with quick_folder() as root:
        for number, (folder, words) in enumerate(KINDS.items()):
            for n in range(24):
                about = {"tags": [["Sea", "Stone", "Cat"][number]], "taken": f"2024:06:0{number + 1} 10:00:00"}
                picture(root / "media" / folder / f"{n}.png", 100 * number + n, words=f"{words} {n}", **about)
        yield indexed(root)


@pytest.fixture
def library(home: Path, tmp_path: Path) -> Iterator[Library]:
    with copy_of(home, tmp_path) as opened:
        yield opened


def page_of(store: Store, prefix: str) -> list[Any]:
    records = store.scroll_all(with_payload=True, with_vectors=True)
    return [one for one in records if (one.payload or {})[payload.PATH].startswith(prefix)]


def folders_of(store: Store) -> dict[str, str]:
    return {identity: fields[payload.FOLDER] for identity, (fields, _) in contents_of(store).items()}


def mates_of(store: Store) -> Mates:
    return Mates(store, infer._telling(store.vectors()["text"]), ["text"])


def test_edges_lead_to_the_folder_the_day_and_the_tags_of_a_segment(library: Library, tmp_path: Path) -> None:
    for n in range(2):
        picture(tmp_path / "media" / "elsewhere" / f"{n}.png", 900 + n)
    library.ingest(tmp_path / "media")
    store = library.store
    # Tags are words to a reader, so that what has some lacks no words: here one is given them afterwards.
    page = page_of(store, "elsewhere/")
    about = {"tags": ["STONE"], "taken": "2024-06-03T23:30:00"}
    page[0].payload |= {payload.FOLDER: "harbour", payload.INFO: about}

    edges = list(mates_of(store).edges(page))

    assert {row for row, _ in edges} == {0}  # nobody shares anything with the other
    found = [folders_of(store)[str(record.id)] for _, record in edges]
    assert found == ["harbour"] * MATES + ["night"] * MATES + ["castle"] * MATES
    assert all(record.vector for _, record in edges)


def test_what_is_asked_grows_with_the_new_segments_alone(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tags = [f"tag {n}" for n in range(9)]
    picture(tmp_path / "media" / "harbour" / "new.png", 900, tags=[*tags, "cat"])
    library.ingest(tmp_path / "media")
    [record] = page_of(library.store, "harbour/new")
    asked: list[int] = []
    scroll = type(library.store).scroll

    def counted(store: Store, wanted: Any, limit: int, *rest: Any, **named: Any) -> Any:
        asked.append(limit)
        return scroll(store, wanted, limit, *rest, **named)

    monkeypatch.setattr(type(library.store), "scroll", counted)
    list(mates_of(library.store).edges([record]))
    assert len(asked) <= 2 * 5  # a folder and four tags, each from its id on and from the beginning
    assert max(asked) == MATES
    asked.clear()
    edges = list(mates_of(library.store).edges([record] * 200))
    assert max(asked) == MOST
    assert len(asked) <= 2 * 5
    folders = folders_of(library.store)
    harbour = [(row, one.id) for row, one in edges if folders[str(one.id)] == "harbour"]
    assert len(harbour) >= 200 * MATES
    assert len({identity for _, identity in harbour}) >= 16  # not the same four tell all


@pytest.mark.parametrize("by", ["propagation", "neighbours"])
def test_later_run_tells_by_the_edges_that_the_way_was_judged_by(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    def judged(report: Any, *_: Any) -> Any:
        report.in_use = True
        return by, None

    monkeypatch.setattr(infer, "_judge", judged)
    graphs: list[Any] = []
    made = infer.by_rows
    monkeypatch.setattr(infer, "by_rows", lambda graph: graphs.append(graph) or made(graph))
    picture(tmp_path / "media" / "harbour" / "first.png", 950)
    library.ingest(tmp_path / "media")
    library.fit("graph")
    graphs.clear()
    for n in range(3):
        picture(tmp_path / "media" / "harbour" / f"later{n}.png", 960 + n)

    library.ingest(tmp_path / "media")

    told = {
        fields[payload.PATH]: np.asarray(vectors["text"])
        for fields, vectors in contents_of(library.store).values()
        if payload.INFERRED in fields
    }
    assert set(told) == {"harbour/first.png", *(f"harbour/later{n}.png" for n in range(3))}
    graph = next(graph for graph in graphs if graph.shape[0] > 3).toarray()
    light = np.isclose(graph, MATES_WEIGHT).sum()
    assert (graph[:3].max(axis=1) >= 1.0).all()  # the nearest
    if by == "neighbours":
        assert light == 0
    else:
        assert light >= 6  # of twelve: the rest are among the nearest besides
