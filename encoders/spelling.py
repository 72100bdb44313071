"""Any model of a known kind, spelled `KIND:MODEL`: `sentence:BAAI/bge-m3@REVISION` or `image:./my-clip`.

What a spec needs is read from the model's own configuration files; its weights are not touched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from encoders.finding import named_source
from encoders.hub import Source, fetch, revision_of
from encoders.kinds import KINDS
from encoders.running import Running
from schemas import EncoderSpec, Modality, UnknownNameError, UsageError


def is_spelled(name: str) -> bool:
    """Whether a name is spelled `KIND:MODEL`."""
    return ":" in name


def spelled(name: str, running: Running) -> tuple[str, EncoderSpec, Source]:
    """Import path of the class, spec and source of an encoder that is spelled out.

    Raises:
        UnknownNameError: there is no such kind.
        UsageError: no model is named, or its files do not tell what has to be known.
        EncodeError: the model's files cannot be had.
    """
    kind_name, _, model = name.partition(":")
    if kind_name not in KINDS:
        raise UnknownNameError("kind of encoder", kind_name, KINDS)
    if not model:
        raise UsageError(f"The encoder {name!r} names no model: write KIND:MODEL, such as {kind_name}:owner/name.")
    kind = KINDS[kind_name]
    source = named_source(name, model, running)
    folder = fetch(source)
    if source.folder is None and source.revision == "main":
        source = replace(source, revision=folder.name)  # the snapshot's folder is called by its commit
    shown = source.model.rpartition("/")[2]
    revision = revision_of(source)
    config = _json(folder / "config.json")
    prompts = _json(folder / "config_sentence_transformers.json").get("prompts") or {}
    spec = kind.spec(
        films=kind_name == "image" and _takes_films(folder),
        name=f"{kind_name}:{source.model}",
        model=source.model,
        revision=revision,
        dim=0 if kind.sparse else _dim(name, kind_name, folder, config),
        space=f"{shown}-{revision[:12]}",
        license="see its model card",
        size=sum(path.stat().st_size for path in _weights(folder)),
        document_prompt=str(prompts.get("document") or prompts.get("passage") or ""),
        query_prompt=str(prompts.get("query") or ""),
        sample_rate=_sample_rate(folder) if Modality.AUDIO in kind.modalities else 16_000,
    )
    return kind.path, spec, source


def _dim(name: str, kind: str, folder: Path, config: Mapping[str, Any]) -> int:
    """The dimensions of a model's vectors, from its configuration."""
    for module in reversed(_modules(folder)):
        out = _json(folder / str(module.get("path", "")) / "config.json").get("out_features")
        if out:
            return int(out)
    if kind in {"image", "audio"} and config.get("projection_dim"):
        return int(config["projection_dim"])
    if kind in {"late", "pages"}:
        mark = _json(folder / "artifact.metadata").get("dim")
        known = config.get("embedding_dim") or mark
        if known:
            return int(known)
    tower = {"image": "vision_config"}.get(kind, "text_config")
    # A model of language and vision makes vectors as wide as its language part; SigLIP's towers are equally wide.
    for part in (config.get("text_config") if "image_token_id" in config else None, config.get(tower), config):
        width = (part or {}).get("hidden_size") or (part or {}).get("projection_dim")
        if width:
            return int(width)
    raise UsageError(
        f"The configuration of the model in {name!r} does not tell how many dimensions its vectors have: "
        "write a small encoder for it (docs/encoders.md)."
    )


def _takes_films(folder: Path) -> bool:
    """Whether a model's processor prepares films besides pictures."""
    nested = _json(folder / "processor_config.json").get("video_processor")
    return bool(nested) or (folder / "video_preprocessor_config.json").is_file()


def _sample_rate(folder: Path) -> int:
    for file in ("preprocessor_config.json", "processor_config.json"):
        found = _json(folder / file)
        rate = found.get("sampling_rate") or (found.get("feature_extractor") or {}).get("sampling_rate")
        if rate:
            return int(rate)
    return 48_000


def _modules(folder: Path) -> list[dict[str, Any]]:
    try:
        return list(json.loads((folder / "modules.json").read_text()))
    except (OSError, ValueError):
        return []


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def _weights(folder: Path) -> list[Path]:
    return [*folder.rglob("*.safetensors")] or [*folder.rglob("pytorch_model*.bin")]
