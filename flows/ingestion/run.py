"""One run over one source: what it works on, and what it has done so far."""

from __future__ import annotations

import gc
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.ingestion.events import of_run
from flows.ingestion.lease import Lease, leased, open_when_free
from flows.ingestion.spent import Spent
from flows.ingestion.upkeep import index_is_due
from flows.reconciliation.migrate import Migration, begin, resume, stale
from flows.reconciliation.plan import Plan
from flows.scale.cluster import check_cluster
from readers import CrawlRules
from readers.trees import Tree, open_tree
from schemas import Modality, ReadOptions, UsageError, VectorSpec
from schemas.report import IngestReport
from schemas.scope import Scope
from schemas.settings import EncoderSettings, Settings, load_settings
from schemas.vectors import DEFAULT_PRESET, ENRICHERS, PRESET, SOURCES, vectors_in_use

if TYPE_CHECKING:
    from encoders import EncoderSet, Enricher
    from flows.ingestion.index import Indexer
    from flows.scale.spread import Spread
    from store import Store

OCR_SIDE = 1280
"""Longest side of a picture that OCR reads, pixels: a page of text is legible at it. Encoders scale down further."""

RARELY = 10_000
"""Objects more than at the last time from which on the garbage collector looks, in a run. Python's own is 700."""

_shared: ContextVar[Store | None] = ContextVar("shared", default=None)
_settings: ContextVar[Settings | None] = ContextVar("settings", default=None)


@dataclass(slots=True)
class Run:
    """A run. Its steps are in `flows.ingestion.steps`."""

    tree: Tree
    source: str
    store: Store
    encoders: EncoderSet
    enrichers: list[Enricher]
    settings: Settings
    retry: bool = False
    force: bool = False
    verify: bool = False
    dry: bool = False
    scope: Scope | None = None  # the part of the source that is looked at
    refused: str = ""  # why it must not go on
    started: float = field(default_factory=time.monotonic)
    plan: Plan = field(default_factory=Plan)
    report: IngestReport = field(default_factory=IngestReport)
    spent: Spent = field(default_factory=Spent)
    migrations: list[Migration] = field(default_factory=list)  # the encoders are those of the vectors that are filled
    wanted: list[VectorSpec] = field(default_factory=list)  # vectors that the collection will have, by their own names
    choices: dict[str, Any] = field(default_factory=dict)  # what the collection's metadata will say that was chosen
    postponed: bool = False  # something that should be encoded anew could not be read
    names: dict[str, str] = field(default_factory=dict)  # of the vectors that are filled, by their own
    lease: Lease | None = None
    indexer: Indexer | Spread | None = None
    reencoder: Iterator[None] | None = None

    @property
    def read_options(self) -> ReadOptions:
        """How this run's files are decoded."""
        reads_pictures = any(Modality.IMAGE in enricher.modalities for enricher in self.enrichers)
        side = OCR_SIDE if reads_pictures else ReadOptions().image_side
        return ReadOptions(image_side=side, sample_rate=self.encoders.sample_rate, frames=self.encoders.frames)


@contextmanager
def sharing(store: Store) -> Iterator[None]:
    """Let runs inside use a store that is already open: the embedded engine has one owner."""
    token = _shared.set(store)
    try:
        yield
    finally:
        _shared.reset(token)


def shared_store() -> Store | None:
    """The store that `sharing` lets runs use, if any."""
    return _shared.get()


@contextmanager
def store_of(settings: Settings, *, wait: bool = False) -> Iterator[Store]:
    """The store that `sharing` lets runs use, or one opened for what runs inside."""
    shared = shared_store()
    if shared is not None:
        yield shared
        return
    with open_when_free(settings, wait=wait) as store:
        yield store


@contextmanager
def configured(settings: Settings) -> Iterator[None]:
    """Let flows inside use these settings: as parameters they would be shown, secrets among them."""
    token = _settings.set(settings)
    try:
        yield
    finally:
        _settings.reset(token)


def current_settings(**given: str | None) -> Settings:
    """The settings that `configured` set, or those of the environment; what is given goes first."""
    settings = _settings.get()
    if settings is not None:
        return settings
    return load_settings(**{name: value for name, value in given.items() if value is not None})


