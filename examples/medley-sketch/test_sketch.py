"""The test that such a package brings along."""

import numpy as np
from medley_sketch import SketchEncoder

from schemas import Modality


def test_lines_count_and_colours_do_not():
    stripes = np.zeros((40, 60, 3), np.uint8)
    stripes[::8] = (255, 0, 0)
    green = stripes[:, :, [1, 0, 2]]
    across = np.ascontiguousarray(stripes[:, :40].transpose(1, 0, 2))
    asked, same, other = SketchEncoder().encode([stripes, green, across], Modality.IMAGE)
    assert asked @ same > 0.99 > asked @ other
