"""What there is to choose from, and what a choice needs from a hub."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders import registry
from encoders.captioner import CAPTIONERS
from encoders.catalogue import MODELS
from encoders.finding import ModelSpec, is_path, named_source, sourced
from encoders.hub import Source, on_this_machine, pull
from encoders.presets import PRESETS, preset_named
from encoders.reranker import RERANKERS
from encoders.running import Running
from encoders.spelling import is_spelled
from encoders.whisper import WHISPERS
from schemas import UnknownNameError, UsageError
from schemas.errors import guess
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from schemas.settings import Settings

WITHOUT_MODEL = ("auto", "always", "off")


@dataclass(frozen=True, slots=True)
class Listed:
    """One encoder, enricher or reranker, as it is shown.

    Attributes:
        name: by which it is chosen.
        kind: "encoder", "transcript", "caption" or "reranker".
        modalities: what it takes.
        dim: dimensions of its vectors; 0 where it makes none, or sparse ones.
        form: "dense", "several" (late interaction) or "sparse"; empty where it makes no vectors.
        space: encoders of one space can be compared.
        license: of its weights.
        size: bytes of weights.
        model: hub id, or what it is in words.
        revision: commit of the hub, or hash of the weights.
        here: its weights are on this machine, or it has none.
        presets: those that it is part of.
    """

    name: str
    kind: str
    modalities: tuple[str, ...]
    dim: int
    form: str
    space: str
    license: str
    size: int
    model: str
    revision: str
    here: bool
    presets: tuple[str, ...]


def listing(running: Running | None = None) -> list[Listed]:
    """All that is known by name; no weights are loaded."""
    running = running or Running()
    found = []
    for name in registry.names():
        spec = registry.spec(name, running)
        source = registry.source(name, running)
        found.append(
            Listed(
                name,
                "encoder",
                tuple(spec.modalities),
                spec.dim,
                "sparse" if spec.sparse else "several" if spec.multivector else "dense",
                spec.space,
                spec.license,
                spec.size,
                spec.model,
                spec.revision,
                source is None or on_this_machine(source),
                tuple(preset for preset, one in PRESETS.items() if name in one.encoders.values()),
            )
        )
    for kind, modality, writers in (("transcript", "audio", WHISPERS), ("caption", "image", CAPTIONERS)):
        for name in writers:
            writer, source = sourced(writers[name], running)
            used = tuple(preset for preset, one in PRESETS.items() if one.enrichers.get(kind) == name)
            found.append(_listed(name, kind, (modality,), spec=writer, source=source, presets=used))
    for name in RERANKERS:
        reranker, source = sourced(RERANKERS[name], running)
        used = tuple(preset for preset, one in PRESETS.items() if one.reranker == name)
        found.append(_listed(name, "reranker", reranker.modalities, spec=reranker, source=source, presets=used))
    return found


def check_names(settings: Settings, have: Collection[str] = ()) -> None:
    """See that what the settings name by a name of their own is there: vectors, and what runs a model.

    Args:
        settings: the settings.
        have: named vectors that there are besides those of the presets: the collection's.

    Raises:
        UsageError: there is no such thing, or no such preset; the sentence says what was probably meant.
    """
    runs = {*registry.names(), *WHISPERS, *CAPTIONERS, *RERANKERS} if settings.encoders.models else set()
    for name in settings.encoders.models:
        if name not in runs and not is_spelled(name):
            hint = guess(name, runs)
            raise UsageError(
                f"The setting 'encoders.models' names {name!r}, and nothing of that name runs a model. {hint}"
            )
    chosen = [preset_named(settings.encoders.preset)] if settings.encoders.preset else []
    made = {LEXICAL, *have, *(vector for preset in (*PRESETS.values(), *chosen) for vector in preset.encoders)}
    for name in settings.vectors:
        if name not in made:
            raise UsageError(f"The setting 'vectors.{name}' is for a vector that there is not. {guess(name, made)}")


def pull_models(name: str, running: Running | None = None, to: Path | None = None) -> dict[str, Path]:
    """Fetches the models of a preset, or of one encoder, enricher or reranker; what is here is not fetched again.

    Args:
        name: of a preset or of what runs the model; `KIND:MODEL` and a hub id are names too.
        running: models that a setting names instead.
        to: a folder that gets a folder for each; else the hub's cache.

    Returns:
        The folder of each model by the name of what runs it; empty where nothing needs one.

    Raises:
        UnknownNameError: there is nothing of this name.
        EncodeError: the hub cannot be reached or does not have one of them.
    """
    sources = _needed(name, running or Running())
    folders: dict[str, Path] = {}
    by_model: dict[tuple[str, str], Path] = {}
    for owner, source in sources.items():
        key = (source.model, source.revision)
        if source.folder is not None:
            by_model[key] = source.folder
        elif key not in by_model:
            by_model[key] = pull(source, to / owner if to is not None else None)
        folders[owner] = by_model[key]
    return folders


def _needed(name: str, running: Running) -> dict[str, Source]:
    models = [*MODELS, *WHISPERS, *CAPTIONERS, *RERANKERS]
    known = [*PRESETS, *registry.names(), *models]
    if name not in known and "=" not in name and not is_spelled(name) and not is_path(name):
        fetched = [
            preset for preset, one in PRESETS.items() if any(encoder in MODELS for encoder in one.encoders.values())
        ]
        raise UnknownNameError("preset or model", name, [*fetched, *models])
    if name in PRESETS or "=" in name:
        preset = preset_named(name)
        names = [*preset.encoders.values(), *preset.enrichers.values(), *([preset.reranker] if preset.reranker else [])]
    else:
        names = [name]
    found = {one: _source(one, running) for one in names if one not in WITHOUT_MODEL}
    return {one: source for one, source in found.items() if source is not None}


def _source(name: str, running: Running) -> Source | None:
    for models in (WHISPERS, CAPTIONERS, RERANKERS):
        if name in models:
            return sourced(models[name], running)[1]
    if is_spelled(name):
        return named_source(name, name.partition(":")[2], running)
    return named_source(name, name, running) if is_path(name) else registry.source(name, running)


def _listed(
    name: str, kind: str, modalities: tuple[str, ...], *, spec: ModelSpec, source: Source, presets: tuple[str, ...]
) -> Listed:
    return Listed(
        name=name,
        kind=kind,
        modalities=modalities,
        dim=0,
        form="",
        space="",
        license=spec.license,
        size=spec.size,
        model=spec.model,
        revision=spec.revision,
        here=on_this_machine(source),
        presets=presets,
    )
