"""`medley.open(...)`: a collection to fill and to search, from Python."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from flows.ingestion.lease import open_when_free
from query import (
    collection_status,
    forget,
    load_encoders,
    preview_hit,
    quarantined,
    reading_within,
    search,
    show_item,
    warm_up,
    with_vectors,
)
from schemas import EmptyCollectionError
from schemas.answer import Explanation, Hit, SearchResult
from schemas.errors import UsageError
from schemas.plan import IngestPlan, RunOptions
from schemas.report import CollectionStatus, IngestReport, QuarantineEntry
from schemas.search import Part, SearchRequest
from schemas.settings import Settings, load_settings
from store import open_from

if TYPE_CHECKING:
    from types import TracebackType

    from flows.ingestion.progress import Listener, Reader
    from query import EncoderSet, Fitted
    from query.judged import Learnt
    from schemas.evaluation import Comparison, EvaluationOptions, EvaluationReport, Judged
    from schemas.fit import BridgeChoice, FitReport
    from store import Store


SEARCHER = "query:search"
"""Who answers the questions of an evaluation that runs as a flow, which is told so by name."""


def open(store: str | Path | None = None, *, wait: bool = False, hasty: bool = False, **settings: Any) -> Library:
    """Open a collection; it is made when it is first filled.

    Args:
        store: a folder for the embedded engine, or a server's URL; else that of the settings.
        wait: until the process that holds an embedded store lets go of it.
        hasty: tell soon that a server does not answer, instead of trying for some seconds.
        settings: any other setting of `schemas.settings.Settings`, by name.

    Raises:
        UsageError: a setting is wrong.
        StoreError: the store cannot be opened.
    """
    given = {"store": str(store)} if store is not None else {}
    return Library(load_settings(**given, **settings), wait=wait, hasty=hasty)


class Library:
    """A collection: `ingest` folders into it, `search` it. Use it in a `with` statement, or call `close`."""

    def __init__(self, settings: Settings, *, wait: bool = False, hasty: bool = False) -> None:
        self.settings = settings
        self.store: Store = open_from(settings, hasty=True) if hasty else open_when_free(settings, wait=wait)

    @cached_property
    def encoders(self) -> EncoderSet:
        """The encoders of the preset; each loads when it is first used."""
        return load_encoders(self.settings, self.store)

    def ingest(
        self,
        folder: str | Path,
        *,
        source: str | None = None,
        retry: bool = False,
        force: bool = False,
        verify: bool = False,
        wait: bool = False,
        only: Sequence[str] | None = None,
        prefect: bool = False,
        progress: Listener | None = None,
        planned: Reader | None = None,
    ) -> IngestReport:
        """Make the collection equal to a folder.

        Args:
            folder: the media to make searchable.
            source: name of this media root; else the folder's own.
            retry: try quarantined files again although they have not changed.
            force: delete although most of the source is gone from the folder.
            verify: hash every file, and believe no time stamp.
            wait: until another run over the same collection has ended.
            only: what came, went or changed in the folder; nothing else is looked at.
            prefect: run as a Prefect flow, seen on its dashboard.
            progress: is told the stage, and how many files are done of how many.
            planned: is shown the plan before the work begins.

        Raises:
            UsageError: there is no such folder, or it is empty.
            StoreError: the collection cannot be written, or was made for other vectors.
        """
        changed = list(only) if only is not None else None
        options = RunOptions(source=source, retry=retry, force=force, verify=verify, wait=wait, only=changed)
        from flows.ingestion import direct  # a question must not wait for what fills the collection
        from flows.ingestion.progress import listening

        with self.filling(), listening(progress, planned):
            if prefect:
                from flows.operations.prefect_run import ingest_as_flow

                return ingest_as_flow(folder, self.settings, **options)
            return direct.ingest(folder, self.settings, **options)

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Let runs inside use this collection, which is open, and its settings."""
        from flows.ingestion.run import configured, sharing

        try:
            with sharing(self.store), configured(self.settings):
                yield
        finally:
            forget(self.store)

    def plan(
        self,
        folder: str | Path,
        *,
        source: str | None = None,
        retry: bool = False,
        force: bool = False,
        verify: bool = False,
        wait: bool = False,
        only: Sequence[str] | None = None,
        progress: Listener | None = None,
    ) -> IngestPlan:
        """What `ingest` with the same arguments would do; nothing is written.

        Raises:
            UsageError: there is no such folder, or it is empty.
            StoreError: the collection cannot be read.
        """
        from flows.ingestion import direct
        from flows.ingestion.progress import listening
        from flows.ingestion.run import sharing

        with sharing(self.store), listening(progress):
            changed = list(only) if only is not None else None
            options = RunOptions(source=source, retry=retry, force=force, verify=verify, wait=wait, only=changed)
            return direct.plan(folder, self.settings, **options)

    def search(
        self,
        text: str | SearchRequest | None = None,
        *,
        image: str | Path | bytes | None = None,
        audio: str | Path | bytes | None = None,
        video: str | Path | bytes | None = None,
        item: str | None = None,
        parts: Sequence[Mapping[str, Any] | Part] = (),
        using: str | Sequence[str] = (),
        where: str | None = None,
        limit: int = 10,
        **more: Any,
    ) -> SearchResult:
        """Search by any mix of words, picture, sound, clip, indexed items and vectors.

        Args:
            text: words; or a whole `SearchRequest`, and nothing else then.
            image: a picture: its file or its bytes.
            audio: a sound, likewise.
            video: a clip, likewise.
            item: an indexed item, by its id or its path in the source.
            parts: further parts, with weights: `{"text": "people", "weight": -1}`. See `schemas.search.Part`.
            using: named vectors to search; else all that the question can reach.
            where: a filter, such as `modality = video and modified > 2025-01-01`.
            limit: items wanted at most.
            more: any other field of `schemas.search.SearchRequest`: fusion, weights, filter, offset, group_by, exact …

        Raises:
            UsageError: the question cannot be asked.
            StoreError: the collection cannot be read.
        """
        if not isinstance(text, SearchRequest):
            text = SearchRequest.of(
                text=text,
                image=image,
                audio=audio,
                video=video,
                item=item,
                parts=list(parts),
                using=using,
                where=where,
                limit=limit,
                **more,
            )
        with reading_within(self.settings.read.limits):
            return search(self.store, self.encoders, text)

    def with_vectors(self, request: Any) -> Any:
        """A Qdrant request with vectors for the words and pictures in it: see `query.infer`."""
        with reading_within(self.settings.read.limits):
            return with_vectors(request, self.store, self.encoders)

    def warm_up(self) -> None:
        """Load what a question needs, so that the first one is answered as fast as the others.

        Raises:
            EncodeError: a model cannot be loaded.
        """
        warm_up(self.encoders)

    def explain(self, request: str | SearchRequest, *, hit: int = 1, item: str | None = None) -> Explanation:
        """Explain one hit of a search: shares, words, and where in the picture or sound it lies.

        Args:
            request: words, or a whole `SearchRequest`.
            hit: which hit, counted from 1.
            item: an item instead, by its path in the source or its id.

        Raises:
            UsageError: there is no such hit, or the question cannot be asked.
            StoreError: the collection cannot be read.
        """
        from query.explain import explain

        asked = SearchRequest.of(text=request) if isinstance(request, str) else request
        with reading_within(self.settings.read.limits):
            return explain(self.store, self.encoders, asked, hit=hit, item=item)

    def fit_weights(self, judged: str | Path) -> Fitted:
        """Fit the weights of the vectors on judged questions, a line of JSON each, and keep them with the collection.

        Raises:
            UsageError: the file is not understood, or there are too few questions.
            StoreError: the collection cannot be read or written.
        """
        from query.judged import fit_from

        return fit_from(Path(judged), self.store, self.encoders)

    def judge(
        self,
        request: str | SearchRequest,
        *,
        right: Sequence[str] = (),
        wrong: Sequence[str] = (),
        clicked: str | None = None,
        shown: Sequence[str] = (),
    ) -> dict[str, int]:
        """Note what is right and wrong of an answer, or which hit was chosen; `fit_ranker` learns from it.

        Args:
            request: what was asked: words, or a whole `SearchRequest`.
            right: paths of right answers.
            wrong: paths of wrong ones.
            clicked: the path of the hit that was chosen, instead.
            shown: the paths of the hits among which it was chosen, in their order; none: those found now.

        Raises:
            UsageError: nothing is judged, or what was chosen is not among the hits that were shown, or the first fifty.
        """
        from query.feedback import feedback_file, record

        asked = SearchRequest.of(text=request) if isinstance(request, str) else request
        if clicked is not None and not shown:
            shown = [hit.path for hit in self.search(asked.model_copy(update={"limit": 50})).hits]
        return record(feedback_file(self.settings), asked, right=right, wrong=wrong, clicked=clicked, shown=shown)

    def fit_ranker(self, judged: str | Path | None = None) -> Learnt:
        """Learn the order of hits from judged questions: those of a file, or those that `judge` noted.

        From too few of them, weights are fitted instead. It is used by `rerank={"by": "learned"}` if it is better than
        the fusion on questions that were left out.

        Raises:
            UsageError: there are too few questions, or the file is not understood.
            StoreError: the collection cannot be read or written.
        """
        from query.feedback import feedback_file
        from query.judged import fit_order

        return fit_order(Path(judged) if judged else feedback_file(self.settings), self.store, self.encoders)

    def evaluate(
        self,
        questions: str | Path | Judged | None = None,
        *,
        topics: str | Path | None = None,
        dataset: str | None = None,
        options: EvaluationOptions | None = None,
        name: str = "",
        against: str | None = None,
        gated: bool = False,
        prefect: bool = False,
        progress: Listener | None = None,
    ) -> tuple[EvaluationReport, list[Comparison]]:
        """Measure how well the collection is searched, keep the report, and compare it with an earlier one.

        Args:
            questions: judged questions: a file (JSON lines, or qrels of TREC), or the questions themselves; else they
                are made from the collection.
            topics: the words of the questions of qrels.
            dataset: `NAME=PATH` of the captions of a public data set instead: see `readers.datasets`.
            options: which questions are made, and how they are asked.
            name: of the run.
            against: an earlier run: its id or name, its file, or `latest`.
            gated: a gate is to be checked: `latest` is the last run that passed one without any loss.
            prefect: run as a Prefect flow; with `questions` from a file, or made.
            progress: is told the stage, and how many questions are done of how many.

        Raises:
            UsageError: there is no question, or no such run.
            StoreError: the collection cannot be read.
        """
        from flows.evaluation import steps
        from flows.ingestion.progress import listening
        from flows.ingestion.run import sharing

        with sharing(self.store), listening(progress):
            if prefect:
                from flows.operations.prefect_run import evaluate_as_flow

                if dataset is not None or not isinstance(questions, str | Path | None):
                    raise UsageError("A flow takes its questions from a file, or makes them: leave prefect out.")

                report = evaluate_as_flow(
                    self.settings,
                    SEARCHER,
                    questions=None if questions is None else str(questions),
                    topics=None if topics is None else str(topics),
                    options=options,
                    name=name,
                )
            else:
                judged = steps.judged_from(questions, topics, dataset)
                report = steps.evaluate(self.settings, search, judged=judged, options=options, name=name)
        return report, steps.compared(report, against, self.settings, gated=gated) if against else []

    def check_gate(self, report: EvaluationReport, against: str, drops: Mapping[str, float]) -> None:
        """See that no measure fell by more than it may since an earlier run.

        Raises:
            GateError: one did.
            UsageError: there is no such run or measure.
        """
        from flows.evaluation.steps import check_gate

        check_gate(report, against, drops, self.settings)

    def fit(
        self, method: str = "attention", *, using: Sequence[str] = (), progress: Listener | None = None
    ) -> FitReport:
        """Fit a fusion of the vectors on the collection itself; it is put in use if it wins on what was left out.

        Args:
            method: attention, concatenation or sum; or graph, which tells vectors of words by neighbours.
            using: the named vectors to fuse; none: all dense ones. Of graph: the one that is told.
            progress: is told the stage, and how much is done of how much.

        Raises:
            UnknownNameError: there is no such method or vector.
            UsageError: there is too little to learn from.
            StoreError: the collection cannot be read or written.
        """
        from flows.ingestion.lease import leased
        from flows.ingestion.progress import listening
        from flows.learning.steps import FitOptions, fit

        self._need("fit anything to")
        with leased(self.store), listening(progress):
            report = fit(self.store, FitOptions(method, tuple(using)))
        forget(self.store)
        return report

    def fit_bridges(self, *, progress: Listener | None = None) -> list[BridgeChoice]:
        """Choose the bridges between words, pictures and sounds by cross-validation on the collection's own captions.

        Raises:
            UsageError: there are too few captioned items.
            StoreError: the collection cannot be read or written.
        """
        from flows.ingestion.lease import leased
        from flows.ingestion.progress import listening
        from flows.learning.bridge import select_bridges

        self._need("fit bridges to")
        with leased(self.store), listening(progress):
            found = select_bridges(self.store, self.encoders)
        forget(self.store)
        return found

    def fits(self) -> dict[str, FitReport]:
        """The cards of all fusions that were fitted, by version."""
        from flows.learning.steps import versions

        return versions(self.store)

    def use_fit(self, version: str | None, *, asked: bool | None = None, progress: Listener | None = None) -> None:
        """Put a fitted fusion in use, or none.

        Args:
            version: one of `fits`; None takes the fused vector out of the collection.
            asked: whether questions use it without being told to; None: where it was found to help.
            progress: is told how much is done of how much.

        Raises:
            UnknownNameError: there is no such version.
            UsageError: it fuses other vectors than the collection has now.
        """
        from flows.ingestion.lease import leased
        from flows.ingestion.progress import listening
        from flows.learning.steps import drop, use

        self._need("use")
        with leased(self.store), listening(progress):
            if version is None:
                drop(self.store)
            else:
                use(self.store, version, asked=asked)
        forget(self.store)

    def _need(self, what: str) -> None:
        if not self.store.exists():
            raise EmptyCollectionError(
                f"There is nothing to {what} in {self.store.location} yet: ingest a folder first."
            )

    def status(self) -> CollectionStatus:
        """What the collection holds."""
        from flows.evaluation.runs import quality

        found = collection_status(self.store)
        found.quality = quality(self.settings)
        return found

    def quarantine(self, source: str | None = None) -> list[QuarantineEntry]:
        """The files of a source, or of all, that could not be read or encoded, and why."""
        return quarantined(self.store, source)

    def show(self, item: str) -> list[dict[str, Any]]:
        """All that is known of an item: the payload of each of its segments.

        Raises:
            UsageError: there is no such item.
        """
        return show_item(self.store, item)

    def preview(self, hit: Hit, side: int = 240) -> bytes | None:
        """A small JPEG of a hit: the picture, the frame at its second, the wave of its sound; None for a text."""
        return preview_hit(hit, side, self.settings.read.limits)

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
