"""What a server tells a monitor, as Prometheus reads it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from schemas import MedleyError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from schemas.report import CollectionStatus, IngestReport

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)  # seconds
UNKNOWN = "(none)"
"""The route or method of a request that none takes: it is whatever somebody made up, and must not become a label."""


OUTCOMES = ("found", "indexed", "unchanged", "excluded", "quarantined", "postponed", "moved", "copied", "deleted")


class Metrics:
    """Counts requests, and looks at the collection when it is asked."""

    def __init__(self, status: Callable[[], CollectionStatus]) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "medley_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "medley_request_seconds",
            "Time until an answer was sent whole.",
            ["route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._running = Gauge("medley_requests_running", "Requests being answered now.", registry=self._registry)
        self._registry.register(_Collection(status))

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)

    def counting(self, app: ASGIApp) -> ASGIApp:
        """The app, counted."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status, began = 500, time.perf_counter()

            async def noting(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            with self._running.track_inprogress():
                try:
                    await app(scope, receive, noting)
                finally:
                    found = scope.get("route")
                    route = getattr(found, "path", UNKNOWN)
                    method = scope["method"] if scope["method"] in getattr(found, "methods", ()) else UNKNOWN
                    self._requests.labels(method, route, status).inc()
                    self._seconds.labels(route).observe(time.perf_counter() - began)

        return counted


class _Collection(Collector):
    """The size of the collection, counted when it is asked for."""

    def __init__(self, status: Callable[[], CollectionStatus]) -> None:
        self._status = status

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry would ask for the values, and the store may be away."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Counts by kind; only whether the store answers, where it does not."""
        try:
            found = self._status()
        except MedleyError:
            yield GaugeMetricFamily("medley_store_up", "Whether the store answers.", value=0)
            return
        yield GaugeMetricFamily("medley_store_up", "Whether the store answers.", value=1)
        yield GaugeMetricFamily("medley_points", "Segments that can be searched.", value=found.points)
        yield GaugeMetricFamily(
            "medley_quarantined", "Files that could not be read or encoded.", value=len(found.quarantined)
        )
        items = GaugeMetricFamily("medley_items", "Files that can be searched.", labels=["modality"])
        for modality, count in found.by_modality.items():
            items.add_metric([modality], count)
        yield items
        vectors = GaugeMetricFamily("medley_vectors", "Vectors held.", labels=["vector"])
        for name, vector in found.vectors.items():
            vectors.add_metric([name], vector.points)
        yield vectors
        yield from _last_runs(found.runs)
        quality = GaugeMetricFamily("medley_quality", "Means of the last evaluation.", labels=["measure"])
        for measure, mean in found.quality.items():
            quality.add_metric([measure], mean)
        yield quality


def _last_runs(runs: Mapping[str, IngestReport]) -> Iterator[Metric]:
    """The last run of each source that went through to its end."""
    files = GaugeMetricFamily("medley_run_files", "Files of the last run.", labels=["source", "outcome"])
    encoded = GaugeMetricFamily("medley_run_encoded", "Vectors that the last run made.", labels=["source", "vector"])
    spent = GaugeMetricFamily("medley_run_work_seconds", "Work of the last run by stage.", labels=["source", "stage"])
    seconds = GaugeMetricFamily("medley_run_seconds", "How long the last run took.", labels=["source"])
    ended = GaugeMetricFamily("medley_run_ended_timestamp_seconds", "When the last run ended.", labels=["source"])
    for source, run in runs.items():
        for outcome in OUTCOMES:
            files.add_metric([source, outcome], getattr(run, outcome))
        for vector, number in run.encoded.items():
            encoded.add_metric([source, vector], number)
        for stage, work in run.spent.items():
            spent.add_metric([source, stage], work)
        seconds.add_metric([source], run.seconds)
        if run.ended:
            ended.add_metric([source], datetime.fromisoformat(run.ended).timestamp())
    yield from (files, encoded, spent, seconds, ended)
