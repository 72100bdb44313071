"""A search: what is asked. The same for Python, the command line and HTTP, and plain JSON.

{"parts": [{"text": "a red boat"}, {"image": "boat.jpg", "weight": 0.5}, {"item": "old/boat.jpg", "weight": -1}],
 "where": "modality = picture and taken >= 2024-06-01", "limit": 20}
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    FiniteFloat,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.errors import UsageError
from schemas.fields import Dense, File, SparseVector
from schemas.media import Modality
from schemas.payload import payload_path
from schemas.sentences import Strict, sentence

MOST_PARTS = 64
MOST_HITS = 1000

ITEM, SEGMENT = "item", "segment"
"""What `group_by` means besides a field of the payload: each item once, or every segment by itself."""


KINDS = ("text", "image", "audio", "video", "item", "vector")


class Part(Strict):
    """One part of a request: exactly one of text, image, audio, video, item and vector.

    Attributes:
        text: words.
        image: a picture: a path on this machine, or an `Upload`.
        audio: a sound, likewise.
        video: a clip, likewise.
        item: an indexed item, by its id, or its path in the source; it is left out of the answer.
        segment: the one segment of the item that is meant; else all of them.
        vector: numbers for the one named vector in `using`: (dim,), (n, dim) for late interaction, or sparse.
        weight: how much it counts against the other parts; below 0: away from it.
        using: the named vectors it is searched on; empty: all that it can reach.
    """

    text: str | None = None
    image: File | None = None
    audio: File | None = None
    video: File | None = None
    item: Annotated[str | None, Field(min_length=1)] = None
    segment: Annotated[int | None, Field(ge=0)] = None
    vector: Dense | Annotated[list[Dense], Field(min_length=1)] | SparseVector | None = None
    weight: Annotated[FiniteFloat, Field(ge=-1000, le=1000)] = 1.0
    using: list[str] = Field(default_factory=list)

    @field_validator("text", mode="after")
    @classmethod
    def _plain(cls, text: str | None) -> str | None:
        # A terminal hands over bytes that are no UTF-8 as halves of surrogate pairs, which no tokenizer takes.
        plain = payload_path(text).strip() if text is not None else None
        if plain == "":
            raise ValueError("there are no words in it")
        return plain

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(f"a part is one of {', '.join(KINDS)}; given: {', '.join(given) or 'none'}")
        if self.weight == 0:
            raise ValueError("a part with weight 0 asks for nothing: leave it out")
        if self.vector is not None and len(self.using) != 1:
            raise ValueError("a vector needs the name of the one named vector that it is for, in 'using'")
        if self.segment is not None and self.item is None:
            raise ValueError("only an item has segments")
        return self

    @property
    def kind(self) -> str:
        """Which of `KINDS` it is."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def value(self) -> Any:
        """What it is of that kind."""
        return getattr(self, self.kind)


class FusionOptions(Strict):
    """How the rankings of several vectors become one.

    Attributes:
        method: a name of `fusion.FUSIONS`.
        k: of reciprocal rank fusion, in Qdrant's counting: how little the first places stand out.
        bounds: what scores are stretched between, by methods that stretch them: those of the `ranking` at hand, or
            the lowest and highest that the distance allows in `theory`.
        side: `store` lets Qdrant fuse, in one query with a prefetch for each vector: the same answer, but a hit does
            not tell the rank and score of each vector. `client` asks all vectors in one batch and fuses here.
    """

    method: str = "evidence"
    k: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    bounds: Literal["ranking", "theory"] | None = None
    side: Literal["client", "store"] = "client"


class RerankOptions(Strict):
    """A second, closer look at the best hits, on a budget.

    Attributes:
        by: a named vector of late interaction (MaxSim in Qdrant), a reranker's name, or `learned`: as judged questions
            taught (see `medley fit ranker`).
        top: hits that are looked at.
        milliseconds: that it may take; over it, the hits keep their order and a note says so.
        modalities: whose hits are looked at; empty: all that it takes.
    """

    by: Annotated[str, Field(min_length=1)]
    top: Annotated[int, Field(ge=1, le=MOST_HITS)] = 50
    milliseconds: Annotated[float | None, Field(gt=0, le=600_000)] = None
    modalities: list[Modality] = Field(default_factory=list)


