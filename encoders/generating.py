"""What enrichers with a pretrained model share: loading it, and a fingerprint that tells it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, ClassVar, NamedTuple

from encoders.enrichers import Enricher
from encoders.finding import ModelSpec
from encoders.hub import Source, revision_of
from encoders.loading import Loaded, load_shared
from encoders.running import Running


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

    def __init__(self, spec: ModelSpec, source: Source, running: Running) -> None:
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
