"""The steps of a run, plain functions over a `Run`, called by the flow `flows.ingest` and by `flows.ingestion.direct`.

In this order:

compare -> carry -> index, again and again -> forget -> reencode, again and again -> fit -> optimize -> account
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from flows.ingestion.enrich import lacks, unenriched
from flows.ingestion.events import event
from flows.ingestion.index import count, count_excluded
from flows.ingestion.points import Item, file_fields
from flows.ingestion.progress import tell, tell_plan
from flows.ingestion.run import claim, rules_of
from flows.ingestion.upkeep import build_index
from flows.learning import fused, infer
from flows.learning.bridge import fit_bridges
from flows.learning.calibrate import calibrate
from flows.reconciliation.carry import carry_over, to_read
from flows.reconciliation.compare import make_plan
from flows.reconciliation.ledger import files_elsewhere, first_segments, known_files, same_contents
from flows.reconciliation.migrate import Migration, advance, left, unwanted
from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Carry, Known, entry_of
from flows.reconciliation.reencode import reencode as fill
from flows.reconciliation.reencode import waiting
from flows.scale.spread import indexer_of
from schemas import FoundFile, MedleyError, ReadError, SourceUnavailableError, payload
from schemas.media import UnreadableFile
from schemas.payload import State, payload_path, point_id
from schemas.plan import IngestPlan, Reencoding
from schemas.report import IngestReport
from schemas.vectors import LEXICAL, NEXT, RUNS, SOURCES
from schemas.version import __version__

if TYPE_CHECKING:
    from flows.ingestion.run import Run
    from readers.crawl import Crawled
    from schemas.scope import Scope

PORTION = 10.0
"""Seconds of work in one task: long enough that the task costs nothing, short enough to be watched and retried."""

GUARD_SHARE, GUARD_ITEMS = 0.5, 20
"""A run that would delete more than this share of a source, and at least so many items, asks first: it is more often
an unmounted disk or a wrong path than a wish."""

FIGURES = ("found", "indexed", "unchanged", "excluded", "quarantined", "postponed", "moved", "copied", "deleted")

HASHED = 64  # files hashed between two reports


def compare(run: Run) -> None:
    """The folder compared with the collection: what there is to do, shown to whoever listens.

    Raises:
        MedleyError: most of the source would be deleted, and nobody said that this is meant.
    """
    known = known_files(run.store, run.source, run.scope) if run.store.exists() else {}
    poor = unenriched(run)
    with run.spent.on("scan"):
        run.plan = make_plan(
            _found(run),
            known,
            partial(_digests, run),
            retry=_tried_again(run),
            verify=run.verify,
            unenriched=poor,
            elsewhere=partial(_elsewhere, run),
            same=partial(_same, run, run.scope) if run.scope is not None else None,
        )
    run.report.found = run.plan.found
    run.refused = _guard(run, sum(item.state is State.INDEXED for item in known.values()))
    tell_plan(lambda: plan_value(run))
    if run.refused and not run.dry:
        raise MedleyError(f"{run.refused} Nothing was deleted; if they are really gone, run again with --force.")
    if not run.dry:
        event("begun", folder=str(run.tree), found=run.plan.found, only=len(run.scope.folders) if run.scope else None)
        claim(run)


def _tried_again(run: Run) -> Collection[State]:
    """States in which unchanged files are tried again: what another version of Medley could not take, this one may."""
    before = run.store.metadata().get(RUNS, {}).get(run.source)
    if before is not None and before.get("version") != __version__ and run.scope is None:
        return (State.QUARANTINED, State.EXCLUDED)
    return (State.QUARANTINED,) if run.retry else ()


def plan_value(run: Run) -> IngestPlan:
    """The plan of a run as a value, to be shown."""
    plan = run.plan.value()
    plan.source, plan.folder = run.source, str(run.tree)
    for entry in plan.quarantined:
        entry.source = run.source
    plan.reencode = {one.name: _reencoding(run, one) for one in run.migrations if run.source not in one.done}
    if run.refused and run.dry:  # else the run ends with this sentence
        plan.notes.append(f"{run.refused} A run stops before it deletes them; if they are really gone, give --force.")
    return plan


def _reencoding(run: Run, migration: Migration) -> Reencoding:
    """The items that will want the vector once all else is done."""
    plan = run.plan
    moved = {carry.origin.path: payload_path(carry.found.path) for carry in plan.carry if carry.move}
    over = {item.path for item in plan.delete} | {payload_path(work.found.path) for work in (*plan.index, *plan.reread)}
    paths = [
        moved.get(path, path)
        for record in run.store.scroll_all(waiting(run, migration), with_payload=[payload.PATH])
        if (path := str((record.payload or {})[payload.PATH])) not in over or path in moved
    ]
    return Reencoding(before=migration.before, after=migration.spec.fingerprint, paths=sorted(paths))


def _found(run: Run) -> Iterator[Crawled]:
    """Every file of the folder, with the rule where one keeps it out."""
    count = 0
    for file in run.tree.crawl(rules_of(run.settings), run.scope):
        yield file
        count += 1
        if count % 1000 == 0:
            tell("scan", count)
    tell("scan", count, count)


def _digests(run: Run, files: Iterable[FoundFile], count: int) -> Iterator[str]:
    """Content hashes, taken by threads: hashing releases the interpreter's lock."""

    def digest(file: FoundFile) -> str:
        try:
            return run.tree.hash(file)
        except SourceUnavailableError:
            raise
        except ReadError:
            return ""  # reading it will say why

    threads = run.tree.threads
    at_once = max(1, HASHED // (4 * threads))  # to hand a small file over takes longer than to hash it
    with ThreadPoolExecutor(threads, thread_name_prefix="hash") as pool:
        waiting, done = iter(files), 0
        while some := list(islice(waiting, HASHED)):
            groups = [some[first : first + at_once] for first in range(0, len(some), at_once)]
            for found in pool.map(lambda group: list(map(digest, group)), groups):
                yield from found
            done += len(some)
            tell("hash", done, count)


def _elsewhere(run: Run, sizes: Collection[int]) -> Iterator[Known]:
    """What other sources have of these sizes."""
    poor = lacks(run.enrichers)
    for item, fields in files_elsewhere(run.store, run.source, sizes):
        yield item._replace(poor=poor(fields))


def _same(run: Run, scope: Scope, hashes: Collection[str]) -> Iterator[Known]:
    """What other sources have of these contents, and what the run does not look at of its own."""
    poor = lacks(run.enrichers)
    for item, fields in same_contents(run.store, run.source, hashes, scope):
        yield item._replace(poor=poor(fields))


def _guard(run: Run, indexed: int) -> str:
    """Why the run must not go on without --force; "" where it may."""
    gone = sum(item.state is State.INDEXED for item in run.plan.delete)
    if run.scope is not None and gone:  # a folder of it may well be empty now
        indexed = run.store.count(first_segments(run.source, State.INDEXED))
    most = gone >= GUARD_ITEMS and gone > GUARD_SHARE * indexed
    if run.force or not gone or not (most or not (run.plan.found or run.scope)):
        return ""
    return (
        f"{gone:,} of the {indexed:,} items of source {run.source!r} are no longer in {run.tree}. Is the right disk "
        "mounted there?"
    )


def carry(run: Run) -> None:
    """Renames, moves, copies and new time stamps: written anew without encoding."""
    _check_lease(run)
    plan, report = run.plan, run.report
    known = [c for c in plan.carry if not c.twin]
    failed = carry_over(run, known)
    _count_carried(report, known, failed)
    for touched in plan.touch:
        _touch(run, touched.found, touched.known.segments if touched.known else 1)
    if plan.touch:
        run.store.sync()
    report.unchanged += plan.unchanged + len(plan.touch)
    plan.index.extend([*plan.reread, *to_read(known, failed)])
    plan.carry = [c for c in plan.carry if c.twin]


def index(run: Run, seconds: float = PORTION) -> bool:
    """Read, encode and write for about so long; says whether there is more to do."""
    _check_lease(run)
    if run.indexer is None:
        run.indexer = indexer_of(run, run.plan.index)
        run.plan.index = Packed()
    if run.indexer.advance(seconds):
        return True
    run.indexer.close()
    run.indexer = None
    return _carry_twins(run)


def forget(run: Run) -> None:
    """Remove from the collection what the folder no longer has: the deleted, and the old paths of the moved."""
    _check_lease(run)
    ids: list[str] = []
    for item in (*run.plan.delete, *run.plan.moved):
        ids += [point_id(run.source, item.path, n) for n in range(item.segments)]
    run.report.deleted = sum(item.state is State.INDEXED for item in run.plan.delete)
    for start in range(0, len(ids), 1000):
        run.store.delete(ids[start : start + 1000], sync=False)
    if ids:
        run.store.sync()


def reencode(run: Run, seconds: float = PORTION) -> bool:
    """Give items the vectors that they lack or have from another encoder; says whether there is more to do."""
    _check_lease(run)
    if not run.migrations:
        return False
    if run.reencoder is None:
        run.reencoder = fill(run)
    until = time.monotonic() + seconds
    for _ in run.reencoder:
        if time.monotonic() > until:
            return True
    run.reencoder = None
    run.store.sync()
    if run.postponed:
        run.report.notes.append("Some files could not be read for their new vectors: the next run goes on with them.")
        return False
    over = [one for one in run.migrations if advance(run.store, one, run.source)]
    run.migrations = [one for one in run.migrations if one not in over]
    run.report.notes += [_waits(run, one) for one in run.migrations]
    return False


def _waits(run: Run, migration: Migration) -> str:
    """What a person should know of a migration that is not over."""
    sources = run.store.metadata().get(SOURCES, {})
    others = left(run.store, migration)
    folders = ", ".join(f"{name} ({sources[name]})" if name in sources else name for name in others)
    answers = f"{migration.before} answers" if migration.before else "it answers for the others alone"
    return (
        f"The vector {migration.name!r} of {folders} is still to be encoded by {migration.spec.fingerprint}, and until "
        f"then {answers}: ingest {'it' if len(others) == 1 else 'each of them'}, too."
    )


def fit(run: Run) -> None:
    """Fit what belongs to the collection: bridges between words, pictures and sounds; how its scores are distributed.

    While vectors are being replaced, what is there goes on: it belongs to the encoders that still answer.
    """
    if run.migrations:
        return
    encoders = run.encoders.under({vector: _called(vector) for vector in run.encoders})
    with run.spent.on("fit"):
        run.report.notes += fit_bridges(run.store, encoders)
        run.report.notes += infer.refresh(run.store)
        run.report.notes += fused.refresh(run.store)
        calibrate(run.store, encoders)


def optimize(run: Run) -> None:
    """Build the vector index of an embedded collection, if it has grown enough since the last time."""
    with run.spent.on("index"):
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
        report.quarantine.append(entry_of(item, run.source))
    for excluded in plan.excluded:
        count_excluded(report, excluded.rule)
    for unreadable, before in plan.unreadable:
        _note_unreadable(run, unreadable, before)
    encoded: dict[str, int] = {_called(vector): 0 for vector in run.encoders}
    for vector, number in report.encoded.items():
        encoded[_called(vector)] += number
    report.encoded = encoded
    for vector, spec in unwanted(run.store.vectors(), run.encoders.vector_specs()).items():
        if vector not in encoded and vector != LEXICAL:
            report.notes.append(
                f"The collection has a vector {vector!r} ({spec.fingerprint}) that these encoders do not make: "
                f"new files are not found by it. `medley store drop {vector}` drops it."
            )
    report.seconds, report.spent = round(time.monotonic() - run.started, 3), run.spent.seconds()
    report.version, report.ended = __version__, datetime.now(UTC).isoformat(timespec="seconds")
    figures: dict[str, Any] = {name: getattr(report, name) for name in FIGURES}
    figures |= {f"{stage}_s": work for stage, work in report.spent.items()}
    event("ended", seconds=report.seconds, **figures)
    if not report.balanced:
        raise MedleyError(
            f"The accounts of this run do not add up: {report.found} files found, but {report.indexed} indexed, "
            f"{report.unchanged} unchanged, {report.excluded} excluded, {report.quarantined} quarantined and "
            f"{report.postponed} postponed. "
            "This is a fault in Medley: please report it."
        )
    _remember(run)
    return report


def _remember(run: Run) -> None:
    """Keep the figures of a source's last run with the collection, for whoever looks after it."""
    if run.scope is not None:  # they are not the source's
        return
    figures = run.report.model_dump(exclude={"added", "quarantine", "postponements", "exclusions"})
    run.store.set_metadata({RUNS: {**run.store.metadata().get(RUNS, {}), run.source: figures}})


def _note_unreadable(run: Run, file: UnreadableFile, before: Known | None) -> None:
    """Account for what the crawl could not look at: a fault that may pass leaves what was known."""
    found = FoundFile(file.path, 0, 0)
    if file.transient:
        count(run.report, Item(found, "", state=State.POSTPONED, reason=file.reason))
        return
    record = Item(found, "", state=State.QUARANTINED, reason=file.reason, at_fault="reader")
    record.first_attempt = before.first_attempt if before is not None else ""
    if before is not None and before.segments > 1:
        run.store.delete([point_id(run.source, found.path, n) for n in range(1, before.segments)])
    run.store.upsert(record.points(run.source))
    count(run.report, record)


def _check_lease(run: Run) -> None:
    if run.lease is not None:
        run.lease.check()


def _called(vector: str) -> str:
    """What a person calls a named vector that may be filled to replace another."""
    return vector.removesuffix(NEXT)


def _count_carried(report: IngestReport, carries: list[Carry], failed: list[Carry]) -> None:
    lost = {id(c) for c in failed}
    for c in carries:
        if id(c) not in lost:
            report.indexed += not c.reread  # else it is counted when its words are read
            report.moved += c.move
            report.copied += not c.move


def _carry_twins(run: Run) -> bool:
    """Files whose content another file of this run had: carried over now that it is indexed."""
    twins, run.plan.carry = run.plan.carry, []
    if not twins:
        return False
    failed = carry_over(run, twins)
    _count_carried(run.report, twins, failed)
    run.plan.index = Packed(to_read(twins, failed))
    return bool(run.plan.index)


def _touch(run: Run, found: FoundFile, segments: int) -> None:
    ids = [point_id(run.source, found.path, n) for n in range(segments)]
    run.store.set_payload(file_fields(run.source, found), ids, sync=False)
