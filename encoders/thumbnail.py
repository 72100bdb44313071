"""A picture encoder without a model: a very small copy of the picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from schemas import EncoderSpec, Modality

SIDE = 8  # pixels


class ThumbnailEncoder(Encoder):
    """The picture at 8 x 8 pixels, shifted so that grey is zero.

    It finds pictures that are the same or nearly so. It serves tests, and the measuring of everything around an
    encoder.
    """

    spec = EncoderSpec(
        name="thumbnail",
        model="8 x 8 RGB",
        revision="1",
        modalities=(Modality.IMAGE,),
        dim=SIDE * SIDE * 3 + 1,
        space="thumbnail",
        license="Apache-2.0",
    )

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        from PIL import Image

        size = (SIDE, SIDE)
        small = [Image.fromarray(np.asarray(content)).resize(size, Image.Resampling.BOX) for content in contents]
        pixels = np.stack([np.asarray(picture, np.float32).ravel() for picture in small]) / 127.5 - 1.0
        # A constant beside the pixels gives an evenly grey picture a direction too.
        return np.column_stack([pixels, np.ones(len(pixels), np.float32)])
