"""The steps of a fit, plain functions: read -> learn -> judge -> keep -> put in use. Called by the flow `flows.fit`.

Every version is kept with its card. It is put in use where it is better on questions that it has not learnt from than
what is in use, or, where nothing is, than the best that searches find without it; else it is kept aside, and the report
says so. Whether questions use it without being told to is decided apart: by what it adds to the other vectors.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders import registry
from flows.ingestion.progress import tell
from flows.learning.beside import listening, said
from flows.learning.calibrate_fused import recalibrate
from flows.learning.fused import artifact, next_version, put_in_use
from flows.learning.infer import GRAPH, fit_graph
from flows.learning.things import Things, fusible, read_things
from fusion import fusers
from fusion.attention import Attention, fingerprint, reach_of
from fusion.beside import around
from fusion.contrast import Training, fit_attention
from fusion.evaluation import compare, summarize
from fusion.fused import Concatenation, SharedSum
from fusion.held import Questions, Standing, fused_scores, questions, reciprocal_ranks
from schemas import ScarceError, UnknownNameError, UsageError
from schemas.fit import FitReport
from schemas.vectors import FIT, FUSED, INFERRING, vectors_in_use

if TYPE_CHECKING:
    from fusion.views import Fuser, Views
    from schemas import VectorSpec
    from store import Store

METHODS = ("attention", "concatenation", "sum")  # that make a fused vector; `GRAPH` tells another
MEASURES = ("mrr", "recall@1", "recall@10")
DECIDES = "mrr"
SAMPLE = 8000
"""Things that a sum or a concatenation is made from, as many as attention begins with: they are in memory at once, each
with 16 kB of likenesses to landmarks."""

PAIRS = 8000
"""Things that the bridges are made from with which a fit is compared, alike."""

BEST, RRF, BESIDE, NEW = "best single", "rrf", "rrf with fused", "fused"


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How to fit.

    Attributes:
        method: one of `METHODS`, or `GRAPH`.
        using: the named vectors to fuse; none: all dense ones. Of `GRAPH`: the one that is told.
        training: of the attention.
    """

    method: str = "attention"
    using: tuple[str, ...] = ()
    training: Training = field(default_factory=Training)


def fit(store: Store, options: FitOptions) -> FitReport:
    """Fit a fusion on the collection, or what neighbours tell; keep it, and put it in use if it wins.

    Raises:
        UnknownNameError: there is no such method, or a vector is named that the collection does not have.
        UsageError: there is too little to learn from. Of which there is too little is left out, where none are named.
        StoreError: the collection cannot be read or written.
    """
    if options.method == GRAPH:
        return fit_graph(store, *options.using[:1])
    try:
        return _fit(store, options)
    except ScarceError as error:
        have = vectors_in_use(store.vectors(), store.metadata())
        rest = tuple(sorted(fusible(have, ()).keys() - {error.vector}))
        if options.using or len(rest) <= 1:
            raise
        note = f"{str(error).removesuffix(': leave it out.')}: it was left out."
        return _fit(store, replace(options, using=rest), note)


def _fit(store: Store, options: FitOptions, *notes: str) -> FitReport:
    """Fit a fusion of named vectors, with these notes on its card."""
    began = time.monotonic()
    if options.method not in METHODS:
        raise UnknownNameError("fusion", options.method, (*METHODS, GRAPH))
    have = vectors_in_use(store.vectors(), store.metadata())
    for name in options.using:
        if name not in have:
            raise UnknownNameError("vector", name, have)
    specs = fusible(have, options.using)
    with read_things(store, specs) as things:
        specs = {name: spec for name, spec in specs.items() if things.views.has(name).any()}
        learnt = ~things.left_out
        fuser = learn(things.views, things.groups, specs, options, learnt)
        if isinstance(fuser, Attention):
            fuser = listening(fuser, things, options.training)
        report = FitReport(
            version=next_version(store, options.method),
            method=options.method,
            fingerprint=fingerprint(options.method, fuser.arrays()),
            inputs=dict(fuser.inputs),
            dim=fuser.dim,
            things=int(learnt.sum()),
            details=dict(fuser.meta().get("trained", {})),
            notes=list(notes),
        )
        if isinstance(fuser, Attention) and (note := said(fuser)):
            report.notes.append(note)
        late = sorted(name for name, spec in have.items() if spec.multivector)
        if late and not options.using:
            named = " ".join(f"--using {name}" for name in (*sorted(fuser.inputs), *late))
            report.notes.append(f"Late interaction ({', '.join(late)}) was left out: {named} fuses its vectors, too.")
        judge(store, report, fuser, things)
    report.seconds = round(time.monotonic() - began, 1)
    keep(store, report, fuser)
    return report


