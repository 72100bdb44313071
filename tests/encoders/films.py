"""An encoder that takes scenes whole, for what lies around such encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from encoders import Clip, Content
from encoders.thumbnail import ThumbnailEncoder
from schemas import Modality


class FilmEncoder(ThumbnailEncoder):
    """A scene is the sum of its frames at 8 x 8 pixels, each times one more than its seconds."""

    spec = replace(ThumbnailEncoder.spec, name="films", space="films", modalities=(Modality.IMAGE, Modality.VIDEO))

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        if modality is Modality.IMAGE:
            return super()._encode(contents, modality)
        rows = []
        for clip in (cast("Clip", content) for content in contents):
            rows.append((np.array(clip.times) + 1) @ super()._encode(clip.frames, Modality.IMAGE))
        return np.stack(rows)
