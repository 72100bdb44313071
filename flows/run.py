"""One run over one source: what it works on, and what it has done so far."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.lease import Lease, leased, open_when_free
from flows.migrate import Migration, begin, resume, stale
from flows.plan import Plan
from schemas import Modality, ReadOptions, UsageError
from schemas.report import IngestReport
from schemas.settings import Settings, load_settings
from schemas.vectors import DEFAULT_PRESET, PRESET, SOURCES, vectors_in_use

if TYPE_CHECKING:
    from encoders import EncoderSet, Enricher
    from flows.index import Indexer
    from store import Store

OCR_SIDE = 1280
"""Longest side of a picture that OCR reads, pixels: a page of text is legible at it. Encoders scale down further."""

_shared: ContextVar[Store | None] = ContextVar("shared", default=None)
_settings: ContextVar[Settings | None] = ContextVar("settings", default=None)


@dataclass(slots=True)
class Run:
    """A run. Its steps are in `flows.steps`."""

    root: Path
    source: str
    store: Store
    encoders: EncoderSet
    enrichers: list[Enricher]
    settings: Settings
    retry: bool = False
    force: bool = False
    verify: bool = False
    dry: bool = False
    refused: str = ""  # why it must not go on
    started: float = field(default_factory=time.monotonic)
    plan: Plan = field(default_factory=Plan)
    report: IngestReport = field(default_factory=IngestReport)
    migrations: list[Migration] = field(default_factory=list)  # the encoders are those of the vectors that are filled
    postponed: bool = False  # something that should be encoded anew could not be read
    lease: Lease | None = None
    indexer: Indexer | None = None
    reencoder: Iterator[None] | None = None

    @property
    def read_options(self) -> ReadOptions:
        """How this run's files are decoded."""
        reads_pictures = any(Modality.IMAGE in enricher.modalities for enricher in self.enrichers)
        side = OCR_SIDE if reads_pictures else ReadOptions().image_side
        return ReadOptions(image_side=side, sample_rate=self.encoders.sample_rate)


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
) -> Iterator[Run]:
    """Open the store and the encoders for a run over a folder; a `dry` one writes nothing, not even a collection.

    Raises:
        UsageError: the folder is none, or its name already stands for another folder.
        StoreError: the store cannot be opened, or was made for other vectors.
    """
    from encoders import load_enrichers, load_preset, preset_named

    root = media_root(folder)
    shared = _shared.get()
    store = shared or open_when_free(settings, wait=wait)
    try:
        preset = settings.encoders.preset or store.metadata().get(PRESET, DEFAULT_PRESET)
        encoders = load_preset(preset, settings=settings.encoders)
        enriching = preset_named(preset).enrichers
        enrichers = load_enrichers(settings.encoders, enriching, rate=encoders.sample_rate)
        with ExitStack() as held:
            lease = None
            if not dry:
                if not store.exists():
                    store.ensure(settings.keeping(encoders.vector_specs()))
                lease = held.enter_context(leased(store, wait=wait))
            sources: dict[str, str] = store.metadata().get(SOURCES, {})
            name = source_name(sources, root, source)
            migrations = _migrations(store, encoders, dry=dry)
            names = {one.name: one.into for one in migrations}
            filled = encoders.under({one: names.get(one, one) for one in encoders}) if migrations else encoders
            if not dry:
                store.ensure(settings.keeping(filled.vector_specs()))
                _claim(store, {PRESET: preset, SOURCES: sources | {name: str(root)}})
            run = Run(root, name, store, filled, enrichers, settings, retry=retry, force=force, verify=verify, dry=dry)
            run.migrations, run.lease, run.report.source = migrations, lease, name
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


def _migrations(store: Store, encoders: EncoderSet, *, dry: bool) -> list[Migration]:
    """The vectors whose encoder changes, made ready to be filled unless the run is a dry one."""
    if not store.exists():
        return []
    if not dry:
        resume(store)
    wanted, metadata = encoders.vector_specs(), store.metadata()
    migrations = stale(vectors_in_use(store.vectors(), metadata), metadata, wanted)
    if not dry:
        begin(store, migrations, wanted)
    return migrations


def media_root(folder: str | Path) -> Path:
    """The folder as an absolute path.

    Raises:
        UsageError: there is no such folder.
    """
    root = Path(folder).expanduser()
    if not root.exists():
        raise UsageError(f"There is no folder {str(folder)!r}.")
    if not root.is_dir():
        raise UsageError(f"{str(folder)!r} is a file: give the folder that it lies in.")
    return root.resolve()


def source_name(sources: Mapping[str, str], root: Path, name: str | None) -> str:
    """The name of the source for a folder, where `sources` are the folders of those that the collection has.

    Without a name given, it is the one that the folder already has, or the folder's own. A name given moves a source:
    the folder was mounted or moved elsewhere.

    Raises:
        UsageError: the folder's own name already stands for another folder.
    """
    if name is not None and not name.strip():
        raise UsageError("The name of the source is empty: give one, or leave --source out.")
    if name is None:
        name = next((known for known, at in sources.items() if at == str(root)), root.name or "root")
        if sources.get(name, str(root)) != str(root):
            raise UsageError(
                f"The collection already has a source named {name!r}, the folder {sources[name]}. If {root} is the "
                f"same media in a new place, run again with --source {name}; if not, choose another name with --source."
            )
    return name


def _claim(store: Store, wanted: Mapping[str, Any]) -> None:
    """Write what a run says of the collection, if it is new."""
    have = store.metadata()
    if changed := {key: value for key, value in wanted.items() if have.get(key) != value}:
        store.set_metadata(changed)
