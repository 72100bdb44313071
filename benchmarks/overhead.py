"""What a cheap text item costs beyond its encoding: crawl, plan, hash, read, queue, point, write and accounts.

Texts are encoded by feature hashing, which takes microseconds, so that what is left is Medley's own. The floor makes
the same vectors from the same strings, already in memory. Both run in one process, interleaved.

    python -m benchmarks.overhead [--files 5000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks import media


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--media", type=Path, default=Path(tempfile.gettempdir()) / "medley-benchmark")
    options, _ = parser.parse_known_args()

    from encoders import load_preset
    from flows.direct import ingest
    from schemas import Modality
    from schemas.settings import load_settings

    folder = media.make(options.media, "texts", options.files)
    paths = sorted(folder.iterdir())
    texts = [path.read_text() for path in paths]
    encoders = load_preset("tiny")
    encoders["text"].encode(texts[:10], Modality.TEXT)
    costs, again = [], []
    for _ in range(options.rounds):
        started = time.perf_counter()
        encoders["text"].encode(texts, Modality.TEXT)
        encoding = time.perf_counter() - started
        started = time.perf_counter()
        for path in paths:
            path.read_text()
        reading = time.perf_counter() - started
        with tempfile.TemporaryDirectory() as store:
            settings = load_settings(store=store, encoders={"preset": "tiny", "ocr": "off"})
            started = time.perf_counter()
            ingest(folder, settings)
            whole = time.perf_counter() - started
            started = time.perf_counter()
            ingest(folder, settings)
            again.append((time.perf_counter() - started) / options.files * 1e3)
        costs.append(tuple(seconds / options.files * 1e3 for seconds in (encoding, reading, whole - encoding)))
    encoding, reading, beyond = (median(column) for column in zip(*costs, strict=True))
    print(f"{options.files} texts, milliseconds a file, medians of {options.rounds}:")
    print(f"  encoding alone {encoding:.3f}   bare read_text {reading:.3f}   Medley beyond encoding {beyond:.3f}")
    print(f"  a second run, nothing changed {median(again):.3f}")


if __name__ == "__main__":
    main()
