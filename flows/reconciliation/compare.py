"""The folder compared with the collection. Pure: no file and no store is touched here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from flows.reconciliation.packed import Packed
from flows.reconciliation.plan import Carry, Known, Plan, Work, content
from schemas import ExcludedFile, FoundFile
from schemas.media import UnreadableFile
from schemas.payload import State, payload_path

Elsewhere = Callable[[Collection[int]], Iterable[Known]]
"""The indexed files of other sources that have one of these sizes."""

Same = Callable[[Collection[str]], Iterable[Known]]
"""The indexed files that have one of these content hashes, besides those that are known."""

Digests = Callable[[Iterable[FoundFile], int], Iterable[str]]
"""Content hashes of so many files, in their order; "" for one that cannot be read (reading will say why)."""

SPELLED_ALIKE = "its name is spelled like that of another file, of which it has other bytes"


def make_plan(
    files: Iterable[FoundFile | ExcludedFile | UnreadableFile],
    known: Mapping[str, Known],
    digests: Digests,
    *,
    retry: Collection[State] = (),
    verify: bool = False,
    unenriched: Collection[str] = (),
    elsewhere: Elsewhere = lambda sizes: (),
    same: Same | None = None,
) -> Plan:
    """Compare what is found with what is known.

    Hashes are asked for only of files that look changed and whose size another content shares: a size that nobody else
    has is a content never seen.

    Args:
        files: what the crawl finds, drawn once.
        known: what the collection knows, by path in the payload.
        digests: hashes files.
        retry: states of files that are tried again although they have not changed.
        verify: hash all files; equal size and time stamp are not believed.
        unenriched: paths in the payload whose words are to be read again, although nothing else has changed.
        elsewhere: finds contents that other sources of the collection have; asked once, if at all.
        same: finds contents by their hashes, in place of `elsewhere`. It is for few files of many: all that look
            changed are hashed then, whatever their size, and nothing is read of the rest of the collection.
    """
    plan = Plan()
    suspects: Packed[FoundFile] = Packed()
    gone = dict(known)
    for file in files:
        if isinstance(file, ExcludedFile):
            plan.excluded.append(file)  # what a new rule excludes stays among the gone, and leaves the collection
            continue
        path = file.path if file.path.isascii() else payload_path(file.path)
        if "\\" in path and plan.spelled.setdefault(path, file.path) != file.path:
            plan.excluded.append(ExcludedFile(file.path, SPELLED_ALIKE))
            continue
        item = gone.pop(path, None)
        if isinstance(file, UnreadableFile):
            plan.unreadable.append((file, item))
        elif item is None or verify or not _same(file, item) or item.state in retry:
            suspects.append(file)
        elif item.state is State.INDEXED and path in unenriched:
            plan.reread.append(Work(file, item.hash, item))
        elif item.state is State.INDEXED:
            plan.unchanged += 1
        elif item.state is State.QUARANTINED:
            plan.quarantined.append(item)
        else:
            plan.excluded.append(ExcludedFile(file.path, item.reason))
    if gone and plan.unreadable:
        gone = {path: item for path, item in gone.items() if not path.startswith(plan.unseen)}
    if suspects:
        sorter = _Sorter(plan, suspects, known, gone, unenriched, same=same, retry=retry, verify=verify)
        sorter.know(item._replace(poor=True) if item.path in unenriched else item for item in known.values())
        if same is None:
            sorter.know(elsewhere({file.size for file in suspects}))
        sorter.sort(digests)
    moved = {item.path for item in plan.moved}
    plan.delete = [item for path, item in gone.items() if path not in moved]
    return plan


def _same(file: FoundFile, item: Known) -> bool:
    return item.size == file.size and item.mtime_ns == file.mtime_ns and item.sidecars == file.sidecar_stamp


def _unread(file: FoundFile, item: Known) -> bool:
    return item.state is not State.INDEXED and not item.hash and _same(file, item)


def _has(item: Known | None, digest: str) -> bool:
    return item is not None and item.state is State.INDEXED and item.hash == digest


def _repeated(digests: Iterable[str]) -> set[int]:
    """The hashes of those that are there more than once: of a hundred thousand different ones, few are to be kept."""
    import numpy as np

    values, counts = np.unique(np.fromiter(map(hash, filter(None, digests)), np.int64), return_counts=True)
    return set(values[counts > 1].tolist())


class _Sorter:
    """Tells moves, copies, touches and changed sidecars from contents never seen."""

    def __init__(
        self,
        plan: Plan,
        suspects: Collection[FoundFile],
        known: Mapping[str, Known],
        gone: Mapping[str, Known],
        unenriched: Collection[str],
        *,
        same: Same | None,
        retry: Collection[State],
        verify: bool,
    ) -> None:
        self.plan, self.suspects, self.known, self.gone = plan, suspects, known, gone
        self.unenriched, self.same = unenriched, same
        self.retry, self.verify = retry, verify
        self.sizes = {file.size for file in suspects}
        self.shared: dict[int, int] = defaultdict(int)  # contents by size
        self.indexed: dict[str, list[Known]] = defaultdict(list)  # those that a suspect may be, by hash
        for file in suspects:
            self.shared[file.size] += 1
        self.replaced: set[str] = set()  # paths with another content now
        self.moved: set[str] = set()
        self.repeated: Collection[int] = ()  # what several suspects have the same of, as `hash` tells it
        self.first: dict[str, FoundFile] = {}  # of these contents, the first file that this run reads

    def know(self, items: Iterable[Known]) -> None:
        """Take in what the collection has."""
        for item in items:
            if item.size in self.sizes and item.state is State.INDEXED:
                self.shared[item.size] += 1
                self.indexed[content(item.path, item.hash)].append(item)

    def sort(self, digests: Digests) -> None:
        """Place every suspect."""
        here = [self.known.get(payload_path(file.path)) for file in self.suspects]
        must = [self._must_hash(file, item) for file, item in zip(self.suspects, here, strict=True)]
        wanted = (file for file, hashed in zip(self.suspects, must, strict=True) if hashed)
        hashes = iter(digests(wanted, sum(must)))
        found = Packed(
            # Where size and time are as they were, only the sidecars have changed, and the hash is known.
            next(hashes) if hashed else item.hash if item and self._believed(file, item) else ""
            for file, item, hashed in zip(self.suspects, here, must, strict=True)
        )
        if self.same is not None:
            new = {digest for item, digest in zip(here, found, strict=True) if digest and not _has(item, digest)}
            self.know(self.same(new))
        pairs = zip(here, found, strict=True)
        self.replaced = {item.path for item, digest in pairs if item is not None and item.hash != digest}
        self.repeated = _repeated(found)
        for file, item, digest in zip(self.suspects, here, found, strict=True):
            self._place(file, item, digest)

    def _believed(self, file: FoundFile, here: Known) -> bool:
        same = here.size == file.size and here.mtime_ns == file.mtime_ns
        return same and here.state is State.INDEXED and not self.verify

    def _must_hash(self, file: FoundFile, here: Known | None) -> bool:
        if self.same is not None:
            return here is None or not self._believed(file, here)
        if here is None or here.size != file.size:
            return self.shared[file.size] > 1
        if here.state is State.INDEXED or self.verify:
            return not self._believed(file, here)
        return self.shared[file.size] > 1

    def _place(self, file: FoundFile, here: Known | None, digest: str) -> None:
        # Of what could not be read to its end there may be no hash: size and time are believed then.
        same = here is not None and (here.hash == digest if digest and here.hash else _unread(file, here))
        if here is not None and same and self._stays(file, here, digest):
            return
        plan = self.plan
        origin = self._origin(file, digest)
        if origin is not None:
            move = self._left(origin)
            if move:
                self.moved.add(origin.path)
                if origin.path in self.gone:
                    plan.moved.append(origin)
            plan.carry.append(Carry(file, origin, move=move, known=here))
        elif digest and (twin := self.first.get(content(file.path, digest))) is not None:
            first = Known(
                payload_path(twin.path), State.INDEXED, twin.size, twin.mtime_ns, digest, sidecars=twin.sidecar_stamp
            )
            plan.carry.append(Carry(file, first, move=False, twin=True, known=here))
        else:
            if digest and hash(digest) in self.repeated:
                self.first[content(file.path, digest)] = file
            plan.index.append(Work(file, digest, here))

    def _stays(self, file: FoundFile, here: Known, digest: str) -> bool:
        """Whether a file with the content that is known of it is placed without looking for another origin."""
        plan = self.plan
        if here.state is State.INDEXED:
            if here.sidecars != file.sidecar_stamp or here.path in self.unenriched:
                plan.reread.append(Work(file, digest, here))
            elif here.mtime_ns != file.mtime_ns:
                plan.touch.append(Work(file, digest, here))
            else:
                plan.unchanged += 1
            return True
        if not _same(file, here) or here.state in self.retry:
            return False
        if here.state is State.QUARANTINED:
            plan.quarantined.append(here)
        else:
            plan.excluded.append(ExcludedFile(file.path, here.reason))
        return True

    def _origin(self, file: FoundFile, digest: str) -> Known | None:
        """Where the collection has the same content: rather where it no longer is, and with the same sidecars."""
        return min(
            self.indexed.get(content(file.path, digest), ()) if digest else (),
            key=lambda item: (not self._left(item), item.sidecars != file.sidecar_stamp, item.source),
            default=None,
        )

    def _left(self, origin: Known) -> bool:
        """Whether a content is no longer under its old path, and has not been found again under another."""
        gone = origin.path in self.gone or origin.path in self.replaced
        return gone and not origin.source and origin.path not in self.moved
