"""What a worker of a cluster does: it reads, encodes and writes a shard, and sends back what became of each file.

It needs what the run's own process needs for that: the same Medley, the files under the same path, and the server.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from flows.ingestion.index import Indexer
from flows.ingestion.lease import stands
from flows.ingestion.points import Item
from flows.ingestion.run import Run, load_models
from flows.reconciliation.ledger import FIELDS, known_file
from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Known, Work
from readers.trees import is_remote, open_tree
from schemas import Modality, payload
from schemas.errors import MedleyError, UsageError
from schemas.payload import State, point_id
from schemas.settings import EncoderSettings, Settings

if TYPE_CHECKING:
    from encoders import EncoderSet, Enricher
    from store import Store

LOOK = 2.0  # seconds of work between two looks at the lease
HEADS = 1000  # files that the collection is asked about with one request

_turn = Lock()  # a model is one shard's at a time, and a worker may have several threads


@dataclass(frozen=True, slots=True)
class Models:
    """What a worker loads once, and keeps for the shards and runs that want the same.

    Attributes:
        settings: how models run.
        preset: its encoders.
        chosen: enrichers that were chosen by hand, by name.
        names: of the vectors that are filled, by those in the preset.
        share: how many workers share the machine.
    """

    settings: EncoderSettings = field(hash=False)
    preset: str
    chosen: Mapping[str, str] = field(hash=False)
    names: Mapping[str, str] = field(hash=False)
    share: int = 1


@dataclass(frozen=True, slots=True)
class Orders:
    """What all shards of a run have in common.

    Attributes:
        settings: of the run.
        models: what encodes.
        root: folder or address of the source, the same on all machines.
        source: its name.
        prints: the fingerprint that each vector must have.
        token: what the run's lease is known by.
    """

    settings: Settings
    models: Models
    root: str
    source: str
    prints: Mapping[str, str]
    token: str


@dataclass(slots=True)
class Done:
    """What became of a shard.

    Attributes:
        items: its files, without what is searched of them.
        before: how many of them were in the collection already: written by a worker that died then.
        encoded: vectors made, by name.
        spent: seconds of work, by stage.
        stopped: the lease did not stand any more: what is not among the items is left.
        worker: where it was done.
    """

    items: list[Item] = field(default_factory=list)
    before: int = 0
    encoded: dict[str, int] = field(default_factory=dict)
    spent: dict[str, float] = field(default_factory=dict)
    stopped: bool = False
    worker: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")


def carry_out(orders: Orders, shard: Sequence[Work]) -> Done:
    """Read, encode and write the files of a shard that the collection does not have yet; called in a worker.

    Raises:
        UsageError: the folder is not here, or the models make other vectors than those of the run.
        MedleyError: the work cannot be done; no file is to blame.
    """
    from store import open_from

    with _turn, open_from(orders.settings) as store:
        done = Done()
        if not stands(store, orders.token):
            done.stopped = True
            return done
        encoders, enrichers = models(orders.models)
        _check(orders, encoders)
        done.items, rest = already_done(store, orders.source, shard)
        done.before = len(done.items)
        run = Run(open_tree(orders.root), orders.source, store, encoders, enrichers, orders.settings)
        readers = max(1, (os.cpu_count() or 1) // orders.models.share)
        indexer = Indexer(run, Packed(rest), counted=lambda item: done.items.append(_bare(item)), readers=readers)
        try:
            while indexer.advance(LOOK):
                if not stands(store, orders.token):
                    done.stopped = True
                    break
        finally:
            indexer.close()
        done.encoded, done.spent = run.report.encoded, run.spent.seconds()
        return done


@lru_cache(maxsize=1)
def models(wanted: Models) -> tuple[EncoderSet, list[Enricher]]:
    """The encoders and enrichers of a worker; they load their weights when they are first used."""
    from encoders.threads import thread_count

    threads = wanted.settings.threads or max(1, thread_count() // wanted.share)
    settings = wanted.settings.model_copy(update={"threads": threads})
    encoders, enrichers = load_models(settings, wanted.preset, wanted.chosen)
    return encoders.under(wanted.names), enrichers


def already_done(store: Store, source: str, shard: Sequence[Work]) -> tuple[list[Item], list[Work]]:
    """The files of a shard that this very run has written, as items without segments; and those that are left.

    Where a worker has died of a shard, another one takes it, and neither reads nor encodes what is written.
    """
    items: list[Item] = []
    rest: list[Work] = []
    for start in range(0, len(shard), HEADS):
        some = {point_id(source, work.found.path): work for work in shard[start : start + HEADS]}
        records = store.retrieve(list(some), with_payload=[*FIELDS, payload.MODALITY])
        heads = {str(record.id): record.payload or {} for record in records}
        for identity, work in some.items():
            fields = heads.get(identity)
            if fields is None or not _written(work, head := known_file(fields)):
                rest.append(work)
                continue
            modality = fields.get(payload.MODALITY)
            items.append(
                Item(
                    work.found,
                    head.hash,
                    Modality(modality) if modality else None,
                    state=head.state,
                    reason=head.reason,
                    at_fault=head.at_fault if head.state is State.QUARANTINED else "",
                    first_attempt=head.first_attempt,
                    last_attempt=head.last_attempt,
                )
            )
    return items, rest


def _written(work: Work, head: Known) -> bool:
    """Whether a file stands as it was found, and stood otherwise when the run was planned.

    Of one that is read again for its words alone that cannot be told; its vectors are there, and are not made again.
    """
    found = work.found
    if work.known is not None and work.hash and work.known.hash == work.hash:
        return False
    as_found = (head.size, head.mtime_ns, head.sidecars) == (found.size, found.mtime_ns, found.sidecar_stamp)
    return as_found and head != work.known


def _bare(item: Item) -> Item:
    """What the accounts want of an item; its segments stay here."""
    return replace(item, rows=[], info={}, encoders={})


def _check(orders: Orders, encoders: EncoderSet) -> None:
    """See that a worker that was set up by somebody else does what the run's own process would."""
    host = socket.gethostname()
    if not is_remote(orders.root) and not Path(orders.root).is_dir():
        raise UsageError(f"The worker on {host} does not see the folder {orders.root}: mount it there under that path.")
    try:
        open_tree(orders.root).check()
    except UsageError as error:
        raise UsageError(f"The worker on {host} does not see the source: {error}") from error
    prints = {spec.name: spec.fingerprint for spec in encoders.vector_specs()}
    if prints != orders.prints:
        raise MedleyError(
            f"The worker on {host} makes vectors of {_told(prints)}, and the run wants {_told(orders.prints)}: install "
            "the same version of Medley and the same models there."
        )


def _told(prints: Mapping[str, str]) -> str:
    return ", ".join(f"{name} by {by}" for name, by in sorted(prints.items()))
