"""Segments are told by those beside them in their item where that helps, and an explanation tells by which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import models
from rich.console import Console

from flows.learning import steps
from flows.learning.beside import said
from flows.learning.fused import fill
from flows.learning.steps import FitOptions
from flows.learning.things import Things
from fusion import fusers
from fusion.attention import Attention
from fusion.beside import Beside
from fusion.context import begin
from fusion.contrast import Training, fit_attention
from fusion.views import Views
from medley.explained import tell
from medley.library import Library
from schemas import payload
from schemas.search import SearchRequest
from schemas.vectors import FUSED
from tests.collection import contents_of
from tests.indexed import copy_of

QUICK = Training(epochs=1, threads=1)
INPUTS = {"image": "a-1", "text": "b-1"}


def films(*, related: bool) -> Things:
    """A hundred films of four scenes, of which every other one has words: of the whole film, or of itself."""
    rng = np.random.default_rng(0)
    item, segment = np.repeat(np.arange(100), 4), np.tile(np.arange(4), 100)
    places = rng.normal(size=(400, 10))
    told = (places[item] if related else places) + 0.2 * rng.normal(size=(400, 10))
    views = Views.single({"image": rng.normal(size=(400, 12)), "text": told})
    views.there["text"][:] = ((segment + item) % 2 == 0)[:, None]
    return Things(views, [""] * 400, item, segment, item, item >= 60, [], [])


@pytest.mark.parametrize("related", [True, False])
def test_what_lies_beside_is_listened_to_where_it_speaks_of_a_segment(
    related: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setattr("fusion.context.EPOCHS", 3)
    things = films(related=related)
    learnt = things.views.take(~things.left_out)
    model = fit_attention(learnt, INPUTS, things.groups[~things.left_out], training=QUICK)
    told = steps.listening(model, things, QUICK)
    if related:
        assert told.shape.reach == 2
        for test in ("nothing", "strangers"):
            against = told.trained["beside"]["against"][test]
            assert against["difference"]["mean"] > 0.1
            assert against["p"] < 0.05
        assert re.fullmatch(
            r"Segments are told what they lack .* \(left out: MRR 0\.\d\d without, 0\.\d\d with it\)\.", said(told)
        )
        return
    assert said(told).startswith("Segments are not told what they lack")
    assert said(model) == ""
    assert told.shape.reach == 0
    assert told.weights.keys() == model.weights.keys()
    np.testing.assert_array_equal(told.fuse(things.views), model.fuse(things.views))


@pytest.fixture
def library(hundred: Path, tmp_path: Path) -> Iterator[Library]:
    """A hundred captioned pictures, and a film of three scenes, of which the second alone has words."""
    with copy_of(hundred, tmp_path) as opened:
        example = next(iter(contents_of(opened.store).values()))[0]
        dims = {name: opened.store.vectors()[name].dim for name in ("image", "text")}
        rng = np.random.default_rng(0)
        points = []
        for number in range(3):
            names = ["image", "text"] if number == 1 else ["image"]
            fields = {
                **example,
                payload.PATH: "walk.mp4",
                payload.ITEM: "walk",
                payload.SEGMENT: number,
                payload.SEGMENTS: 3,
                payload.START: 3.0 * number,
                payload.END: 3.0 * number + 3,
                payload.WORDS: {"subtitle": "a lighthouse"} if number == 1 else {},
                payload.ENCODERS: {name: opened.store.vectors()[name].fingerprint for name in names},
            }
            if number:
                del fields[payload.SEGMENTS]
            rows = {name: rng.normal(size=dims[name]) for name in names}
            vectors = {name: (row / np.linalg.norm(row)).tolist() for name, row in rows.items()}
            identity = payload.point_id(fields[payload.SOURCE], "walk.mp4", number)
            points.append(models.PointStruct(id=identity, vector=vectors, payload=fields))
        opened.store.upsert(points)
        yield opened


def test_scene_is_fused_with_what_lies_beside_it_and_the_explanation_tells_which_second(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")

    def loud(fuser: Attention, *_: Any) -> Attention:
        weights = {**fuser.weights, **begin(fuser.dim, 2, 1.0)}
        return replace(fuser, shape=replace(fuser.shape, reach=2), weights=weights)

    monkeypatch.setattr(steps, "listening", loud)
    report = steps.fit(library.store, FitOptions("attention", training=QUICK))
    library.use_fit(report.version)
    kept = library.store.load_artifact(f"fit-{report.version}")
    assert kept is not None
    fuser = fusers.load(*kept)
    have = contents_of(library.store)
    scenes = {fields[payload.SEGMENT]: vectors for fields, vectors in have.values() if fields[payload.ITEM] == "walk"}
    dims = {name: library.store.vectors()[name].dim for name in fuser.inputs}
    own = [{name: vectors[name] for name in dims if vectors.get(name)} for _, vectors in sorted(scenes.items())]
    around: list[list[dict[str, Any]]] = [
        [{}, {}, own[1], own[2]],
        [{}, own[0], own[2], {}],
        [own[0], own[1], {}, {}],
    ]
    wanted = fuser.fuse(replace(Views.of(own, dims), beside=Beside.of(around, dims)))
    for number, vectors in scenes.items():
        np.testing.assert_allclose(vectors[FUSED], wanted[number], atol=1e-5)
    alone = fuser.fuse(Views.of(own, dims))
    assert np.abs(wanted[0] - alone[0]).max() > 0.05
    picture = next(vectors for fields, vectors in have.values() if fields[payload.ITEM] != "walk")
    expected = fuser.fuse(Views.of([{name: picture[name] for name in dims}], dims))[0]
    np.testing.assert_allclose(picture[FUSED], expected, atol=1e-5)

    asked: Any = SearchRequest.of(text="a lighthouse", using=[FUSED])
    found = library.explain(asked, item="walk.mp4")
    heard = {(one.segment, one.vector): one for one in found.heard}
    # What it lacks is told by those beside it.
    others = {0: {(1, "text")}, 1: set(), 2: {(1, "text")}}
    assert set(heard) == others[found.hit.segment]
    for one in heard.values():
        assert (one.start, one.end) == (3.0 * one.segment, 3.0 * one.segment + 3)
        assert 0.0 < sum(one.shares.values()) <= 1.001
    tell(found, asked, Console(file=(printed := StringIO()), width=200))
    assert ("text of 0:03-0:06 told image" in printed.getvalue()) == (found.hit.segment != 1)


def test_what_was_set_apart_from_an_item_does_not_lie_beside_it(library: Library) -> None:
    pytest.importorskip("torch")
    source = next(iter(contents_of(library.store).values()))[0][payload.SOURCE]
    second = payload.point_id(source, "walk.mp4", 1)
    library.store.set_payload({payload.ITEM: second}, [second])
    report = steps.fit(library.store, FitOptions("attention", training=QUICK))
    kept = library.store.load_artifact(f"fit-{report.version}")
    assert kept is not None
    quiet = fusers.load(*kept)
    assert isinstance(quiet, Attention)
    loud = replace(quiet, shape=replace(quiet.shape, reach=2), weights={**quiet.weights, **begin(quiet.dim, 2, 1.0)})
    library.use_fit(report.version)

    def fused() -> dict[str, Any]:
        return {identity: vectors[FUSED] for identity, (_, vectors) in contents_of(library.store).items()}

    before = fused()
    spec = library.store.vectors()[FUSED]
    library.store.replace_vector(spec)
    fill(library.store, loud, spec)
    after = fused()
    # The first scene has pictures alone beside it, and the second has nothing: neither is told anything.
    np.testing.assert_allclose(after[second], before[second], atol=1e-6)
    first = payload.point_id(source, "walk.mp4", 0)
    np.testing.assert_allclose(after[first], before[first], atol=1e-6)
