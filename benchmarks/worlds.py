"""Small worlds in which fusions are measured: what may be learnt from, what is asked, and what is to be found.

Two are of Tux Paint's stamps, by the offline encoders, and one is made up of numbers:

- `look`: words and a picture are asked with, for a thing that has both. The words are those of the file's name; the
  picture is another look at the thing: a part of it in other colours.
- `caption`: words are asked with, for a picture that nobody described, among pictures that all others did.
- `pairs`: which of forty objects a thing shows is told by its picture alone, and in which of forty places it is by its
  words alone, each under much that means nothing. Only both tell the thing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval import caption
from fusion.evaluation import content_groups, split
from fusion.views import Views, unit

Vectors = NDArray[np.float32]

OBJECTS = PLACES = 40
THINGS = 800
SIGNAL, IMAGE, TEXT = 24, 512, 384  # numbers that mean something, and all numbers, of a picture's and a text's vector
CLUTTER = 2.0  # length of what means nothing, where what means something has length 1; it is another in each look
HELD_OUT = 0.2
REGIONS = "regions"  # the named vector of several for each picture


@dataclass(frozen=True, eq=False)
class Fold:
    """A split of a world.

    Attributes:
        train: what may be learnt from.
        tried: questions about what may be learnt from, row i about `train` row i.
        asked: the questions that are measured.
        items: what is to be found: all things, those of `train` among them.
        right: bool (questions, items).
        groups: the content group of each question.
        whole: only vectors of whole things are looked at, and none of their regions.
    """

    train: Views
    tried: Views
    asked: Views
    items: Views
    right: NDArray[np.bool_]
    groups: Sequence[str]
    whole: bool = True

    @property
    def names(self) -> list[str]:
        """The named vectors."""
        return [name for name in self.items.names if not self.whole or name != REGIONS]


World = Callable[[int], Fold]
"""A fold for each seed."""


def pairs(seed: int) -> Fold:
    """Things made up of an object and a place: see the module."""
    rng = np.random.default_rng(seed)
    objects, places = (unit(rng.normal(size=(n, SIGNAL))) for n in (OBJECTS, PLACES))
    # Which directions mean something is the same for all things, and nothing tells it but that they recur.
    image, text = (np.linalg.qr(rng.normal(size=(dim, dim)))[0] for dim in (IMAGE, TEXT))
    chosen = rng.permutation(OBJECTS * PLACES)[:THINGS]
    shown, told = objects[chosen // PLACES], places[chosen % PLACES]

    def look() -> Views:
        return Views.single({"image": cluttered(shown, image, rng), "text": cluttered(told, text, rng)})

    items, asked = look(), look()
    held = split([str(one) for one in chosen], seed, share=HELD_OUT)
    return Fold(
        train=items.take(~held),
        tried=asked.take(~held),
        asked=asked.take(held),
        items=items,
        right=np.eye(THINGS, dtype=bool)[held],
        groups=[f"{seed} {one}" for one in chosen[held]],
    )


def cluttered(meant: NDArray[Any], basis: NDArray[Any], rng: np.random.Generator) -> Vectors:
    """Vectors of length 1 of which what is meant (n, SIGNAL) is the smaller part, turned by the basis (dim, dim)."""
    clutter = unit(rng.normal(size=(len(meant), len(basis) - SIGNAL)))
    return np.asarray(unit(np.hstack([meant, CLUTTER * clutter])) @ basis, np.float32)


@dataclass(frozen=True, eq=False)
class Stamps:
    """The captioned stamps, encoded."""

    image: Vectors
    other: Vectors  # another look at each picture
    regions: Vectors  # (n, tiles, dim) of it
    other_regions: Vectors
    text: Vectors
    named: Vectors  # the words of the file's name
    captions: list[str]
    folders: list[str]

    @classmethod
    def read(cls, folder: Path) -> Stamps:
        """Encode them: half a minute."""
        from encoders import load_preset
        from encoders.tiles import TilesEncoder
        from readers import name_words, read_image
        from schemas import Modality

        encoders = load_preset("offline", threads=1)
        paths = [path for path in sorted(folder.rglob("*.png")) if caption(path)]
        frames = [read_image(path)[0] for path in paths]
        rng = np.random.default_rng(0)
        texts = [caption(path) for path in paths]
        names = [name_words(path.name) or path.stem for path in paths]
        others = [other_look(frame, rng) for frame in frames]
        tiles = TilesEncoder(threads=1)
        return cls(
            image=encoders["image"].encode(frames, Modality.IMAGE),
            other=encoders["image"].encode(others, Modality.IMAGE),
            regions=np.stack(tiles.encode(frames, Modality.IMAGE)),
            other_regions=np.stack(tiles.encode(others, Modality.IMAGE)),
            text=encoders["text"].encode(texts, Modality.TEXT),
            named=encoders["text"].encode(names, Modality.TEXT),
            captions=texts,
            folders=["/".join(path.relative_to(folder).parts[:-1]) for path in paths],
        )

    def groups(self, by: str) -> list[str]:
        """What lies on one side of a split: what bears a caption and what looks the same, or whole folders."""
        if by == "folder":
            return self.folders
        return [str(group) for group in content_groups(self.captions, vectors=self.image)]

    def look(self, by: str) -> World:
        """See the module."""

        def fold(seed: int) -> Fold:
            groups = self.groups(by)
            held = split(groups, seed, share=HELD_OUT)
            items = _seen(self.image, self.regions, self.text)
            asked = _seen(self.other, self.other_regions, self.named)
            return Fold(
                train=items.take(~held),
                tried=asked.take(~held),
                asked=asked.take(held),
                items=items,
                right=self._right(held),
                groups=[groups[i] for i in np.flatnonzero(held)],
            )

        return fold

    def caption(self, by: str) -> World:
        """See the module."""

        def fold(seed: int) -> Fold:
            groups = self.groups(by)
            held = split(groups, seed, share=HELD_OUT)
            items = _seen(self.image, self.regions, self.text)
            words = items.only(["text"])
            return Fold(
                train=items.take(~held),
                tried=words.take(~held),
                asked=words.take(held),
                items=_without(items, "text", held),
                right=self._right(held),
                groups=[groups[i] for i in np.flatnonzero(held)],
            )

        return fold

    def _right(self, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What bears the caption word for word is as right."""
        of = np.array([text.casefold() for text in self.captions])
        return np.asarray(of[held][:, None] == of)


