"""Pictures or sounds and texts in one space: CLIP, SigLIP and CLAP, through sentence-transformers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from encoders.contents import Clip, Content
from encoders.neural import ModelEncoder, picture, weighted_mean
from encoders.sentence import encode_role
from schemas import Modality

SIGLIP = ("siglip", "siglip2")
_FILM_RATE = 1000


class JointEncoder(ModelEncoder):
    """A model with two towers: a picture (or sound) is near the texts that describe it.

    Radford et al., "Learning Transferable Visual Models From Natural Language Supervision" (CLIP), ICML 2021; Tschannen
    et al., "SigLIP 2", 2025; Wu et al., "Large-Scale Contrastive Language-Audio Pretraining" (CLAP), ICASSP 2023. A
    model of vision and language that was trained to embed has one tower for both, and takes them as a chat; where its
    processor knows films, it takes a scene as one, with the seconds at which its frames are shown.
    """

    spare: ClassVar[tuple[str, ...]] = ("lm_head.",)  # what such a model would go on talking with

    def _make(self, folder: str, device: str, dtype: Any) -> Any:
        made = super()._make(folder, device, dtype)
        films: Any = getattr(getattr(made, "processor", None), "video_processor", None)
        if getattr(films, "cap_pixels_per_frame", True) is None:
            films.cap_pixels_per_frame = True  # as the model's own makers do; else it warns of the choice
        return made

    def _parts(self, content: Content, modality: Modality) -> list[Any]:
        if modality is Modality.VIDEO:
            return [_film(cast("Clip", content))]
        if modality is not Modality.AUDIO:
            return super()._parts(content, modality)
        sound = cast("NDArray[np.float32]", content)
        longest = self._longest_sound()
        # CLAP's own processor cuts what is too long at random: the same sound would have another vector each time.
        count = max(1, -(-len(sound) // longest))
        cuts = [len(sound) * n // count for n in range(count + 1)]
        return [sound[low:high] for low, high in pairwise(cuts)]

    def _forward(self, inputs: list[Any], modality: Modality, *, query: bool) -> Sequence[Any]:
        prompt = ""
        options: dict[str, Any] = {}
        if modality is Modality.TEXT:
            prompt = self.spec.query_prompt if query else self.spec.document_prompt
            if self._is_siglip():
                # It has seen texts in small letters alone, filled up to one length without a mask: any other
                # length gives another vector, and the vector of a text would depend on its batch.
                inputs = [text.lower() for text in inputs]
                length = self.model.config.text_config.max_position_embeddings
                filled = {"padding": "max_length", "max_length": length, "return_attention_mask": False}
                options = {"processing_kwargs": {"text": filled}}
        elif modality is Modality.AUDIO:
            inputs = [{"array": sound, "sampling_rate": self.spec.sample_rate} for sound in inputs]
        elif modality is Modality.VIDEO:
            options = {"processing_kwargs": {"video": {"do_sample_frames": False}}}  # they have been chosen
        return cast("Sequence[Any]", encode_role(self.model, inputs, prompt, query, **options))

    def _merge(self, rows: list[Any], parts: list[Any]) -> NDArray[np.float32]:
        return weighted_mean(rows, parts)

    def _is_siglip(self) -> bool:
        return getattr(self.model.config, "model_type", "") in SIGLIP

    def _longest_sound(self) -> int:
        """Samples that the sound tower takes at once."""
        extractor = getattr(self.model.processor, "feature_extractor", self.model.processor)
        return int(getattr(extractor, "nb_max_samples", 10 * self.spec.sample_rate))


def _film(clip: Clip) -> dict[str, Any]:
    """A scene as sentence-transformers takes it: when a frame is shown is told by its number and the frames a second.

    With a thousand a second, the number is the time in milliseconds. No film has fewer than two frames, nor frames of
    several sizes.
    """
    height, width = clip.frames[0].shape[:2]
    frames = [one if one.shape[:2] == (height, width) else _sized(one, width, height) for one in clip.frames]
    often = 2 if len(frames) == 1 else 1
    numbers = [round(time * _FILM_RATE) for time in clip.times] * often
    shown = {"fps": _FILM_RATE, "frames_indices": numbers, "total_num_frames": len(numbers)}
    return {"array": np.stack(frames * often), "video_metadata": shown}


def _sized(frame: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    return np.asarray(picture(frame).resize((width, height)))
