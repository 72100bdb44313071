"""What a cheap text item costs beyond its encoding: crawl, plan, hash, read, queue, point, write and accounts.

Texts are encoded by feature hashing, which takes microseconds, so that what is left is Medley's own. The floor makes
the same vectors from the same strings, already in memory. Both run in one process, interleaved. What a run costs
whatever it finds (opening the store, starting the children, closing both) is told apart: the cost of an item is what
one more of them adds, from runs over all the files and over a fifth of them.

    python -m benchmarks.overhead [--files 10000] [--rounds 5]
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
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--media", type=Path, default=Path(tempfile.gettempdir()) / "medley-benchmark")
    options, _ = parser.parse_known_args()

    from encoders import load_preset
    from flows.ingestion.direct import ingest
    from readers import start_host
    from schemas import Modality
    from schemas.settings import load_settings

    many, few = options.files, options.files // 5
    folders = {count: media.make(options.media, "texts", count) for count in (many, few)}
    paths = sorted(folders[many].iterdir())
    texts = [path.read_text() for path in paths]
    encoders = load_preset("tiny")
    encoders["text"].encode(texts[:10], Modality.TEXT)
    start_host()
    columns: dict[str, list[float]] = {"encoding": [], "reading": [], "beyond": [], "fixed": [], "again": []}
    for _ in range(options.rounds):
        started = time.perf_counter()
        encoders["text"].encode(texts, Modality.TEXT)
        encoding = (time.perf_counter() - started) / many
        started = time.perf_counter()
        for path in paths:
            path.read_text()
        columns["reading"].append((time.perf_counter() - started) / many)
        whole, again = {}, {}
        for count, folder in folders.items():
            with tempfile.TemporaryDirectory() as store:
                settings = load_settings(store=store, encoders={"preset": "tiny", "ocr": "off"})
                for taken in (whole, again):
                    started = time.perf_counter()
                    ingest(folder, settings)
                    taken[count] = time.perf_counter() - started
        item = (whole[many] - whole[few]) / (many - few)
        columns["encoding"].append(encoding)
        columns["beyond"].append(item - encoding)
        columns["fixed"].append(whole[few] - few * item)
        columns["again"].append((again[many] - again[few]) / (many - few))
    found = {name: median(column) for name, column in columns.items()}
    print(f"{many} texts, milliseconds a file, medians of {options.rounds}:")
    print(
        f"  encoding alone {found['encoding'] * 1e3:.3f}   bare read_text {found['reading'] * 1e3:.3f}   "
        f"Medley beyond encoding {found['beyond'] * 1e3:.3f}"
    )
    print(f"  a second run, nothing changed {found['again'] * 1e3:.3f}")
    print(f"A first run costs {found['fixed']:.2f} s besides, whatever it finds.")


if __name__ == "__main__":
    main()
