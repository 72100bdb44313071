"""What a run has to do: the folder compared with the collection. Pure: no file and no store is touched here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from schemas import ExcludedFile, FoundFile
from schemas.media import UnreadableFile
from schemas.payload import State, payload_path


@dataclass(frozen=True, slots=True)
class Known:
    """What the collection knows of a file: the payload of its segment 0."""

    path: str  # as in the payload
    state: State
    size: int
    mtime_ns: int
    hash: str = ""
    segments: int = 1
    sidecars: str = ""
    reason: str = ""
    at_fault: str = "reader"


@dataclass(frozen=True, slots=True)
class Work:
    """A file to read and encode. What `known` already holds of the same content is not encoded again."""

    found: FoundFile
    hash: str = ""  # "" where it is not known yet
    known: Known | None = None  # what stands under the same path


@dataclass(frozen=True, slots=True)
class Carry:
    """A file whose content the collection has under another path: its vectors are carried over."""

    found: FoundFile
    origin: Known
    move: bool  # the origin is gone from the folder
    twin: bool = False  # the origin is a file of this very run: it must be indexed first
    known: Known | None = None  # what stands under the new path


@dataclass(slots=True)
class Plan:
    """Every file found, by what becomes of it; and every item that is known and gone."""

    index: list[Work] = field(default_factory=list)
    carry: list[Carry] = field(default_factory=list)
    touch: list[Work] = field(default_factory=list)  # same content, another time stamp
    unchanged: int = 0
    quarantined: list[Known] = field(default_factory=list)  # still as they were when they failed
    unreadable: list[tuple[UnreadableFile, Known | None]] = field(default_factory=list)
    excluded: list[ExcludedFile] = field(default_factory=list)
    delete: list[Known] = field(default_factory=list)
    moved: list[Known] = field(default_factory=list)  # old paths, to be removed once they are carried over

    @property
    def found(self) -> int:
        """How many files were found."""
        return (
            len(self.index)
            + len(self.carry)
            + len(self.touch)
            + self.unchanged
            + len(self.quarantined)
            + len(self.unreadable)
            + len(self.excluded)
        )


def make_plan(
    files: Iterable[FoundFile | ExcludedFile | UnreadableFile],
    known: Mapping[str, Known],
    content_hash: Callable[[FoundFile], str],
    *,
    retry: bool = False,
) -> Plan:
    """Compare what is found with what is known.

    `content_hash` is called only for a file that looks changed and whose size another content shares: a size that
    nobody else has is a content never seen. It returns "" for a file that it cannot read (reading will say why).
    With `retry`, quarantined files are tried again although they have not changed.
    """
    plan = Plan()
    suspects: list[FoundFile] = []
    present: set[str] = set()
    for file in files:
        path = payload_path(file.path)
        present.add(path)
        if isinstance(file, ExcludedFile):
            plan.excluded.append(file)
            present.discard(path)  # a file that a new rule excludes leaves the collection
        elif isinstance(file, UnreadableFile):
            plan.unreadable.append((file, known.get(path)))
        else:
            _compare(plan, file, known.get(path), suspects, retry=retry)
    # What lies in a folder that cannot be looked into is not gone.
    hidden = tuple(payload_path(file.path).rstrip("/") + "/" for file, _ in plan.unreadable)
    gone = {path: item for path, item in known.items() if path not in present and not path.startswith(hidden)}
    _sort_suspects(plan, suspects, known, gone, content_hash)
    plan.moved = [carry.origin for carry in plan.carry if carry.move]
    moved = {item.path for item in plan.moved}
    plan.delete = [item for path, item in gone.items() if path not in moved]
    return plan


def _compare(plan: Plan, file: FoundFile, item: Known | None, suspects: list[FoundFile], *, retry: bool) -> None:
    """Put a file where its size and time already tell it belongs, or among the suspects."""
    same = (
        item is not None
        and (item.size, item.mtime_ns) == (file.size, file.mtime_ns)
        and item.sidecars == file.sidecar_stamp
    )
    if item is None or not same or (retry and item.state is State.QUARANTINED):
        suspects.append(file)
    elif item.state is State.QUARANTINED:
        plan.quarantined.append(item)
    elif item.state is State.EXCLUDED:
        plan.excluded.append(ExcludedFile(file.path, item.reason))
    else:
        plan.unchanged += 1


def _sort_suspects(
    plan: Plan,
    suspects: Sequence[FoundFile],
    known: Mapping[str, Known],
    gone: Mapping[str, Known],
    content_hash: Callable[[FoundFile], str],
) -> None:
    """Tell moves, copies and touches from contents never seen."""
    by_size: dict[int, int] = defaultdict(int)
    by_hash: dict[str, list[Known]] = defaultdict(list)
    for item in known.values():
        if item.state is State.INDEXED:
            by_size[item.size] += 1
            by_hash[item.hash].append(item)
    for file in suspects:
        by_size[file.size] += 1
    moved: set[str] = set()
    first: dict[str, FoundFile] = {}
    for file in suspects:
        path = payload_path(file.path)
        here = known.get(path)
        shared = by_size[file.size] > (1 if here is None or here.size != file.size else 0)
        digest = content_hash(file) if shared else ""
        if here is not None and digest and here.hash == digest and here.state is State.INDEXED:
            if here.sidecars == file.sidecar_stamp:
                plan.touch.append(Work(file, digest, here))
            else:
                plan.index.append(Work(file, digest, here))
            continue
        origins = [item for item in by_hash.get(digest, ()) if item.sidecars == file.sidecar_stamp] if digest else []
        origin = next((o for o in origins if o.path in gone and o.path not in moved), None)
        if origin is not None:
            moved.add(origin.path)
            plan.carry.append(Carry(file, origin, move=True, known=here))
        elif origins:
            plan.carry.append(Carry(file, origins[0], move=False, known=here))
        elif digest in first and first[digest].sidecar_stamp == file.sidecar_stamp:
            twin = first[digest]
            origin = Known(payload_path(twin.path), State.INDEXED, twin.size, twin.mtime_ns, digest)
            plan.carry.append(Carry(file, origin, move=False, twin=True, known=here))
        else:
            if digest:
                first.setdefault(digest, file)
            plan.index.append(Work(file, digest, here))
