"""Where that is kept which is about a collection and not in it: reports of evaluations, what its users judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.settings import Settings

HERE = ".medley"
"""Where it is kept of a server's collection: in the current folder."""


def records_folder(settings: Settings) -> Path:
    """The folder; it need not exist yet."""
    from store import is_server

    root = Path(HERE) if is_server(settings.store) else Path(settings.store).expanduser()
    return root / ".records" / settings.collection
