"""Fifty clients at once, for a minute, against `medley serve`: errors, latency by kind of request, and its memory.

The server is a process of its own, on the loopback interface; so are the clients, which take most of a core themselves.
A client sends its next request as soon as the last one is answered, so that latency here is that of a full server.

    python -m benchmarks.serve [--seconds 60] [--clients 50] [--preset offline]
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import numpy as np

from benchmarks import media

WARM = 5.0  # seconds before the memory is first read
QUESTIONS = tuple(itertools.permutations(media.WORDS, 2))
Ask = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--preset", default="offline")
    parser.add_argument("--media", type=Path, default=Path(tempfile.gettempdir()) / "medley-benchmark")
    options, _ = parser.parse_known_args()

    import medley

    texts, images = (media.make(options.media, kind, getattr(options, kind)) for kind in ("texts", "images"))
    with tempfile.TemporaryDirectory() as home:
        with medley.open(home, encoders={"preset": options.preset, "ocr": "off"}) as library:
            library.ingest(texts)
            library.ingest(images)
        server = start(home)
        try:
            url = address(server)
            seconds, errors, memory = asyncio.run(load(url, server.pid, images, options.clients, options.seconds))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
    report(seconds, errors, memory, options.seconds)


def start(store: str) -> subprocess.Popen[str]:
    """The server, in a process of its own."""
    command = [sys.executable, "-m", "medley.cli", "serve", "--store", store, "--port", "0"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def address(server: subprocess.Popen[str]) -> str:
    """Where it answers, once it does."""
    assert server.stderr is not None
    for line in server.stderr:
        if "answers at" in line:
            return line.split()[3]
    raise RuntimeError("The server did not start.")


def kinds(url: str, images: Path) -> dict[str, Ask]:
    """What is asked, by kind."""
    rng = random.Random(1)
    points = f"{url}/collections/medley/points"
    vectors = np.random.default_rng(1).normal(size=(64, 384)).astype(np.float32).tolist()
    upload = next(images.iterdir()).read_bytes()
    found = httpx.get(f"{url}/search", params={"q": "a", "limit": 50, "where": "modality = picture"}).json()["hits"]
    items = [hit["item"] for hit in found] or [
        point["id"]
        for point in httpx.post(f"{points}/scroll", json={"filter": PICTURES, "limit": 50}).json()["result"]["points"]
    ]
    size = httpx.get(f"{url}/collections/medley").json()["result"]["config"]["params"]["vectors"]["text"]["size"]

    def near() -> dict[str, object]:
        return {"query": rng.choice(vectors)[:size], "using": "text", "limit": 10, "with_payload": True}

    return {
        "words": lambda client: client.get(f"{url}/search", params={"q": " ".join(rng.choice(QUESTIONS))}),
        "upload": lambda client: client.post(f"{url}/search/files", files={"image": ("x.jpg", upload)}),
        "qdrant query": lambda client: client.post(f"{points}/query", json=near()),
        "qdrant groups": lambda client: client.post(f"{points}/query/groups", json={**near(), "group_by": "folder"}),
        "qdrant scroll": lambda client: client.post(f"{points}/scroll", json={"limit": 20}),
        "thumbnail": lambda client: client.get(f"{url}/items/{rng.choice(items)}/thumbnail"),
        "file, a range": lambda client: client.get(
            f"{url}/items/{rng.choice(items)}/file", headers={"range": "bytes=0-65535"}
        ),
    }


PICTURES = {"must": [{"key": "modality", "match": {"value": "image"}}, {"key": "segment", "match": {"value": 0}}]}
SHARES = {
    "words": 6,
    "upload": 1,
    "qdrant query": 6,
    "qdrant groups": 1,
    "qdrant scroll": 2,
    "thumbnail": 4,
    "file, a range": 2,
}
"""How many requests of each kind, among all."""


async def load(
    url: str, pid: int, images: Path, clients: int, lasting: float
) -> tuple[dict[str, list[float]], list[str], list[int]]:
    """Ask for so long; returns seconds by kind, what went wrong, and the server's memory over time, bytes."""
    asks = kinds(url, images)
    seconds: dict[str, list[float]] = defaultdict(list)
    errors: list[str] = []
    memory: list[int] = []
    until = time.monotonic() + WARM + lasting
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)

    async def ask(rng: random.Random) -> None:
        while time.monotonic() < until:
            [kind] = rng.choices(list(SHARES), list(SHARES.values()))
            began = time.perf_counter()
            try:
                answer = await asks[kind](client)
            except httpx.HTTPError as error:
                errors.append(f"{kind}: {type(error).__name__} {error}")
                continue
            seconds[kind].append(time.perf_counter() - began)
            if answer.status_code not in (200, 206):
                errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")

    async def watch() -> None:
        await asyncio.sleep(WARM)
        while time.monotonic() < until:
            memory.append(resident(pid))
            await asyncio.sleep(1)

    async with httpx.AsyncClient(limits=limits, timeout=60) as client:
        await asyncio.gather(watch(), *(ask(random.Random(n)) for n in range(clients)))
    return seconds, errors, memory


def resident(pid: int) -> int:
    """Memory that a process holds, bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def report(seconds: dict[str, list[float]], errors: list[str], memory: list[int], lasting: float) -> None:
    """Print what was measured; exit with 1 if anything went wrong."""
    total = sum(map(len, seconds.values()))
    print(f"{total:,} requests, {total / (WARM + lasting):,.0f} a second, {len(errors)} errors")
    print(f"{'':16}{'requests':>10}{'p50 ms':>10}{'p95 ms':>10}")
    for kind in SHARES:
        taken = np.array(seconds[kind]) * 1e3
        if taken.size:
            print(f"{kind:16}{taken.size:>10,}{np.percentile(taken, 50):>10.1f}{np.percentile(taken, 95):>10.1f}")
    third = max(1, len(memory) // 3)
    first, last = (float(np.mean(part)) / 1e6 for part in (memory[:third], memory[-third:]))
    print(f"memory: {first:.0f} MB in the first third, {last:.0f} in the last ({last - first:+.1f})")
    for error in errors[:5]:
        print(error)
    if errors:
        sys.exit(1)


if __name__ == "__main__":
    main()