def learn(
    views: Views,
    groups: NDArray[Any],
    specs: Mapping[str, VectorSpec],
    options: FitOptions,
    learnt: NDArray[np.bool_],
) -> Fuser:
    """The fusion, from the things that may be learnt from: attention reads batches of them, the others a sample."""
    inputs = {name: spec.fingerprint for name, spec in specs.items()}
    if len(inputs) <= 1:
        raise UsageError(
            f"There is nothing to fuse: the collection has {', '.join(inputs) or 'no dense vectors'} alone."
        )
    if options.method == "attention":
        return fit_attention(
            views,
            inputs,
            groups,
            among=learnt,
            training=options.training,
            progress=lambda epoch, epochs, _: tell("train", epoch, epochs),
        )
    some = sample(views, learnt, SAMPLE)
    if options.method == "concatenation":
        return Concatenation.fit(some, inputs)
    return SharedSum.fit(some, inputs, one_space=_one_space(inputs))


def sample(views: Views, among: NDArray[np.bool_], most: int) -> Views:
    """At most so many of these things, drawn by lot, those with several kinds of vectors first: in memory."""
    rows = np.random.default_rng(0).permutation(np.flatnonzero(among))
    first = np.argsort(-np.minimum(views.count()[rows], 2), kind="stable")[:most]
    return views.take(np.sort(rows[first]))


def judge(store: Store, report: FitReport, fuser: Fuser, things: Things) -> None:
    """Ask about what was left out, by the new fit, by the one in use, and by what searches find without either."""
    held = things.left_out
    old = _in_use(store, report)
    reach = max(reach_of(fuser), reach_of(old[1]) if old is not None else 0)
    beside = around(things.items, things.segments, reach) if reach else None
    asked = questions(things.views, things.groups, things.items, among=held, around=beside)
    if not asked:
        report.notes.append("Too few segments were left out to ask about: what the fit is worth is not known.")
        return
    standing = Standing(sample(things.views, ~held, PAIRS))
    values: dict[str, dict[str, list[NDArray[np.float64]]]] = {}
    for i, some in enumerate(asked):
        tell("judge", i, len(asked))
        report.questions[some.kind] = len(some.asked)
        for name, measured in _measured(some, standing, fuser, old).items():
            report.kinds.setdefault(some.kind, {})[name] = round(float(measured[DECIDES].mean()), 4)
            for measure, numbers in measured.items():
                values.setdefault(name, {}).setdefault(measure, []).append(numbers)
    groups = np.concatenate([some.groups for some in asked])
    whole = {n: {m: np.concatenate(parts) for m, parts in by_measure.items()} for n, by_measure in values.items()}
    report.measured = {name: summarize(by_measure, groups) for name, by_measure in whole.items()}
    mrr = {name: by_measure[DECIDES] for name, by_measure in whole.items()}
    known = max((BEST, RRF), key=lambda name: float(mrr[name].mean()))
    report.compared_with = old[0] if old is not None else known
    report.against = compare(mrr[report.compared_with], mrr[NEW], groups, measure=DECIDES)
    report.helps = compare(mrr[known], mrr[BESIDE], groups, measure=DECIDES)
    report.in_use, report.asked = report.against.won, report.against.won and report.helps.won


def keep(store: Store, report: FitReport, fuser: Fuser) -> None:
    """Keep the version with its card, and put it in use if it won."""
    card = report.model_dump(mode="json")
    store.save_artifact(artifact(report.version), fuser.arrays(), {**fuser.meta(), "card": card})
    if report.in_use:
        put_in_use(store, fuser, report.version, report.fingerprint, asked=report.asked)
        recalibrate(store)


