"""A picture encoder without a model: its colours, where they are, its edges and its texture.

Four blocks stand side by side, each of length 1 times a weight, so that the cosine of two pictures is a weighted mean
of the cosines of their blocks:

- the colours of the picture as a whole (histogram in HSV),
- the colours of each ninth of it (coarser histograms), for their layout,
- the run of edges in 6 x 6 cells (HOG; Dalal & Triggs, CVPR 2005),
- its texture at three scales (LBP; Ojala, Pietikäinen & Mäenpää, PAMI 2002).

Histograms enter by their square roots, which makes the cosine the Hellinger kernel (Arandjelović & Zisserman, CVPR
2012): a large even background does not drown what is on it. Edges and texture have their own mean taken away, for all
pictures share most of it. Nothing is fitted, so a vector depends on its picture alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from schemas import EncodeError, EncoderSpec, Modality

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE = 96  # pixels to which both sides are brought: shape is lost, and comparing becomes a matter of place
FINE = (64, 64)  # pixels for texture, the costliest block, which loses nothing by it
CELL = 16  # pixels of a HOG cell
ORIENTATIONS = 9
GREY = 38  # saturation, of 255, below which a colour has no hue to speak of
GREYS = 6  # bins for those
WHOLE = (8, 3, 3)  # bins of hue, saturation and value over the whole picture
NINTH = (8, 2, 2)  # and in each cell of the layout
LAYOUT = 3  # cells a side
NEIGHBOURS = 8
PATTERNS = NEIGHBOURS + 2  # uniform ones, however they are turned
RADII = (1, 2, 4)  # pixels, of the texture's three scales
WEIGHTS = (
    0.8,
    0.7,
    1.0,
    2.0,
)  # of whole, layout, edges, texture: chosen on one half of some clip art, kept on the other
TINY = 1e-6

Block = NDArray[np.floating[Any]]

MISSING = "The picture encoder needs packages that are not installed. Run: pip install 'medley[offline]'"


def bins_of(shape: tuple[int, int, int]) -> int:
    """How many numbers a histogram has of colours in so many bins of hue, saturation and value."""
    return shape[0] * shape[1] * shape[2] + GREYS


class VisualEncoder(Encoder):
    """Pictures that look alike are near each other: in colour, in layout, in outline, in texture."""

    spec = EncoderSpec(
        name="visual",
        model="HSV histograms, HOG and LBP",
        revision="1",
        modalities=(Modality.IMAGE,),
        dim=bins_of(WHOLE) + LAYOUT**2 * bins_of(NINTH) + (SIDE // CELL) ** 2 * ORIENTATIONS + len(RADII) * PATTERNS,
        space="visual",
        license="Apache-2.0",
        preprocessing=3,
    )
    batch_size = 8  # as fast as larger ones, whose arrays leave the cache, and half the pictures to hold
    parallel = True

    def _load(self) -> None:
        import_libraries()

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        small = [resized(cast("NDArray[np.uint8]", content)) for content in contents]
        colours = np.stack([np.asarray(picture.convert("HSV")) for picture in small])
        grey = [picture.convert("L") for picture in small]
        blocks = (
            np.sqrt(histograms(colours, WHOLE, 1)),
            np.sqrt(histograms(colours, NINTH, LAYOUT)),
            centred(np.stack([edges(np.asarray(picture)).ravel() for picture in grey])),
            centred(np.sqrt(np.vstack([texture(np.asarray(picture.resize(FINE))) for picture in grey]))),
        )
        return np.hstack([weight * unit(block) for weight, block in zip(WEIGHTS, blocks, strict=True)])


def import_libraries() -> None:
    """Import what the blocks are made with: at once, so that no picture waits for it.

    Raises:
        EncodeError: it is not installed.
    """
    try:
        for module in ("scipy.ndimage", "skimage.feature"):
            import_module(module)
    except ImportError as error:
        raise EncodeError(MISSING) from error


def resized(picture: NDArray[np.uint8], side: int = SIDE) -> Picture:
    """A picture with both sides brought to so many pixels."""
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(picture)).resize((side, side), Image.Resampling.BILINEAR)


def histograms(colours: NDArray[np.uint8], bins: tuple[int, int, int], cells: int) -> Block:
    """Shares of colours in cells x cells parts of HSV pictures (n, side, side, 3): (n, cells² * bins)."""
    hue, saturation, value = np.moveaxis(colours.astype(np.intp), 3, 0)
    colour = (hue * bins[0] // 256 * bins[1] + saturation * bins[1] // 256) * bins[2] + value * bins[2] // 256
    slot = np.where(saturation < GREY, bins[0] * bins[1] * bins[2] + value * GREYS // 256, colour)
    count, side = slot.shape[:2]
    part = np.arange(side) * cells // side
    slot += (part[:, None] * cells + part) * bins_of(bins)
    slot += np.arange(count)[:, None, None] * cells**2 * bins_of(bins)
    counted = np.bincount(slot.ravel(), minlength=count * cells**2 * bins_of(bins))
    return np.asarray(counted.reshape(count, -1) / side**2)


def edges(grey: NDArray[np.uint8]) -> Block:
    """The run of edges in each cell of CELL pixels: (rows, columns, ORIENTATIONS)."""
    from skimage.feature import hog

    found = hog(
        grey, orientations=ORIENTATIONS, pixels_per_cell=(CELL, CELL), cells_per_block=(1, 1), feature_vector=False
    )
    return np.asarray(found)[:, :, 0, 0]


def texture(grey: NDArray[np.uint8], cells: int = 1) -> Block:
    """Shares of the patterns of each scale in cells x cells parts of a picture: (cells², len(RADII) * PATTERNS)."""
    from scipy.ndimage import uniform_filter
    from skimage.feature import local_binary_pattern

    part = np.arange(len(grey)) * cells // len(grey)
    slot = (part[:, None] * cells + part) * PATTERNS
    shares = []
    for radius in RADII:
        # Smoothed to the radius's own scale, or the far neighbours would sample noise.
        smooth = grey if radius == 1 else uniform_filter(grey, radius)
        codes = local_binary_pattern(  # type: ignore[no-untyped-call]  # scikit-image types only some of itself
            smooth, NEIGHBOURS, radius, "uniform"
        ).astype(np.intp)
        shares.append(np.bincount((slot + codes).ravel(), minlength=cells**2 * PATTERNS).reshape(cells**2, -1))
    return np.asarray(np.hstack(shares) * cells**2 / grey.size)


def centred(block: Block) -> Block:
    """Rows without their own means."""
    return np.asarray(block - block.mean(axis=1, keepdims=True))


def unit(block: Block) -> Block:
    """Rows of length 1."""
    # An even picture has no edges: its block stays at nothing, and the colours speak for it.
    return np.asarray(block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), TINY))
