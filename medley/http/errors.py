"""Every error as an answer: one table of statuses, one sentence, in the envelope that the client expects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from schemas import MedleyError
from schemas.errors import http_status

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

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
        return refusal(request.url.path, error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    def bug(request: Request, error: Exception) -> JSONResponse:
        sentence = f"This is a fault in Medley ({type(error).__name__}): please report it with what its log says."
        return refusal(request.url.path, 500, sentence)


def _what_is_wrong(error: RequestValidationError) -> str:
    """The first complaint, by the field that it is about. Of the variants of a union, the one that got furthest."""
    problem = max(error.errors(), key=lambda one: len(one["loc"]), default=None)
    if problem is None:
        return "The request is not understood."
    named = ".".join(str(part) for part in problem["loc"][1:] if not str(part).startswith("function-"))
    message = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{named or problem['loc'][0]}: {message}." if problem["loc"] else f"{message}."
