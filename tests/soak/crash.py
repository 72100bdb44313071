"""Kills runs (SIGKILL) at random moments, runs again, and compares with the collection of an undisturbed run.

    python -m tests.soak.crash [--kills 100] [--files 300] [--seed 1]

A third of the runs take in a new folder, a third one in which files were renamed, swapped, copied, edited, described
anew and deleted, and a third bring another encoder for pictures. Half are killed at any time, half at a call of an
encoder or of the store. Point by point, ids, payloads and vectors have to be the same, and what was encoded twice must
not be more than a batch that is written with one request.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Any

from flows.ingestion.writer import BATCH
from tests.collection import contents
from tests.media import clip, pdf, picture, tone

PRESET, OTHER = "tiny", "text=hashing,image=visual,audio=logmel"
WRITES = (
    *("upsert", "update_vectors", "delete", "set_payload", "sync", "set_metadata"),
    *("ensure", "replace_vector", "drop_vector"),
)
COLOURS = ("red", "green", "blue", "yellow")
# Runs are forked from one process that has imported what they need: to import it takes longer than they do.
PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload(
    ["encoders", "flows.ingestion.direct", "readers", "store.embedded", "tests.media", "tests.collection"]
)


def make_folder(root: Path, files: int) -> None:
    """A mixed folder: of ten files, four are pictures, one has a caption, two are texts, one a sound, one a copy."""
    for n in range(files):
        folder = root / f"{n % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        match n % 10:
            case 0 | 1 | 2 | 3:
                picture(folder / f"{n:03}.png", COLOURS[n % 4], (60 + n % 50, 40 + n // 50))
            case 4:
                (folder / f"{n - 1:03}.txt").write_text(f"the picture before number {n}")
                shutil.move(folder / f"{n - 1:03}.txt", root / f"{(n - 1) % 7}" / f"{n - 1:03}.txt")
            case 5 | 6:
                (folder / f"{n:03}.md").write_text(
                    f"# Note {n}\n\n" + " ".join(f"word{n * i % 997}" for i in range(300))
                )
            case 7:
                tone(folder / f"{n:03}.wav", seconds=1 + n % 9, hertz=200 + n)
            case 8:
                shutil.copy(root / f"{(n - 8) % 7}" / f"{n - 8:03}.png", folder / f"{n:03}.png")
            case _:
                (folder / f"{n:03}.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture" + bytes([n % 251]))
    clip(root / "film.mp4")
    pdf(root / "paper.pdf")
    (root / ".hidden").touch()
    for number, path in enumerate(sorted(root.rglob("*"))):
        os.utime(path, ns=(0, 1_700_000_000_000_000_000 + number * 1_000_000_000))


def change(root: Path) -> None:
    """Rename, swap, copy, edit, describe and delete some of the files, always the same ones."""
    files = sorted(path for path in root.rglob("*.*") if path.is_file())
    later = 1_800_000_000_000_000_000
    for n, path in enumerate(files):
        match n % 12:
            case 0:
                path.rename(path.with_name(f"renamed-{path.name}"))
            case 3 if path.suffix == ".md":
                path.write_text(f"# Edited {n}\n\nOther words than before.")
                os.utime(path, ns=(0, later + n))
            case 5:
                path.unlink()
            case 7 if path.suffix == ".png":
                caption = path.with_suffix(".txt")
                caption.write_text(f"described anew, number {n}")
                os.utime(caption, ns=(0, later + n))
            case 9:
                shutil.copy2(path, path.with_name(f"copy-{path.name}"))
    pictures = sorted(root.rglob("*.png"))
    for one, other in zip(pictures[::9], pictures[4::9], strict=False):
        one.rename(root / "aside")
        other.rename(one)
        (root / "aside").rename(other)


def child(told: Connection, folder: Path, store: Path, log: Path, *, die_at: int, preset: str) -> None:
    """A run that notes what each call of an encoder encodes and each call of the store, and dies at one of them.

    Calls of the store are noted twice, before and after, so that it may die at both.
    """
    from encoders.base import Encoder
    from flows.ingestion.direct import ingest
    from schemas.settings import load_settings
    from store.embedded import EmbeddedStore

    notes = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    events = count(1)
    lock = Lock()

    def note(line: str) -> None:
        with lock:
            os.write(notes, f"{line}\n".encode())
            if next(events) == die_at:
                os.kill(os.getpid(), signal.SIGKILL)

    encode_each = Encoder.encode_each

    def encoding(self: Any, given: Sequence[Any], modality: Any) -> Any:
        made = encode_each(self, given, modality)
        note(f"{self.spec.name} {len(given) - len(made[1])}")
        return made

    def noted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            note("store")
            result = method(*given, **named)
            note("store")
            return result

        return call

    Encoder.encode_each = encoding  # type: ignore[method-assign]  # to count is all it is for
    for name in WRITES:
        setattr(EmbeddedStore, name, noted(getattr(EmbeddedStore, name)))
    told.send("ready")
    report = ingest(folder, load_settings(store=str(store), encoders={"preset": preset, "ocr": "off"}))
    told.send(report.model_dump())


@dataclass
class Outcome:
    """What kills did."""

    kills: int = 0
    finished: int = 0  # runs that ended before they were killed
    unequal: list[str] = field(default_factory=list)
    twice: list[Counter[str]] = field(default_factory=list)  # contents encoded more than in an undisturbed run

    def most_twice(self) -> dict[str, int]:
        """By encoder, the most contents that a kill had encoded twice."""
        return {name: max(counts[name] for counts in self.twice) for name in sorted(set().union(*self.twice))}


class Scenario:
    """A folder, what the collection knows of it before the run, and what the run makes of it undisturbed."""

    def __init__(self, work: Path, files: int, name: str) -> None:
        self.work, self.name = work, name
        self.preset = OTHER if name == "encoder" else PRESET
        self.before, self.media = work / "before", work / "media"
        make_folder(self.media, files)
        shutil.copytree(self.media, self.before / "media", copy_function=shutil.copy2)
        self.store, self.log = work / "store", work / "log"
        if name == "changed":
            change(self.media)
        self._prepare()
        report, self.seconds = self._run(None)
        assert report is not None, "the undisturbed run failed"
        self.encoded = self._logged()
        self.events = len(self.log.read_text().splitlines())
        self.expected = self._contents()

    def kill(self, chance: random.Random, outcome: Outcome) -> None:
        """Run, kill (at any time, or at a call of an encoder or of the store), run again, compare."""
        self._prepare()
        if chance.random() < 0.5:
            after = chance.uniform(0, self.seconds)
            report, _ = self._run(after)
            killed_at = f"{self.name} folder, killed after {after:.3f} s"
        else:
            event = chance.randint(1, self.events)
            report, _ = self._run(None, die_at=event)
            killed_at = f"{self.name} folder, killed at call {event}"
        outcome.kills += 1
        outcome.finished += report is not None
        again, _ = self._run(None)
        if again is None:
            outcome.unequal.append(f"{killed_at}: the run after it failed")
            return
        found = self._contents()
        wrong = sorted(id for id in {*found, *self.expected} if found.get(id) != self.expected.get(id))
        if wrong:
            path = (found.get(wrong[0]) or self.expected[wrong[0]])[0].get("path")
            outcome.unequal.append(f"{killed_at}: {len(wrong)} points differ, {path} among them")
        if again["found"] != sum(again[name] for name in ("indexed", "unchanged", "excluded", "quarantined")):
            outcome.unequal.append(f"{killed_at}: the accounts do not add up")
        outcome.twice.append(self._logged() - self.encoded)

    def _prepare(self) -> None:
        """The collection as it was before the run."""
        shutil.rmtree(self.store, ignore_errors=True)
        if self.name != "new":
            kept = self.work / "kept"
            if not kept.exists():
                aside = self.work / "aside"
                self.media.rename(aside)
                (self.before / "media").rename(self.media)
                self._run(None, preset=PRESET)
                self.media.rename(self.before / "media")
                aside.rename(self.media)
                self.store.rename(kept)
            subprocess.run(["cp", "-a", "--sparse=always", kept, self.store], check=True)
        self.log.unlink(missing_ok=True)

    def _run(
        self, kill_after: float | None, *, die_at: int = 0, preset: str = ""
    ) -> tuple[dict[str, Any] | None, float]:
        """The report of a run, and how long it took; None if it was killed before it had one."""
        hears, tells = PROCESSES.Pipe(duplex=False)
        given = (tells, self.media, self.store, self.log)
        run = PROCESSES.Process(target=child, args=given, kwargs={"die_at": die_at, "preset": preset or self.preset})
        run.start()
        tells.close()  # so that what the run's death cuts off has an end
        report = None
        with hears, suppress(EOFError):
            hears.recv()
            began = time.monotonic()
            if kill_after is not None:
                time.sleep(kill_after)
                run.kill()
            report = hears.recv()
        run.join()
        return report, time.monotonic() - began

    def _logged(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for line in self.log.read_text().splitlines() if self.log.exists() else ():
            name, _, number = line.partition(" ")
            if number:
                counts[name] += int(number)
        return counts

    def _contents(self) -> dict[str, Any]:
        from schemas.settings import load_settings

        return contents(load_settings(store=str(self.store)))


def soak(
    work: Path,
    *,
    kills: int,
    files: int,
    seed: int,
    names: Sequence[str] = ("new", "changed", "encoder"),
    tell: Callable[[Outcome], None] = lambda _: None,
) -> Outcome:
    """Kill so many runs."""
    outcome, chance = Outcome(), random.Random(seed)
    scenarios = [Scenario(work / name, files, name) for name in names]
    for number in range(kills):
        scenario = scenarios[number % len(scenarios)]
        scenario.kill(chance, outcome)
        tell(outcome)
    return outcome


def main() -> int:
    """Returns 1 if a collection was not what it has to be."""
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--kills", type=int, default=100)
    given.add_argument("--files", type=int, default=300)
    given.add_argument("--seed", type=int, default=1)
    options = given.parse_args()
    began = time.monotonic()

    def tell(outcome: Outcome) -> None:
        if sys.stderr.isatty():
            print(f"\r{outcome.kills} kills, {len(outcome.unequal)} wrong", end="", file=sys.stderr)

    with tempfile.TemporaryDirectory() as folder:
        outcome = soak(Path(folder), kills=options.kills, files=options.files, seed=options.seed, tell=tell)
    most = outcome.most_twice()
    twice = ", ".join(f"{number} by {name}" for name, number in most.items()) or "nothing"
    print(
        f"{outcome.kills} kills ({outcome.finished} came too late) in {time.monotonic() - began:.0f} s: "
        f"{len(outcome.unequal)} collections differ; encoded twice at most: {twice}"
    )
    for sentence in outcome.unequal:
        print(sentence, file=sys.stderr)
    return 1 if outcome.unequal or any(number > BATCH for number in most.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
