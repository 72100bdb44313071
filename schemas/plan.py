"""What a run is asked to do, and what it is going to do: shown before the work, and all that a dry run gives."""

from __future__ import annotations

from typing import TypedDict

from pydantic import BaseModel, Field

from schemas.report import QuarantineEntry


class RunOptions(TypedDict, total=False):
    """What a run can be asked for, besides its folder."""

    source: str | None  # name of this media root; else the folder's own
    retry: bool  # try quarantined files again although they have not changed
    force: bool  # delete although most of the source is gone from the folder
    verify: bool  # hash every file, and believe no time stamp
    wait: bool  # until another run over the same collection has ended
    only: list[str] | None  # what changed; nothing else is looked at


class Carried(BaseModel):
    """A file whose vectors are carried over from where its content was; `reread`: its words have to be read anew.

    `source` is that of the origin, where it is another.
    """

    origin: str
    source: str = ""
    path: str
    reread: bool = False


class Excluded(BaseModel):
    """A file or folder ("/" at its end) that a rule keeps out."""

    path: str
    rule: str


class Reencoding(BaseModel):
    """A named vector that items lack, or have from another encoder.

    `before` is the fingerprint of that encoder, None where the vector is new to the collection.
    """

    before: str | None = None
    after: str
    paths: list[str] = Field(default_factory=list)


class IngestPlan(BaseModel):
    """Every file found, by what becomes of it, and every item that is known and gone. Paths are those of the payload.

    `touch` is content under a new time stamp, `reread` the same content with other sidecars: only its words are read
    and encoded. `enrich` are files whose words an enricher has not looked at: OCR was switched on, say. `retry` are
    files that could not be taken, and have changed, were asked for, or were last tried by another version of Medley.
    `reencode` is by named vector; its items are among the others too. `delete` are the indexed that are gone, `forget`
    the records of gone files that were quarantined or excluded. `unchanged` files are counted, because there may be a
    million of them.
    """

    source: str = ""
    folder: str = ""
    add: list[str] = Field(default_factory=list)
    change: list[str] = Field(default_factory=list)
    reread: list[str] = Field(default_factory=list)
    enrich: list[str] = Field(default_factory=list)
    retry: list[str] = Field(default_factory=list)
    move: list[Carried] = Field(default_factory=list)
    copies: list[Carried] = Field(default_factory=list, serialization_alias="copy", validation_alias="copy")
    touch: list[str] = Field(default_factory=list)
    unchanged: int = 0
    excluded: list[Excluded] = Field(default_factory=list)
    quarantined: list[QuarantineEntry] = Field(default_factory=list)
    delete: list[str] = Field(default_factory=list)
    forget: list[str] = Field(default_factory=list)
    reencode: dict[str, Reencoding] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)

    @property
    def found(self) -> int:
        """How many files were found; `delete`, `forget` and `reencode` speak of items that are known."""
        files = (
            *self.add,
            *self.change,
            *self.reread,
            *self.enrich,
            *self.retry,
            *self.move,
            *self.copies,
            *self.touch,
        )
        return self.unchanged + len(self.excluded) + len(self.quarantined) + len(files)

    @property
    def empty(self) -> bool:
        """Whether the collection equals the folder already."""
        return self.found == self.unchanged + len(self.excluded) + len(self.quarantined) and not (
            self.delete or self.forget or self.reencode
        )
