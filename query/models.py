"""What there is to encode with, for the face: which encoders, and fetching their models ahead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders.listing import Listed
    from schemas.settings import Settings

__all__ = ["Listed", "check_names", "known_encoders", "pull_models"]


def check_names(settings: Settings) -> None:
    """See that what the settings name is there: see `encoders.listing.check_names`."""
    from encoders import Running, listing

    Running.of(settings.encoders)
    listing.check_names(settings)


def known_encoders(settings: Settings) -> list[Listed]:
    """All encoders, enrichers and rerankers that are known by name; none is loaded."""
    from encoders import Running
    from encoders.listing import listing

    return listing(Running.of(settings.encoders))


def pull_models(name: str, settings: Settings, to: Path | None = None) -> dict[str, Path]:
    """Fetch the models of a preset, or of one encoder by name; see `encoders.listing.pull_models`."""
    from encoders import Running, listing

    return listing.pull_models(name, Running.of(settings.encoders), to)
