"""The thin query module: encode the question, one request to Qdrant, explain the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from query.question import Question
from query.search import search
from query.show import collection_status, show_item
from query.where import parse_where

if TYPE_CHECKING:
    from encoders import EncoderSet
    from schemas.search import Hit
    from schemas.settings import Settings

__all__ = [
    "EncoderSet",
    "Question",
    "collection_status",
    "load_encoders",
    "parse_where",
    "preview_hit",
    "search",
    "show_item",
]


def load_encoders(settings: Settings) -> EncoderSet:
    """The encoders that the settings name; none of them is loaded yet."""
    from encoders import load_preset

    return load_preset(settings.encoders.preset, threads=settings.encoders.threads)


def preview_hit(hit: Hit, side: int = 240) -> bytes | None:
    """A small JPEG of a hit, at most `side` pixels wide and high; None for a text, or where the file is not here."""
    if hit.file is None:
        return None
    from pathlib import Path

    from readers import preview
    from schemas import Modality, ReadError

    try:
        return preview(Path(hit.file), Modality(hit.modality), hit.start, hit.end, side)
    except ReadError:
        return None  # gone or broken since it was indexed: the hit stands without a picture
