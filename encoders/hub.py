"""Where the weights of a model are: in a folder, in the hub's cache on this machine, or on the hub.

Whatever names a model, it is loaded from a folder: the one given, or the hub's snapshot of a pinned revision, which is
fetched where it is missing.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from schemas import EncodeError, UsageError

MISSING = "This needs packages that are not installed. Run: pip install 'medley[models]'"

WEIGHTS = (".safetensors", ".bin")
CONFIGURATION = ("*.json", "*.txt", "*.model", "*.jinja", "*.metadata", "*.py")
NOT_OURS = ("onnx/*", "openvino/*", "coreml/*", "*.onnx", "*.h5", "*.msgpack", "*.ot", "*.gguf", "*.tflite")
SAMPLES = 16  # pieces of each weights file that its hash looks at
SAMPLE_BYTES = 65_536
MARK = "medley-model.json"
"""Lies in a folder that `pull` filled, and tells model and revision: it counts as the same as from the hub."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model comes from.

    Attributes:
        name: of the encoder that needs it, for the way out that an error shows.
        model: hub id.
        revision: commit, or "main".
        folder: a local folder that goes before the hub.
        trusted: its own code may run.
    """

    name: str
    model: str
    revision: str = "main"
    folder: Path | None = None
    trusted: bool = False


def source_of(name: str, model: str, revision: str, *, given: str = "", trust: tuple[str, ...] = ()) -> Source:
    """The source of an encoder's weights.

    Args:
        name: of the encoder.
        model: its hub id in the table.
        revision: its pinned revision.
        given: a folder or a hub id (`ID` or `ID@REVISION`) that a setting names instead.
        trust: hub ids or folders whose own code may run.

    Raises:
        UsageError: the folder given is none.
    """
    if not given:
        return Source(name, model, revision, trusted=model in trust)
    if looks_local(given):
        folder = Path(given).expanduser()
        if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
            whose = "" if name.endswith(given) else f", named as the model of {name!r},"
            raise UsageError(f"{given!r}{whose} is no folder with a model (config.json).")
        mark = _mark(folder)
        return Source(name, mark.get("model", folder.name), mark.get("revision", ""), folder, given in trust)
    hub_id, _, at = given.partition("@")
    return Source(name, hub_id, at or "main", trusted=hub_id in trust)


def looks_local(given: str) -> bool:
    """Whether a model is named by a folder and not by a hub id (`owner/name`)."""
    return given.startswith((".", "/", "~", "\\")) or given[1:2] == ":" or Path(given).is_dir()


def revision_of(source: Source) -> str:
    """What pins the weights: the hub's commit, or a hash of the folder's contents."""
    if source.folder is None or source.revision:
        return source.revision
    return f"folder-{digest(source.folder)}"


def digest(folder: Path) -> str:
    """A short hash of a model's folder: configuration files whole, weights by their size and by samples.

    It tells apart models that were trained differently, in milliseconds; it is no proof against malice.
    """
    found = blake2b(digest_size=6)
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name == MARK or path.relative_to(folder).parts[0].startswith("."):
            continue
        if path.suffix not in {*WEIGHTS, ".json", ".txt", ".model", ".metadata"}:
            continue
        size = path.stat().st_size
        found.update(f"{path.relative_to(folder).as_posix()} {size}\n".encode())
        with path.open("rb") as file:
            if path.suffix not in WEIGHTS or size <= SAMPLES * SAMPLE_BYTES:
                found.update(file.read())
                continue
            for n in range(SAMPLES):
                file.seek((size - SAMPLE_BYTES) * n // (SAMPLES - 1))
                found.update(file.read(SAMPLE_BYTES))
    return found.hexdigest()


def fetch(source: Source) -> Path:
    """The folder that holds a model, fetched from the hub where it is not on this machine.

    Raises:
        EncodeError: it is not here, and the hub cannot be reached or does not have it.
    """
    if source.folder is not None:
        return source.folder
    hub = _hub()
    try:
        return Path(hub.snapshot_download(source.model, revision=source.revision, local_files_only=True))
    except (FileNotFoundError, ValueError):
        return pull(source)


def on_this_machine(source: Source) -> bool:
    """Whether a model's folder is there, given or in the hub's cache; the hub is not asked, nor its client imported."""
    if source.folder is not None:
        return True
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    home = Path(os.environ.get("HF_HOME") or caches / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    place = cache / f"models--{source.model.replace('/', '--')}"
    if source.revision == "main":
        return any((place / "snapshots").glob("*/*"))
    return any((place / "snapshots" / source.revision).glob("*"))


def pull(source: Source, to: Path | None = None) -> Path:
    """Fetches a model from the hub, into its cache or into a folder; what is there already is not fetched again.

    Raises:
        EncodeError: the hub cannot be reached or does not have it.
    """
    hub = _hub()
    try:
        files = [file.rfilename for file in hub.HfApi().model_info(source.model, revision=source.revision).siblings]
        weights = ["*.safetensors"] if any(name.endswith(".safetensors") for name in files) else ["*.bin"]
        folder = hub.snapshot_download(
            source.model,
            revision=source.revision,
            local_dir=to,
            allow_patterns=[*CONFIGURATION, *weights],
            ignore_patterns=list(NOT_OURS),
        )
    except Exception as error:  # the hub's client and what it stands on raise dozens of kinds
        raise EncodeError(_missing(source, error)) from error
    if to is not None:
        (to / MARK).write_text(json.dumps({"model": source.model, "revision": source.revision}) + "\n")
    return Path(folder)


def _missing(source: Source, error: Exception) -> str:
    at = "" if source.revision == "main" else f" (revision {source.revision[:12]})"
    return (
        f"The model {source.model}{at} is not on this machine, and the hub did not give it "
        f"({type(error).__name__}). Fetch it where there is a network (medley models pull {source.name}), or name a "
        f'folder that holds it (MEDLEY_ENCODERS__MODELS=\'{{"{source.name}": "FOLDER"}}\'), or use what needs no '
        "model (--preset offline)."
    )


def _mark(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / MARK).read_text()))
    except (OSError, ValueError):
        return {}


def _hub() -> Any:
    try:
        import huggingface_hub
    except ImportError as error:
        raise EncodeError(MISSING) from error
    return huggingface_hub
