"""Which fusion finds more than the best single vector, and than weighted reciprocal ranks, and how sure that is.

    python -m benchmarks.fusion [--stamps DIR] [--seeds 3] [--only NAME …]

Every method answers the same questions of `benchmarks.worlds`, three seeds each, and learns from nothing that is asked.
A method is a line of `METHODS`: a function from a fold to scores (questions, items), -inf where nothing was found; None
where the fold does not ask for it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import fusion
from benchmarks import beside, regions
from benchmarks.retrieval import STAMPS
from benchmarks.worlds import REGIONS, Fold, World, worlds
from fusion import bridges
from fusion.bridge import MIN_PAIRS, Bridge
from fusion.calibration import BRIDGED, DIRECT, Null
from fusion.contrast import fit_attention
from fusion.evaluation import compare, measure_scores, summarize
from fusion.fused import Concatenation, SharedSum
from fusion.graph import adjacency, fill
from fusion.held import direct_scores
from fusion.rank import Listed, fit_ranker
from fusion.views import Fuser, Views, unit

Scores = NDArray[Any]
Method = Callable[[Fold], Scores | None]
Values = Mapping[str, NDArray[np.float64]]
"""By measure, one a question."""

DEPTH = 200  # of each vector's ranking that is fused
FIRST = 50  # places of each ranking that a learned order looks at
TRIED = 300  # questions by which weights are chosen
STEPS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # of weights
MEASURES = ("recall@1", "recall@10", "mrr")
WITH_REGIONS = ", with regions"  # what the names of methods end with that look at regions, too
BEST, WEIGHTED = "best single vector", "weighted rrf"


def ways(fold: Fold, asked: Views, items: Views) -> dict[str, Scores]:
    """What each named vector finds; where a question lacks it, through a bridge learnt from `fold.train`."""
    found = {}
    for name in fold.names:
        have = items.has(name)
        scores = np.full((len(asked), len(items)), -np.inf)
        if asked.has(name).any():
            direct = direct_scores(asked, np.ones(len(asked), bool), items, name)
            found[name] = np.where(np.isnan(direct), -np.inf, direct)
            continue
        if name != REGIONS:
            rows = _bridged(fold, asked, name)
            if rows is not None:
                scores[:, have] = rows @ unit(items.mean(name)[have]).T
                found[name] = scores
    return found


def _bridged(fold: Fold, asked: Views, target: str) -> NDArray[Any] | None:
    for source in fold.names:
        both = fold.train.has(source) & fold.train.has(target)
        if source not in (target, REGIONS) and asked.has(source).any() and both.sum() >= MIN_PAIRS:
            x, y = fold.train.mean(source)[both], fold.train.mean(target)[both]
            return Bridge.fit(x, y, source=source, target=target).project(asked.mean(source))
    return None


def alone(name: str) -> Method:
    """What one named vector finds by itself."""
    return lambda fold: ways(fold, fold.asked, fold.items).get(name, np.full(fold.right.shape, -np.inf))


def over_regions(method: Method, *, asked: bool = False) -> Method:
    """A method that looks at regions, too, where there are any; `asked`: only where questions have some."""

    def scores(fold: Fold) -> Scores | None:
        known = REGIONS in fold.items.names and not (asked and not fold.asked.has(REGIONS).any())
        return method(replace(fold, whole=False)) if known else None

    return scores


def by_ranks(method: str, *, weighted: bool = False) -> Method:
    """A fusion of rankings, as searches fuse them; `weighted`: by the weights that are best on `fold.tried`."""

    def scores(fold: Fold) -> Scores:
        options: dict[str, Any] = {"weights": _best_weights(fold, method)} if weighted else {}
        found = ways(fold, fold.asked, fold.items)
        if method == "evidence":
            options |= _evidence(fold, found)
        return fused(partial(fusion.get(method), **options), found, fold.right.shape)

    return scores


def fused(fuse: Callable[..., list[fusion.Fused]], found: Mapping[str, Scores], shape: tuple[int, int]) -> Scores:
    """Rankings fused question by question; scores of this shape, (questions, items)."""
    result = np.full(shape, -np.inf)
    for row in range(shape[0]):
        rankings = {name: _ranking(scores[row]) for name, scores in found.items()}
        for one in fuse(rankings):
            result[row, one.id] = one.score
    return result


def _ranking(scores: Scores) -> list[tuple[int, float]]:
    order = np.argsort(-scores, kind="stable")[:DEPTH]
    return [(int(i), float(scores[i])) for i in order if scores[i] > -np.inf]


def _evidence(fold: Fold, found: Mapping[str, Scores]) -> dict[str, Any]:
    asked, items, nulls = fold.asked, fold.items, {}
    for name in found:
        direct = asked.has(name).any()
        # Row i of what may be learnt from is asked about by row i of `tried`: all other pairs are random.
        scores = ways(fold, fold.tried.take(slice(0, TRIED)), fold.train)[name]
        apart = scores[~np.eye(*scores.shape, dtype=bool)]
        null = Null.fit(apart, a=DIRECT if direct else BRIDGED, points=int(items.has(name).sum()))
        if null is not None:
            nulls[name] = null
    lacking = {name: ~items.has(name) for name in found}
    return {"nulls": nulls, "lacks": lambda item: [name for name in found if lacking[name][item]]}


def _best_weights(fold: Fold, method: str) -> dict[str, float]:
    """By the mean reciprocal rank of questions about what may be learnt from."""
    tried = fold.tried.take(slice(0, TRIED))
    found = ways(fold, tried, fold.train)
    right = np.eye(len(tried), len(fold.train), dtype=bool)
    best, chosen = -1.0, dict.fromkeys(found, 1.0)
    for given in product(STEPS, repeat=max(0, len(found) - 1)):
        weights = dict(zip(found, (1.0, *given), strict=True))
        scores = fused(partial(fusion.get(method), weights=weights), found, right.shape)
        worth = float(measure_scores(scores, right, ["mrr"])["mrr"].mean())
        if worth > best + 1e-9:
            best, chosen = worth, weights
    return chosen


def learned(fold: Fold) -> Scores:
    """LambdaMART over score, place and lack of each vector and how many agree, learnt from `fold.tried`."""
    tried = fold.tried.take(slice(0, TRIED))
    own = np.eye(len(tried), len(fold.train), dtype=bool)
    listed = []
    for row, (features, items) in enumerate(_columns(fold, tried, fold.train)):
        listed.append(Listed(features, own[row, items].astype(np.intp), str(row), int(not own[row, items].any())))
    names = [f"f{n}" for n in range(listed[0].features.shape[1])]
    ranker, _ = fit_ranker(listed, names)
    result = np.full(fold.right.shape, -np.inf)
    for row, (features, items) in enumerate(_columns(fold, fold.asked, fold.items)):
        result[row, items] = ranker.scores(features)
    return result


def _columns(fold: Fold, asked: Views, items: Views) -> Iterator[tuple[NDArray[np.float64], NDArray[np.intp]]]:
    """Of each question, what is known of the items that any vector has among its first, and which those are."""
    found = ways(fold, asked, items)
    for row in range(len(asked)):
        places = {name: np.argsort(np.argsort(-scores[row], kind="stable")) for name, scores in found.items()}
        near = np.flatnonzero(np.any([of < FIRST for of in places.values()], axis=0))
        columns = []
        for name, scores in found.items():
            have = items.has(name)[near]
            columns += [
                np.where(have, scores[row, near], np.nan),
                have / (1.0 + places[name][near]),
                have.astype(float),
            ]
        columns.append(np.sum([of[near] < FIRST for of in places.values()], axis=0).astype(float))
        columns.append(
            fused(fusion.get("rrf"), {n: s[row : row + 1] for n, s in found.items()}, (1, len(items)))[0, near]
        )
        yield np.nan_to_num(np.stack(columns, axis=1), nan=np.nan, neginf=np.nan), near


def by_bridge(kind: str) -> Method:
    """Pictures found by words through another bridge than ridge regression, where a question has no picture."""

    def scores(fold: Fold) -> Scores | None:
        if fold.asked.has("image").any():
            return None
        x, y = fold.train.mean("text"), fold.train.mean("image")
        bridge = bridges.fit(kind, x, y, source="text", target="image")
        return np.asarray(bridges.scores_of(bridge, fold.asked.mean("text"), unit(fold.items.mean("image"))))

    return scores


def by_graph(method: str) -> Method:
    """A fusion of rankings where items without words are told some by their neighbours."""

    def scores(fold: Fold) -> Scores:
        items = fold.items.having(fold.names)
        made, told = fill(adjacency(items), items, "text")
        tokens, there = dict(items.tokens), dict(items.there)
        tokens["text"] = np.where(told[:, None, None], made[:, None], tokens["text"])
        there["text"] = there["text"] | told[:, None]
        return by_ranks(method)(replace(fold, items=Views(tokens, there)))

    return scores


def by_vector(fit: Callable[[Views, dict[str, str]], Fuser]) -> Method:
    """One fused vector of each thing and each question, learnt from `fold.train`."""

    def scores(fold: Fold) -> Scores:
        fuser = fit(fold.train, dict.fromkeys(fold.names, ""))
        return np.asarray(fuser.fuse(fold.asked) @ fuser.fuse(fold.items).T)

    return scores


METHODS: dict[str, Method] = {
    "image alone": alone("image"),
    "text alone": alone("text"),
    "regions alone": over_regions(alone(REGIONS), asked=True),
    "image through cca": by_bridge("cca"),
    "image through mlp": by_bridge("mlp"),
    "image through attention": by_bridge("attention"),
    "image through flow": by_bridge("flow"),
    "rrf": by_ranks("rrf"),
    WEIGHTED: by_ranks("rrf", weighted=True),
    "dbsf": by_ranks("dbsf"),
    "relative": by_ranks("relative"),
    "max": by_ranks("max"),
    "combmnz": by_ranks("combmnz"),
    "evidence": by_ranks("evidence"),
    "concatenation": by_vector(Concatenation.fit),
    "shared sum": by_vector(SharedSum.fit),
    "attention": by_vector(fit_attention),
    f"evidence{WITH_REGIONS}": over_regions(by_ranks("evidence"), asked=True),
    f"concatenation{WITH_REGIONS}": over_regions(by_vector(Concatenation.fit)),
    f"shared sum{WITH_REGIONS}": over_regions(by_vector(SharedSum.fit)),
    f"attention{WITH_REGIONS}": over_regions(by_vector(fit_attention)),
    "graph, then evidence": by_graph("evidence"),
    "lambdamart": learned,
}
"""What is measured; a fusion that is new is a line."""

SINGLE = ("image alone", "text alone", "regions alone")


def measured(
    world: World, seeds: Sequence[int], methods: Mapping[str, Method]
) -> tuple[dict[str, dict[str, NDArray[np.float64]]], list[str], dict[str, float]]:
    """By method and measure, a value for each question of all seeds; their groups; and seconds a fold."""
    values: dict[str, dict[str, list[NDArray[np.float64]]]] = {name: {m: [] for m in MEASURES} for name in methods}
    groups: list[str] = []
    seconds = dict.fromkeys(methods, 0.0)
    for seed in seeds:
        fold = world(seed)
        groups += fold.groups
        for name, method in methods.items():
            began = time.process_time()
            scores = method(fold)
            if scores is None:
                continue
            seconds[name] += (time.process_time() - began) / len(seeds)
            for measure, of in measure_scores(scores, fold.right, MEASURES).items():
                values[name][measure].append(of)
    joined = {
        name: {m: np.concatenate(parts) for m, parts in of.items()} for name, of in values.items() if of[MEASURES[0]]
    }
    return joined, groups, seconds


def table(values: Mapping[str, Values], groups: Sequence[str], seconds: Mapping[str, float]) -> str:
    """As Markdown: means with intervals, and each method against the best single vector and weighted RRF."""
    best = max((name for name in SINGLE if name in values), key=lambda name: values[name]["mrr"].mean())
    lines = [
        f"| | recall@1 | recall@10 | MRR | against {best} | against {WEIGHTED} | s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, of in values.items():
        means = summarize(of, groups).means
        cells = [f"{means[m].mean:.3f} [{means[m].low:.2f}, {means[m].high:.2f}]" for m in MEASURES]
        for other in (best, WEIGHTED):
            cells.append("" if name == other or other not in values else _against(values[other], of, groups))
        lines.append(f"| {name} | {' | '.join(cells)} | {seconds[name]:.1f} |")
    return "\n".join(lines)


def gained(values: Mapping[str, Values], groups: Sequence[str]) -> list[str]:
    """What each method that looks at regions finds more than the same without, as Markdown."""
    pairs = [(name.removesuffix(WITH_REGIONS), name) for name in values if name.endswith(WITH_REGIONS)]
    return [
        f"- {name} against {before}: {_against(values[before], values[name], groups)}"
        for before, name in pairs
        if before in values
    ]


def _against(other: Values, of: Values, groups: Sequence[str]) -> str:
    found = compare(other["mrr"], of["mrr"], groups)
    sure = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    said = f"{found.difference.mean:+.3f}, {sure}"
    return f"**{said}**" if found.won else said


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=STAMPS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[], help="worlds whose name begins so, methods, beside or parts")
    options, _ = parser.parse_known_args()
    stamps = options.stamps if options.stamps.is_dir() else None
    if stamps is None:
        print(
            f"No stamps in {options.stamps}: install tuxpaint-stamps-default, or name their folder with --stamps DIR."
        )
    methods = {name: one for name, one in METHODS.items() if name in options.only} or METHODS
    wanted = [name for name in options.only if name not in METHODS]
    for name, world in worlds(stamps):
        if wanted and not any(name.startswith(one) for one in wanted):
            continue
        values, groups, seconds = measured(world, range(options.seeds), methods)
        print(f"\n### {name}: {len(groups)} questions, {len(set(groups))} groups\n")
        print("\n".join([table(values, groups, seconds), "", *gained(values, groups)]), flush=True)
    if not options.only or "beside" in options.only:
        print("\n### beside: segments told by those beside them in their item\n")
        print(beside.table(stamps, range(options.seeds)), flush=True)
    if stamps is not None and (not options.only or "parts" in options.only):
        print("\n### parts: pictures found by a part of them\n")
        print(regions.table(stamps), flush=True)


if __name__ == "__main__":
    main()
