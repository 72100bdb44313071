"""Pictures described by a model: words for those that nobody described.

Li et al., "BLIP: Bootstrapping Language-Image Pre-training for Unified Vision-Language Understanding and Generation",
ICML 2022; any image-to-text model of transformers that needs no prompt does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from encoders.finding import ModelSpec, found_model
from encoders.generating import ModelEnricher
from encoders.neural import picture
from encoders.running import Running
from schemas import EncodeError, Modality, WordKind

LONGEST = 30  # tokens of a caption

CAPTIONERS: dict[str, ModelSpec] = {
    "blip": ModelSpec(
        "blip",
        "Salesforce/blip-image-captioning-base",
        "82a37760796d32b1411fe092ab5d4e227313294b",
        "BSD-3-Clause",
        989_820_849,
    ),
}


class CaptionEnricher(ModelEnricher):
    """Describes pictures, and each scene of a clip by its middle frame."""

    name = "caption"
    kind = WordKind.CAPTION
    modalities = (Modality.IMAGE, Modality.VIDEO)
    auto: ClassVar[str] = "AutoModelForImageTextToText"
    version: ClassVar[int] = 1

    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """A caption of the middle one of the frames, and nothing for the others: they show the same scene."""
        import torch

        loaded = self.load()
        model, processor = loaded.model
        middle = len(frames) // 2
        with loaded.lock, torch.inference_mode():
            try:
                given = processor(images=[picture(frames[middle])], return_tensors="pt").to(loaded.device, model.dtype)
                tokens = model.generate(**given, max_new_tokens=LONGEST, do_sample=False)
            except (RuntimeError, ValueError, TypeError) as error:
                shape = frames[middle].shape
                raise EncodeError(f"A picture of {shape} cannot be described by {self.spec.name}: {error}.") from error
        text = processor.batch_decode(tokens, skip_special_tokens=True)[0].strip()
        return [text if n == middle else "" for n in range(len(frames))]


def from_setting(asked: str, running: Running) -> CaptionEnricher:
    """Captions for a setting: "auto", a name of `CAPTIONERS`, a hub id or a folder."""
    return CaptionEnricher(*found_model("model for captions", asked, CAPTIONERS, running, usual="blip"), running)
