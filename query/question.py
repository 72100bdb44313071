"""A question: any mix of words, picture, sound and clip."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.payload import payload_path


class Question(BaseModel):
    """What is looked for, and how.

    `using` names the vectors to search; empty: all that the question can reach. `weights` are by named vector; one
    that is reached only through a fitted bridge counts half unless it is given.
    """

    model_config = ConfigDict(extra="forbid")

    text: str | None = None
    image: Path | None = None
    audio: Path | None = None
    video: Path | None = None
    using: list[str] = Field(default_factory=list)
    fusion: str = "rrf"
    weights: dict[str, float] = Field(default_factory=dict)
    where: str | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 10

    @field_validator("text", mode="before")
    @classmethod
    def _plain(cls, text: str | None) -> str | None:
        # A terminal hands over bytes that are no UTF-8 as halves of surrogate pairs, which no tokenizer takes.
        return payload_path(text).strip() or None if text else None

    @model_validator(mode="after")
    def _asks(self) -> Question:
        if not any((self.text, self.image, self.audio, self.video)):
            raise ValueError("a question needs words, a picture, a sound or a clip")
        return self
