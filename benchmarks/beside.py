"""What attention gains where segments are told by those beside them in their item: `fusion.context`.

    python -m benchmarks.beside [--stamps DIR] [--seeds 3]

- `films` is made up of numbers: each of five scenes shows one of forty objects, and two in five tell in which of forty
  places all of the film is. Asked for by object and place; what shows both is right.
- `albums` are the stamps, five of a folder to an album, of which two in five have their caption. A stamp is asked for
  by another look at it and the words of its file's name; what bears its caption is right.
- `films apart` and `albums apart` are the same, but what lies together has nothing to do with each other.

Items are held out whole. `kept`: in how many of the seeds it was kept, by what was left out of the training alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval import STAMPS
from benchmarks.worlds import IMAGE, OBJECTS, PLACES, SIGNAL, TEXT, Stamps, cluttered
from flows.learning.beside import heard, listening
from flows.learning.things import Things
from fusion.beside import around
from fusion.context import REACH
from fusion.contrast import Training, fit_attention
from fusion.evaluation import compare, measure_scores, split
from fusion.views import Views, unit

FILMS, SEGMENTS, TOLD = 320, 5, 0.4
HELD_OUT, SHARE = 0.2, 0.2  # what is asked; and what the fit leaves out to judge itself by
INPUTS = dict.fromkeys(("image", "text"), "")


@dataclass(frozen=True, eq=False)
class Items:
    """Things that are segments of items, and questions about each, row by row.

    Attributes:
        views: of the things.
        asked: of the questions.
        right: (n,) what of equal number is right.
        items: (n,) numbers of the items.
        segments: (n,) which segment each is.
    """

    views: Views
    asked: Views
    right: NDArray[Any]
    items: NDArray[np.intp]
    segments: NDArray[np.intp]


def films(seed: int, *, together: bool = True) -> Items:
    """See the module."""
    rng = np.random.default_rng(seed)
    objects, places = (unit(rng.normal(size=(n, SIGNAL))) for n in (OBJECTS, PLACES))
    image, text = (np.linalg.qr(rng.normal(size=(dim, dim)))[0] for dim in (IMAGE, TEXT))
    items, segments = np.repeat(np.arange(FILMS), SEGMENTS), np.tile(np.arange(SEGMENTS), FILMS)
    shown = rng.integers(OBJECTS, size=len(items))
    where = rng.integers(PLACES, size=FILMS)[items] if together else rng.integers(PLACES, size=len(items))

    def look() -> Views:
        return Views.single(
            {"image": cluttered(objects[shown], image, rng), "text": cluttered(places[where], text, rng)}
        )

    views, asked = look(), look()
    return Items(_worded(views, rng), asked, shown * PLACES + where, items, segments)


def albums(stamps: Stamps, seed: int, *, together: bool = True) -> Items:
    """See the module."""
    rng = np.random.default_rng(seed)
    order = np.arange(len(stamps.folders)) if together else rng.permutation(len(stamps.folders))
    folders = np.unique(stamps.folders, return_inverse=True)[1][order] if together else np.zeros(len(order), np.intp)
    at = np.arange(len(order)) - np.searchsorted(folders, folders)  # folders are sorted, and so are their pictures
    items, segments = np.zeros(len(order), np.intp), np.zeros(len(order), np.intp)
    items[order] = np.unique(folders * len(order) + at // SEGMENTS, return_inverse=True)[1]
    segments[order] = at % SEGMENTS
    views = Views.single({"image": stamps.image, "text": stamps.text})
    asked = Views.single({"image": stamps.other, "text": stamps.named})
    right = np.unique([caption.casefold() for caption in stamps.captions], return_inverse=True)[1]
    return Items(_worded(views, rng), asked, right, items, segments)


def _worded(views: Views, rng: np.random.Generator) -> Views:
    there = {**views.there, "text": rng.random((len(views), 1)) < TOLD}
    return Views(views.tokens, there)


def measured(world: Callable[[int], Items], seeds: Sequence[int]) -> str:
    """A line of a table: the mean reciprocal rank without and with what lies beside, alike of those without words."""
    without, told, worded, groups, kept = [], [], [], [], 0
    for seed in seeds:
        one = world(seed)
        held = split([str(item) for item in one.items], seed, share=HELD_OUT)
        model, heard, is_kept = _fitted(one, ~held, seed)
        kept += is_kept
        stored = one.views.stored(np.arange(len(one.items)), around(one.items, one.segments, REACH))
        right, asked = one.right[held][:, None] == one.right, one.asked.take(held)
        for fuser, ranks in ((model, without), (heard, told)):
            ranks.append(measure_scores(fuser.fuse(asked) @ fuser.fuse(stored).T, right, ["mrr"])["mrr"])
        worded.append(one.views.has("text")[held])
        groups += [f"{seed} {item}" for item in one.items[held]]
    before, after, words = (np.concatenate(parts) for parts in (without, told, worded))
    found = compare(before, after, groups)
    sure = "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"
    cells = [f"{before[some].mean():.3f} → {after[some].mean():.3f}" for some in (slice(None), ~words, words)]
    return f"{' | '.join(cells)} | {found.difference.mean:+.3f}, {sure} | {kept} of {len(seeds)}"


def _fitted(one: Items, learnt: NDArray[np.bool_], seed: int) -> tuple[Any, Any, bool]:
    """The attention, the same with what lies beside whatever that is worth, and whether a fit would keep it."""
    items = one.items[learnt]
    left_out = split([str(item) for item in items], seed + 1, share=SHARE)
    things = Things(one.views.take(learnt), [], items, one.segments[learnt], items, left_out, [], [])
    training = Training(seed=seed, threads=1)
    model = fit_attention(things.views.take(~left_out), INPUTS, items[~left_out], training=training)
    told = heard(model, things, training)
    return model, told, listening(model, things, training).shape.reach > 0


def worlds(stamps: Path | None) -> Iterator[tuple[str, Callable[[int], Items]]]:
    """Every world by its name; without the stamps, those of numbers alone."""
    read = Stamps.read(stamps) if stamps is not None else None
    for name, together in (("", True), (" apart", False)):
        yield f"films{name}", partial(films, together=together)
        if read is not None:
            yield f"albums{name}", partial(albums, read, together=together)


def table(stamps: Path | None, seeds: Sequence[int]) -> str:
    """As Markdown."""
    lines = ["| | MRR | without words | with words | difference | kept |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    return "\n".join([*lines, *(f"| {name} | {measured(world, seeds)} |" for name, world in worlds(stamps))])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stamps", type=Path, default=STAMPS)
    parser.add_argument("--seeds", type=int, default=3)
    options, _ = parser.parse_known_args()
    print(table(options.stamps if options.stamps.is_dir() else None, range(options.seeds)), flush=True)


if __name__ == "__main__":
    main()
