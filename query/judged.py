"""Weights fitted from judged questions, and kept with the collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import ValidationError

from fusion.weights import Fitted, Judged, fit_weights
from query.kept import forget
from query.search import search
from schemas import UsageError
from schemas.answer import Hit
from schemas.search import FusionOptions, SearchRequest
from schemas.sentences import sentence
from schemas.vectors import WEIGHTS

if TYPE_CHECKING:
    from encoders import EncoderSet
    from store import Store

LOOKED_AT = 200  # hits of a question among which right answers are sought


def fit_from(file: Path, store: Store, encoders: EncoderSet) -> Fitted:
    """Fit weights on judged questions and keep them: searches that name none go by them.

    Args:
        file: a question a line, as JSON: `{"query": "a red boat", "relevant": ["holiday/boat.jpg"]}`, or with a whole
            request instead of words: `{"request": {"parts": […]}, "relevant": […]}`. Paths are those in the source.
        store: the store.
        encoders: the encoders.

    Raises:
        UsageError: the file cannot be read, a line is not understood, or there are too few questions.
    """
    asked = list(_read(file))
    answers = []
    for request, relevant in asked:
        plain = request.model_copy(update={"limit": LOOKED_AT, "fusion": FusionOptions(), "weights": {}})
        hits = search(store, encoders, plain, fitted=False).hits
        answers.append(([_shares(hit) for hit in hits], [hit.path in relevant or hit.item in relevant for hit in hits]))
    names = sorted({name for shares, _ in answers for one in shares for name in one})
    fitted = fit_weights(
        [
            Judged(
                np.array([[one.get(name, 0.0) for name in names] for one in shares]).reshape(len(shares), len(names)),
                np.array(right, bool),
            )
            for shares, right in answers
        ],
        names,
    )
    store.save_artifact(
        WEIGHTS,
        {},
        {
            "weights": fitted.weights,
            "before": fitted.before,
            "after": fitted.after,
            "questions": fitted.questions,
        },
    )
    forget(store)
    return fitted


def _shares(hit: Hit) -> dict[str, float]:
    shares = {name: part.share for name, part in hit.vectors.items()}
    return shares | hit.benefit


def _read(file: Path) -> Iterator[tuple[SearchRequest, set[str]]]:
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The judged questions {str(file)!r} cannot be read: {error}.") from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            given = json.loads(line)
            relevant = set(map(str, given["relevant"]))
            request = SearchRequest.model_validate(given.get("request") or {"parts": [{"text": given["query"]}]})
        except ValidationError as error:
            raise UsageError(f"Line {number} of {str(file)!r} is no question: {sentence(error)}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UsageError(
                f"Line {number} of {str(file)!r} is not understood: write "
                '{"query": "a red boat", "relevant": ["holiday/boat.jpg"]}.'
            ) from error
        yield request, relevant