def _without(views: Views, name: str, rows: NDArray[np.bool_]) -> Views:
    there = dict(views.there)
    there[name] = there[name] & ~rows[:, None]
    return replace(views, there=there)


def _seen(image: Vectors, regions: Vectors, text: Vectors) -> Views:
    whole = Views.single({"image": image, "text": text})
    return Views(
        {**whole.tokens, REGIONS: regions},
        {**whole.there, REGIONS: np.ones(regions.shape[:2], bool)},
        senses={"image": "image", REGIONS: "image", "text": "text"},
    )


def other_look(frame: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another look at a picture: four fifths of its sides, with other colours and some noise."""
    height, width = frame.shape[:2]
    h, w = max(1, int(0.8 * height)), max(1, int(0.8 * width))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    part = frame[y : y + h, x : x + w].astype(np.float32)
    part = part * rng.uniform(0.8, 1.15, 3) + rng.normal(0, 8, part.shape)
    return np.clip(part, 0, 255).astype(np.uint8)


def worlds(stamps: Path | None) -> Iterator[tuple[str, World]]:
    """Every world by its name; without the stamps, that of numbers alone."""
    yield "pairs", pairs
    if stamps is None:
        return
    read = Stamps.read(stamps)
    for by in ("caption", "folder"):
        yield f"look, split by {by}", read.look(by)
        yield f"caption, split by {by}", read.caption(by)
