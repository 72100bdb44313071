"""Which named vector answers for each name, and which encoder makes vectors that can be compared with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders import EncoderSet
    from schemas import VectorSpec


def encoders_in_use(encoders: EncoderSet, have: Mapping[str, VectorSpec], threads: int = 0) -> EncoderSet:
    """The encoders of the settings; while a model is being changed, the one whose vectors still answer.

    A vector whose encoder is not installed any more keeps the one of the settings, whose fingerprint then tells that
    the two cannot be compared.

    Args:
        encoders: those of the settings.
        have: the vectors that answer; see `schemas.vectors.vectors_in_use`.
        threads: threads a model may use; 0: chosen for the machine.
    """
    stale = {
        name: have[name].fingerprint
        for name, spec in encoders.specs.items()
        if name in have and have[name].fingerprint != spec.fingerprint
    }
    if not stale:
        return encoders
    from encoders import registry

    old = {name: made_by for name, print_ in stale.items() if (made_by := registry.made_by(print_)) is not None}
    if not old:
        return encoders
    names = {name: spec.name for name, spec in encoders.specs.items()} | old
    return _set(tuple(names.items()), threads)


@lru_cache(maxsize=2)
def _set(names: tuple[tuple[str, str], ...], threads: int) -> EncoderSet:
    # Kept: a model that is being replaced answers many questions before it goes.
    from encoders import EncoderSet

    return EncoderSet(dict(names), threads=threads)
