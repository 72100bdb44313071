"""What a run did, and what a collection holds."""

from __future__ import annotations

from pydantic import BaseModel, Field


class QuarantineEntry(BaseModel):
    """A file that could not be read or encoded: why, by whom, and when that was tried first and last (RFC 3339)."""

    path: str
    reason: str
    at_fault: str = "reader"
    source: str = ""
    first_attempt: str | None = None
    last_attempt: str | None = None


class PostponedEntry(BaseModel):
    """A file that could not be taken by no fault of its own; the next run takes it."""

    path: str
    reason: str


class IngestReport(BaseModel):
    """The accounts of a run, in files: found = indexed + unchanged + excluded + quarantined + postponed.

    `postponed` files changed while they were read, or met a fault of the disk that did not pass: what the collection
    knew of them stays, and the next run takes them. There are none in a run over a folder that holds still.

    `moved` (and `copied`) files are among the indexed: their vectors were carried over by content hash. `deleted`
    counts items that were in the collection and are no longer in the folder. `encoded` counts vectors by name.

    `by_modality` counts the files that were read, by modality and outcome; `added` are the modalities of some pictures
    and clips of them, by path. `spent` are seconds of work by stage (see `flows.ingestion.spent`), `seconds` those of
    the clock, until `ended`. `version` is that of the Medley that ran.
    """

    source: str = ""
    found: int = 0
    indexed: int = 0
    unchanged: int = 0
    excluded: int = 0
    quarantined: int = 0
    postponed: int = 0
    moved: int = 0
    copied: int = 0
    deleted: int = 0
    encoded: dict[str, int] = Field(default_factory=dict)
    by_modality: dict[str, dict[str, int]] = Field(default_factory=dict)
    added: dict[str, str] = Field(default_factory=dict)
    seconds: float = 0.0
    spent: dict[str, float] = Field(default_factory=dict)
    ended: str = ""
    version: str = ""
    quarantine: list[QuarantineEntry] = Field(default_factory=list)
    postponements: list[PostponedEntry] = Field(default_factory=list)
    exclusions: dict[str, int] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)

    @property
    def balanced(self) -> bool:
        """Whether every file found is accounted for."""
        return self.found == self.indexed + self.unchanged + self.excluded + self.quarantined + self.postponed


class MaintenanceReport(BaseModel):
    """What maintenance did: files tried again, those of them that can be read now, and the recall of the index."""

    retried: int = 0
    recovered: int = 0
    quarantined: int = 0
    recall: dict[str, float] = Field(default_factory=dict)
    backup: str | None = None
    dropped: list[str] = Field(default_factory=list)
    notes: list[str] = Field(default_factory=list)


class VectorStatus(BaseModel):
    """A named vector of the collection."""

    dim: int
    distance: str
    fingerprint: str
    points: int


class CollectionStatus(BaseModel):
    """What a collection holds."""

    items: int
    points: int
    by_modality: dict[str, int]
    quarantined: list[QuarantineEntry]
    vectors: dict[str, VectorStatus]
    sources: dict[str, str] = Field(default_factory=dict)
    bridges: dict[str, str] = Field(default_factory=dict)
    runs: dict[str, IngestReport] = Field(default_factory=dict)  # the last of each source, without its lists of files
    quality: dict[str, float] = Field(default_factory=dict)  # means of the last evaluation that is kept here
