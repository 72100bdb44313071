"""Where in a picture or a sound a score comes from.

Occlusion (Zeiler & Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014, section 4.2): a part is
covered, the rest is encoded anew, and by how much the score falls is what the part gave to it. It asks nothing of an
encoder but to encode. Late interaction needs no trial: MaxSim says which patch each token of the question chose.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]
"""(rows, columns) over a picture, or (1, windows) over a sound; what each part gives to the score."""

CELLS = 8  # of the map, a side
COVER = 2  # cells covered at a time, a side
WINDOW = 0.5  # seconds of sound silenced at a time
ABOUT = 0.2  # by how much a grid may be wider or narrower than its picture
EXTRAS = 16  # vectors of a picture that may stand for no patch

Score = Callable[[list[Any]], NDArray[np.float64]]
"""Pictures or sounds to their scores (n,), higher is better."""


def occlusion(picture: NDArray[np.uint8], score: Score) -> Map:
    """By how much the score falls where a picture (height, width, 3) is covered: (CELLS, CELLS)."""
    height, width = picture.shape[:2]
    ys, xs = (np.linspace(0, size, CELLS + 1).astype(int) for size in (height, width))
    colour = picture.reshape(-1, 3).mean(axis=0).astype(np.uint8)
    places = [(row, column) for row in range(CELLS - COVER + 1) for column in range(CELLS - COVER + 1)]
    covered = []
    for row, column in places:
        copy = picture.copy()
        copy[ys[row] : ys[row + COVER], xs[column] : xs[column + COVER]] = colour
        covered.append(copy)
    whole, *rest = score([picture, *covered])
    total, counted = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
    for (row, column), part in zip(places, rest, strict=True):
        total[row : row + COVER, column : column + COVER] += whole - part
        counted[row : row + COVER, column : column + COVER] += 1
    return np.asarray(total / counted)


def silence(sound: NDArray[np.float32], rate: int, score: Score) -> Map:
    """By how much the score falls where a sound (samples,) is silenced: (1, windows of `WINDOW` seconds)."""
    step = max(1, int(rate * WINDOW))
    muted = []
    for start in range(0, len(sound), step):
        copy = sound.copy()
        copy[start : start + step] = 0
        muted.append(copy)
    if len(muted) == 1:
        return np.zeros((1, 1))
    whole, *rest = score([sound, *muted])
    return np.asarray([[whole - part for part in rest]])


def patches(tokens: NDArray[Any], found: NDArray[Any], shape: tuple[int, int]) -> Map | None:
    """What each patch gives to MaxSim: the similarities of the tokens that chose it.

    Args:
        tokens: of the question, (n, dim).
        found: the picture's vectors, (patches, dim), row by row; a few at the end may stand for no patch.
        shape: height and width of the picture, which tells rows from columns.

    Returns:
        (rows, columns), or None where the vectors form no grid.
    """
    grid = grid_of(len(found), shape[0] / shape[1])
    if grid is None:
        return None
    scores = tokens @ found.T
    chosen = scores.argmax(axis=1)
    given = np.zeros(len(found))
    np.add.at(given, chosen, scores[np.arange(len(tokens)), chosen])
    return given[: grid[0] * grid[1]].reshape(grid)


def grid_of(count: int, aspect: float) -> tuple[int, int] | None:
    """Rows and columns of `count` vectors less a few: a square, as most models have it, or the picture's own shape."""
    for patches_ in range(count, max(count - EXTRAS, 3), -1):
        side = round(patches_**0.5)
        if side * side == patches_:
            return side, side
    for patches_ in range(count, max(count - EXTRAS, 3), -1):
        for rows in range(2, patches_ // 2 + 1):
            if patches_ % rows == 0 and abs(rows * rows / patches_ / aspect - 1) < ABOUT:
                return rows, patches_ // rows
    return None
