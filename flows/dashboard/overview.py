"""The collection as a page of the dashboard: what it holds, by which encoders, and how well it is searched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.dashboard.report import cell, table
from flows.evaluation import runs
from schemas import MedleyError, Modality, payload
from schemas.payload import State
from schemas.vectors import LEXICAL, RUNS, SOURCES
from store import is_server
from store.files import space_taken

if TYPE_CHECKING:
    from schemas.settings import Settings
    from store import Store

TREND = 8  # evaluations shown
MEASURES = ("recall@1", "recall@10", "mrr", "ndcg@10")


def as_markdown(store: Store, settings: Settings) -> str:
    """Items by modality, vectors and their encoders, sources and their last runs, quality over time."""
    lines = [f"# Collection {settings.collection}", "", f"`{_place(store)}`{_size(store)}", ""]
    link = search_link(settings)
    if link:
        lines += [f"[Search it]({link})", ""]
    lines += [*_items(store), "", "## Vectors", "", *_vectors(store), "", "## Sources", "", *_sources(store)]
    trend = _trend(settings)
    return "\n".join([*lines, *(["", "## Quality", "", *trend] if trend else [])])


def search_link(settings: Settings) -> str | None:
    """Where the collection can be searched: at the server that holds it, else on the dashboard of Qdrant's."""
    from store import shown_location

    if is_server(settings.store):
        return f"{shown_location(settings.store).rstrip('/')}/dashboard#/collections/{settings.collection}"
    from store.aliases import resolve
    from store.lock import server_of

    folder = Path(settings.store).expanduser()
    return server_of(folder / resolve(folder, settings.collection) / "lock")


def _items(store: Store) -> list[str]:
    counts = {one.value: _count(store, {payload.MODALITY: one.value, payload.SEGMENT: 0}) for one in Modality}
    rows = [(name, f"{count:,}", f"{_count(store, {payload.MODALITY: name}):,}") for name, count in counts.items()]
    rows.append(("**all**", f"**{sum(counts.values()):,}**", f"**{_count(store):,}**"))
    held = _count(store, state=State.QUARANTINED)
    return [*table(("", "files", "segments"), rows, "->>"), "", f"Quarantined: {held:,}."]


def _vectors(store: Store) -> list[str]:
    from qdrant_client import models

    rows = []
    for name, spec in store.vectors().items():
        has = store.count(models.Filter(must=[models.HasVectorCondition(has_vector=name)]))
        dim = "sparse" if name == LEXICAL else f"{spec.dim:,}"
        rows.append((name, f"{has:,}", dim, f"`{cell(spec.fingerprint)}`"))
    return table(("vector", "segments", "dimensions", "encoder"), rows, "->>-")


def _sources(store: Store) -> list[str]:
    metadata = store.metadata()
    last: dict[str, Any] = metadata.get(RUNS, {})
    rows = []
    for source, folder in metadata.get(SOURCES, {}).items():
        run = last.get(source, {})
        files = _count(store, {payload.SOURCE: source, payload.SEGMENT: 0})
        rows.append(
            (source, f"`{cell(folder)}`", f"{files:,}", run.get("ended", ""), f"{run.get('seconds', 0):,.1f} s")
        )
    return table(("source", "folder", "files", "last run ended", "took"), rows, "-->->")


def _trend(settings: Settings) -> list[str]:
    rows = []
    for name in runs.kept(settings)[-TREND:]:
        try:
            report = runs.load(name, settings)
        except MedleyError:  # one that cannot be read any more is no reason to show none
            continue
        means = report.overall.means
        rows.append((name, *(f"{means[one].mean:.3f}" if one in means else "" for one in MEASURES)))
    return table(("evaluation", *MEASURES), rows, "-" + ">" * len(MEASURES)) if rows else []


def _count(store: Store, fields: Mapping[str, str | int] | None = None, *, state: State = State.INDEXED) -> int:
    from qdrant_client import models

    wanted = {payload.STATE: state.value, **(fields or {})}
    return store.count(
        models.Filter(
            must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in wanted.items()]
        )
    )


def _place(store: Store) -> str:
    return store.location if is_server(store.location) else str(Path(store.location).expanduser().resolve())


def _size(store: Store) -> str:
    if is_server(store.location):
        return ""
    return f", {space_taken(Path(store.location)) / 1e6:,.1f} MB on disk"
