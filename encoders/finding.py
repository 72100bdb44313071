"""The model that a name stands for: one of a table, or any by its hub id or its folder; and where its weights are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from encoders.hub import Source, revision_of, source_of
from encoders.running import Running
from schemas import EncoderSpec, UnknownNameError


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """All that can be known of a model that makes words or scores, without loading it."""

    name: str
    model: str  # hub id
    revision: str
    license: str
    size: int  # bytes of weights
    max_tokens: int = 0  # of what it reads, the rest is cut; 0: what the model takes
    prompt: str = ""  # what it is told to do; else as its own configuration says
    modalities: tuple[str, ...] = ("text",)  # what a reranker takes


Spec = TypeVar("Spec", EncoderSpec, ModelSpec)


def sourced(known: Spec, running: Running) -> tuple[Spec, Source]:
    """A spec and the source of its weights; where a setting names other weights, the spec is theirs.

    Other weights make other vectors and words, whatever they are called: the fingerprint has to say so.

    Raises:
        UsageError: the folder that the setting names is none.
    """
    given = running.models.get(known.name, "")
    source = source_of(known.name, known.model, known.revision, given=given, trust=running.trust)
    return (replace(known, model=source.model, revision=revision_of(source)) if given else known), source


def named_source(name: str, model: str, running: Running) -> Source:
    """The source of a model named by its hub id (`ID` or `ID@REVISION`) or folder, unless a setting names another.

    Args:
        name: of what runs the model, as it is asked for.
        model: hub id or folder.
        running: the models that settings name instead, and whom to trust.

    Raises:
        UsageError: the folder is none.
    """
    return source_of(name, "", "", given=running.models.get(name, model), trust=running.trust)


def found_model(
    kind: str, asked: str, known: Mapping[str, ModelSpec], running: Running, *, usual: str = ""
) -> tuple[ModelSpec, Source]:
    """The model that is asked for: a name of a table, a hub id or a folder.

    Args:
        kind: what it is called in an error.
        asked: the name.
        known: the table.
        running: the models that settings name instead, and whom to trust.
        usual: the one that "auto" stands for, where that can be asked for.

    Raises:
        UnknownNameError: there is none of this name.
        UsageError: the folder is none.
    """
    name = usual if usual and asked == "auto" else asked
    if name in known:
        return sourced(known[name], running)
    if not is_path(name):
        raise UnknownNameError(kind, name, [*(("auto", "off") if usual else ()), *known])
    source = named_source(name, name, running)
    shown = source.model.rpartition("/")[2]
    return ModelSpec(shown, source.model, revision_of(source), "see its model card", size=0), source


def is_path(name: str) -> bool:
    """Whether a name is a hub id or a folder, and none of a table."""
    return "/" in name or name.startswith((".", "~"))
