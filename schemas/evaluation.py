"""How well a collection is searched: questions, what answers them, rankings, and what they are worth.

Light, and plain JSON: a report that is kept today can be compared with one of next year.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field

from schemas.search import SearchRequest
from schemas.sentences import Strict

MEASURES = ("recall@1", "recall@5", "recall@10", "success@1", "success@5", "success@10", "mrr", "ndcg@10", "map")
"""What is measured of each ranking. `recall@k`: the share of its right answers that are among the first k. `success@k`:
1 if any is; it is what papers on captions call R@k. The two are one where a question has one right answer."""

SHOWN = ("recall@1", "recall@5", "recall@10", "mrr", "ndcg@10", "map")
"""Those that a table shows."""


class Query(Strict):
    """A question of an evaluation.

    Attributes:
        id: the same in every run over the same collection, so that runs can be compared question by question.
        request: what is asked.
        kind: where it comes from: `given` in a file, or how it was made (see `flows.judgements`).
        group: its content group: what is alike lies in one group, and intervals are drawn over groups.
    """

    id: str
    request: SearchRequest
    kind: str = "given"
    group: str = ""


class Judged(Strict):
    """Questions, and their right answers.

    Attributes:
        queries: the questions.
        judgements: by question, the grade (1 and more: right; 0: wrong) of each item that was judged, by its id.
        modalities: the modality of each judged item, where it is known.
        notes: what a person should know of how they were made.
    """

    queries: list[Query] = Field(default_factory=list)
    judgements: dict[str, dict[str, int]] = Field(default_factory=dict)
    modalities: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)


class Run(Strict):
    """The answers to questions: by question the ids of items, best first."""

    name: str
    rankings: dict[str, list[str]] = Field(default_factory=dict)


class Interval(BaseModel):
    """A mean, and the interval in which it lies at 95 %."""

    mean: float
    low: float
    high: float


class Measured(BaseModel):
    """What some questions came to: how many they are, in how many content groups, and the mean of each measure."""

    queries: int
    groups: int
    means: dict[str, Interval]


SURE = 0.05
"""The level of a test below which a difference is taken for no chance: the one that everybody means."""


class Comparison(BaseModel):
    """Two rankings of the same questions.

    Attributes:
        measure: which one is compared.
        queries: how many questions both answered.
        groups: in how many content groups they lie.
        before: mean of the one that is compared with.
        after: mean of the one that is looked at.
        difference: `after` less `before`, with its interval.
        p: how probable so great a difference is if the two are equally good (paired randomisation test, two-sided).
    """

    measure: str
    queries: int
    groups: int
    before: float
    after: float
    difference: Interval
    p: float

    @property
    def won(self) -> bool:
        """Whether the later one is better, and not by chance."""
        return self.won_among(1)

    def won_among(self, tries: int) -> bool:
        """The same of the best of so many that were tried: one of them would seem better by chance (Bonferroni)."""
        return self.difference.mean > 0 and self.p * tries < SURE


class Gate(BaseModel):
    """A gate that a run had to pass.

    Attributes:
        drops: by measure, by how much it might be lower.
        against: the run that it was compared with; "" where there was none yet.
        passed: whether no measure fell by more.
        held: whether none fell at all: only such a run is what later ones are compared with. Else each could fall by
            a little, and all of them together by much.
        failure: why it did not pass.
    """

    drops: dict[str, float]
    against: str = ""
    passed: bool = True
    held: bool = True
    failure: str = ""


class EvaluationReport(BaseModel):
    """What an evaluation found.

    Attributes:
        id: of the run: when it was made, and its name.
        name: what was evaluated, in words.
        made: when.
        about: how it was made: collection, presets, fingerprints of the encoders, seed, options.
        overall: over all questions.
        kinds: by kind of question.
        modalities: by modality of the right answers.
        coverage: by modality, the share of the right items that some question found among the first ten.
        unanswered: questions to which there was no hit at all.
        seconds: of a question, the median and the 95th percentile.
        values: by measure and question, for comparisons to come.
        groups: the content group of each question.
        kind_of: the kind of each question.
        notes: what a person should know.
        gate: that it had to pass, if any.
    """

    id: str
    name: str
    made: datetime = Field(default_factory=lambda: datetime.now(UTC))
    about: dict[str, Any] = Field(default_factory=dict)
    overall: Measured
    kinds: dict[str, Measured] = Field(default_factory=dict)
    modalities: dict[str, Measured] = Field(default_factory=dict)
    coverage: dict[str, float] = Field(default_factory=dict)
    unanswered: int = 0
    seconds: dict[str, float] = Field(default_factory=dict)
    values: dict[str, dict[str, float]] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    kind_of: dict[str, str] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    gate: Gate | None = None


Kind = Literal["captions", "descriptions", "views", "sounds", "duplicates"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Questions that a collection gives by itself, without anybody's judgement.

`captions`: words find the picture, sound or clip that they describe, whose own words are withheld.
`descriptions`: a picture or a sound finds the words that describe it, while itself is withheld.
`views`: one scene, passage or window of an item finds the item by the others.
`sounds`: the sound of a clip finds its pictures, and the clip bears no sound.
`duplicates`: an item finds by looks or sound alone what bears the same caption, and by words alone what looks or sounds
the same.
"""


class EvaluationOptions(Strict):
    """How a collection is evaluated.

    Attributes:
        kinds: which of `KINDS` are made.
        questions: of each kind, at most.
        share: of the content groups that are held out.
        seed: of what is drawn by lot.
        items: of a collection, at most: so many are copied to be asked; more are sampled.
        depth: hits that are asked for.
        ask: fields of `schemas.search.SearchRequest` for every question: fusion, weights, rerank …
    """

    kinds: list[Kind] = Field(default_factory=lambda: list(KINDS))
    questions: int = Field(default=300, ge=1)
    share: float = Field(default=0.2, gt=0, lt=1)
    seed: int = 0
    items: int = Field(default=20_000, ge=2)
    depth: int = Field(default=100, ge=10, le=1000)
    ask: dict[str, Any] = Field(default_factory=dict)
