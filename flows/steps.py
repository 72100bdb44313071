"""The steps of a run, plain functions over a `Run`, called by the flow `flows.ingest` and by `flows.direct`.

In this order:

scan -> compare -> carry -> index, again and again -> forget -> fit -> optimize -> account
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from flows.bridge import fit_bridge
from flows.carry import as_work, carry_over
from flows.index import Indexer, count, count_excluded
from flows.ledger import known_files
from flows.plan import Carry, Plan, make_plan
from flows.points import Item, file_fields
from flows.progress import tell
from flows.upkeep import build_index
from readers import CrawlRules, content_hash, crawl
from schemas import FoundFile, MedleyError, ReadError, UsageError
from schemas.media import ExcludedFile, UnreadableFile
from schemas.payload import State, point_id
from schemas.report import IngestReport, QuarantineEntry

if TYPE_CHECKING:
    from flows.run import Run

PORTION = 10.0
"""Seconds of work in one task: long enough that the task costs nothing, short enough to be watched and retried."""

GUARD_SHARE, GUARD_ITEMS = 0.5, 20
"""A run that would delete more than this share of a source, and at least so many items, asks first: it is more often
an unmounted disk or a wrong path than a wish."""

Files = list[FoundFile | ExcludedFile | UnreadableFile]


def scan(run: Run) -> Files:
    """Every file of the folder, with the rule where one keeps it out."""
    crawling = run.settings.crawl
    rules = CrawlRules(
        hidden=crawling.hidden,
        follow_links=crawling.follow_links,
        max_size=crawling.max_size,
        exclude=tuple(crawling.exclude),
    )
    files: Files = []
    for file in crawl(run.root, rules):
        files.append(file)
        if len(files) % 1000 == 0:
            tell("scan", len(files))
    tell("scan", len(files), len(files))
    return files


def compare(run: Run, files: Files) -> Plan:
    """The folder compared with the collection: what there is to do.

    Raises:
        UsageError: there is nothing to do, because the folder is empty.
        MedleyError: most of the source would be deleted, and nobody said that this is meant.
    """
    known = known_files(run.store, run.source)
    if not files and not known:
        raise UsageError(f"The folder {run.root} is empty: there is nothing to make searchable.")

    def digest(file: FoundFile) -> str:
        try:
            return content_hash(run.root / file.path)
        except ReadError:
            return ""  # reading it will say why

    plan = make_plan(files, known, digest, retry=run.retry)
    indexed = sum(item.state is State.INDEXED for item in known.values())
    gone = sum(item.state is State.INDEXED for item in plan.delete)
    if gone >= GUARD_ITEMS and gone > GUARD_SHARE * indexed and not run.force:
        raise MedleyError(
            f"{gone} of the {indexed} items of source {run.source!r} are no longer in {run.root}. Is the right disk "
            "mounted there? Nothing was deleted; if they are really gone, run again with --force."
        )
    run.plan = plan
    run.report.found = plan.found
    return plan


def carry(run: Run) -> None:
    """Renames, moves, copies and new time stamps: written anew without encoding."""
    plan, report = run.plan, run.report
    known = [c for c in plan.carry if not c.twin]
    failed = carry_over(run, known)
    _count_carried(report, known, failed)
    for touched in plan.touch:
        _touch(run, touched.found, touched.known.segments if touched.known else 1)
    if plan.touch:
        run.store.sync()
    report.unchanged += plan.unchanged + len(plan.touch)
    plan.index += as_work(failed)
    plan.carry = [c for c in plan.carry if c.twin]


def index(run: Run, seconds: float = PORTION) -> bool:
    """Read, encode and write for about so long; says whether there is more to do."""
    if run.indexer is None:
        run.indexer = Indexer(run, run.plan.index)
    if run.indexer.advance(seconds):
        return True
    run.indexer.close()
    run.indexer = None
    return _carry_twins(run)


def forget(run: Run) -> None:
    """Remove from the collection what the folder no longer has: the deleted, and the old paths of the moved."""
    ids: list[str] = []
    for item in (*run.plan.delete, *run.plan.moved):
        ids += [point_id(run.source, item.path, n) for n in range(item.segments)]
    run.report.deleted = sum(item.state is State.INDEXED for item in run.plan.delete)
    for start in range(0, len(ids), 1000):
        run.store.delete(ids[start : start + 1000], sync=False)
    if ids:
        run.store.sync()


def fit(run: Run) -> None:
    """Fit the bridge from words to pictures on the collection's captioned pictures, if enough has changed."""
    note = fit_bridge(run.store, run.encoders)
    if note:
        run.report.notes.append(note)


def optimize(run: Run) -> None:
    """Build the vector index of an embedded collection, if it has grown enough since the last time."""
    note = build_index(run.store)
    if note:
        run.report.notes.append(note)


def account(run: Run) -> IngestReport:
    """The accounts of the run.

    Raises:
        MedleyError: they do not add up: a file was lost.
    """
    plan, report = run.plan, run.report
    for item in plan.quarantined:
        report.quarantined += 1
        report.quarantine.append(QuarantineEntry(path=item.path, reason=item.reason, at_fault=item.at_fault))
    for excluded in plan.excluded:
        count_excluded(report, excluded.rule)
    for unreadable, before in plan.unreadable:
        found = FoundFile(unreadable.path, 0, 0)
        record = Item(found, "", state=State.QUARANTINED, reason=unreadable.reason, at_fault="reader")
        if before is not None and before.segments > 1:
            run.store.delete([point_id(run.source, found.path, n) for n in range(1, before.segments)])
        run.store.upsert(record.points(run.source))
        count(report, record)
    report.encoded = {vector: report.encoded.get(vector, 0) for vector in run.encoders}
    report.seconds = round(time.monotonic() - run.started, 3)
    if not report.balanced:
        raise MedleyError(
            f"The accounts of this run do not add up: {report.found} files found, but {report.indexed} indexed, "
            f"{report.unchanged} unchanged, {report.excluded} excluded and {report.quarantined} quarantined. "
            "This is a fault in Medley: please report it."
        )
    return report


def _count_carried(report: IngestReport, carries: list[Carry], failed: list[Carry]) -> None:
    lost = {id(c) for c in failed}
    for c in carries:
        if id(c) not in lost:
            report.indexed += 1
            report.moved += c.move
            report.copied += not c.move


def _carry_twins(run: Run) -> bool:
    """Files whose content another file of this run had: carried over now that it is indexed."""
    twins, run.plan.carry = run.plan.carry, []
    if not twins:
        return False
    failed = carry_over(run, twins)
    _count_carried(run.report, twins, failed)
    run.plan.index = as_work(failed)
    return bool(failed)


def _touch(run: Run, found: FoundFile, segments: int) -> None:
    ids = [point_id(run.source, found.path, n) for n in range(segments)]
    run.store.set_payload(file_fields(run.source, found), ids, sync=False)
