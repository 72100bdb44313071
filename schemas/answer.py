"""What a search is answered with: hits, and why each is there. The same for Python, the command line and HTTP."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from schemas.fields import Bytes


class VectorHit(BaseModel):
    """How one named vector ranked a hit: its rank from 1, its raw score, its share of the final score."""

    rank: int
    score: float
    share: float = 0.0


class Passage(BaseModel):
    """Words of a hit among which some were asked for: their kind, and the spans (from, to) of those."""

    kind: str
    text: str
    spans: list[tuple[int, int]] = Field(default_factory=list)


class Hit(BaseModel):
    """What answers the request: an item by its best segment, or a segment."""

    item: str
    source: str
    path: str
    modality: str
    score: float
    start: float | None = None
    end: float | None = None
    page: int | None = None
    characters: tuple[int, int] | None = None  # of a passage: its first and the one after its last, in text or page
    segment: int = 0
    group: str | int | None = None  # the value of the field that the request groups by, if it is not the item
    confidence: float | None = None  # that it is a right answer, 0 to 1, where the collection's scores are calibrated
    vectors: dict[str, VectorHit] = Field(default_factory=dict)
    benefit: dict[str, float] = Field(default_factory=dict)  # of the score, for vectors that it lacks
    closer: float | None = None  # the score of the closer look that put it in this place
    reasons: dict[str, float] = Field(default_factory=dict)  # what gave `closer`, where the order was learnt
    passages: list[Passage] = Field(default_factory=list)  # the words that were asked for, and where they stand
    words: dict[str, str] = Field(default_factory=dict)
    info: dict[str, Any] = Field(default_factory=dict)
    file: str | None = None  # on this machine, where the source's folder is known; or its address elsewhere


class SearchResult(BaseModel):
    """Hits, best first, and what the person should know of how they were found."""

    hits: list[Hit]
    relevant: bool | None = None  # whether any hit is probably a right answer; None: not known
    fusion: str | None = None
    notes: list[str] = Field(default_factory=list)
    seconds: dict[str, float] = Field(default_factory=dict)


class VectorMap(BaseModel):
    """Where in a picture or a sound the score of one vector comes from.

    Attributes:
        vector: its name.
        how: `occlusion`: by how much the score falls where the picture is covered; `silence`: the same of a sound;
            `patches`: what each patch gives by late interaction; `regions`: what each region gives to the score of the
            fused vector; `attention`: how much more than others it was attended to by the hit's words or sounds.
        values: rows of a grid over the picture, or one row over the sound; below 0: it takes from the score.
        frame: which of the scene's frames is the likest, from 1; None for a picture.
        frames: how many frames there are.
        second: of the recording, where it is the likest.
        picture: PNG of the picture or the sound's shape with the map over it.
    """

    vector: str
    how: Literal["occlusion", "silence", "patches", "regions", "attention"]
    values: list[list[float]]
    frame: int | None = None
    frames: int = 0
    second: float | None = None
    picture: Bytes


class Heard(BaseModel):
    """A vector of a segment beside a hit in its item, which told the hit's fused vector something.

    Attributes:
        segment: which one it is.
        start, end: where it lies, in seconds; None where the item has none.
        page: its page.
        vector: which of its vectors.
        shares: how much each named vector of the hit attended to it.
    """

    segment: int
    start: float | None = None
    end: float | None = None
    page: int | None = None
    vector: str
    shares: dict[str, float] = Field(default_factory=dict)


class Region(BaseModel):
    """One of the several vectors of a name that a hit's fused vector is made of: of a region, or of a word.

    Attributes:
        vector: the name.
        number: which one, from 1: of a picture row by row, of a passage word by word.
        of: how many there are.
        given: what it gave to the score of the fused vector.
        attended: how much the hit's vectors of other modalities attended to it; None where attention has no part.
    """

    vector: str
    number: int
    of: int
    given: float
    attended: float | None = None


class Explanation(BaseModel):
    """Why a hit is there.

    Attributes:
        hit: with rank, score and share of each vector, and the passages whose words were asked for.
        kinds: how near each kind of its words is to the question, by meaning.
        maps: where in the picture or the sound it lies.
        attention: where it was found by the fused vector, and attention made that: how much each named vector of the
            hit attended to each; the mean over the heads of the last block.
        given: where it was found by the fused vector, what each named vector gave to its score; they add up to it.
        regions: where one of them is of late interaction, the regions or words that gave the most.
        heard: what it was told by the segments beside it in its item, the most first.
        notes: what the person should know.
    """

    hit: Hit
    kinds: dict[str, float] = Field(default_factory=dict)
    attention: dict[str, dict[str, float]] = Field(default_factory=dict)
    given: dict[str, float] = Field(default_factory=dict)
    regions: list[Region] = Field(default_factory=list)
    heard: list[Heard] = Field(default_factory=list)
    maps: list[VectorMap] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)
