"""Vectors that segments lack, told by their neighbours and marked as inferred: words find a picture without a caption.

An inferred vector lies in the same slot as the others, so that every client finds by it; `inferred` in the payload
says that it is a guess, and `encoders` does not speak of it. No fit learns from it, and what is read anew loses it and
is told again. It is written only where searches find more with it (p < 0.05) on captions that were withheld.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from flows.ingestion.points import named_vectors
from flows.ingestion.progress import tell
from flows.learning.fused import artifact, next_version
from flows.learning.mates import Mates
from flows.learning.things import COMPANY, FIELDS, TOKENS, Things, encoded, fusible, having, read_things
from flows.reconciliation.migrate import pages
from fusion.evaluation import compare, summarize
from fusion.graph import MATES_WEIGHT, adjacency, by_rows, fill, near_weights, neighbourhood, propagate
from fusion.held import BRIDGED, FOUND, LEAST, QUESTIONS, Questions, Scores, Standing, reciprocal_ranks
from fusion.sage import Sage
from fusion.training import trainable
from fusion.views import Vectors, Views, unit
from schemas import UnknownNameError, UsageError, VectorSpec, payload
from schemas.fit import FitReport
from schemas.vectors import INFERRING, MIGRATIONS, vectors_in_use

if TYPE_CHECKING:
    from qdrant_client import models

    from store import Store

GRAPH = "graph"
MOST = 20_000  # things of a graph that is held in memory; what is beyond is told by its nearest alone
NEIGHBOURS = 10
MEASURES = ("mrr", "recall@1", "recall@10")
WITHOUT, RRF = "without", "rrf"


def fit_graph(store: Store, name: str = "text") -> FitReport:
    """Fit what tells a named vector by neighbours, keep its card, and write what it tells where that helps.

    Args:
        store: the store.
        name: the named vector that is told.

    Raises:
        UnknownNameError: the collection has no such vector.
        UsageError: there is too little to learn from.
        StoreError: the collection cannot be read or written.
    """
    began = time.monotonic()
    specs = fusible(vectors_in_use(store.vectors(), store.metadata()))
    if name not in specs:
        raise UnknownNameError("vector", name, specs)
    if name in store.metadata().get(MIGRATIONS, {}):
        raise UsageError(f"The vector {name!r} is being encoded anew: ingest all its folders first.")
    with read_things(store, specs, most=MOST) as things:
        names = [one for one in things.views.names if one == name or things.views.has(one).any()]
        views = things.views.having(names)
        both = views.has(name) & (views.only([n for n in names if n != name]).count() > 0)
        held = both & things.left_out
        if held.sum() < LEAST or (both & ~held).sum() < LEAST:
            raise UsageError(f"Too few segments have {name!r} besides another vector to learn from: caption some more.")
        report = FitReport(
            version=next_version(store, GRAPH),
            method=GRAPH,
            inputs={one: specs[one].fingerprint for one in names},
            dim=specs[name].dim,
            things=int((~held).sum()),
            questions={name: min(int(held.sum()), QUESTIONS)},
        )
        how, model = _judge(report, views, things, held, name)
        report.details = {"tells": name, "by": how}
        report.fingerprint = f"{report.version}-{specs[name].fingerprint}"
        report.seconds = round(time.monotonic() - began, 1)
        card = report.model_dump(mode="json")
        arrays = dict(model.weights) if model is not None else {}
        store.save_artifact(artifact(report.version), arrays, {"method": GRAPH, "card": card})
        if report.in_use:
            note = {"version": report.version, "name": name, "by": how, "inputs": report.inputs}
            forget(store, name)
            store.set_metadata({INFERRING: note})
            _write_graph(store, views, things, model, note)
            refresh(store)
    return report


def refresh(store: Store) -> list[str]:
    """Tell the segments that lack the vector what their neighbours know; returns what a person should know."""
    note: Mapping[str, Any] | None = store.metadata().get(INFERRING)
    if note is None:
        return []
    have = vectors_in_use(store.vectors(), store.metadata())
    if any(one not in have or have[one].fingerprint != print_ for one, print_ in note["inputs"].items()):
        forget(store, note["name"])
        store.set_metadata({INFERRING: None})
        return [
            f"What was inferred of the vector {note['name']!r} is gone, for it was told by other vectors: run "
            "`medley fit graph` again."
        ]
    specs = {one: have[one] for one in note["inputs"]}
    others = {one: spec for one, spec in specs.items() if one != note["name"]}
    kept = store.load_artifact(artifact(note["version"])) if note["by"] == "sage" else None
    dims = {one: spec.dim for one, spec in specs.items()}
    model = Sage(note["name"], dims, kept[0]) if kept is not None else None
    names = [spec.name for spec in others.values()]
    condition = having(others, lacking=specs[note["name"]].name)
    done, total = 0, store.count(condition)
    known = _telling(specs[note["name"]])
    # The way of neighbours was judged by the nearest alone, the others by a graph that has edges besides.
    mates = Mates(store, known, [spec.name for spec in specs.values()]) if note["by"] != "neighbours" else None
    fields = [*FIELDS, *COMPANY]
    for page in pages(store.scroll_all(condition, with_payload=fields, with_vectors=names)):
        views, graph, count = _local(store, page, specs, note["name"], known=known, mates=mates)
        if model is not None:
            made, told = model.fill(graph, views)
        else:
            spread, came = propagate(graph, unit(views.mean(note["name"])), views.has(note["name"]), alpha=0.0, steps=1)
            made, told = np.asarray(unit(spread), np.float32), came > 0
        rows = [i for i in range(count) if told[i] and made[i].any()]
        _write(store, [(page[i].id, made[i]) for i in rows], specs[note["name"]], note["version"])
        done += len(page)
        tell("infer", done, total)
    store.sync()
    return []


def forget(store: Store, name: str) -> int:
    """Take out what was inferred of a vector; returns how many segments had it."""
    from qdrant_client import models

    key = f"{payload.INFERRED}.{name}"
    marked = models.Filter(must_not=[models.IsEmptyCondition(is_empty=models.PayloadField(key=key))])
    count = store.count(marked)
    for page in pages(store.scroll_all(marked, with_payload=True, with_vectors=True)):
        points = []
        for record in page:
            vectors = named_vectors(record)
            fields = dict(record.payload or {})
            if name not in fields.get(payload.ENCODERS, {}):
                vectors.pop(name, None)
            rest = {one: by for one, by in fields.pop(payload.INFERRED).items() if one != name}
            fields |= {payload.INFERRED: rest} if rest else {}
            points.append(models.PointStruct.model_construct(id=record.id, vector=vectors, payload=fields))
        store.upsert(points, sync=False)
    store.sync()
    return count


def _judge(
    report: FitReport, views: Views, things: Things, held: NDArray[np.bool_], name: str
) -> tuple[str, Sage | None]:
    """Which way to tell is best, and whether searches find more with what it tells."""
    others = [one for one in views.names if one != name]
    there = {one: there & ~(held[:, None] & (one == name)) for one, there in views.there.items()}
    hidden = Views(views.tokens, there)
    # A reader takes tags for words: with the words of a thing, its tags are withheld.
    tags = [frozenset[str]() if out else some for some, out in zip(things.tags, held, strict=True)]
    graph = adjacency(hidden, things.company, tags=tags)
    ways: dict[str, Vectors] = {
        "neighbours": neighbourhood(hidden.take(held).only(others), hidden.take(hidden.has(name)), name),
        "propagation": fill(graph, hidden, name)[0][held],
    }
    model = Sage.fit(hidden, graph, name) if trainable() else None
    if model is not None:
        ways["sage"] = model.fill(graph, hidden)[0][held]
    else:
        report.notes.append("GraphSAGE was not tried: torch is not installed (pip install 'medley[models]').")
    asked, found = views.take(held), hidden.take(held)
    some = Questions(name, asked.only([name]).take(slice(0, QUESTIONS)), found.take(slice(0, FOUND)),
                     (things.groups[held][:, None] == things.groups[held])[:QUESTIONS, :FOUND],
                     things.groups[held][:QUESTIONS])  # fmt: skip
    question = unit(some.asked.mean(name))
    scores: dict[str, Scores] = {way: question @ made[:FOUND].T for way, made in ways.items()}
    standing = Standing(hidden.take(~held)).rankings(some.asked, some.found)
    values = {way: some.measure(made, MEASURES) for way, made in scores.items()}
    best = max(ways, key=lambda way: float(values[way]["mrr"].mean()))
    # Where there are too few pairs for a bridge, words find nothing without captions.
    before = reciprocal_ranks(standing) if standing else np.full_like(scores[best], np.nan)
    without = some.measure(before, MEASURES)
    beside = some.measure(reciprocal_ranks({**standing, best: scores[best]}, {best: BRIDGED}), MEASURES)
    values |= {WITHOUT: without, f"with {best}": beside}
    report.measured = {way: summarize(of, some.groups) for way, of in values.items()}
    report.kinds = {name: {way: round(float(of["mrr"].mean()), 4) for way, of in values.items()}}
    report.compared_with = WITHOUT
    report.against = report.helps = compare(without["mrr"], beside["mrr"], some.groups, measure="mrr")
    report.in_use = report.against.won_among(len(ways))
    return best, model if best == "sage" else None


def _write_graph(store: Store, views: Views, things: Things, model: Sage | None, note: Mapping[str, Any]) -> None:
    """Write what the whole graph tells, where it is more than the nearest."""
    if note["by"] == "neighbours":
        return
    name = note["name"]
    graph = adjacency(views, things.company, tags=things.tags)
    made, told = model.fill(graph, views) if model is not None else fill(graph, views, name)
    rows = np.flatnonzero(told)
    spec = vectors_in_use(store.vectors(), store.metadata())[name]
    for start in range(0, len(rows), 256):
        _write(store, [(things.ids[i], made[i]) for i in rows[start : start + 256]], spec, note["version"])


def _write(store: Store, made: Sequence[tuple[Any, Vectors]], spec: VectorSpec, version: str) -> None:
    """The mark first: a vector that is not marked would be taken for an encoder's."""
    from qdrant_client import models

    if not made:
        return
    ids = [identity for identity, _ in made]
    store.set_payload({payload.INFERRED: {spec.name: version}}, ids, sync=False)
    store.update_vectors(
        [models.PointVectors.model_construct(id=identity, vector={spec.name: row}) for identity, row in made]
    )


