"""Where what people judge is noted, and read again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from query.feedback import record
from store.records import records_folder

if TYPE_CHECKING:
    from schemas.search import SearchRequest
    from schemas.settings import Settings


def feedback_file(settings: Settings) -> Path:
    """The file of judged questions beside the collection; it need not exist."""
    return records_folder(settings) / "feedback.jsonl"


def judge(
    settings: Settings,
    request: SearchRequest,
    *,
    right: Sequence[str] = (),
    wrong: Sequence[str] = (),
    clicked: str | None = None,
    shown: Sequence[str] = (),
) -> dict[str, int]:
    """Note what was judged: see `query.feedback.record`."""
    return record(feedback_file(settings), request, right=right, wrong=wrong, clicked=clicked, shown=shown)
