"""What it costs to look again: nothing changed, a little changed, and how that grows with the folder.

    python -m benchmarks.reconcile [--files 10000,100000] [--rounds 5]

Texts of a few words, a hundred in a folder, encoded by feature hashing, so that what is measured is Medley's own work.
The floor of an unchanged run is a bare walk (`os.scandir` and `stat` of each file) and one scroll of the payloads that
tell what is known. The floor of a change is an unchanged run, and the changed files read and encoded with nothing
stored. Floors and runs take turns in one process; the table shows medians. Time and peak memory of a first run over the
whole folder are taken in a process of its own, children included, and up to where the vector index is built: that is
done once a collection has doubled, in a process of its own, and is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.media import WORDS
from benchmarks.usage import Peak

SHARE = 100  # one file of so many is changed
PER_FOLDER = 100


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", default="10000,100000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--first", type=Path, help="only run over this folder, and print the peak of memory")
    parser.add_argument("--store", type=Path)
    options, _ = parser.parse_known_args()
    if options.first:
        print(json.dumps(_first_run(options.first, options.store)))
        return
    peaks = {}
    for count in map(int, options.files.split(",")):
        with tempfile.TemporaryDirectory(prefix="medley-reconcile-") as home:
            peaks[count] = _measure(Path(home), count, options.rounds)
    small, large = min(peaks), max(peaks)
    if large > small:
        ratio = peaks[large] / peaks[small]
        print(f"Peak of a first run over {large:,} files: {ratio:.2f} of that over {small:,} (goal: at most 1.3).")


def _measure(home: Path, count: int, rounds: int) -> float:
    folder, store = home / "media", home / "store"
    files = _make(folder, count)
    first = _in_a_process(folder, store)
    print(f"\n{count:,} files; first run {first['seconds'] / count * 1e3:.3f} ms a file, peak {first['peak']:.0f} MB")
    if first["whole"] > first["seconds"]:
        print(
            f"  with the vector index {first['whole']:.0f} s instead of {first['seconds']:.0f}, "
            f"peak {first['whole_peak']:.0f} MB"
        )
    rng = random.Random(7)

    def floor() -> None:
        _walk(folder)
        _scroll(store)

    unchanged = _ratio(rounds, floor, lambda: _run(folder, store))
    print(f"  unchanged     {unchanged[1]:7.2f} s   {unchanged[0]:.2f} of a bare walk and one scroll (goal: at most 2)")
    for name, change in (("changed", _edit), ("renamed", _rename), ("deleted", _delete)):
        ratios, walls = [], []
        for _ in range(rounds):
            picked = sorted(rng.sample(range(len(files)), count // SHARE))
            change(files, picked)
            encoding = _encode([files[n] for n in picked]) if change is _edit else 0.0
            wall = _timed(lambda: _run(folder, store))
            again = _timed(lambda: _run(folder, store))
            ratios.append(wall / (again + encoding))
            walls.append(wall)
            if change is _delete:
                files = [path for n, path in enumerate(files) if n not in set(picked)]
        print(f"  1 % {name} {median(walls):7.2f} s   {median(ratios):.2f} of an unchanged run and the encoding")
    return first["peak"]


def _ratio(rounds: int, floor: Callable[[], None], ours: Callable[[], None]) -> tuple[float, float]:
    pairs = [(_timed(floor), _timed(ours)) for _ in range(rounds)]
    return median(b / a for a, b in pairs), median(b for _, b in pairs)


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _make(folder: Path, count: int) -> list[Path]:
    files = []
    for n in range(count):
        home = folder / f"{n // PER_FOLDER:05}"
        if n % PER_FOLDER == 0:
            home.mkdir(parents=True)
        files.append(home / f"note-{n:06}.txt")
        _write(files[-1], n)
    return files


def _write(path: Path, seed: int) -> None:
    rng = random.Random(seed)
    path.write_text(" ".join(rng.choice(WORDS) for _ in range(rng.randint(8, 30))) + f" {seed}\n")


def _edit(files: list[Path], picked: list[int]) -> None:
    for n in picked:
        _write(files[n], random.randrange(1 << 40))


def _rename(files: list[Path], picked: list[int]) -> None:
    for n in picked:
        files[n] = files[n].rename(files[n].with_name(f"renamed-{random.randrange(1 << 40)}.txt"))


def _delete(files: list[Path], picked: list[int]) -> None:
    for n in picked:
        files[n].unlink()


def _walk(folder: Path) -> None:
    waiting = [str(folder)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.is_dir():
                    waiting.append(entry.path)
                else:
                    entry.stat()


def _scroll(store: Path) -> None:
    from flows.reconciliation.ledger import FIELDS, first_segments
    from store import open_store

    with open_store(store) as opened:
        for _ in opened.scroll_all(first_segments("media"), with_payload=FIELDS):
            pass


def _encode(paths: list[Path]) -> float:
    from encoders import load_preset
    from schemas import Modality

    started = time.perf_counter()
    load_preset("tiny")["text"].encode([path.read_text() for path in paths], Modality.TEXT)
    return time.perf_counter() - started


def _run(folder: Path, store: Path) -> None:
    from flows.ingestion.direct import ingest
    from schemas.settings import load_settings

    ingest(folder, load_settings(store=str(store), encoders={"preset": "tiny", "ocr": "off"}))


def _first_run(folder: Path, store: Path) -> dict[str, float]:
    from flows.ingestion.progress import listening

    warm = Path(tempfile.mkdtemp())
    _write(warm / "note.txt", 1)
    _run(warm, warm / "store")
    shutil.rmtree(warm)
    before_index: dict[str, float] = {}
    with Peak() as memory:
        started = time.perf_counter()

        def listen(stage: str, done: int, total: int) -> None:
            if stage == "optimize" and not before_index:
                before_index.update(seconds=time.perf_counter() - started, peak=memory.peak)

        with listening(listen):
            _run(folder, store)
        whole = {"seconds": time.perf_counter() - started, "peak": memory.peak}
    return {"whole": whole["seconds"], "whole_peak": whole["peak"], **(before_index or whole)}


def _in_a_process(folder: Path, store: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.reconcile", "--first", str(folder), "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
