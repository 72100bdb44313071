"""Encoders by name.

Ours stand in a table of import paths, so that naming one imports nothing else. Another package adds its own with an
entry point of the group `medley.encoders` that names a subclass of `Encoder`:

    [project.entry-points."medley.encoders"]
    clip = "medley_clip:ClipEncoder"
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from encoders.base import Encoder
from schemas import EncodeError, EncoderSpec, UnknownNameError

GROUP = "medley.encoders"

BUILT_IN: dict[str, str] = {
    "hashing": "encoders.hashing:HashingEncoder",
    "logmel": "encoders.logmel:LogMelEncoder",
    "minilm": "encoders.minilm:MiniLMEncoder",
    "thumbnail": "encoders.thumbnail:ThumbnailEncoder",
    "visual": "encoders.visual:VisualEncoder",
}


def names() -> list[str]:
    """Every known encoder, sorted."""
    return sorted({*BUILT_IN, *_plugins()})


def get(name: str) -> type[Encoder[Any]]:
    """The class of an encoder; its `spec` tells all about it without loading weights.

    A built-in name cannot be taken by a plugin.

    Raises:
        UnknownNameError: there is none of this name.
        EncodeError: a plugin cannot be imported, or is no encoder.
    """
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        found: type[Encoder[Any]] = getattr(import_module(module), attribute)
        return found
    plugins = _plugins()
    if name not in plugins:
        raise UnknownNameError("encoder", name, [*BUILT_IN, *plugins])
    return _load_plugin(plugins[name])


def create(name: str, *, threads: int = 0) -> Encoder[Any]:
    """A new encoder that loads its weights when it is first used."""
    return get(name)(threads=threads)


def spec(name: str) -> EncoderSpec:
    """What can be known of an encoder without loading it."""
    return get(name).spec


def made_by(fingerprint: str) -> str | None:
    """The encoder that makes vectors of this fingerprint; None if none that is installed does, or does any more."""
    name = fingerprint.rpartition("-")[0]
    try:
        return name if spec(name).fingerprint == fingerprint else None
    except (UnknownNameError, EncodeError):
        return None


def specs() -> dict[str, EncoderSpec]:
    """The specs of all known encoders by name; no weights are loaded."""
    return {name: spec(name) for name in names()}


@cache
def _plugins() -> dict[str, EntryPoint]:
    # Reads the metadata of every installed package, which takes tens of milliseconds: once, and only when asked for.
    return {point.name: point for point in entry_points(group=GROUP)}


def _load_plugin(point: EntryPoint) -> type[Encoder[Any]]:
    try:
        found = point.load()
    except (ImportError, AttributeError) as error:
        raise EncodeError(f"The encoder {point.name!r} ({point.value}) cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Encoder)):
        raise EncodeError(f"The encoder {point.name!r} ({point.value}) is not a subclass of encoders.base.Encoder.")
    return found
