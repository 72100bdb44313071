"""Which named vector answers for each name, and which encoder makes vectors that can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders import EncoderSet, Running
    from schemas import VectorSpec


def encoders_in_use(encoders: EncoderSet, have: Mapping[str, VectorSpec]) -> EncoderSet:
    """The encoders of the settings; while a model is being changed, the one whose vectors still answer.

    A vector whose encoder is not installed any more keeps the one of the settings, whose fingerprint then tells that
    the two cannot be compared.

    Args:
        encoders: those of the settings.
        have: the vectors that answer; see `schemas.vectors.vectors_in_use`.
    """
    stale = {
        name: have[name].fingerprint
        for name, spec in encoders.specs.items()
        if name in have and have[name].fingerprint != spec.fingerprint
    }
    if not stale:
        return encoders
    from encoders import registry

    running, old = encoders.running, {}
    for name, print_ in stale.items():
        made_by = registry.made_by(print_, running)
        if made_by is None and (made_by := registry.made_by(print_)) is not None:
            # Its own weights made it, and the settings name others by now.
            running = replace(running, models={one: at for one, at in running.models.items() if one != made_by})
        if made_by is not None:
            old[name] = made_by
    if not old:
        return encoders
    names = {name: spec.name for name, spec in encoders.specs.items()} | old
    return _set(tuple(names.items()), running)


@lru_cache(maxsize=2)
def _set(names: tuple[tuple[str, str], ...], running: Running) -> EncoderSet:
    # Kept: a model that is being replaced answers many questions before it goes.
    from encoders import EncoderSet

    return EncoderSet(dict(names), running=running)
