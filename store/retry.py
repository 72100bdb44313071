"""Calls to a server that try again: the client itself does not.

Only what may pass by itself is tried again: no connection, no answer in time, and the statuses 429, 502, 503 and 504.
The waits grow exponentially with full jitter (so that many clients do not return at once), and are never shorter than
the server's `Retry-After`.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar

from schemas.errors import NotOfferedError, RefusedError, StoreError, StoreUnavailableError

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")

_TRANSIENT = {429, 502, 503, 504}
_REFUSED = {401, 403}
_GONE = 404
_FAILED = 500
_NOT_OFFERED = 501


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often and how long to try. Seconds."""

    attempts: int = 7
    first: float = 0.25
    longest: float = 10.0
    patience: float = 60.0  # for all attempts of a call together; a longer Retry-After is not waited for

    def call(self, work: Callable[[], T], where: str) -> T:
        """Do the work, again if need be.

        Raises:
            StoreUnavailableError: the server does not answer, or refuses.
            StoreError: the server answers that the request is wrong.
        """
        import tenacity

        jittered = tenacity.wait_random_exponential(multiplier=self.first, max=self.longest)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(jittered(state), retry_after(error) if error else 0.0)

        attempts = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.attempts) | tenacity.stop_before_delay(self.patience),
            wait=wait,
            retry=tenacity.retry_if_exception(is_transient),
            reraise=True,
        )
        try:
            return attempts(work)
        except Exception as error:
            ours = explain(error, where)
            if ours is None:
                raise
            raise ours from error


HASTY = Backoff(attempts=2, patience=2.0)
"""Where a person waits: an address that nobody listens at is mistyped more often than its server is being restarted."""


def is_transient(error: BaseException) -> bool:
    """Whether trying again may help."""
    import httpx
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return error.status_code in _TRANSIENT
    if isinstance(error, ResponseHandlingException):
        source = error.source
        return (
            isinstance(source, httpx.TransportError)
            and not isinstance(source, httpx.UnsupportedProtocol | httpx.LocalProtocolError)
            and not _is_distrust(source)
        )
    return isinstance(error, QdrantException)  # 429 with a Retry-After, of which the client only reads whole seconds


def is_refusal(error: BaseException | None) -> bool:
    """Whether the server does not let the key do that."""
    return getattr(error, "status_code", None) in _REFUSED


def _is_distrust(error: BaseException | None) -> bool:
    """Whether the server's certificate was not believed: it will be the same next time."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def retry_after(error: BaseException) -> float:
    """For how many seconds the server asks to be left alone; 0 if it does not say."""
    given = getattr(error, "retry_after_s", None)
    if given is None:
        headers = getattr(error, "headers", None)
        given = headers.get("Retry-After") if headers is not None else None
    if given is None:
        return 0.0
    try:
        return max(0.0, float(given))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(str(given)) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return 0.0


def explain(error: Exception, where: str) -> StoreError | None:
    """The client's error as one sentence of ours, without headers or keys; None if it is not the client's."""
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        return explain_status(error.status_code or 0, reason_of(error.content), where)
    if isinstance(error, ResponseHandlingException) and is_transient(error):
        return StoreUnavailableError(
            f"The Qdrant server of {where} does not answer ({error.source or type(error.source).__name__}): "
            "start it, or correct its address in --store."
        )
    if isinstance(error, ResponseHandlingException) and _is_distrust(error.source):
        return StoreUnavailableError(
            f"The certificate of the Qdrant server of {where} is not trusted ({error.source}): name the file of its "
            "authority's certificate with MEDLEY_CA_FILE."
        )
    if isinstance(error, ResponseHandlingException | json.JSONDecodeError):
        return StoreUnavailableError(
            f"What answers for {where} is no Qdrant server that this client understands: correct the address in "
            "--store, or use a server of the client's version."
        )
    if isinstance(error, QdrantException):
        return StoreUnavailableError(
            f"The Qdrant server of {where} is overloaded and asks to be left alone ({error}): try again later."
        )
    return None


def explain_status(status: int, reason: str, where: str) -> StoreError:
    """A status that is an error as one sentence."""
    if status in _REFUSED:
        return StoreUnavailableError(
            f"The Qdrant server of {where} refuses the API key (status {status}): set MEDLEY_API_KEY to one that may "
            "read and write it."
        )
    if status in _TRANSIENT:
        return StoreUnavailableError(
            f"The Qdrant server of {where} is not ready (status {status}{reason}): look at its log, "
            "and try again later."
        )
    if status == _GONE:
        return StoreError(f"There is no {where} (status {status}{reason}): ingest a folder first, or correct --store.")
    kind = NotOfferedError if status == _NOT_OFFERED else RefusedError if status < _FAILED else StoreError
    return kind(
        f"The Qdrant server of {where} refused the request (status {status}{reason}): correct the request, "
        "or look at the server's log."
    )


def reason_of(content: bytes) -> str:
    """What a server says of an error, to stand behind its status."""
    try:
        said = json.loads(content)["status"]["error"]
    except (ValueError, KeyError, TypeError):
        return ""
    return f", {str(said).splitlines()[0].rstrip('.')[:300]}" if said else ""
