"""Items that lack a vector, or have it from another encoder, are given it in place; nothing else of them is touched.

Words are taken from the payload: no file is opened for them. Pictures and sounds are read again, and encoded for these
vectors alone. An item is done when its segment 0 has the vector, which is written last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flows.ingestion.index import count
from flows.ingestion.inplace import write, write_told
from flows.ingestion.pipeline import Pipeline
from flows.ingestion.points import Item, named_vectors
from flows.ingestion.progress import tell
from flows.ingestion.reading import FileReading
from flows.reconciliation.donors import Pair, paired, texts_encoded, vectors_of
from flows.reconciliation.ledger import FIELDS, first_segments, known_file
from flows.reconciliation.migrate import Migration, pages
from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Known, Work
from schemas import FoundFile, Modality, payload
from schemas.media import join_words
from schemas.payload import State, payload_path, point_id
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from qdrant_client import models

    from flows.ingestion.run import Run

BATCH = 64  # segments written with one request: what waits is what a crash costs
COPIED = 64  # items given the vectors of others with one request

SHOWN_BY = {Modality.IMAGE: (Modality.IMAGE, Modality.VIDEO), Modality.AUDIO: (Modality.AUDIO, Modality.VIDEO)}
"""Items that may have pictures, or sounds; the pages of a document are pictures, too."""


def waiting(run: Run, migration: Migration) -> models.Filter:
    """Segment 0 of the items of the run's source that may have the vector, and do not."""
    from qdrant_client import models

    wanted = first_segments(run.source, State.INDEXED)
    must: list[Any] = list(wanted.must or ())
    stored = _stored(run, migration)
    if kinds := [kind.value for one in stored for kind in SHOWN_BY.get(one, ())]:
        shown: list[Any] = [models.FieldCondition(key=payload.MODALITY, match=models.MatchAny(any=kinds))]
        if Modality.IMAGE in stored:
            no_page = models.IsEmptyCondition(is_empty=models.PayloadField(key=payload.PAGE))
            shown.append(models.Filter(must_not=[no_page]))
        must.append(models.Filter(should=shown))
    have = run.store.vectors().get(migration.into)
    there = have is not None and have.fingerprint == migration.spec.fingerprint  # else it is yet to be made
    lacking: list[Any] = [models.HasVectorCondition(has_vector=migration.into)] if there else []
    return models.Filter(must=must, must_not=lacking)


def _stored(run: Run, migration: Migration) -> Sequence[Modality]:
    if migration.name == LEXICAL:
        return (Modality.TEXT,)
    return run.encoders.specs[migration.into].stored


def reencode(run: Run) -> Iterator[None]:
    """Fill the vectors of all migrations for the run's source, a little at each step.

    Raises:
        StoreError: the store cannot be written.
    """
    wanted = [one for one in run.migrations if run.source not in one.done]
    words = [one for one in wanted if Modality.TEXT in _stored(run, one)]
    media = [one for one in wanted if one not in words]
    for migration in words:
        yield from _from_payloads(run, migration)
    if media:
        yield from _from_files(run, media)


def _from_payloads(run: Run, migration: Migration) -> Iterator[None]:
    """Encode the words that the payloads hold."""
    condition, done = waiting(run, migration), 0
    total = run.store.count(condition)
    for page in pages(
        run.store.scroll_all(condition, with_payload=[*FIELDS, payload.ITEM, payload.WORDS, payload.ENCODERS])
    ):
        records = _others(run, page) + page  # segment 0 last
        texts = [
            join_words((record.payload or {}).get(payload.WORDS, {}), named=migration.name == LEXICAL)
            for record in records
        ]
        some = [(record, text) for record, text in zip(records, texts, strict=True) if text]
        hashes = {(record.payload or {}).get(payload.HASH, "") for record in page}
        vectors, reasons = _encode(run, migration, [text for _, text in some], hashes)
        items = {(record.payload or {})[payload.ITEM] for record, _ in some}
        failed = {(record.payload or {})[payload.ITEM]: reasons[text] for record, text in some if text in reasons}
        made = {
            str(record.id): {migration.into: vectors[text]}
            for record, text in some
            if (record.payload or {})[payload.ITEM] not in failed
        }
        told = [record for record in records if (record.payload or {})[payload.ITEM] in items - failed.keys()]
        write(run, told, made, {migration.into: migration.spec.fingerprint})
        for record in page:
            if reason := failed.get(str(record.id)):
                _quarantine(
                    run, known_file(record.payload or {}), reason, migration.spec.fingerprint.rpartition("-")[0]
                )
        done += len(page)
        tell("reencode", done, total)
        yield


def _encode(
    run: Run, migration: Migration, texts: Sequence[str], hashes: Collection[str]
) -> tuple[Mapping[str, Any], Mapping[str, str]]:
    """Vectors and reasons by text; what the collection has of the same contents is not encoded again."""
    if migration.name == LEXICAL:
        return {text: run.encoders.lexical.document(text) for text in texts}, {}
    have = texts_encoded(run, hashes, migration.into)
    new = [text for text in dict.fromkeys(texts) if text not in have]
    if not new:
        return have, {}
    vectors, reasons = run.encoders[migration.into].encode_each(new, Modality.TEXT)
    run.report.encoded[migration.name] = run.report.encoded.get(migration.name, 0) + len(new) - len(reasons)
    return have | dict(zip(new, vectors, strict=True)), {new[n]: reason for n, reason in reasons.items()}


