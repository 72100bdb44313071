"""How sure hits are, and whether a question has an answer at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from fusion.answers import Answers
from fusion.calibration import FUSED_SEEN, Null
from fusion.evidence import confidences
from query.combine import ascending
from query.vectors import Vector
from schemas import Modality, WordKind, payload
from schemas.vectors import FUSED, LEXICAL

if TYPE_CHECKING:
    from query.encode import Encoded
    from query.passages import Highlighter
    from query.rank import Ranked
    from schemas import VectorSpec

NAME = {WordKind.NAME.value}

RELEVANT = 0.02
"""A question whose best hit is less sure than this has probably no answer here, where no `Answers` tell it.

Chosen on the clip art of docs/query.md, where its worth was measured as well.
"""


def judge(
    hits: Sequence[Ranked],
    nulls: Mapping[str, Null],
    specs: Mapping[str, VectorSpec],
    encoded: Encoded,
    *,
    highlighter: Highlighter | None,
    answers: Answers | None,
    own: Sequence[Null | None] = (),
) -> tuple[list[float], bool | None]:
    """How sure each hit is, and whether one of them is probably a right answer.

    A question in words is judged by the best of the hits that have words, against what questions without an answer get;
    hits without words, and other questions, by the confidence.

    Args:
        hits: what was found.
        nulls: the null distributions, by vector.
        specs: the named vectors.
        encoded: the question.
        highlighter: of its words.
        answers: what questions without an answer get.
        own: that of the fused vector for each hit, as it is made of, where it is known.

    Returns:
        The confidences; and None where it cannot be told: what is reached through a bridge alone, or on the fused
        vector without words, is too uncertain to be judged by it, and of what several parts get together nothing was
        measured, nor of what a closer look finds in hits that are no more alike than chance would have it.
    """
    points = max(null.points for null in nulls.values())
    signs = {name: -1.0 if ascending(specs[name]) else 1.0 for name in nulls}
    scores = [
        {name: sign * hit.vectors[name][1] for name, sign in signs.items() if name in hit.vectors} for hit in hits
    ]
    if any(own):
        sure = [
            confidences([score], [hit.benefit], {**nulls, FUSED: null or nulls[FUSED]}, points)[0]
            for score, hit, null in zip(scores, hits, own, strict=True)
        ]
    else:
        sure = confidences(scores, [hit.benefit for hit in hits], nulls, points)
    seen = {name for name, null in nulls.items() if name == FUSED and null.a >= FUSED_SEEN}
    if nulls.keys() <= encoded.bridged | seen or any(len(terms) > 1 for terms in encoded.terms.values()):
        return sure, None
    if not hits:
        return sure, False  # why, the search says
    words = [hit.fields.get(payload.WORDS, {}) for hit in hits]
    if highlighter is not None and any(map(highlighter.covered, words)):
        return sure, True  # what many say is no surprise, and an answer all the same
    question = None if answers is None else _question(answers, nulls, specs, encoded)
    if answers is None or question is None:
        found = max(sure) >= RELEVANT
    else:
        wordless = [one for one, said in zip(sure, words, strict=True) if said.keys() <= NAME]
        likeness = [one[answers.vector] for one in scores if answers.vector in one]
        shared = nulls[LEXICAL].surprise_of(max(one.get(LEXICAL, 0.0) for one in scores))
        told = answers.evidence(question, max(likeness), shared) if likeness else -inf
        found = told >= answers.level or max(wordless, default=0.0) >= RELEVANT
    if found or (highlighter is not None and any(map(highlighter.joined, words))):
        return sure, True
    return sure, None if any(hit.closer is not None for hit in hits) else False


def _question(
    answers: Answers, nulls: Mapping[str, Null], specs: Mapping[str, VectorSpec], encoded: Encoded
) -> Vector | None:
    """The vector of a question of one part in words; None: it is another, or asked where `Answers` know nothing."""
    terms = [term for several in encoded.terms.values() for term in several]
    if len({term.part for term in terms}) > 1 or not {answers.vector, LEXICAL} <= nulls.keys():
        return None
    [term] = encoded.terms[answers.vector]
    fits = term.way == Modality.TEXT and not term.item and specs[answers.vector].fingerprint == answers.fingerprint
    return term.vector if fits else None
