"""What the store's adapter costs over the engine called directly: `python -m benchmarks store [--full]`.

Both do the same work in turns, each on a shard of its own with the same vectors (384 + 512 dimensions), payload and
payload indexes; medians are compared, so that what else the machine does falls on both. What a query costs more is the
median of the differences of pairs, with the interval in which the true one lies with 95%: a scan of 100,000 points
takes a hundred times as long as what is measured, so that pairs are made until that interval is short, or a minute is
over. The request to the engine has been made before the clock starts, as has the one to the store. Memory is that of a
new process that imports this file, opens the store and answers twenty queries. With `--full` also at 100,000 points,
and with the vector index there: see `benchmarks.store_index`.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
import qdrant_edge as edge
from qdrant_client import models

from benchmarks import store_index
from schemas.payload import INDEXES, point_id
from schemas.vectors import VectorSpec
from store import Store, open_store

BATCH = 256
KNOWN = 50e-6  # seconds: how long the interval of a difference may be
DIMS = {"text": 384, "image": 512}
KINDS = {
    "keyword": edge.PayloadSchemaType.Keyword,
    "integer": edge.PayloadSchemaType.Integer,
    "datetime": edge.PayloadSchemaType.Datetime,
}
Batch = tuple[list[str], dict[str, np.ndarray], list[dict[str, Any]]]


class Effort(NamedTuple):
    """Queries of a kind: so many at least, and more until a difference is known or the seconds are over."""

    queries: int
    seconds: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks store", description=__doc__)
    parser.add_argument("--points", type=int, nargs="+", default=[1_000, 20_000], help="sizes to ask queries at")
    parser.add_argument("--queries", type=int, default=100, help="queries of each kind, at least")
    parser.add_argument("--seconds", type=float, default=60, help="for queries of a kind, at most, until it is known")
    parser.add_argument("--index", type=int, default=0, help="points to build and measure the vector index with")
    parser.add_argument("--full", action="store_true", help="as well at 100,000 points, with the vector index")
    parser.add_argument("--folder", type=Path, help="where the stores are made (default: a temporary folder)")
    options, _ = parser.parse_known_args()
    sizes = sorted({*options.points, *([100_000] if options.full else [])})
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        run(Path(folder), sizes, Effort(options.queries, options.seconds))
    if indexed := options.index or (100_000 if options.full else 0):
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            store_index.run(Path(folder), indexed)


def run(folder: Path, sizes: list[int], effort: Effort) -> None:
    rng = np.random.default_rng(0)
    store = open_store(folder / "store")
    store.ensure([VectorSpec(name, dim, "cosine", f"{name}-1") for name, dim in DIMS.items()])
    direct = make_direct(folder / "direct")
    ours: list[float] = []
    floor: list[float] = []
    held = 0
    print(f"{'':50}{'engine':>10}{'store':>10}  ratio")
    for size in sizes:
        while held < size:
            batch = make_batch(rng, held)
            points = as_points(batch)
            turns: list[tuple[list[float], Callable[[], None]]] = [
                (ours, lambda points=points, store=store: store.upsert(points)),
                (floor, lambda batch=batch, direct=direct: upsert_direct(direct, batch)),
            ]
            for times, work in turns if (held // BATCH) % 2 else reversed(turns):
                times.append(timed(work))
            held += BATCH
        compare_queries(store, direct, rng, held, effort)
        store.close()
        direct.close()
        compare_opened(folder, held)
        store, direct = open_store(folder / "store"), edge.EdgeShard.load(str(folder / "direct"))
    row("upsert, points/s", BATCH / median(floor), BATCH / median(ours), f"{median(ours) / median(floor):.2f}")
    store.close()
    direct.close()


def compare_opened(folder: Path, held: int) -> None:
    """Time to open and close, and memory."""
    opened = [timed(lambda: open_store(folder / "store").close()) for _ in range(5)]
    loaded = [timed(lambda: edge.EdgeShard.load(str(folder / "direct")).close()) for _ in range(5)]
    ratio = f"{median(opened) / median(loaded):.2f}"
    row(f"open and close, s at {held:,}", median(loaded), median(opened), ratio, digits=3)
    engine, ours = (memory(kind, folder) for kind in ("direct", "store"))
    row(f"memory, MB at {held:,}", engine, ours, f"{ours / engine:.2f} ({ours - engine:+.0f} MB)")


def memory(kind: str, folder: Path) -> float:
    """MB that a process holds once it has answered twenty queries."""
    context = get_context("spawn")
    asked, told = context.Pipe(duplex=False)
    process = context.Process(target=hold, args=(kind, folder, told))
    process.start()
    used: float = asked.recv()
    process.join()
    return used


def hold(kind: str, folder: Path, told: Any) -> None:
    rng = np.random.default_rng(1)
    questions = [rng.normal(size=DIMS["text"]).tolist() for _ in range(20)]
    if kind == "store":
        with open_store(folder / "store") as store:
            for question in questions:
                store.query(nearest({"text": question})[0])
            told.send(resident())
        return
    shard = edge.EdgeShard.load(str(folder / "direct"))
    for question in questions:
        query_direct(shard, nearest({"text": question})[1])
    told.send(resident())
    shard.close()


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def make_direct(folder: Path) -> edge.EdgeShard:
    config = edge.EdgeConfig(
        vectors={name: edge.EdgeVectorParams(dim, edge.Distance.Cosine) for name, dim in DIMS.items()}
    )
    shard = edge.EdgeShard.create(str(folder), config)
    for key, kind in INDEXES.items():
        shard.update(edge.UpdateOperation.create_field_index(key, KINDS[kind]))
    shard.flush()
    return shard


def make_batch(rng: np.random.Generator, start: int) -> Batch:
    ids = [point_id("bench", f"{number}.jpg") for number in range(start, start + BATCH)]
    vectors = {name: rng.normal(size=(BATCH, dim)).astype(np.float32) for name, dim in DIMS.items()}
    payloads = [
        {
            "source": "bench",
            "path": f"some/folder/{number}.jpg",
            "folder": "some/folder",
            "item": ids[(number - start) // 4 * 4],
            "segment": 0,
            "segments": 1,
            "state": "indexed",
            "modality": ["image", "text"][number % 2],
            "mime": "image/jpeg",
            "size": 1000 + number,
            "mtime_ns": 1_700_000_000_000_000_000 + number,
            "modified": "2026-05-04T12:00:00+00:00",
            "hash": UUID(int=number).hex * 2,
            "sidecars": "",
            "words": {"sidecar": "a red fox jumps over the lazy dog and into the sea"},
            "encoders": {"text": "minilm-01234567", "image": "clip-01234567"},
            "info": {"width": 1024, "height": 768, "tags": ["fox", "sea"]},
        }
        for number in range(start, start + BATCH)
    ]
    return ids, vectors, payloads


def as_points(batch: Batch) -> list[models.PointStruct]:
    """As the flows hand them over: arrays, and no validation of what they made themselves."""
    ids, vectors, payloads = batch
    return [
        models.PointStruct.model_construct(
            id=ids[row], vector={name: rows[row] for name, rows in vectors.items()}, payload=payloads[row]
        )
        for row in range(BATCH)
    ]


def upsert_direct(shard: edge.EdgeShard, batch: Batch) -> None:
    """The least that writes the same points as durably, from the same arrays."""
    ids, vectors, payloads = batch
    plain = {name: rows.tolist() for name, rows in vectors.items()}
    points = [
        edge.Point(ids[row], {name: rows[row] for name, rows in plain.items()}, payloads[row]) for row in range(BATCH)
    ]
    shard.update(edge.UpdateOperation.upsert_points(points))
    shard.flush()


def compare_queries(store: Store, shard: edge.EdgeShard, rng: np.random.Generator, held: int, effort: Effort) -> None:
    for name, make in {"nearest": nearest, "filtered": filtered, "fused, filtered": fused, "grouped": grouped}.items():
        ask: Callable[[Any], object] = store.query_groups if make is grouped else store.query
        times: dict[str, list[float]] = {"engine": [], "store": []}
        ends = time.monotonic() + effort.seconds
        while True:
            vectors = {key: rng.normal(size=dim).astype(np.float32).tolist() for key, dim in DIMS.items()}
            asked, raw = make(vectors)
            turns = [
                ("store", lambda asked=asked, ask=ask: ask(asked)),
                ("engine", lambda raw=raw: raw(shard) if callable(raw) else query_direct(shard, raw)),
            ]
            done = len(times["store"])
            for key, work in turns if done % 2 else reversed(turns):
                times[key].append(timed(work))
            low, more, high = middle([b - a for a, b in zip(times["engine"], times["store"], strict=True)])
            if done + 1 >= effort.queries and (high - low < KNOWN or time.monotonic() > ends):
                break
        called = f"{name}, 10 with payload, ms"
        engine, ours = (median(times[key]) * 1e3 for key in ("engine", "store"))
        extra = f"{ours / engine:.2f} ({more * 1e3:+.2f} ms, {low * 1e3:+.2f} to {high * 1e3:+.2f})"
        row(f"{called} p50 at {held:,}", engine, ours, extra, digits=2)
        engine, ours = (quantiles(times[key], n=20)[-1] * 1e3 for key in ("engine", "store"))
        row(f"{called} p95 at {held:,}", engine, ours, f"{ours / engine:.2f} ({len(times['store'])} pairs)", digits=2)


def middle(values: list[float]) -> tuple[float, float, float]:
    """The median, between the order statistics that enclose the true one with 95%, whatever the distribution."""
    ordered = sorted(values)
    last, reach = len(ordered) - 1, 0.98 * len(ordered) ** 0.5  # 1.96 deviations of Binomial(n, 1/2)
    low, high = (ordered[min(max(round(last / 2 + way * reach), 0), last)] for way in (-1, 1))
    return low, median(ordered), high


def query_direct(shard: edge.EdgeShard, asked: edge.QueryRequest) -> list[tuple[Any, float, Any]]:
    """The engine makes ids and payloads when they are looked at, as whoever asks does."""
    return [(hit.id, hit.score, hit.payload) for hit in shard.query(asked)]


def nearest(vectors: dict[str, list[float]]) -> tuple[models.QueryRequest, edge.QueryRequest]:
    asked = models.QueryRequest(query=vectors["text"], using="text", limit=10, with_payload=True)
    query = edge.Query.Nearest(vectors["text"], using="text")
    return asked, edge.QueryRequest(limit=10, query=query, with_payload=True)


def filtered(vectors: dict[str, list[float]]) -> tuple[models.QueryRequest, edge.QueryRequest]:
    """Half of the points pass."""
    pictures = models.FieldCondition(key="modality", match=models.MatchValue(value="image"))
    asked, raw = nearest(vectors)
    asked = asked.model_copy(update={"filter": models.Filter(must=[pictures])})
    condition = edge.Filter(must=[edge.FieldCondition("modality", match=edge.MatchValue("image"))])
    return asked, edge.QueryRequest(limit=10, query=raw.query, filter=condition, with_payload=True)


def grouped(
    vectors: dict[str, list[float]],
) -> tuple[models.QueryGroupsRequest, Callable[[edge.EdgeShard], dict[str, list[Any]]]]:
    """The engine groups nothing: the least that its caller has to do is to fetch hits until there are ten items."""
    asked = models.QueryGroupsRequest(
        query=vectors["text"], using="text", group_by="item", limit=10, group_size=1, with_payload=True
    )

    def raw(shard: edge.EdgeShard) -> dict[str, list[Any]]:
        query = edge.Query.Nearest(vectors["text"], using="text")
        for limit in (40, 160, 640):
            groups: dict[str, list[Any]] = {}
            for hit in shard.query(edge.QueryRequest(limit=limit, query=query, with_payload=True)):
                groups.setdefault(hit.payload["item"], []).append(hit)
            if len(groups) >= 10:
                break
        return groups

    return asked, raw


def fused(vectors: dict[str, list[float]]) -> tuple[models.QueryRequest, edge.QueryRequest]:
    indexed = models.FieldCondition(key="state", match=models.MatchValue(value="indexed"))
    asked = models.QueryRequest(
        prefetch=[models.Prefetch(query=vector, using=name, limit=50) for name, vector in vectors.items()],
        query=models.RrfQuery(rrf=models.Rrf(k=60)),
        filter=models.Filter(must=[indexed]),
        limit=10,
        with_payload=True,
    )
    raw = edge.QueryRequest(
        limit=10,
        prefetches=[
            edge.Prefetch(limit=50, query=edge.Query.Nearest(vector, using=name)) for name, vector in vectors.items()
        ],
        query=edge.Fusion.Rrf(60),
        filter=edge.Filter(must=[edge.FieldCondition("state", match=edge.MatchValue("indexed"))]),
        with_payload=True,
    )
    return asked, raw


def timed(work: Callable[[], object]) -> float:
    """Seconds."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def row(name: str, engine: float, ours: float, ratio: str, digits: int = 0) -> None:
    print(f"{name:50}{engine:>10,.{digits}f}{ours:>10,.{digits}f}  {ratio}", flush=True)


if __name__ == "__main__":
    main()
