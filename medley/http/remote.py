"""A library that another process serves: the command line asks it there, and loads no model.

Light, as it decides how fast `medley search` answers: no httpx, no Qdrant, no numpy.
"""

from __future__ import annotations

import json
import os
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, urlsplit

from schemas.answer import Explanation, SearchResult
from schemas.errors import MedleyError, StoreUnavailableError, UsageError
from schemas.fields import Upload
from schemas.search import Part, SearchRequest
from store import is_server
from store.aliases import resolve
from store.lock import server_of

if TYPE_CHECKING:
    from schemas.report import CollectionStatus, QuarantineEntry
    from schemas.settings import Settings

TIMEOUT = 120  # seconds: the first question may have to wait for a model
_WRONG = {400, 404, 413, 415, 422}  # the question is at fault


def served(settings: Settings) -> Remote | None:
    """The server that holds the embedded store of the settings; None if no server does."""
    return _held(_of(settings))


def served_at(store: str | None) -> Remote | None:
    """The same for a store, or else for that of the settings, which are only loaded if they are not plain."""
    plain = _plainly(store)
    if plain is not None:
        return _held(plain)
    from schemas.settings import load_settings

    return served(load_settings(**({"store": store} if store is not None else {})))


def _held(place: _Place) -> Remote | None:
    store, collection, key = place
    if is_server(store):
        return None
    folder = Path(store).expanduser()
    url = server_of(folder / resolve(folder, collection) / "lock")
    return Remote(url, key) if url else None


def _of(settings: Settings) -> _Place:
    key = settings.http.api_key
    return settings.store, settings.collection, key.get_secret_value() if key else None


def _plainly(store: str | None) -> _Place | None:
    """What the settings say, where no others are set: loading what reads them takes a quarter of the time of an answer.

    None where others are, or where one is wrong; then that finds out, and says what is wrong.
    """
    environment = {n.upper(): value for n, value in os.environ.items() if n.upper().startswith("MEDLEY_") and value}
    told: dict[str, Any] = {}
    if Path("medley.toml").exists():
        import tomllib

        try:
            told = tomllib.loads(Path("medley.toml").read_text("utf-8"))
        except (OSError, ValueError):
            return None
    http = told.get("http", {})
    if not (isinstance(http, dict) and http.keys() <= {"api_key"}):
        return None
    if not (environment.keys() <= _VARIABLES and told.keys() <= {"store", "collection", "http"}):
        return None
    place = environment.get("MEDLEY_STORE", told.get("store", ".medley")) if store is None else store
    collection = environment.get("MEDLEY_COLLECTION", told.get("collection", "medley"))
    key = environment.get("MEDLEY_HTTP__API_KEY", http.get("api_key"))
    if not isinstance(place, str) or not isinstance(collection, str) or not isinstance(key, str | None):
        return None
    return place, collection, key


_VARIABLES = {"MEDLEY_STORE", "MEDLEY_COLLECTION", "MEDLEY_HTTP__API_KEY"}

_Place = tuple[str, str, str | None]
"""The store, the name of the collection, and the key of the server."""


class Remote:
    """What `Library` can be asked, asked of a server."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url, self._key = url, key

    def search(self, request: SearchRequest) -> SearchResult:
        """See `Library.search`; files are sent along.

        Raises:
            UsageError: the question cannot be asked.
            StoreUnavailableError: the server does not answer.
        """
        body = json.dumps(_sent_along(request)).encode()
        return SearchResult.model_validate_json(self._ask("POST", "/search", body))

    def explain(self, request: SearchRequest, *, hit: int = 1, item: str | None = None) -> Explanation:
        """See `Library.explain`."""
        body = json.dumps({"request": _sent_along(request), "hit": hit, "item": item}).encode()
        return Explanation.model_validate_json(self._ask("POST", "/explain", body))

    def status(self) -> CollectionStatus:
        """See `Library.status`."""
        from schemas.report import CollectionStatus  # as the next: a search has no use for it

        return CollectionStatus.model_validate_json(self._ask("GET", "/status"))

    def quarantine(self, source: str | None = None) -> list[QuarantineEntry]:
        """See `Library.quarantine`."""
        from schemas.report import QuarantineEntry

        path = "/quarantine" if source is None else f"/quarantine?source={quote(source, safe='')}"
        return [QuarantineEntry.model_validate(entry) for entry in json.loads(self._ask("GET", path))]

    def show(self, item: str) -> list[dict[str, Any]]:
        """See `Library.show`."""
        found: list[dict[str, Any]] = json.loads(self._ask("GET", f"/items?name={quote(item, safe='')}"))["segments"]
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        address = urlsplit(self._url)
        connection = HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
        headers = {"Content-Type": "application/json"} if body else {}
        if self._key:
            headers["api-key"] = self._key
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            data = answer.read()
        except (OSError, HTTPException) as error:
            raise StoreUnavailableError(
                f"The server at {self._url}, which holds the store, does not answer ({error}): wait for it, or stop it."
            ) from error
        finally:
            connection.close()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise self._told(answer, data)
        return data

    def _told(self, answer: HTTPResponse, data: bytes) -> MedleyError:
        if answer.status == HTTPStatus.UNAUTHORIZED:
            return UsageError(f"The server at {self._url} asks for its API key: set MEDLEY_HTTP__API_KEY.")
        try:
            sentence = str(json.loads(data)["error"])
        except (ValueError, KeyError, TypeError):
            sentence = f"The server at {self._url} answered {answer.status} {answer.reason}."
        return (UsageError if answer.status in _WRONG else MedleyError)(sentence)


def _sent_along(request: SearchRequest) -> dict[str, Any]:
    """The request as JSON, with the files in it."""
    sent = request.model_copy(update={"parts": [_sent(part) for part in request.parts]})
    return sent.model_dump(mode="json", exclude_unset=True, exclude_none=True)


def _sent(part: Part) -> Part:
    """The part with the file's bytes instead of its path: the server reads no file that it is only told of."""
    if not isinstance(part.value, Path):
        return part
    path: Path = part.value
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise UsageError(f"There is no file {str(path)!r}.") from error
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror}.") from error
    if not data:
        raise UsageError(f"{str(path)!r} is empty.")
    return part.model_copy(update={part.kind: Upload(data=data, name=str(path))})
