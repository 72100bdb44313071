"""What people judged of answers, a line of JSON each: what the order of hits is learnt from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from schemas import MedleyError, UsageError
from schemas.fields import Upload
from schemas.search import SearchRequest
from store.records import records_folder

if TYPE_CHECKING:
    from schemas.settings import Settings

CLICK = "click"
"""The kind of a question of which only what was clicked on and what was passed over is judged."""


def feedback_file(settings: Settings) -> Path:
    """The file of judged questions beside the collection; it need not exist."""
    return records_folder(settings) / "feedback.jsonl"


def record(
    file: Path,
    request: SearchRequest,
    *,
    right: Sequence[str] = (),
    wrong: Sequence[str] = (),
    clicked: str | None = None,
    shown: Sequence[str] = (),
) -> dict[str, int]:
    """Add a judged question to a file, which is made if need be.

    A click judges what was clicked on, and what stood above it and was passed over, and nothing else: what stands below
    was perhaps never seen (Joachims, "Optimizing Search Engines using Clickthrough Data", KDD 2002).

    Args:
        file: the file.
        request: what was asked.
        right: paths of right answers.
        wrong: paths of wrong ones.
        clicked: the path of the hit that was chosen, instead.
        shown: the paths of the hits that were shown, in their order.

    Returns:
        What is judged, by path: 1 right, 0 wrong.

    Raises:
        UsageError: nothing is judged, or what was clicked on was not shown.
        MedleyError: the file cannot be written.
    """
    if any(isinstance(part.value, Upload) for part in request.parts):
        raise UsageError("What was sent along is not kept: judge a question of words, or of what is indexed.")
    if clicked is not None:
        if right or wrong:
            raise UsageError("A click is told alone: what is right and wrong is told without it.")
        if clicked not in shown:
            raise UsageError(f"{clicked!r} is not among the first {len(shown)} hits of this question.")
        grades = {**dict.fromkeys(shown[: list(shown).index(clicked)], 0), clicked: 1}
    else:
        grades = {**dict.fromkeys(wrong, 0), **dict.fromkeys(right, 1)}
        if not right:
            raise UsageError("Tell at least one right answer, or what was clicked on.")
    line = {
        "id": uuid4().hex,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "kind": CLICK if clicked is not None else "judged",
        "group": " ".join(part.text.casefold() for part in request.parts if part.text),
        "request": request.model_dump(mode="json", exclude_defaults=True),
        "relevant": grades,
    }
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as out:  # one write: two processes never mix their lines
            out.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as error:
        raise MedleyError(f"The judgement cannot be written to {file}: {error.strerror}.") from error
    return grades