def _from_files(run: Run, media: Sequence[Migration]) -> Iterator[None]:
    """Read the files again, once for all vectors that they lack, and encode them for these alone."""
    lacking: dict[str, tuple[Known, set[str]]] = {}
    for migration in media:
        for record in run.store.scroll_all(waiting(run, migration), with_payload=FIELDS):
            known = known_file(record.payload or {})
            if known.path.startswith(run.plan.unseen):
                run.postponed = True
            else:
                lacking.setdefault(known.path, (known, set()))[1].add(migration.into)
    alike: dict[frozenset[str], dict[str, tuple[Known, set[str]]]] = {}
    for path, (known, names) in lacking.items():
        alike.setdefault(frozenset(names), {})[path] = known, names
    for wanted, some in alike.items():
        yield from _read_again(run, [migration for migration in media if migration.into in wanted], some)


def _read_again(run: Run, media: Sequence[Migration], lacking: Mapping[str, tuple[Known, set[str]]]) -> Iterator[None]:
    """Encode items that all lack the vectors of these migrations."""
    todo, pairs = paired(run, lacking)
    items = {item.path: item for item in todo}
    spelled = run.plan.spelled
    work = [Work(FoundFile(spelled.get(item.path, item.path), item.size, item.mtime_ns), item.hash) for item in todo]
    # Words that are read again are nobody's business here, so that nothing enriches them.
    pipeline = Pipeline(
        FileReading(run.tree, Packed(work), options=run.read_options, limits=run.settings.read.limits),
        run.encoders.under({migration.into: migration.into for migration in media}),
    )
    prints = {migration.into: migration.spec.fingerprint for migration in media}
    batch: list[Item] = []
    wrong: dict[str, Item] = {}
    done, total = 0, len(lacking)
    try:
        for item in pipeline:
            batch.append(item)
            if item.state is not State.INDEXED:
                wrong[payload_path(item.found.path)] = item
            if sum(len(one.rows) + 1 for one in batch) >= BATCH:
                _write_items(run, batch, items, prints)
                done, batch = done + len(batch), []
                tell("reencode", done, total)
                yield
        _write_items(run, batch, items, prints)
        yield
        for start in range(0, len(pairs), COPIED):
            _copy(run, pairs[start : start + COPIED], wrong, prints)
            tell("reencode", len(work) + start, total)
            yield
        tell("reencode", total, total)
    finally:
        pipeline.close()
        for migration in media:
            encoded = pipeline.encoded.get(migration.into, 0)
            run.report.encoded[migration.name] = run.report.encoded.get(migration.name, 0) + encoded


def _write_items(run: Run, batch: Sequence[Item], items: Mapping[str, Known], prints: Mapping[str, str]) -> None:
    made: dict[str, dict[str, Any]] = {}
    ids: list[str] = []
    told: dict[str, set[str]] = {}
    for item in batch:
        known = items[payload_path(item.found.path)]
        if item.state is State.INDEXED:
            own = [point_id(run.source, known.path, n) for n in range(known.segments)]
            ids += [*own[1:], own[0]]
            for row in item.rows:
                if row.segment.number < known.segments:
                    made[own[row.segment.number]] = {name: row.vectors[name] for name in prints if name in row.vectors}
            for identity in own:
                told[identity] = {name for row in item.rows for name in prints if name in row.vectors}
        elif item.state is State.POSTPONED:
            run.postponed = True
        else:
            _quarantine(run, known, item.reason, item.at_fault)
    write_told(run, ids, told, made, prints)


def _copy(run: Run, pairs: Sequence[Pair], wrong: Mapping[str, Item], prints: Mapping[str, str]) -> None:
    """Give items the vectors of those with the same content; what was wrong with these is wrong with them, too."""
    sound = [pair for pair in pairs if pair.donor.source or pair.donor.path not in wrong]
    points = vectors_of(
        run, {pair.donor.path + "\0" + pair.donor.source: pair.donor for pair in sound}.values(), [*prints]
    )
    made: dict[str, dict[str, Any]] = {}
    ids: list[str] = []
    told: dict[str, set[str]] = {}
    for item, donor in sound:
        own = [point_id(run.source, item.path, n) for n in range(item.segments)]
        ids += [*own[1:], own[0]]
        names: set[str] = set()
        for n, identity in enumerate(own):
            record = points.get(point_id(donor.source or run.source, donor.path, n))
            given = named_vectors(record) if record is not None else {}
            made[identity] = {name: vector for name, vector in given.items() if name in prints}
            names |= made[identity].keys()
        told |= dict.fromkeys(own, names)
    write_told(run, ids, told, made, prints)
    for pair in pairs:
        fault = None if pair.donor.source else wrong.get(pair.donor.path)
        if fault is not None and fault.state is not State.POSTPONED:
            _quarantine(run, pair.item, fault.reason, fault.at_fault)


def _others(run: Run, page: Sequence[models.Record]) -> list[models.Record]:
    """The segments of items beside their segment 0."""
    known = [known_file(record.payload or {}) for record in page]
    ids = [point_id(run.source, item.path, n) for item in known for n in range(1, item.segments)]
    fields = [payload.ITEM, payload.WORDS, payload.ENCODERS]
    return run.store.retrieve(ids, with_payload=fields) if ids else []


def _quarantine(run: Run, known: Known, reason: str, at_fault: str) -> None:
    """An item that the new encoder cannot take is quarantined, as if it had come today."""
    found = FoundFile(known.path, known.size, known.mtime_ns, sidecar_stamp=known.sidecars)
    record = Item(found, known.hash, state=State.QUARANTINED, reason=reason, at_fault=at_fault)
    run.store.delete([point_id(run.source, known.path, n) for n in range(1, known.segments)])
    run.store.upsert(record.points(run.source))
    if run.scope is not None and not run.scope.covers(known.path.rpartition("/")[0]):
        run.report.found += 1  # the crawl passed it over
    elif run.report.unchanged:
        run.report.unchanged -= 1
    else:
        run.report.indexed -= 1
    count(run.report, record)
