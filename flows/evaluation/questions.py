"""Questions that a collection gives by itself, and what must be withheld so that it does not give the answers too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import numpy as np

from flows.evaluation.catalogue import Thing
from fusion.evaluation import split
from fusion.evaluation.groups import LEAST_GROUPS
from schemas import Modality
from schemas.evaluation import EvaluationOptions, Judged, Query
from schemas.search import Part, SearchRequest

FILES = {Modality.IMAGE.value: "image", Modality.AUDIO.value: "audio"}
NEXT_TO = {Modality.AUDIO.value, Modality.TEXT.value}  # whose neighbouring segments share what they hold
LEAST_SEGMENTS = 4  # of such, so that something is left without the neighbours


@dataclass(slots=True)
class Withheld:
    """What a copy of the collection must lack.

    Attributes:
        words: items without their words, and what was made of them.
        looks: items without their pictures and sounds.
        apart: segments that become items of their own, by the id of their point.
        left_out: segments that are left out, by the id of their point.
        muted: clips whose sounds become an item of their own, with its id.
    """

    words: set[str] = field(default_factory=set)
    looks: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    muted: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kinds:
    """Which named vectors hold what."""

    words: frozenset[str]
    looks: frozenset[str]  # and sounds
    sounds: frozenset[str]

    @property
    def sights(self) -> frozenset[str]:
        """Those of pictures."""
        return self.looks - self.sounds


class Asking:
    """Makes the questions of a collection.

    Args:
        things: its items.
        groups: the content group of each.
        kinds: of its named vectors.
        options: how many questions, of what kinds.
        file: where the file of an item lies, or None.
    """

    def __init__(
        self,
        things: Sequence[Thing],
        groups: Sequence[int],
        kinds: Kinds,
        options: EvaluationOptions,
        file: Callable[[Thing], Path | None],
    ) -> None:
        self._things, self._kinds, self._options, self._file = things, kinds, options, file
        self._group = {thing.id: f"{group}" for thing, group in zip(things, groups, strict=True)}
        self._members: dict[str, list[Thing]] = {}
        for thing in things:
            self._members.setdefault(self._group[thing.id], []).append(thing)
        self._rng = np.random.default_rng(options.seed)
        self.withheld, self.judged = Withheld(), Judged()

    def run(self) -> None:
        """Fill `withheld` and `judged`."""
        made = {
            "captions": self._captions,
            "descriptions": self._descriptions,
            "sounds": self._sounds,  # takes every other clip, and leaves the rest to the views
            "views": self._views,
            "duplicates": self._duplicates,
        }
        held = self._held_out()
        for kind, make in made.items():
            if kind in self._options.kinds:
                before = len(self.judged.queries)
                make(held)
                if len(self.judged.queries) == before:
                    self.judged.notes.append(f"The collection gives no questions of the kind {kind!r}.")

    def _held_out(self) -> tuple[set[str], set[str]]:
        """The groups whose words are withheld, and those whose pictures and sounds are."""
        described = sorted({self._group[thing.id] for thing in self._things if self._described(thing)})
        if len(described) < LEAST_GROUPS:
            return set(), set()
        held = [
            group
            for group, out in zip(
                described, split(described, self._options.seed, share=self._options.share), strict=True
            )
            if out
        ]
        self._rng.shuffle(held)
        middle = (
            len(held)
            if "descriptions" not in self._options.kinds
            else len(held) // 2
            if "captions" in self._options.kinds
            else 0
        )
        return set(held[:middle]), set(held[middle:])

    def _described(self, thing: Thing) -> bool:
        """Whether it is something to look at or to listen to that somebody described."""
        return bool(thing.caption and thing.vectors & self._kinds.looks and thing.vectors & self._kinds.words)

    def _captions(self, held: tuple[set[str], set[str]]) -> None:
        for group in sorted(held[0]):
            members = [thing for thing in self._members[group] if self._described(thing)]
            self.withheld.words |= {thing.id for thing in self._members[group] if thing.vectors & self._kinds.looks}
            for thing in self._some("captions", members):
                request = SearchRequest(parts=[Part(text=thing.caption)])
                self._ask(
                    "captions",
                    thing,
                    request,
                    [one for one in members if one.caption.casefold() == thing.caption.casefold()],
                )

    def _descriptions(self, held: tuple[set[str], set[str]]) -> None:
        for group in sorted(held[1]):
            members = [thing for thing in self._members[group] if self._described(thing)]
            self.withheld.looks |= {thing.id for thing in members}
            for thing in self._some("descriptions", [one for one in members if one.modality in FILES]):
                file = self._file(thing)
                if file is not None:
                    request = SearchRequest(parts=[Part.model_validate({FILES[thing.modality]: file})])
                    self._ask("descriptions", thing, request, members)

    def _views(self, held: tuple[set[str], set[str]]) -> None:
        for thing in self._shuffled(held):
            least = LEAST_SEGMENTS if thing.modality in NEXT_TO else 2
            if len(thing.segments) < least or thing.id in self.withheld.muted or not self._room("views"):
                continue
            numbers = sorted(thing.segments)
            chosen = int(self._rng.choice(numbers))
            point, _ = thing.segments[chosen]
            self.withheld.apart.add(point)
            if thing.modality in NEXT_TO:
                beside = [thing.segments[n][0] for n in (chosen - 1, chosen + 1) if n in thing.segments]
                self.withheld.left_out |= set(beside)
            self._ask("views", thing, SearchRequest(parts=[Part(item=point)]), [thing], part=f"#{chosen}")

    def _sounds(self, held: tuple[set[str], set[str]]) -> None:
        able = [
            thing
            for thing in self._shuffled(held)
            if thing.vectors & self._kinds.sounds and thing.vectors & self._kinds.sights
        ]
        for thing in able[:: 2 if "views" in self._options.kinds else 1]:
            if not self._room("sounds"):
                return
            self.withheld.muted[thing.id] = str(uuid5(NAMESPACE_OID, thing.id))
            request = SearchRequest(parts=[Part(item=self.withheld.muted[thing.id])])
            self._ask("sounds", thing, request, [thing])

    def _duplicates(self, held: tuple[set[str], set[str]]) -> None:
        """What made two alike is not what they are sought by; and what is the same file is no question."""
        for thing in self._shuffled(held):
            others = [
                one for one in self._members[self._group[thing.id]] if one.id != thing.id and one.hash != thing.hash
            ]
            same = [one for one in others if thing.caption and one.caption.casefold() == thing.caption.casefold()]
            alike = [one for one in others if one not in same]
            for right, using in ((same, self._kinds.looks), (alike, self._kinds.words)):
                reached = [one for one in right if one.vectors & thing.vectors & using]
                if reached and self._room("duplicates"):
                    names = sorted(thing.vectors & using)
                    request = SearchRequest(parts=[Part(item=thing.id)], using=names)
                    self._ask("duplicates", thing, request, reached, part=f"@{'+'.join(names)}")

    def _shuffled(self, held: tuple[set[str], set[str]]) -> Iterator[Thing]:
        """Items of which nothing is withheld, in an order drawn by lot."""
        free = [thing for thing in self._things if self._group[thing.id] not in held[0] | held[1]]
        for i in self._rng.permutation(len(free)):
            yield free[int(i)]

    def _some(self, kind: str, members: Sequence[Thing]) -> Iterator[Thing]:
        for thing in members:
            if self._room(kind):
                yield thing

    def _room(self, kind: str) -> bool:
        return sum(query.kind == kind for query in self.judged.queries) < self._options.questions

    def _ask(self, kind: str, thing: Thing, request: SearchRequest, right: Sequence[Thing], part: str = "") -> None:
        query = Query(id=f"{kind}:{thing.key}{part}", request=request, kind=kind, group=self._group[thing.id])
        self.judged.queries.append(query)
        self.judged.judgements[query.id] = {one.id: 1 for one in right}
        self.judged.modalities |= {one.id: one.modality for one in right}
