"""What a collection wants from time to time: quarantined files tried again, its index, a backup."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from flows.ingestion import direct
from flows.ingestion.lease import leased
from flows.ingestion.run import sharing
from flows.ingestion.upkeep import LEAST
from readers.trees import is_remote
from schemas import SourceUnavailableError, payload
from schemas.payload import State
from schemas.report import MaintenanceReport
from schemas.vectors import SOURCES

if TYPE_CHECKING:
    from schemas.settings import Settings
    from store import Store

NAMED = "%Y-%m-%dT%H%M%S"
BACKUP = re.compile(r"\d{4}-\d\d-\d\dT\d{6}")
UNFINISHED = ".unfinished"


def retry_quarantined(store: Store, settings: Settings, report: MaintenanceReport) -> None:
    """Try the quarantined files of every source again whose folder is at hand."""
    from qdrant_client import models

    sources: dict[str, str] = store.metadata().get(SOURCES, {})
    for source, folder in sources.items():
        conditions = ((payload.STATE, State.QUARANTINED.value), (payload.SOURCE, source))
        waiting = store.count(
            models.Filter(
                must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in conditions]
            )
        )
        if not waiting:
            continue
        if not is_remote(folder) and not Path(folder).is_dir():
            report.notes.append(f"The {waiting} quarantined files of {source} wait: there is no folder {folder!r} now.")
            continue
        try:
            with sharing(store):
                found = direct.ingest(folder, settings, source=source, retry=True, wait=True)
        except SourceUnavailableError as error:
            report.notes.append(f"The {waiting} quarantined files of {source} wait: {error}")
            continue
        report.retried += waiting
        report.recovered += max(0, waiting - found.quarantined)
        report.quarantined += found.quarantined


def rebuild_index(store: Store, report: MaintenanceReport) -> None:
    """Build the vector index, where the collection is large enough for one and the engine leaves that to us."""
    from store import recall

    if store.indexes_itself or store.count(recall.searchable()) <= LEAST:
        return
    with leased(store, wait=True):
        measured = recall.optimize(store)
    report.recall = {one.vector: one.recall for one in measured}


def back_up(store: Store, folder: str | Path, keep: int, report: MaintenanceReport) -> None:
    """Copy the collection into a new folder below this one, and delete the oldest beyond `keep`.

    A backup bears its name once it is whole; one that was interrupted is deleted by the next.

    Raises:
        StoreError: it could not be made; older ones are all kept then.
    """
    from store import transfer

    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f"*{UNFINISHED}"):
        shutil.rmtree(left)
    target = place / datetime.now().astimezone().strftime(NAMED)
    unfinished = target.with_name(target.name + UNFINISHED)
    with leased(store, wait=True):
        transfer.backup(store, unfinished)
    unfinished.rename(target)
    report.backup = str(target)
    for old in sorted(_backups(place))[:-keep]:
        shutil.rmtree(old)
        report.dropped.append(str(old))


def _backups(place: Path) -> Iterator[Path]:
    return (one for one in place.iterdir() if one.is_dir() and BACKUP.fullmatch(one.name))
