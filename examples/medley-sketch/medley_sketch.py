"""An encoder of another package: a picture as the directions of its lines, in a 4 x 4 grid."""

import numpy as np

from encoders import Encoder
from schemas import EncoderSpec, Modality

GRID, DIRECTIONS = 4, 8


class SketchEncoder(Encoder):
    """Pictures with like lines are near each other, whatever their colours."""

    spec = EncoderSpec(
        name="sketch",
        model="directions of lines",
        revision="1",
        modalities=(Modality.IMAGE,),
        dim=GRID * GRID * DIRECTIONS + 1,
        space="sketch",
        license="Apache-2.0",
    )

    def _encode(self, contents, modality):
        return [_directions(picture.mean(axis=2)) for picture in contents]


def _directions(grey):
    down, right = np.gradient(np.pad(grey, (0, 1), "edge"))
    way = ((np.arctan2(down, right) / np.pi + 1) / 2 * DIRECTIONS).astype(int) % DIRECTIONS
    rows, columns = (np.arange(size) * GRID // size for size in grey.shape)
    slot = (rows[:, None] * GRID + columns) * DIRECTIONS + way[:-1, :-1]
    counts = np.bincount(slot.ravel(), np.hypot(down, right)[:-1, :-1].ravel(), GRID * GRID * DIRECTIONS)
    return np.append(np.sqrt(counts), 1.0)  # an even picture has a direction too
