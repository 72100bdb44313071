"""The application: what is asked of it, and by whom it may be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.middleware.cors import CORSMiddleware

import medley
from medley.http import ingest, media, page, qdrant, reference, search
from medley.http.errors import add_handlers
from medley.http.guard import Guard
from medley.http.held import Turns
from medley.http.known import only_known_parameters
from medley.http.metrics import Metrics

if TYPE_CHECKING:
    from medley.http.intake import Intake
    from medley.library import Library

ABOUT = "Search by words, picture, sound and clip; and the reading half of Qdrant's REST API, under its own paths."


def create_app(library: Library, intake: Intake) -> FastAPI:
    """An ASGI application over an open library, which it does not close.

    Args:
        library: what is searched; its settings say who may ask (see `schemas.settings.HttpSettings`).
        intake: what ingests into it, in this process.
    """
    settings, store = library.settings.http, library.store
    app = FastAPI(
        title="Medley",
        version=medley.__version__,
        description=ABOUT,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(only_known_parameters)],
    )
    app.state.library, app.state.intake, app.state.turns = library, intake, Turns()
    metrics = Metrics(library.status)
    add_handlers(app)

    app.include_router(page.router)
    app.include_router(reference.router)
    app.include_router(search.router)
    app.include_router(media.router)
    app.include_router(ingest.router)
    app.include_router(qdrant.router)

    @app.get("/healthz", tags=["Health"], response_class=PlainTextResponse)
    @app.get("/livez", tags=["Health"], response_class=PlainTextResponse, include_in_schema=False)
    async def healthz() -> str:
        """Whether the process answers."""
        return "ok"

    @app.get("/readyz", tags=["Health"], response_class=PlainTextResponse)
    def readyz() -> str:
        """Whether the store answers; 503 with the reason where it does not."""
        store.exists()
        return "ok"

    @app.get("/metrics", tags=["Health"])
    def metrics_text() -> Response:
        """Requests, latencies, errors and the size of the collection, as Prometheus reads them."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    app.add_middleware(Guard, settings=settings)
    if settings.origins:  # outside of the guard: a browser asks first whether it may send a key
        app.add_middleware(CORSMiddleware, allow_origins=settings.origins, allow_methods=["*"], allow_headers=["*"])
    app.add_middleware(metrics.counting)
    return app
