"""A picture encoder without a model: layout of colours, edges and texture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from encoders.base import Content, Encoder
from schemas import EncodeError, EncoderSpec, Modality

SIDE = 96  # pixels to which a picture is brought
MISSING = "The picture encoder needs packages that are not installed. Run: pip install 'medley[offline]'"


class VisualEncoder(Encoder):
    """Where which colours are (HSV layout), and the run of edges (histograms of oriented gradients)."""

    spec: ClassVar[EncoderSpec] = EncoderSpec(
        name="visual",
        model="colour layout and oriented gradients",
        revision="1",
        modalities=(Modality.IMAGE,),
        dim=8 * 8 * 3 + 6 * 6 * 9 + 1,
        space="visual",
        license="Apache-2.0",
    )

    def _load(self) -> None:
        try:
            import skimage.feature  # noqa: F401
        except ImportError as error:
            raise EncodeError(MISSING) from error

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        return np.stack([describe(np.asarray(content)) for content in contents])


def describe(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The descriptor of one picture, RGB uint8 (height, width, 3): float32 (dim,)."""
    from PIL import Image
    from skimage.color import rgb2hsv
    from skimage.feature import hog

    image = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    colours = rgb2hsv(np.asarray(image.resize((8, 8), Image.Resampling.BOX)))
    edges = hog(np.asarray(image.convert("L")), pixels_per_cell=(16, 16), cells_per_block=(1, 1))
    blocks = [_unit(colours.ravel()), _unit(np.sqrt(edges))]
    return np.concatenate([*blocks, [1e-3]]).astype(np.float32)


def _unit(block: NDArray[np.floating]) -> NDArray[np.floating]:
    return block / max(float(np.linalg.norm(block)), 1e-6)