def _fusion(given: Any) -> Any:
    return {"method": given} if isinstance(given, str) else given


def _filter(given: Any) -> Any:
    # A `models.Filter`, which this folder cannot name: it imports no Qdrant.
    return given.model_dump(mode="json", exclude_none=True) if isinstance(given, BaseModel) else given


Weight = Annotated[FiniteFloat, Field(ge=0)]


class SearchRequest(Strict):
    """What is looked for, and how. It can be written as JSON and read back.

    Attributes:
        parts: what is looked for; parts that reach the same vector are added up by their weights.
        using: named vectors to search; empty: all that the parts can reach.
        where: a filter in the small language of `query.where`.
        filter: a filter as `qdrant_client.models.Filter`, or as its JSON. Both filters must be passed.
        limit: hits wanted at most; groups, where several hits of a group are wanted.
        offset: how many of the best are left out.
        group_by: `item` (each once, by its best segment), `segment` (every one by itself), or a field of the payload.
        group_size: hits of each group.
        score_threshold: the least final score; with Euclid or Manhattan alone, the largest distance.
        min_confidence: the least confidence (0 to 1), where the collection's scores are calibrated.
        fusion: a method's name, or `FusionOptions`.
        weights: by named vector, `VECTOR@MODALITY` for hits of one modality; 1 where none is given.
        combine: how parts on one vector become one query. `sum`: by weights. `best_score`, `sum_scores`: Qdrant's
            recommendation by each example. `discover`: the first part is sought among what lies on the better side of
            the others. `feedback`: the items judge, by their weights, what the other parts sought.
        rerank: a closer look at the best hits.
        diversity: 0 to 1: how much a hit should differ from those before it (MMR).
        exact: compare with every vector, without the index.
        candidates: segments asked of each vector; else as many as the limit needs.
    """

    parts: Annotated[list[Part], Field(min_length=1, max_length=MOST_PARTS)]
    using: list[str] = Field(default_factory=list)
    where: str | None = None
    filter: Annotated[dict[str, JsonValue] | None, BeforeValidator(_filter)] = None
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0
    group_by: Annotated[str, Field(min_length=1)] = ITEM
    group_size: Annotated[int, Field(ge=1, le=100)] = 1
    score_threshold: FiniteFloat | None = None
    min_confidence: Annotated[float | None, Field(ge=0, le=1)] = None
    fusion: Annotated[FusionOptions, BeforeValidator(_fusion)] = FusionOptions()
    weights: dict[str, Weight] = Field(default_factory=dict)
    combine: Literal["sum", "best_score", "sum_scores", "discover", "feedback"] = "sum"
    rerank: RerankOptions | None = None
    diversity: Annotated[float | None, Field(ge=0, le=1)] = None
    exact: bool = False
    candidates: Annotated[int | None, Field(ge=1, le=20_000)] = None

    @classmethod
    def of(cls, *, parts: list[Any] | None = None, **given: Any) -> SearchRequest:
        """A request from plain values: text, image, audio, video and item, each one or several, become parts.

        Raises:
            UsageError: it is none; the sentence names the field.
        """
        made: list[Any] = []
        for kind in ("text", "image", "audio", "video", "item"):
            value = given.pop(kind, None)
            several = value if isinstance(value, list | tuple) else [value]
            made += [{kind: one} for one in several if one is not None and one != ""]
        if isinstance(given.get("using"), str):
            given["using"] = [given["using"]]
        try:
            return cls.model_validate({"parts": [*made, *(parts or [])], **given})
        except ValidationError as error:
            raise UsageError(sentence(error)) from error
