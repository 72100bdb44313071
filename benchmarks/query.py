"""What a search costs: encoding the question, the engine, and Medley between them.

    python -m benchmarks.query [--full]

At 1,000 and 20,000 points, with --full at 100,000 too: random vectors of the offline encoders' dimensions and texts of
words drawn by Zipf's law. Asked by words on one vector, by a picture, by words on two vectors (fused), and grouped.
Each question is asked of Medley and of the engine alone, now the one first and now the other: encode, then one raw
request for ten points with their payload (fused: a prefetch a vector, as deep as Medley asks, and reciprocal rank
fusion in the engine). `encode` is from the parts of a request to their vectors, the reading of a picture included;
`store` is the engine with what turns its answers into objects of Python; `ours` is all the rest. Medians and 95th
percentiles in milliseconds; `ratio` is the median over the questions of the whole to the raw call, with the interval
that holds it with 95%.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from qdrant_client import models

from benchmarks.store import middle
from encoders import EncoderSet, load_preset
from flows.learning.calibrate import calibrate
from query import SearchRequest, search
from query.plan import LEAST
from schemas import Modality, payload
from schemas.payload import point_id
from schemas.vectors import LEXICAL, SOURCES
from store import Store, open_store

QUESTIONS = 100
WORDS = 5000
WARM_UP = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="100,000 points too")
    parser.add_argument("--points", type=int, nargs="*", help="other numbers of points")
    options, _ = parser.parse_known_args()
    encoders = load_preset("offline", threads=1)
    print(f"{'points':>8} {'question':9} {'encode':>13} {'store':>13} {'ours':>13} {'whole':>13} {'raw':>7}  ratio")
    for count in options.points or [1000, 20_000, *([100_000] if options.full else [])]:
        with tempfile.TemporaryDirectory(prefix="medley-") as folder, open_store(folder) as store:
            fill(store, encoders, count)
            for name, (request, raw) in questions(store, encoders, Path(folder)).items():
                print(f"{count:8,} {name:9} {measured(request, raw, store, encoders)}", flush=True)


def fill(store: Store, encoders: EncoderSet, count: int) -> None:
    """Points with text, words and picture, as a run would write them."""
    rng = np.random.default_rng(0)
    vocabulary = [f"word{n}" for n in range(WORDS)]
    chances = 1 / np.arange(1, WORDS + 1)
    chances /= chances.sum()
    specs = encoders.vector_specs()
    store.ensure(specs)
    for start in range(0, count, 1000):
        points = []
        for n in range(start, min(start + 1000, count)):
            said = " ".join(rng.choice(vocabulary, 20, p=chances))
            vectors: dict[str, Any] = {
                spec.name: rng.normal(size=spec.dim).astype(np.float32)
                for spec in specs
                if spec.name in ("text", "image")
            }
            vectors[LEXICAL] = encoders.lexical.document(said)
            fields = {
                payload.SOURCE: "bench",
                payload.PATH: f"{n % 50}/{n}.jpg",
                payload.FOLDER: str(n % 50),
                payload.ITEM: point_id("bench", f"{n % 50}/{n}.jpg"),
                payload.SEGMENT: 0,
                payload.STATE: payload.State.INDEXED.value,
                payload.MODALITY: "image",
                payload.WORDS: {"sidecar": said, "name": f"{n}"},
                payload.INFO: {"width": 640, "height": 480, "taken": "2025-01-01T00:00:00"},
                payload.ENCODERS: {spec.name: spec.fingerprint for spec in specs},
            }
            points.append(models.PointStruct.model_construct(id=fields[payload.ITEM], vector=vectors, payload=fields))
        store.upsert(points, sync=False)
    store.sync()
    store.set_metadata({SOURCES: {"bench": store.location}})  # so that the file of each hit is looked for
    calibrate(store, encoders)  # as a run does at its end: how sure a hit is, is told of every answer


Question = tuple[Callable[[int], SearchRequest], Callable[[int], Any]]


def questions(store: Store, encoders: EncoderSet, folder: Path) -> dict[str, Question]:
    """What is asked of Medley, and the same of the engine alone, by name."""
    from PIL import Image

    rng = np.random.default_rng(1)
    asked = [" ".join(f"word{n}" for n in rng.integers(0, 300, 3)) for _ in range(QUESTIONS + WARM_UP)]
    picture = folder / "question.jpg"
    Image.fromarray(rng.integers(0, 255, (240, 320, 3), np.uint8)).save(picture)
    known = models.Filter(must=[models.FieldCondition(key=payload.STATE, match=models.MatchValue(value="indexed"))])

    def vector(i: int) -> list[float]:
        made: list[float] = encoders["text"].encode_query([asked[i]], Modality.TEXT)[0].tolist()
        return made

    def near(query: Any, using: str) -> models.QueryRequest:
        return models.QueryRequest(query=query, using=using, filter=known, limit=10, with_payload=True)

    def raw_picture(_: int) -> Any:
        with Image.open(picture) as opened:
            pixels = np.asarray(opened.convert("RGB"))
        return store.query(near(encoders["image"].encode_query([pixels], Modality.IMAGE)[0].tolist(), "image"))

    def raw_fused(i: int) -> Any:
        stages = [
            models.Prefetch(query=vector(i), using="text", filter=known, limit=LEAST),
            models.Prefetch(query=encoders.lexical.query(asked[i]), using=LEXICAL, filter=known, limit=LEAST),
        ]
        request = models.QueryRequest(
            prefetch=stages, query=models.RrfQuery(rrf=models.Rrf(k=60)), limit=10, with_payload=True
        )
        return store.query(request)

    def raw_groups(i: int) -> Any:
        return store.query_groups(
            models.QueryGroupsRequest(
                query=vector(i),
                using="text",
                filter=known,
                limit=10,
                group_by="folder",
                group_size=3,
                with_payload=True,
            )
        )

    def of(**more: Any) -> Callable[[int], SearchRequest]:
        return lambda i: SearchRequest.of(text=asked[i], **more)

    return {
        "text": (of(using="text"), lambda i: store.query(near(vector(i), "text"))),
        "image": (lambda _: SearchRequest.of(image=picture), raw_picture),
        "fused": (of(using=["text", LEXICAL]), raw_fused),
        "grouped": (of(using="text", group_by="folder", group_size=3), raw_groups),
    }


def measured(
    request: Callable[[int], SearchRequest], raw: Callable[[int], Any], store: Store, encoders: EncoderSet
) -> str:
    """Ask, by turns: medians and tails of each part, of the engine alone, and the ratio."""
    parts: dict[str, list[float]] = {"encode": [], "store": [], "ours": [], "whole": []}
    alone: list[float] = []
    for i in range(QUESTIONS + WARM_UP):
        took = timed(raw, i)[1] if i % 2 else 0.0
        result, whole = timed(partial(search, store, encoders), request(i))
        took = took or timed(raw, i)[1]
        if i < WARM_UP:
            continue
        alone.append(took)
        parts["encode"].append(result.seconds["encode"])
        parts["store"].append(result.seconds["store"])
        parts["ours"].append(whole - result.seconds["encode"] - result.seconds["store"])
        parts["whole"].append(whole)
    shown = " ".join(f"{median(values):6.2f}/{tail(values):6.2f}" for values in parts.values())
    low, ratio, high = middle([one / other for one, other in zip(parts["whole"], alone, strict=True)])
    return f"{shown} {median(alone):7.2f}  {ratio:.2f} ({low:.2f} to {high:.2f})"


def timed(work: Callable[[Any], Any], given: Any) -> tuple[Any, float]:
    """What it makes of what is given, and in how many seconds."""
    started = time.perf_counter()
    made = work(given)
    return made, time.perf_counter() - started


def median(seconds: Sequence[float]) -> float:
    """In milliseconds."""
    return float(np.median(seconds)) * 1000


def tail(seconds: Sequence[float]) -> float:
    """The 95th percentile in milliseconds."""
    return float(np.percentile(seconds, 95)) * 1000


if __name__ == "__main__":
    main()
