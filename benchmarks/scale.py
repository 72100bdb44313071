"""How many pictures a second two workers of a Dask cluster index, over what one does.

Every worker has a core of its own, as on a machine of its own. What they share runs on the same cores: the run's
process, which plans and counts, and the server, a process that takes what is written without indexing it.

    python -m benchmarks.scale [--images 600] [--workers 2] [--rounds 3] [--preset offline]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import media
from flows.ingestion import steps
from flows.ingestion.run import open_run
from schemas.settings import load_settings


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--preset", default="offline")
    parser.add_argument("--media", type=Path, default=Path(tempfile.gettempdir()) / "medley-benchmark")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options, _ = parser.parse_known_args()
    if options.serve:
        serve()
        return
    images = media.make(options.media, "images", options.images)
    counts = (1, options.workers)
    taken: dict[int, list[float]] = {count: [] for count in counts}
    with ExitStack() as held:
        url = held.enter_context(server())
        clusters = {count: held.enter_context(cluster(count)) for count in counts}
        for number in range(options.rounds + 1):
            for count in counts:
                seconds = index(images, url, clusters[count], options.preset)
                if number:  # in the first one models are loaded
                    taken[count].append(options.images / seconds)
    speed = {count: statistics.median(of) for count, of in taken.items()}
    for count in counts:
        print(f"{count} workers  {speed[count]:6.1f} images/s  ({', '.join(f'{one:.1f}' for one in taken[count])})")
    print(f"efficiency {speed[counts[1]] / (counts[1] * speed[1]):.2f}")


def index(images: Path, url: str, scheduler: str, preset: str) -> float:
    """Seconds in which a run's files are read, encoded and written."""
    settings = load_settings(
        store=url, encoders={"preset": preset, "ocr": "off"}, cluster={"engine": "dask", "address": scheduler}
    )
    with open_run(images, settings) as run:
        steps.compare(run)
        steps.carry(run)
        began = time.perf_counter()
        while steps.index(run):
            pass
        return time.perf_counter() - began


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """The address of a cluster whose workers have a core each."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, memory_limit=None, dashboard_address="127.0.0.1:0"
        ) as local,
        Client(local, set_as_default=False) as client,
    ):
        for core, worker in enumerate(client.scheduler_info()["workers"]):
            client.run(os.sched_setaffinity, 0, {core % (os.cpu_count() or 1)}, workers=[worker])
        yield client.scheduler.address


@contextmanager
def server() -> Iterator[str]:
    """The address of the stand-in for a server, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.scale", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def serve() -> None:
    """Qdrant's REST API, but points that are written are dropped; until nobody reads what this prints."""
    from tests import rest

    [writing] = [route for route in rest.ROUTES if route[0] == "PUT" and route[1].endswith("/points")]
    rest.ROUTES[writing] = (None, lambda *_: {"operation_id": 1, "status": "completed"})
    print(rest.RestServer().url, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
