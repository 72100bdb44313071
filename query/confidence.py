"""How sure hits are, and whether a question has an answer at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fusion.calibration import Null
from fusion.evidence import confidences
from query.combine import ascending

if TYPE_CHECKING:
    from query.encode import Encoded
    from query.passages import Highlighter
    from schemas import VectorSpec
    from schemas.answer import Hit

RELEVANT = 0.02
"""A question whose best hit is less sure than this has probably no answer here.

Chosen on the clip art of docs/query.md, where its worth was measured as well.
"""


def judge(
    hits: Sequence[Hit],
    nulls: Mapping[str, Null],
    specs: Mapping[str, VectorSpec],
    encoded: Encoded,
    highlighter: Highlighter | None,
) -> bool | None:
    """Give each hit its confidence; say whether one of them is probably a right answer, and a note if none is.

    Returns:
        None where it cannot be told: what is reached through a bridge alone is too uncertain to be judged by it.
    """
    points = max(null.points for null in nulls.values())
    scores = [
        {
            name: -part.score if ascending(specs[name]) else part.score
            for name, part in hit.vectors.items()
            if name in nulls
        }
        for hit in hits
    ]
    sure = confidences(scores, [hit.benefit for hit in hits], nulls, points)
    for hit, confidence in zip(hits, sure, strict=True):
        hit.confidence = confidence
    best = max(sure, default=0.0)
    if nulls.keys() <= encoded.bridged:
        return None
    if not hits:
        return False  # why, the search says
    if best < RELEVANT and highlighter is not None and any(highlighter.covered(hit.words) for hit in hits):
        return True  # what many say is no surprise, and an answer all the same
    if best < RELEVANT:
        encoded.note("Nothing here seems to answer this: the hits are no more alike than chance would have it.")
    return best >= RELEVANT
