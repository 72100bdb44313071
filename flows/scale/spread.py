"""The middle of a run on a cluster: its workers read, encode and write, and the run counts what they tell.

    plan -> shards -> [workers: `flows.scale.shard`] -> accounts

The run alone plans, has the lease, carries over, deletes and adds up. A worker that dies has its shard done again by
another, which begins with what the collection lacks.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from flows.ingestion.index import Indexer, count
from flows.ingestion.points import Item
from flows.ingestion.progress import tell
from flows.scale.cluster import open_cluster
from flows.scale.shard import Done, Models, Orders, already_done, carry_out
from flows.scale.shards import LEAST, in_shards, weight
from schemas.errors import MedleyError, StoreLockedError, StoreUnavailableError
from schemas.payload import State
from schemas.vectors import ENRICHERS, PRESET

if TYPE_CHECKING:
    from flows.ingestion.run import Run
    from flows.reconciliation.packed import Packed
    from flows.reconciliation.plan import Work

AHEAD = 2  # shards a worker that are given to the cluster: one is at work, and the next is there when it ends
LOOK = 1.0  # seconds between two looks at whether the run is to stop
SILENCE = 60.0  # seconds without a word after which it is asked whether there is any worker left
PATIENCE = 120.0  # seconds in which workers that are told to stop do so: a batch may take that long

KILLED = "The workers that read its shard died, one after the other."


def indexer_of(run: Run, work: Packed[Work]) -> Indexer | Spread:
    """Who indexes: the workers of a cluster where there is one, and enough to do for it; else this process."""
    if run.settings.cluster.engine is None or weight(work) <= LEAST:
        return Indexer(run, work)
    return Spread(run, work)


class Spread:
    """Hands shards to the workers of a cluster; can be stopped and taken up again, as an `Indexer` can.

    Raises:
        MedleyError: there is no cluster.
    """

    def __init__(self, run: Run, work: Packed[Work]) -> None:
        if run.lease is None:
            raise StoreLockedError("Workers write under a run's lease, and this one has none.")
        self._run, self._lease = run, run.lease
        self._done, self._total = 0, len(work)
        self._before = 0
        self._heard = time.monotonic()
        self._under_way: dict[Future[Done], list[Work]] = {}
        self._held = ExitStack()
        self._cluster = self._held.enter_context(open_cluster(run.settings.cluster))
        try:
            self._waiting = deque(in_shards(work, self._cluster.workers))
            self._orders = self._ordered()
        except BaseException:
            self._held.close()
            raise

    def _ordered(self) -> Orders:
        run = self._run
        chosen = run.choices[ENRICHERS]
        models = Models(run.settings.encoders, run.choices[PRESET], chosen, run.names, self._cluster.share)
        prints = {spec.name: spec.fingerprint for spec in run.encoders.vector_specs()}
        return Orders(run.settings, models, str(run.tree), run.source, prints, self._lease.lend())

    def advance(self, seconds: float) -> bool:
        """Count for about so long what the workers have done, and say whether there is more to do.

        Raises:
            MedleyError: the work cannot be done, or the cluster is gone.
        """
        until = time.monotonic() + seconds
        while self._waiting or self._under_way:
            if time.monotonic() > until:
                return True
            while self._waiting and len(self._under_way) < AHEAD * self._cluster.workers:
                shard = self._waiting.popleft()
                self._under_way[self._cluster.submit(carry_out, self._orders, shard)] = shard
            for future in wait(self._under_way, LOOK, FIRST_COMPLETED).done:
                self._take(self._under_way.pop(future), future)
                self._heard = time.monotonic()
            if time.monotonic() - self._heard > SILENCE and not self._cluster.alive():
                self._under_way.clear()  # nobody is to be waited for
                raise MedleyError("The cluster has no workers any more: start some, and run again to go on from here.")
            tell("index", self._done, self._total)
        return False

    def close(self) -> None:
        """Stop the workers, wait for them, and have the lease alone again."""
        try:
            if self._under_way:
                self._lease.recall()
                wait(self._under_way, PATIENCE)
        finally:
            self._held.close()
            self._lease.take_back()
        if self._before:
            self._run.report.notes.append(
                f"Workers died: {self._before} files had been written by them, and are counted; the vectors that they "
                "encoded are not."
            )

    def _take(self, shard: Sequence[Work], future: Future[Any]) -> None:
        """Put what became of a shard in the accounts."""
        run = self._run
        try:
            done: Done = future.result()
        except self._cluster.lost:
            done = self._lost(shard)
        except CancelledError as error:
            raise MedleyError("The cluster has gone: what was finished is kept, and the next run goes on.") from error
        except Exception as error:  # a worker's, whatever it is: it ends the run with a sentence
            cause = getattr(error, "cause", None)  # Ray wraps it, and tells it with its traceback
            if isinstance(cause, MedleyError):
                raise cause from None
            if isinstance(error, MedleyError):
                raise
            raise MedleyError(f"A worker failed: {type(error).__name__}: {error}") from error
        if done.stopped:
            raise StoreUnavailableError(
                f"The worker {done.worker} found that the run does not have the collection any more: another run took "
                "it over, the server was away, or the clocks of the machines differ by more than half a minute."
            )
        for item in done.items:
            count(run.report, item)
        run.report.encoded = dict(Counter(run.report.encoded) + Counter(done.encoded))
        for stage, taken in done.spent.items():
            run.spent.add(stage, taken)
        self._done += len(shard)
        self._before += done.before

    def _lost(self, shard: Sequence[Work]) -> Done:
        """A shard of which several workers died: what they have not written is left to the next run."""
        items, rest = already_done(self._run.store, self._run.source, shard)
        left = [Item(work.found, work.hash, state=State.POSTPONED, reason=KILLED) for work in rest]
        return Done([*items, *left], len(items))
