"""Ingest against the overlapped floor: the same decoder on as many threads as cores, feeding the same encoder.

The floor stores nothing, crawls nothing and keeps no ledger: it is given the list of files. Both run in processes of
their own, interleaved, with the encoders loaded and warm, and an empty collection made, before the clock starts; the
table shows medians of the ratios. Memory is the peak of the process. What making the collection costs, once, stands
below the table.

    python -m benchmarks.ingest [--rounds 5] [--kinds images,texts,sounds,videos] [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import media
from benchmarks.usage import Peak, cpu_seconds

COUNTS = {"images": 1000, "texts": 1000, "sounds": 1000, "videos": 40}
QUICK = {"images": 100, "texts": 100, "sounds": 100, "videos": 4}


def floor(files: Sequence[Path], encoders: Any) -> int:
    """Decode on as many threads as cores, encode in batches as they come; returns how many vectors were made."""
    from readers import read
    from schemas import FoundFile, Modality

    waiting = iter(files)
    lock = threading.Lock()
    decoded: queue.Queue[Any] = queue.Queue(64)

    def decode() -> None:
        while True:
            with lock:
                path = next(waiting, None)
            if path is None:
                break
            stat = path.stat()
            for segment in read(path, FoundFile(path.name, stat.st_size, stat.st_mtime_ns)).segments:
                decoded.put(segment)
        decoded.put(None)

    threads = [threading.Thread(target=decode, daemon=True) for _ in range(os.cpu_count() or 1)]
    for thread in threads:
        thread.start()
    batches: dict[str, list[Any]] = {vector: [] for vector in encoders}
    modalities = {vector: spec.modalities[0] for vector, spec in encoders.specs.items()}
    ended = made = 0

    def encode(vector: str) -> None:
        batch, batches[vector] = batches[vector], []
        if batch:
            encoders[vector].encode(batch, modalities[vector])

    while ended < len(threads):
        segment = decoded.get()
        if segment is None:
            ended += 1
            continue
        for vector, modality in modalities.items():
            before = len(batches[vector])
            if modality is Modality.TEXT and segment.text:
                batches[vector].append(segment.text)
            elif modality is Modality.IMAGE:
                batches[vector].extend(segment.frames)
            elif modality is Modality.AUDIO and segment.sound is not None:
                batches[vector].append(segment.sound)
            made += len(batches[vector]) > before  # the frames of a scene make one vector
            if len(batches[vector]) >= encoders[vector].batch_size:
                encode(vector)
    for vector in batches:
        encode(vector)
    return made


def ours(folder: Path, store: Path, preset: str) -> int:
    """`medley ingest` without Prefect; returns how many vectors were made."""
    from flows.ingestion.direct import ingest
    from schemas.settings import load_settings

    report = ingest(folder, load_settings(store=str(store), encoders={"preset": preset, "ocr": "off"}))
    if report.indexed != report.found:
        raise SystemExit(f"Not all was indexed: {report}")
    return sum(report.encoded.values())


def child(what: str, folder: Path, preset: str) -> None:
    """Run one measurement in this process and print it."""
    import qdrant_client  # noqa: F401  (imported beforehand, so that the clock pays for no import)

    import encoders as package
    import flows.ingestion.direct  # noqa: F401  (likewise)
    from store import open_store

    encoders = package.load_preset(preset)
    _warm_up(encoders)
    package.load_preset = lambda *_, **__: encoders  # the run must not load them again
    files = sorted(path for path in folder.iterdir() if path.is_file())
    _read_one(files[0], isolated=what == "ours")
    with tempfile.TemporaryDirectory() as home:
        store = Path(home) / "store"
        started = time.perf_counter()
        with open_store(store) as opened:
            opened.ensure(encoders.vector_specs())
        creation = time.perf_counter() - started
        with Peak() as memory:
            before = cpu_seconds()
            started = time.perf_counter()
            made = floor(files, encoders) if what == "floor" else ours(folder, store, preset)
            wall = time.perf_counter() - started
            cpu = cpu_seconds() - before
    print(json.dumps({"wall": wall, "cpu": cpu, "rss": memory.peak, "made": made, "creation": creation}))


def _read_one(path: Path, *, isolated: bool) -> None:
    """Read a file as the measured run will, so that its readers are imported, in the process that will read."""
    from readers import IsolatedReader, Job, read
    from schemas import FoundFile, ReadOptions

    stat = path.stat()
    found = FoundFile(path.name, stat.st_size, stat.st_mtime_ns)
    if isolated:
        with IsolatedReader(ReadOptions()) as reader:
            list(reader.read([Job(str(path), found)]))
    else:
        list(read(path, found).segments)


def _warm_up(encoders: Any) -> None:
    import numpy as np

    from schemas import Modality

    samples = {
        Modality.TEXT: "a few words",
        Modality.IMAGE: np.zeros((64, 64, 3), np.uint8),
        Modality.AUDIO: np.ones(16_000, np.float32),
    }
    for vector, spec in encoders.specs.items():
        encoders[vector].encode([samples[spec.modalities[0]]], spec.modalities[0])


def measure(what: str, folder: Path, preset: str) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.ingest", "--child", what, "--folder", str(folder), "--preset", preset]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Measure each kind of media and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--kinds", default=",".join(media.KINDS))
    parser.add_argument("--preset", default="offline")
    parser.add_argument("--quick", action="store_true", help="a tenth of the media, two rounds")
    parser.add_argument("--media", type=Path, default=Path(tempfile.gettempdir()) / "medley-benchmark")
    parser.add_argument("--child")
    parser.add_argument("--folder", type=Path)
    options, _ = parser.parse_known_args()
    if options.child:
        child(options.child, options.folder, options.preset)
        return
    counts = QUICK if options.quick else COUNTS
    rounds = 2 if options.quick else options.rounds
    print(f"{'media':8} {'files':>6} {'floor /s':>9} {'of floor':>9} {'CPU':>6} {'memory':>9}   (medians of {rounds})")
    creations: list[float] = []
    for kind in options.kinds.split(","):
        folder = media.make(options.media, kind, counts[kind])
        pairs = []
        for n in range(rounds):
            order = ("floor", "ours") if n % 2 == 0 else ("ours", "floor")
            found = {what: measure(what, folder, options.preset) for what in order}
            pairs.append((found["floor"], found["ours"]))
        if any(a["made"] != b["made"] for a, b in pairs):
            raise SystemExit(f"The floor and Medley did not make the same vectors: {pairs}")
        speed = median(a["wall"] / b["wall"] for a, b in pairs)
        cpu = median(b["cpu"] / a["cpu"] for a, b in pairs)
        memory = median(b["rss"] - a["rss"] for a, b in pairs)
        rate = counts[kind] / median(a["wall"] for a, _ in pairs)
        creations += [b["creation"] for _, b in pairs]
        print(f"{kind:8} {counts[kind]:6} {rate:9.1f} {speed:9.2f} {cpu:6.2f} {memory:+6.0f} MB", flush=True)
    print(f"An empty collection is made in {median(creations):.2f} s, once.")


if __name__ == "__main__":
    main()