@contextmanager
def open_run(
    folder: str | Path,
    settings: Settings,
    *,
    dry: bool = False,
    source: str | None = None,
    retry: bool = False,
    force: bool = False,
    verify: bool = False,
    wait: bool = False,
    only: Sequence[str] | None = None,
) -> Iterator[Run]:
    """Open the store and the encoders for a run over a folder; a `dry` one writes nothing, not even a collection.

    Raises:
        UsageError: the folder is none or empty, or its name already stands for another folder.
        StoreError: the store cannot be opened, or was made for other vectors.
    """
    from encoders.listing import check_names
    from readers import start_host

    tree = open_tree(folder)
    tree.check()
    if not dry:
        start_host()  # it imports while the models are loaded
    shared = _shared.get()
    store = shared or open_when_free(settings, wait=wait)
    try:
        check_cluster(settings.cluster, store.location)
        metadata = store.metadata()
        name = source_name(metadata.get(SOURCES, {}), tree, source)
        if name not in metadata.get(SOURCES, {}):
            _refuse_empty(tree, settings)
        preset = settings.encoders.preset or metadata.get(PRESET, DEFAULT_PRESET)
        chosen = metadata.get(ENRICHERS, {}) | _lasting(settings.encoders.enrichers)
        encoders, enrichers = load_models(settings.encoders, preset, chosen)
        check_names(settings, [*encoders, *(store.vectors() if settings.vectors and store.exists() else ())])
        with ExitStack() as held:
            held.enter_context(_uncollected())
            lease = None
            if not dry:
                if not store.exists():
                    store.ensure(settings.keeping(encoders.vector_specs()), bulk=True)  # see `claim`
                lease = held.enter_context(leased(store, wait=wait))
                resume(store)
            migrations = _migrations(store, encoders)
            into = {one.name: one.into for one in migrations}
            names = {one: into.get(one, one) for one in encoders}
            filled = encoders.under(names) if migrations else encoders
            run = Run(tree, name, store, filled, enrichers, settings, retry=retry, force=force, verify=verify, dry=dry)
            run.names, run.migrations, run.lease, run.report.source = names, migrations, lease, name
            run.scope = tree.scope(only) if only is not None else None
            held.enter_context(of_run(name))
            run.wanted, run.choices = encoders.vector_specs(), {PRESET: preset, ENRICHERS: chosen}
            try:
                yield run
            finally:
                if run.indexer is not None:
                    run.indexer.close()
                if isinstance(run.reencoder, Generator):
                    run.reencoder.close()
    finally:
        if shared is None:
            store.close()


def load_models(settings: EncoderSettings, preset: str, chosen: Mapping[str, str]) -> tuple[EncoderSet, list[Enricher]]:
    """The encoders of a preset and its enrichers, of which some were `chosen`; they load their weights when used."""
    from encoders import load_enrichers, load_preset, preset_named

    encoders = load_preset(preset, settings=settings)
    running = settings.model_copy(update=dict(chosen))
    return encoders, load_enrichers(running, preset_named(preset).enrichers, rate=encoders.sample_rate)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let the garbage collector pass over what is there already, and look at the rest rarely.

    Models hold a million objects that stay. A run makes next to no cycles, and its items would be gone through again
    and again on their way.
    """
    often = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(RARELY, *often[1:])
    try:
        yield
    finally:
        gc.set_threshold(*often)
        gc.unfreeze()


def _migrations(store: Store, encoders: EncoderSet) -> list[Migration]:
    """The vectors whose encoder changes."""
    if not store.exists():
        return []
    metadata = store.metadata()
    return stale(vectors_in_use(store.vectors(), metadata), metadata, encoders.vector_specs())


def claim(run: Run) -> None:
    """Write what the run makes of the collection, once it is known that it goes on: its source, encoders, enrichers.

    Raises:
        StoreError: the store cannot be written.
    """
    store = run.store
    begin(store, run.migrations, run.wanted)
    coming = len(run.plan.index)
    bulk = coming > 0 and index_is_due(store, coming)
    store.ensure(run.settings.keeping(run.encoders.vector_specs()), bulk=bulk)
    have = store.metadata()
    says = run.choices | {SOURCES: have.get(SOURCES, {}) | {run.source: str(run.tree)}}
    if changed := {key: value for key, value in says.items() if have.get(key, {}) != value}:
        store.set_metadata(changed)


def rules_of(settings: Settings) -> CrawlRules:
    """Which files the settings want."""
    crawling = settings.crawl
    return CrawlRules(
        hidden=crawling.hidden,
        follow_links=crawling.follow_links,
        other_disks=crawling.other_disks,
        min_size=crawling.min_size,
        max_size=crawling.max_size,
        include=tuple(crawling.include),
        exclude=tuple(crawling.exclude),
    )


def media_root(folder: str | Path) -> str:
    """The address of a source: an absolute path, or a URL.

    Raises:
        UsageError: there is no such folder.
        SourceUnavailableError: nobody answers there.
    """
    tree = open_tree(folder)
    tree.check()
    return str(tree)


def source_name(sources: Mapping[str, str], root: Tree, name: str | None) -> str:
    """The name of the source for a folder or an address; `sources` are the folders of those that the collection has.

    Without a name given, it is the one that the folder already has, or the folder's own. A name given moves a source:
    the folder was mounted or moved elsewhere.

    Raises:
        UsageError: the folder's own name already stands for another folder.
    """
    if name is not None and not name.strip():
        raise UsageError("The name of the source is empty: give one, or leave --source out.")
    if name is None:
        name = next((known for known, at in sources.items() if at == str(root)), root.name)
        if sources.get(name, str(root)) != str(root):
            raise UsageError(
                f"The collection already has a source named {name!r}, the folder {sources[name]}. If {root} is the "
                f"same media in a new place, run again with --source {name}; if not, choose another name with --source."
            )
    return name


def _lasting(enrichers: Mapping[str, str]) -> dict[str, str]:
    """Choices as they can be kept: a model's folder is found from anywhere."""
    return {
        name: str(path.absolute()) if (path := Path(value)).is_dir() else value for name, value in enrichers.items()
    }


def _refuse_empty(tree: Tree, settings: Settings) -> None:
    """A folder without anything, taken for a new source, is more often a mistake than a wish."""
    if next(tree.crawl(rules_of(settings)), None) is None:
        raise UsageError(f"The folder {tree} is empty: there is nothing to make searchable.")
