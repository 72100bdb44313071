"""Every error as an answer: one table of statuses, one sentence, in the envelope that the client expects."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from schemas import MedleyError
from schemas.errors import http_status
from schemas.sentences import field_of, gravest, sentence_of, told

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

_NOWHERE = {int(status): status.phrase for status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)}
"""What the framework says of a path that leads nowhere."""

RETRY_LATER = {503: "5"}  # seconds
QDRANT = ("/collections", "/aliases", "/cluster", "/telemetry", "/issues", "/snapshots", "/quotas")
"""Paths of Qdrant's API: their errors come in its envelope."""


def is_qdrants(path: str) -> bool:
    """Whether a path belongs to Qdrant's API."""
    return any(path == known or path.startswith(f"{known}/") for known in QDRANT)


def envelope(path: str, sentence: str) -> dict[str, Any]:
    """The body of an error."""
    return {"status": {"error": sentence}, "time": 0.0} if is_qdrants(path) else {"error": sentence}


def refusal(path: str, status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """An error as an answer."""
    more = {"Retry-After": RETRY_LATER[status]} if status in RETRY_LATER else {}
    return JSONResponse(envelope(path, sentence), status, headers={**more, **(headers or {})})


def add_handlers(app: FastAPI) -> None:
    """Answer every error that a route raises."""

    @app.exception_handler(MedleyError)
    def ours(request: Request, error: MedleyError) -> JSONResponse:
        return refusal(request.url.path, http_status(error), str(error))

    @app.exception_handler(RequestValidationError)
    def wrong(request: Request, error: RequestValidationError) -> JSONResponse:
        return refusal(request.url.path, 422, _what_is_wrong(error))

    @app.exception_handler(HTTPException)
    def plain(request: Request, error: HTTPException) -> JSONResponse:
        bare = error.detail == _NOWHERE.get(error.status_code)
        sentence = _there_is_none(request, error) if bare else str(error.detail)
        return refusal(request.url.path, error.status_code, sentence, dict(error.headers or {}))

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> JSONResponse:
        sentence = f"This is a fault in Medley ({type(error).__name__}): please report it with what its log says."
        return refusal(request.url.path, 500, sentence)


def _what_is_wrong(error: RequestValidationError) -> str:
    """The gravest complaint, by the parameter or the field that it is about."""
    problem = gravest(error.errors())
    place, *inner = problem["loc"] or ["body"]
    if place == "body":
        if problem["type"] in ("missing", "json_invalid", "model_attributes_type") and not _named(inner):
            why = f" ({problem['ctx']['error']})" if problem["type"] == "json_invalid" else ""
            return f"The body must be a JSON object{why}, sent with 'Content-Type: application/json'."
        return sentence_of({**problem, "loc": inner}, whole="The body")
    what = {"query": "parameter", "path": "part of the path"}.get(str(place), str(place))
    return told(f"The {what} {field_of(inner[:1])!r}", problem)


def _named(place: Sequence[int | str]) -> bool:
    return any(isinstance(step, str) for step in place)  # of what is no JSON, only the character is told


def _there_is_none(request: Request, error: HTTPException) -> str:
    """The same, with what to do."""
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        return f"There is nothing at {path}: /docs lists what can be asked."
    return f"{path} does not take {request.method}: /docs lists what can be asked."
