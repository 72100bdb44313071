"""The page to search with: one document, of which nothing is fetched from anywhere else."""

from __future__ import annotations

import hmac
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Body, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from medley.html import TEMPLATES, template
from medley.http.guard import COOKIE, session_of
from medley.http.held import HeldLibrary
from medley.http.qdrant import greeting

router = APIRouter()

_SCRIPTS = ("state", "ask", "show", "click", "hit", "parts", "keys", "unlock")
"""Of the page, in this order: they are one module there."""


@router.get("/", include_in_schema=False)
def root(request: Request, library: HeldLibrary) -> Response:
    """The page for a browser; for a Qdrant client, which asks the same path, the version."""
    if "text/html" not in request.headers.get("accept", ""):
        return JSONResponse(greeting())
    html, policy = _page(clicks=library.settings.http.clicks)
    return HTMLResponse(
        html, headers={"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff", "Vary": "Accept"}
    )


@router.post("/session", tags=["Health"], status_code=204)
def session(
    library: HeldLibrary, request: Request, key: Annotated[str, Body(embed=True, description="the API key")]
) -> Response:
    """Let a browser in that has the key: pictures and players can send a cookie, but no header."""
    known = library.settings.http.api_key
    if known is not None and not hmac.compare_digest(key.encode(), known.get_secret_value().encode()):
        return JSONResponse({"error": "That is not the key of this server."}, 403)
    answer = Response(status_code=204)
    if known is not None:
        secure = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session_of(known.get_secret_value()), httponly=True, samesite="strict", secure=secure)
    return answer


@cache
def _page(*, clicks: bool) -> tuple[str, str]:
    """The document, and what it may do: run its own script and ask its own server.

    Args:
        clicks: whether it tells its server which hit is opened.
    """
    script = "\n".join((TEMPLATES / "search" / f"{name}.js").read_text("utf-8") for name in _SCRIPTS)
    html = template("search/page.html").render(script=script, clicks=clicks)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src 'unsafe-inline'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return html, policy


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
