"""Routes to ask with: words, uploads, items and vectors; and what the collection holds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, File, Form, Query, UploadFile
from fastapi.concurrency import run_in_threadpool
from pydantic import Field, ValidationError, field_validator

from medley.http.held import HeldLibrary, HeldTurns, Turns
from medley.library import Library
from schemas import UsageError
from schemas.answer import Explanation, SearchResult
from schemas.fields import Upload
from schemas.report import CollectionStatus, QuarantineEntry
from schemas.search import MOST_HITS, MOST_PARTS, Part, RerankOptions, SearchRequest
from schemas.sentences import sentence

router = APIRouter(tags=["Search"])


Path_ = Annotated[str, Field(min_length=1, max_length=4096)]


class SentPart(Part):
    """A part whose files are sent along: nobody can have a file of this machine read by its path."""

    image: Upload | None = None
    audio: Upload | None = None
    video: Upload | None = None


class SentRequest(SearchRequest):
    """A request whose files are sent along, as base64."""

    parts: Annotated[list[SentPart], Field(min_length=1, max_length=MOST_PARTS)]  # type: ignore[assignment] # narrower

    @field_validator("rerank")
    @classmethod
    def _by_name(cls, rerank: RerankOptions | None) -> RerankOptions | None:
        # Nobody can have this machine load any folder of it, or fetch whatever a hub offers.
        if rerank is not None and ("/" in rerank.by or rerank.by.startswith((".", "~"))):
            raise ValueError(
                f"a reranker is asked for by its name here, not by a folder or a hub id ({rerank.by!r}): "
                "the setting encoders.models gives a name other weights"
            )
        return rerank


@router.get("/search")
def search_words(
    library: HeldLibrary,
    q: Annotated[str, Query(description="words", min_length=1)],
    where: Annotated[str | None, Query(description="a filter: `modality = video and modified > 2025-01-01`")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_HITS)] = 10,
    offset: Annotated[int, Query(ge=0, le=10_000)] = 0,
) -> SearchResult:
    """Search by words alone."""
    return library.search(SearchRequest.of(text=q, where=where, limit=limit, offset=offset))


@router.post("/search")
async def search(library: HeldLibrary, turns: HeldTurns, request: SentRequest) -> SearchResult:
    """Search by any mix of words, files (base64), indexed items and vectors, each with its weight."""
    return await _answer(library, turns, request)


@router.post("/search/files")
async def search_files(
    library: HeldLibrary,
    turns: HeldTurns,
    *,
    text: Annotated[list[str] | None, Form(description="words")] = None,
    image: Annotated[list[UploadFile] | None, File(description="pictures")] = None,
    audio: Annotated[list[UploadFile] | None, File(description="sounds")] = None,
    video: Annotated[list[UploadFile] | None, File(description="clips")] = None,
    item: Annotated[list[str] | None, Form(description="indexed items, by id or path")] = None,
    where: Annotated[str | None, Form(description="a filter")] = None,
    limit: Annotated[int, Form(ge=1, le=MOST_HITS)] = 10,
    request: Annotated[str | None, Form(description="all else of a request, as JSON: see `POST /search`")] = None,
) -> SearchResult:
    """The same with files uploaded (multipart/form-data)."""
    more = _more(request)
    asked = SearchRequest.of(
        **{"limit": limit, **({"where": where} if where else {}), **more},
        text=text,
        image=[await _upload(file) for file in image or ()],
        audio=[await _upload(file) for file in audio or ()],
        video=[await _upload(file) for file in video or ()],
        item=item,
    )
    return await _answer(library, turns, asked)


@router.post("/explain")
async def explain(
    library: HeldLibrary,
    turns: HeldTurns,
    request: Annotated[SentRequest, Body(description="the search, as for `POST /search`")],
    hit: Annotated[int, Body(ge=1, le=MOST_HITS, description="which hit, counted from 1")] = 1,
    item: Annotated[str | None, Body(description="an item instead, by its id or its path in the source")] = None,
) -> Explanation:
    """Explain a hit: what each vector gave, the words that matched, and where in the picture or sound it lies (PNG)."""
    return await turns.take(lambda: library.explain(request, hit=hit, item=item))


@router.post("/feedback")
def feedback(
    library: HeldLibrary,
    request: Annotated[SentRequest, Body(description="the search, as for `POST /search`")],
    *,
    right: Annotated[list[Path_] | None, Body(max_length=MOST_HITS, description="paths of right answers")] = None,
    wrong: Annotated[list[Path_] | None, Body(max_length=MOST_HITS, description="paths of wrong ones")] = None,
    clicked: Annotated[Path_ | None, Body(description="the path of the hit that was chosen, instead")] = None,
    shown: Annotated[
        list[Path_] | None,
        Body(max_length=MOST_HITS, description="the paths of the hits among which it was chosen, best first"),
    ] = None,
) -> dict[str, int]:
    """Note what was right (1) and wrong (0), or which hit was chosen; `medley fit ranker` learns from it."""
    return library.judge(request, right=right or [], wrong=wrong or [], clicked=clicked, shown=shown or [])


@router.get("/status")
def status(library: HeldLibrary) -> CollectionStatus:
    """What the collection holds, and which files are quarantined, and why."""
    return library.status()


@router.get("/quarantine")
def quarantine(
    library: HeldLibrary, source: Annotated[str | None, Query(description="of this source alone")] = None
) -> list[QuarantineEntry]:
    """The files that could not be read or encoded, and why."""
    return library.quarantine(source)


async def _answer(library: Library, turns: Turns, request: SearchRequest) -> SearchResult:
    if any(part.kind in ("image", "audio", "video") for part in request.parts):
        return await turns.take(lambda: library.search(request))
    return await run_in_threadpool(library.search, request)


async def _upload(file: UploadFile) -> Upload:
    data = await file.read()
    name = file.filename or "the upload"
    if not data:
        raise UsageError(f"The upload {name!r} is empty.")
    return Upload(data=data, name=name)


def _more(text: str | None) -> dict[str, Any]:
    """The fields of a request that are given as JSON; its parts may be empty, as others come beside it."""
    if not text:
        return {}
    try:
        request = _Rest.model_validate_json(text)
    except ValidationError as error:
        raise UsageError(f"request: {sentence(error)}") from error
    return {name: getattr(request, name) for name in request.model_fields_set}


class _Rest(SentRequest):
    parts: list[SentPart] = Field(default_factory=list)
