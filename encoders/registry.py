"""Encoders by name.

Ours stand in tables of import paths, so that naming one imports nothing else: those without a model from a hub here,
those with one in `encoders.catalogue`. Any other model is spelled `KIND:MODEL` (see `encoders.spelling`). Another
package adds its own with an entry point of the group `medley.encoders` that names a subclass of `Encoder`:

    [project.entry-points."medley.encoders"]
    clip = "medley_clip:ClipEncoder"
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from encoders.base import Encoder
from encoders.catalogue import MODELS
from encoders.finding import named_source, sourced
from encoders.hub import Source, on_this_machine
from encoders.running import Running
from encoders.spelling import is_spelled, spelled
from schemas import EncodeError, EncoderSpec, UnknownNameError, UsageError

GROUP = "medley.encoders"

BUILT_IN: dict[str, str] = {
    "hashing": "encoders.hashing:HashingEncoder",
    "logmel": "encoders.logmel:LogMelEncoder",
    "minilm": "encoders.minilm:MiniLMEncoder",
    "thumbnail": "encoders.thumbnail:ThumbnailEncoder",
    "tiles": "encoders.tiles:TilesEncoder",
    "visual": "encoders.visual:VisualEncoder",
}


def names() -> list[str]:
    """Every known encoder, sorted."""
    return sorted({*BUILT_IN, *MODELS, *_plugins()})


def get(name: str) -> type[Encoder[Any]]:
    """The class of an encoder that needs no model from a hub; its `spec` tells all about it without loading weights.

    A built-in name cannot be taken by a plugin.

    Raises:
        UnknownNameError: there is none of this name.
        EncodeError: a plugin cannot be imported, or is no encoder.
    """
    if name in BUILT_IN:
        found: type[Encoder[Any]] = _imported(BUILT_IN[name])
        return found
    plugins = _plugins()
    if name not in plugins or name in MODELS:
        raise UnknownNameError("encoder", name, names())
    return _load_plugin(plugins[name])


def create(name: str, *, threads: int = 0, running: Running | None = None) -> Encoder[Any]:
    """A new encoder that loads its weights when it is first used.

    Args:
        name: of an encoder, or `KIND:MODEL`.
        threads: threads the model may use; 0: chosen for the machine.
        running: how models run; goes before `threads`.

    Raises:
        UnknownNameError: there is none of this name.
        UsageError: the model named for it is none.
    """
    running = running or Running(threads=threads)
    found = _with_model(name, running)
    if found is None:
        return get(name)(threads=running.threads)
    path, spec, source = found
    made: Encoder[Any] = _imported(path)(spec=spec, source=source, running=running)
    return made


def spec(name: str, running: Running | None = None) -> EncoderSpec:
    """What can be known of an encoder without loading it."""
    found = _with_model(name, running or Running())
    return get(name).spec if found is None else found[1]


def source(name: str, running: Running | None = None) -> Source | None:
    """Where the weights of an encoder come from; None if it needs none from a hub."""
    found = _with_model(name, running or Running())
    return None if found is None else found[2]


def made_by(fingerprint: str, running: Running | None = None) -> str | None:
    """The encoder that makes vectors of this fingerprint; None if none that is here does, or does any more.

    Nothing is fetched: what a collection says of itself must not load a model from the hub.
    """
    name, running = fingerprint.rpartition("-")[0], running or Running()
    try:
        if is_spelled(name) and not on_this_machine(named_source(name, name.partition(":")[2], running)):
            return None
        return name if spec(name, running).fingerprint == fingerprint else None
    except (UsageError, EncodeError):
        return None


def specs() -> dict[str, EncoderSpec]:
    """The specs of all known encoders by name; no weights are loaded."""
    return {name: spec(name) for name in names()}


def _with_model(name: str, running: Running) -> tuple[str, EncoderSpec, Source] | None:
    if is_spelled(name):
        return spelled(name, running)
    if name not in MODELS:
        if name in running.models:
            raise UsageError(f"The encoder {name!r} has no model that could be named: see medley encoders.")
        return None
    path, known = MODELS[name]
    return path, *sourced(known, running)


def _imported(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)


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
