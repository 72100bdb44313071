"""A picture as a bag of its regions, without a model: one vector for each tile of a grid, compared by MaxSim.

What is small in a picture drowns in a vector of the whole. Each tile of GRID x GRID has its own colours, edges and
texture, by the blocks of `encoders.visual`, row by row from the top. The blocks are made once for the whole picture and
read tile by tile, so that sixteen tiles take twice as long as the picture does. Where a tile lies is not told: what is
moved or cut out is still found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from encoders.visual import (
    CELL,
    ORIENTATIONS,
    PATTERNS,
    RADII,
    WHOLE,
    Block,
    bins_of,
    centred,
    edges,
    histograms,
    import_libraries,
    resized,
    texture,
    unit,
)
from schemas import EncoderSpec, Modality

GRID = 4  # tiles a side
TILE = 32  # pixels of a side: with 48 no more was found, in twice the time
FINE = 24  # of them, for texture
WEIGHTS = (1.0, 1.0, 0.5)  # of colours, edges, texture: chosen on one half of some clip art, kept on the other


class TilesEncoder(Encoder[list[NDArray[np.float32]]]):
    """Pictures that have regions alike are near each other, wherever those lie."""

    spec = EncoderSpec(
        name="tiles",
        model=f"HSV histograms, HOG and LBP of {GRID} x {GRID} tiles",
        revision="1",
        modalities=(Modality.IMAGE,),
        dim=bins_of(WHOLE) + (TILE // CELL) ** 2 * ORIENTATIONS + len(RADII) * PATTERNS,
        space="tiles",
        license="Apache-2.0",
        multivector=True,
    )
    batch_size = 8
    parallel = True

    def _load(self) -> None:
        import_libraries()

    def _encode(self, contents: Sequence[Content], modality: Modality) -> Any:
        small = [resized(cast("NDArray[np.uint8]", content), GRID * TILE) for content in contents]
        colours = histograms(np.stack([np.asarray(picture.convert("HSV")) for picture in small]), WHOLE, GRID)
        return [
            np.hstack(
                [
                    weight * unit(block)
                    for weight, block in zip(WEIGHTS, (np.sqrt(of), *_outlines(picture)), strict=True)
                ]
            )
            for of, picture in zip(colours.reshape(len(small), GRID**2, -1), small, strict=True)
        ]


def _outlines(picture: Any) -> tuple[Block, Block]:
    """The edges and the texture of each tile."""
    grey = picture.convert("L")
    cells = TILE // CELL
    run = edges(np.asarray(grey)).reshape(GRID, cells, GRID, cells, ORIENTATIONS).swapaxes(1, 2).reshape(GRID**2, -1)
    fine = np.asarray(grey.resize((GRID * FINE, GRID * FINE)))
    return centred(run), centred(np.sqrt(texture(fine, GRID)))
