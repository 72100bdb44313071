"""The middle of a run: reading, encoding and writing, in portions of some seconds."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from flows.ingestion.events import event
from flows.ingestion.pipeline import Pipeline
from flows.ingestion.points import Item, named_vectors
from flows.ingestion.progress import tell
from flows.ingestion.reading import Earlier, FileReading
from flows.ingestion.writer import Writer
from flows.reconciliation.carry import speaks_for
from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Work
from schemas import Modality, payload
from schemas.media import Segment, join_words, share_read
from schemas.payload import State, payload_path, point_id
from schemas.report import IngestReport, PostponedEntry, QuarantineEntry

if TYPE_CHECKING:
    from flows.ingestion.run import Run

LEVELS = {State.INDEXED: logging.DEBUG, State.EXCLUDED: logging.INFO}
"""How much it matters what became of a file; else somebody may want to look."""

UNKNOWN = "unknown"
"""What is told of the modality of a file that could not be opened."""

ADDED = 12
"""So many of the added files are named in the report, to be seen."""

SEEN = frozenset({Modality.IMAGE, Modality.VIDEO})


class Indexer:
    """Draws items from the pipeline and hands them to the writer; can be stopped and taken up again.

    The pipeline reads ahead while nobody draws, so that a pause between two portions costs nothing.

    Args:
        run: the run, whose report counts what is encoded.
        work: what to read: see `FileReading`.
        counted: is told of each item that is finished; else the run's accounts are.
        readers: child processes that read; as many as there are cores where it is 0.
    """

    def __init__(
        self, run: Run, work: Packed[Work], *, counted: Callable[[Item], object] | None = None, readers: int = 0
    ) -> None:
        self._report = run.report
        self._count = counted or partial(count, run.report)
        self._total = len(work)
        self._done = 0
        self._shares: dict[str, float] = {}  # how much is read of files that are not whole yet, by path
        reading = FileReading(
            run.tree,
            work,
            lexical=run.encoders.lexical,
            options=run.read_options,
            limits=run.settings.read.limits,
            enrichers=run.enrichers,
            earlier=lambda group: earlier_vectors(run, group),
            readers=readers,
            spent=run.spent,
        )
        self._pipeline = Pipeline(
            reading, run.encoders, enrichers=run.enrichers, reached=self._reached, spent=run.spent
        )
        self._writer = Writer(run.store, run.source, run.spent)
        self._items: Iterator[Item] = iter(self._pipeline)

    def advance(self, seconds: float) -> bool:
        """Index for about so long, write all that became whole, and say whether there is more to do.

        The last sync goes on while the next portion is read and encoded.

        Raises:
            StoreError: the store cannot be written.
        """
        until = time.monotonic() + seconds
        for item in self._items:
            if item.state is State.QUARANTINED:
                item.attempted()  # before it is counted: the writer may come to it later
            if item.state is not State.POSTPONED:
                self._writer.add(item)
            self._count(item)
            self._done += 1
            self._shares.pop(item.found.path, None)
            self._tell()
            if time.monotonic() > until:
                break
        else:
            self._writer.flush()
            return False
        self._writer.flush(wait=False)
        return True

    def close(self) -> None:
        """Stop reading, and write what is whole."""
        self._pipeline.close()
        self._writer.close()
        self._report.encoded = dict(Counter(self._report.encoded) + Counter(self._pipeline.encoded))

    def _reached(self, item: Item, segment: Segment) -> None:
        share = share_read(item.info, segment)
        if share is not None and share < 1:  # most files have one segment: the next to hear of is the whole item
            self._shares[item.found.path] = share
            self._tell()

    def _tell(self) -> None:
        tell("index", self._done + sum(self._shares.values()), self._total)


def count(report: IngestReport, item: Item) -> None:
    """Put an item in the accounts."""
    outcomes = report.by_modality.setdefault(item.modality.value if item.modality else UNKNOWN, {})
    outcomes[item.state.value] = outcomes.get(item.state.value, 0) + 1
    event(
        item.state.value,
        level=LEVELS.get(item.state, logging.WARNING),
        path=payload_path(item.found.path),
        reason=item.reason,
        at_fault=item.at_fault,
    )
    if item.state is State.INDEXED:
        report.indexed += 1
        if item.modality is not None and item.modality in SEEN and len(report.added) < ADDED:
            report.added[item.found.path] = item.modality.value
    elif item.state is State.EXCLUDED:
        count_excluded(report, item.reason)
    elif item.state is State.POSTPONED:
        report.postponed += 1
        report.postponements.append(PostponedEntry(path=payload_path(item.found.path), reason=item.reason))
    else:
        report.quarantined += 1
        report.quarantine.append(
            QuarantineEntry(
                source=report.source,
                path=payload_path(item.found.path),
                reason=item.reason,
                at_fault=item.at_fault,
                first_attempt=item.first_attempt,
                last_attempt=item.last_attempt,
            )
        )


def count_excluded(report: IngestReport, rule: str) -> None:
    """Put an excluded file in the accounts; the sidecars of many files are one rule."""
    kind = "sidecar" if rule.startswith("sidecar of ") else rule
    report.excluded += 1
    report.exclusions[kind] = report.exclusions.get(kind, 0) + 1


def earlier_vectors(run: Run, group: Sequence[Work]) -> dict[str, Earlier]:
    """The vectors that the collection has of the same contents under the same paths, by path and segment."""
    heads = {point_id(run.source, work.found.path): work for work in group}
    firsts = [
        record
        for record in run.store.retrieve(list(heads), with_payload=True, with_vectors=True)
        if speaks_for(record.payload or {}, heads[str(record.id)].hash)
    ]
    others = [
        point_id(run.source, heads[str(record.id)].found.path, n)
        for record in firsts
        for n in range(1, (record.payload or {}).get(payload.SEGMENTS, 1))
    ]
    records = [*firsts, *run.store.retrieve(others, with_payload=True, with_vectors=True)] if others else firsts
    current = {vector: spec.fingerprint for vector, spec in run.encoders.specs.items()}
    earlier: dict[str, dict[int, tuple[dict[str, object], str]]] = {}
    for record in records:
        fields = record.payload or {}
        made_by = fields.get(payload.ENCODERS, {})
        earlier.setdefault(heads[fields[payload.ITEM]].found.path, {})[fields[payload.SEGMENT]] = (
            {
                name: value
                for name, value in named_vectors(record).items()
                if name in current and made_by.get(name) == current[name]
            },
            join_words(fields.get(payload.WORDS, {}), named=False),
        )
    return dict(earlier)
