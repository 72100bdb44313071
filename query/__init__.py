"""The thin query module: encode the question, one request to Qdrant, explain the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from query.infer import with_vectors
from query.kept import forget
from query.limits import reading_within
from query.quarantine import quarantined
from query.search import search
from query.show import collection_status, show_item
from query.where import parse_where
from schemas.limits import ReadLimits
from schemas.search import SearchRequest
from schemas.vectors import DEFAULT_PRESET, PRESET

if TYPE_CHECKING:
    from encoders import EncoderSet
    from fusion.weights import Fitted
    from schemas.answer import Hit
    from schemas.settings import Settings
    from store import Store

__all__ = [
    "EncoderSet",
    "Fitted",
    "SearchRequest",
    "collection_status",
    "forget",
    "load_encoders",
    "parse_where",
    "preview_hit",
    "quarantined",
    "reading_within",
    "search",
    "show_item",
    "warm_up",
    "with_vectors",
]


def load_encoders(settings: Settings, store: Store) -> EncoderSet:
    """The encoders that the settings name, or else those of the collection; none of them is loaded yet.

    Raises:
        UsageError: the settings name something that there is not.
    """
    from encoders import load_preset
    from encoders.listing import check_names

    check_names(settings, store.vectors() if settings.vectors and store.exists() else ())
    preset = settings.encoders.preset or store.metadata().get(PRESET, DEFAULT_PRESET)
    return load_preset(preset, settings=settings.encoders)


def warm_up(encoders: EncoderSet) -> None:
    """Load every model, and start the process that reads what is sent along, so that the first question is as fast."""
    from readers import start_host

    start_host()
    for name in encoders:
        encoders[name].load()


def preview_hit(hit: Hit, side: int = 240, limits: ReadLimits | None = None) -> bytes | None:
    """A small JPEG of a hit, at most `side` pixels wide and high; None for a text, or where the file is not here."""
    if hit.file is None:
        return None
    from query.located import on_this_machine
    from query.pictures import drawn
    from readers import Draw
    from schemas import Modality

    with reading_within(limits or ReadLimits()), on_this_machine(hit.file, hit.path) as file:
        if file is None:
            return None
        return drawn([Draw(str(file), Modality(hit.modality), hit.start, hit.end, side, hit.page)]).get(0)
