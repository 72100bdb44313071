"""Who may ask, how much, and how often: before anything else looks at a request."""

from __future__ import annotations

import hmac
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from medley.http.errors import refusal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from schemas.settings import HttpSettings

OPEN = {"/", "/healthz", "/livez", "/readyz", "/docs", "/openapi.json", "/session", "/favicon.ico"}
"""Paths that tell nothing of the collection: they are answered without a key, as on a Qdrant server."""

COOKIE = "medley-session"
CLIENTS = 10_000  # whose requests are counted; the one not seen for longest is forgotten
BURST = 2.0  # seconds' worth of requests that a client may send at once
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Guard:
    """Middleware that refuses: a wrong name of the server (421), no key (401), too often (429), too large (413).

    Args:
        app: what is guarded.
        settings: the key and the limits.
        clock: seconds, for the rate.
    """

    def __init__(self, app: ASGIApp, settings: HttpSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._settings, self._clock = app, settings, clock
        self._key = settings.api_key.get_secret_value() if settings.api_key else None
        self._hosts = _names(settings)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by client: requests left, and when

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers, path = Headers(scope=scope), str(scope["path"])
        refused = self._wrong_host(headers) or self._no_key(headers, path) or self._too_often(scope)
        limit = self._settings.max_body
        announced = headers.get("content-length", "")
        if refused is None and announced.isdigit() and int(announced) > limit:
            refused = 413, _too_large(limit), {}
        if refused is not None:
            await refusal(path, *refused)(scope, receive, send)
            return
        await self._app(scope, _counted(receive, limit), send)

    def _wrong_host(self, headers: Headers) -> _Refused | None:
        """A page elsewhere can make its own name stand for this machine; a browser then lets it read the answers."""
        if self._hosts is None:
            return None
        name = _without_port(headers.get("host", ""))
        if name in self._hosts:
            return None
        return 421, f"This server is not called {name!r}: name it in the setting http.hosts if it is.", {}

    def _no_key(self, headers: Headers, path: str) -> _Refused | None:
        if self._key is None or path in OPEN:
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = headers.get("api-key") or (token.strip() if scheme.lower() == "bearer" else "")
        if given and hmac.compare_digest(given.encode("latin-1"), self._key.encode()):
            return None
        session = _cookie(headers)
        if session and hmac.compare_digest(session.encode("latin-1", "replace"), session_of(self._key).encode()):
            return None
        what = "is not the one of this server" if given else "is needed"
        sentence = f"An API key {what}: send it as the header 'api-key' or 'Authorization: Bearer'."
        return 401, sentence, {"WWW-Authenticate": "Bearer"}

    def _too_often(self, scope: Scope) -> _Refused | None:
        rate = self._settings.rate
        if not rate:
            return None
        client = (scope.get("client") or ("",))[0]
        now, most = self._clock(), max(1.0, rate * BURST)
        left, then = self._left.pop(client, (most, now))
        left = min(most, left + (now - then) * rate)
        allowed = left >= 1
        self._left[client] = (left - 1 if allowed else left, now)
        if len(self._left) > CLIENTS:
            self._left.popitem(last=False)
        if allowed:
            return None
        wait = math.ceil((1 - left) / rate)
        return 429, f"More than {rate:g} requests a second: wait {wait} s.", {"Retry-After": str(wait)}


_Refused = tuple[int, str, dict[str, str]]


def _names(settings: HttpSettings) -> frozenset[str] | None:
    """What the server may be called; None: anything. Never less than what the command line of this machine calls it."""
    if not settings.hosts and settings.host not in LOOPBACK:
        return None
    return LOOPBACK | {settings.host.lower(), *(name.lower() for name in settings.hosts)}


def session_of(key: str) -> str:
    """What the page's cookie holds: it opens the server, and does not tell the key."""
    return hmac.new(key.encode(), b"medley session", "sha256").hexdigest()


def _counted(receive: Receive, limit: int) -> Receive:
    """The same messages, up to a limit: what announces no length is cut off where it becomes too long."""
    total = 0

    async def counting() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, _too_large(limit))
        return message

    return counting


def _too_large(limit: int) -> str:
    return f"The request is larger than {limit:,} bytes: send less, or raise the setting http.max_body."


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _without_port(host: str) -> str:
    name = host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.strip("[]").lower()