def use(store: Store, version: str, *, asked: bool | None = None) -> FitReport:
    """Put a version that is kept in use, whatever it was found to be worth.

    Args:
        store: the store.
        version: its name.
        asked: whether questions use it without being told to; None: where it was found to help.

    Raises:
        UnknownNameError: there is no such version.
        UsageError: it fuses other vectors than the collection has now.
        StoreError: the collection cannot be written.
    """
    kept = store.load_artifact(artifact(version)) if artifact(version) in store.artifacts() else None
    if kept is None:
        raise UnknownNameError("fit", version, versions(store))
    report = FitReport.model_validate(kept[1]["card"])
    if report.method not in METHODS:
        raise UsageError(f"{version} makes no fused vector: run `medley fit {report.method}` again to use it.")
    have = vectors_in_use(store.vectors(), store.metadata())
    for name, print_ in report.inputs.items():
        if name not in have or have[name].fingerprint != print_:
            raise UsageError(
                f"{version} fuses vectors {name!r} of {print_}, which the collection no longer has: run "
                f"`medley fit {report.method}` again."
            )
    report.asked = bool(report.helps and report.helps.won) if asked is None else asked
    report.in_use = True
    put_in_use(store, fusers.load(*kept), version, report.fingerprint, asked=report.asked)
    recalibrate(store)
    return report


def drop(store: Store) -> None:
    """Take the fused vector out of the collection; the versions are kept."""
    store.set_metadata({FUSED: None})
    store.drop_vector(FUSED)


def versions(store: Store) -> dict[str, FitReport]:
    """The cards of all versions, by name; `in_use` and `asked` as they are now."""
    metadata = store.metadata()
    used: Mapping[str, Any] = metadata.get(FUSED) or {}
    told: Mapping[str, Any] = metadata.get(INFERRING) or {}
    found = {}
    for name in store.artifacts():
        kept = store.load_artifact(name) if name.startswith(FIT) else None
        if kept is not None and "card" in kept[1]:
            card = FitReport.model_validate(kept[1]["card"])
            card.in_use = card.version in (used.get("version"), told.get("version"))
            card.asked = card.version == told.get("version") or (card.in_use and bool(used.get("asked")))
            found[card.version] = card
    return found


def _one_space(inputs: Mapping[str, str]) -> bool:
    """Whether the encoders of these fingerprints make vectors that can be compared with each other."""
    names = {registry.made_by(fingerprint) for fingerprint in inputs.values()}
    return len({registry.spec(name).space if name else None for name in names}) == 1 and None not in names


def _measured(
    some: Questions, standing: Standing, fuser: Fuser, old: tuple[str, Fuser] | None
) -> dict[str, dict[str, NDArray[np.float64]]]:
    ways = standing.rankings(some.asked, some.found)
    made = fused_scores(fuser, some.asked, some.found)
    single = [some.measure(scores, MEASURES) for scores in ways.values()]
    nothing = {measure: np.zeros(len(some.asked)) for measure in MEASURES}
    best = max(single, key=lambda measured: float(measured[DECIDES].mean()), default=nothing)
    measured = {
        BEST: best,
        RRF: some.measure(reciprocal_ranks(ways), MEASURES) if ways else nothing,
        BESIDE: some.measure(reciprocal_ranks({**ways, NEW: made}), MEASURES),
        NEW: some.measure(made, MEASURES),
    }
    if old is not None:
        measured[old[0]] = some.measure(fused_scores(old[1], some.asked, some.found), MEASURES)
    return measured


def _in_use(store: Store, report: FitReport) -> tuple[str, Fuser] | None:
    """The fit in use, if it takes the vectors that the collection has now."""
    note: Mapping[str, Any] = store.metadata().get(FUSED) or {}
    kept = store.load_artifact(artifact(note["version"])) if note else None
    if kept is None:
        return None
    old = fusers.load(*kept)
    have = vectors_in_use(store.vectors(), store.metadata())
    if any(name not in have or have[name].fingerprint != print_ for name, print_ in old.inputs.items()):
        report.notes.append(f"{note['version']} fuses vectors that the collection no longer has: it is not compared.")
        return None
    return note["version"], old
