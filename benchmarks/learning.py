"""How much memory a fit takes as a collection grows: what grows with it, and what does not.

    python -m benchmarks.learning [--segments 200000 1000000] [--methods sum attention] [--epochs 2]

The collection is made up as it is read (vectors of 384 and 512 numbers, five segments to an item, words in half of
them), so that no engine's own memory is counted: what is measured is how a fit reads and how the fused vector is made
and handed to the store, page by page, of all segments that there are. Each runs in a process of its own. `own` is the
peak of what the process holds itself; pages of the file that the vectors lie in come on top, and go where memory is
short. Seconds are those of the processor, the making of the vectors included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from schemas import VectorSpec, payload
from schemas.payload import State

SCENES = 5
TEXT, IMAGE, MEANT = 384, 512, 24
PAGE = 512


class _Stream:
    """Reads like a store, and keeps nothing: the vectors of a page are made when it is asked for."""

    location, collection = "made up", "medley"

    def __init__(self, segments: int) -> None:
        self._segments = segments
        rng = np.random.default_rng(0)
        self._maps = rng.normal(size=(MEANT, TEXT)), rng.normal(size=(MEANT, IMAGE))
        self._metadata: dict[str, Any] = {}
        self._vectors = {
            name: VectorSpec(name, dim, "cosine", f"{name}-1") for name, dim in (("text", TEXT), ("image", IMAGE))
        }
        self.written = 0

    def vectors(self) -> dict[str, VectorSpec]:
        return self._vectors

    def metadata(self) -> dict[str, Any]:
        return self._metadata

    def set_metadata(self, changes: dict[str, Any]) -> None:
        self._metadata |= changes

    def count(self, *_: Any, **__: Any) -> int:
        return self._segments

    def scroll_all(self, *_: Any, **__: Any) -> Iterator[Any]:
        from qdrant_client import models

        for start in range(0, self._segments, PAGE):
            rows = range(start, min(start + PAGE, self._segments))
            rng = np.random.default_rng(start)
            meant = rng.normal(size=(len(rows), MEANT))
            text, image = (
                (meant @ way + rng.normal(size=(len(rows), way.shape[1]))).astype(np.float32) for way in self._maps
            )
            for at, row in enumerate(rows):
                vectors: dict[str, Any] = {"image": image[at]} | ({"text": text[at]} if row % 2 else {})
                yield models.Record.model_construct(id=f"{row:036}", vector=vectors, payload=self._payload(row))

    def _payload(self, row: int) -> dict[str, Any]:
        item, segment = divmod(row, SCENES)
        return {
            payload.SOURCE: "made",
            payload.FOLDER: f"{item // 50}",
            payload.PATH: f"{item}.mp4",
            payload.ITEM: f"{item:036}",
            payload.SEGMENT: segment,
            payload.HASH: f"{item * 2654435761 % 2**64:064x}",
            payload.WORDS: {"subtitle": f"what is said in second {row} of all " * 20} if row % 2 else {},
            payload.ENCODERS: {"image": "image-1"} | ({"text": "text-1"} if row % 2 else {}),
            payload.STATE: State.INDEXED.value,
        }

    def artifacts(self) -> list[str]:
        return []

    def load_artifact(self, _: str) -> None:
        return None

    def save_artifact(self, *_: Any) -> None:
        """Nothing is kept."""

    def replace_vector(self, spec: VectorSpec) -> None:
        self._vectors[spec.name] = spec

    def set_payload(self, *_: Any, **__: Any) -> None:
        """Nothing is kept."""

    def update_vectors(self, points: Sequence[Any], **_: Any) -> None:
        self.written += len(points)

    def sync(self) -> None:
        """Nothing is kept."""


def memory() -> tuple[float, float]:
    """What this process holds itself, and what it has mapped of files, in MB (Linux)."""
    said = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    own, mapped = (int(said[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile"))
    return own, mapped


def measured(method: str, segments: int, epochs: int) -> dict[str, Any]:
    """A fit in this process: its peak memory above what was there when all was imported, and its seconds."""
    from flows.learning import fused, steps
    from fusion import context
    from fusion.attention import Attention
    from fusion.contrast import Training

    context.EPOCHS = epochs
    store: Any = _Stream(segments)
    peak, ended = [0.0, 0.0], threading.Event()
    stages: dict[str, float] = {}
    import torch  # noqa: F401 - its own memory is no part of the fit's

    before = memory()

    def watch() -> None:
        while not ended.wait(0.02):
            now = memory()
            peak[0], peak[1] = max(peak[0], now[0]), max(peak[1], now[1])

    threading.Thread(target=watch, daemon=True).start()
    began = time.process_time()
    options = steps.FitOptions(method, training=Training(epochs=epochs, threads=1))
    kept: list[Any] = []
    steps.keep = lambda _store, _report, fuser: kept.append(fuser)  # type: ignore[assignment] # the stream keeps nothing; filled below
    steps.fit(store, options)
    stages["fit"] = time.process_time() - began
    fit_peak = peak[0] - before[0]
    began = time.process_time()
    # Told by those beside them, segments would be fetched from a store: it is measured without.
    fuser = kept[0].deaf() if isinstance(kept[0], Attention) else kept[0]
    fused.fill(store, fuser, VectorSpec("fused", fuser.dim, fuser.distance, "fused-1"))
    stages["fill"] = time.process_time() - began
    ended.set()
    if store.written != segments:
        raise RuntimeError(f"{store.written:,} of {segments:,} segments were given their vector.")
    return {
        "method": method,
        "segments": segments,
        "own": round(peak[0] - before[0]),
        "own_fit": round(fit_peak),
        "mapped": round(peak[1] - before[1]),
        "written": store.written,
        "seconds": {name: round(value) for name, value in stages.items()},
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, nargs="*", default=[200_000, 1_000_000])
    parser.add_argument("--methods", nargs="*", default=["sum", "attention"])
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.one:
        print(json.dumps(measured(options.methods[0], options.segments[0], options.epochs)))
        return
    print("| method | segments | own, MB | of the file mapped, MB | seconds of one core |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for method in options.methods:
        for segments in options.segments:
            line = [sys.executable, "-m", "benchmarks.learning", "--one", "--methods", method]
            line += ["--segments", str(segments), "--epochs", str(options.epochs)]
            done = subprocess.run(
                line, check=True, capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"}
            )
            found = json.loads(done.stdout.splitlines()[-1])
            seconds = ", ".join(f"{name} {value}" for name, value in found["seconds"].items())
            print(f"| {method} | {segments:,} | {found['own']:,} | {found['mapped']:,} | {seconds} |", flush=True)


if __name__ == "__main__":
    main()
