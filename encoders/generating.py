"""What enrichers with a pretrained model share: which models there are, and loading them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from encoders.enrichers import Enricher
from encoders.hub import Source, revision_of, source_of
from encoders.loading import Loaded, load_shared
from encoders.running import Running
from schemas import UnknownNameError


@dataclass(frozen=True, slots=True)
class WriterSpec:
    """All that can be known of a model that writes words, without loading it."""

    name: str
    model: str  # hub id
    revision: str
    license: str
    size: int  # bytes of weights


class Written(NamedTuple):
    """A model with its processor."""

    model: Any
    processor: Any


class ModelEnricher(Enricher):
    """An enricher over a model of transformers.

    Args:
        spec: what is known of its model.
        source: where its weights are.
        running: device, threads, and whom to trust.
    """

    auto: ClassVar[str]  # the class of transformers that loads the model
    version: ClassVar[int]  # raised when the same media would give other words

    def __init__(self, spec: WriterSpec, source: Source, running: Running) -> None:
        self.spec, self.source, self._running = spec, source, running
        made_of = repr((spec.model, revision_of(source), self.version)).encode()
        self.fingerprint = f"{self.name}-{spec.name}-{sha256(made_of).hexdigest()[:8]}"
        self._loaded: Loaded | None = None

    def load(self) -> Loaded:
        """The model, loaded once a process.

        Raises:
            EncodeError: it cannot be had, or is not whole.
        """
        if self._loaded is None:
            self._loaded = load_shared(self.source, self._running, self._make, kind=self.auto)
        return self._loaded

    def _make(self, folder: str, device: str, dtype: Any) -> Written:
        import transformers

        options = {"local_files_only": True, "trust_remote_code": self.source.trusted}
        model = getattr(transformers, self.auto).from_pretrained(folder, dtype=dtype, **options).to(device).eval()
        return Written(model, transformers.AutoProcessor.from_pretrained(folder, **options))


def found_model(
    kind: str, asked: str, known: Mapping[str, WriterSpec], usual: str, running: Running
) -> tuple[WriterSpec, Source]:
    """The model that a setting asks for: "auto", a name, a hub id or a folder.

    Raises:
        UnknownNameError: there is none of this name.
    """
    name = usual if asked == "auto" else asked
    if name in known:
        spec, given = known[name], running.models.get(name, "")
    elif "/" in name or name.startswith((".", "~")):
        spec, given = WriterSpec(name.rstrip("/").rpartition("/")[2], name, "main", "see its model card", 0), name
    else:
        raise UnknownNameError(kind, name, ["auto", "off", *known])
    source = source_of(spec.name, spec.model, spec.revision, given=given, trust=running.trust)
    return (replace(spec, model=source.model, revision=revision_of(source)) if given else spec), source