def _telling(spec: VectorSpec) -> models.Filter:
    """The segments that an encoder made this vector of."""
    from qdrant_client import models

    no_guess = models.IsEmptyCondition(is_empty=models.PayloadField(key=f"{payload.INFERRED}.{spec.name}"))
    must: Any = having({spec.name: spec}).must
    return models.Filter(must=[*must, no_guess])


def _local(
    store: Store,
    page: Sequence[models.Record],
    specs: Mapping[str, VectorSpec],
    name: str,
    *,
    known: models.Filter,
    mates: Mates | None,
) -> tuple[Views, csr_array, int]:
    """A page of segments and those that tell them something: views of both, the graph, and how long the page is."""
    from qdrant_client import models

    rows = [encoded(record, specs) for record in page]
    asked = [
        (i, other) for i, row in enumerate(rows) for other in row if other != name and not specs[other].multivector
    ]
    names = [spec.name for spec in specs.values()]
    answers = store.query_batch(
        [
            models.QueryRequest(
                query=np.asarray(rows[i][other]).tolist(),
                using=specs[other].name,
                filter=known,
                limit=NEIGHBOURS,
                with_vector=names,
                with_payload=list(FIELDS),
            )
            for i, other in asked
        ]
    )
    at: dict[Any, int] = {}
    donors: list[dict[str, Any]] = []
    edges: list[tuple[int, int, float]] = []

    def tie(i: int, point: models.Record | models.ScoredPoint, weight: float) -> None:
        if point.id not in at:
            at[point.id] = len(page) + len(donors)
            donors.append(encoded(point, specs))
        edges.append((i, at[point.id], weight))

    for (i, _), answer in zip(asked, answers, strict=True):
        if answer:
            weights = near_weights(np.array([[point.score for point in answer]]))[0]
            for point, weight in zip(answer, weights, strict=True):
                tie(i, point, float(weight))
    for i, record in mates.edges(page) if mates is not None else ():
        tie(i, record, MATES_WEIGHT)
    views = Views.of([*rows, *donors], {one: spec.dim for one, spec in specs.items()}, TOKENS)
    row, column, weight = (np.array(part) for part in zip(*edges, strict=True)) if edges else ([], [], [])
    graph = csr_array((weight, (row, column)), shape=(len(views), len(views)), dtype=np.float64)
    return views, by_rows(graph), len(page)
