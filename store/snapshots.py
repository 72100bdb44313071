"""A server's own snapshots as a backup: files of a folder, and back.

::

FOLDER/
    snapshot.json              which collection, how many points, and the hash of each file; written last
    COLLECTION.snapshot        the collection, in the server's own format
    COLLECTION.artifacts.snapshot   its fitted models, if there are any
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from schemas.errors import StoreError, StoreUnavailableError, UsageError
from store.files import write_atomically
from store.remote import trusting
from store.retry import explain_status, reason_of

if TYPE_CHECKING:
    import httpx

    from store.server import ServerStore

MANIFEST = "snapshot.json"
_CHUNK = 1 << 20
_PATIENCE = 3600.0  # seconds that a server may take to make or to take in a snapshot


class Snapshots:
    """A server's snapshots over HTTP: the client itself would hold a file of gigabytes in memory.

    Args:
        url: the server's, without credentials: it stands in the log of each request.
        api_key: of the server.
        timeout: seconds to connect.
        ca_file: PEM file with the certificates that the server's is checked against.
    """

    def __init__(self, url: str, api_key: str | None, timeout: int, ca_file: Path | None) -> None:
        self._where = f"the collection at {url}"

        def connect() -> httpx.Client:  # a closure, so that no representation of this shows the key
            import httpx

            headers = {"api-key": api_key} if api_key else {}
            patience = httpx.Timeout(timeout, read=_PATIENCE, write=_PATIENCE)
            return httpx.Client(base_url=url, headers=headers, timeout=patience, **trusting(ca_file))

        self._connect = connect

    @contextmanager
    def made(self, collection: str) -> Iterator[tuple[str | None, Iterator[bytes]]]:
        """A new snapshot, which is gone from the server afterwards: its SHA-256, if the server tells, and its bytes."""
        at = f"/collections/{collection}/snapshots"
        with self._connection() as http:
            made = _checked(http.post(at, params={"wait": "true"})).json()["result"]
            try:
                with http.stream("GET", f"{at}/{made['name']}") as answer:
                    if answer.is_error:
                        answer.read()
                    yield made.get("checksum"), _checked(answer).iter_bytes(_CHUNK)
            finally:
                with suppress(Exception):  # it is only clutter, and what went wrong before counts more
                    http.delete(f"{at}/{made['name']}", params={"wait": "true"})

    def recover(self, collection: str, file: Path) -> None:
        """Make a collection what a snapshot of it holds."""
        params = {"wait": "true", "priority": "snapshot"}
        with self._connection() as http, file.open("rb") as opened:
            _checked(
                http.post(f"/collections/{collection}/snapshots/upload", params=params, files={"snapshot": opened})
            )

    @contextmanager
    def _connection(self) -> Iterator[httpx.Client]:
        """A connection whose errors are one sentence."""
        import httpx

        try:
            with self._connect() as http:
                yield http
        except httpx.HTTPStatusError as error:
            reason = reason_of(error.response.content)
            raise explain_status(error.response.status_code, reason, self._where) from None
        except httpx.HTTPError as error:
            raise StoreUnavailableError(
                f"The Qdrant server of {self._where} does not answer ({error or type(error).__name__}): start it, and "
                "try again."
            ) from None


def _checked(answer: httpx.Response) -> httpx.Response:
    return answer.raise_for_status()


def is_backup(folder: Path) -> bool:
    """Whether a folder holds what `save` made, whole."""
    return (folder / MANIFEST).is_file()


def save(store: ServerStore, snapshots: Snapshots, folder: Path) -> int:
    """Let the server make snapshots of a collection and its fitted models, and fetch them.

    Returns:
        How many points they hold.

    Raises:
        StoreError: there is nothing to back up, the folder holds something already, or a file does not arrive whole.
    """
    if not store.exists():
        raise StoreError(f"There is no collection {store.collection!r} in {store.location} to copy.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"The folder {folder} is not empty: name one that is, or a new one.")
    points, files = store.count(), {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        parts = store.parts()
        for collection in parts:
            file = folder / f"{collection}.snapshot"
            with snapshots.made(collection) as (expected, chunks):
                files[file.name] = found = _write(file, chunks)
            if expected is not None and found != expected:
                raise StoreError(f"The snapshot {file} did not arrive whole: make the backup again in another folder.")
        manifest = {"collection": parts[0], "from": store.location, "points": points, "sha256": files}
        write_atomically(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    except OSError as error:
        raise StoreError(
            f"The folder {folder} cannot be written ({error.strerror or error}): free the disk."
        ) from error
    return points


def bring_back(folder: Path, store: ServerStore, snapshots: Snapshots) -> int:
    """Give the snapshots of a folder to a server, for a collection that is empty or not there yet.

    Returns:
        How many points the collection holds.

    Raises:
        UsageError: the backup is of a collection of another name: a server's snapshot keeps its name.
        StoreError: a file is damaged, or the collection has points.
    """
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
    if store.exists() and store.count():
        raise StoreError(f"The collection {store.collection!r} in {store.location} is not empty: delete it first.")
    if manifest["collection"] != store.collection:
        raise UsageError(
            f"The backup {folder} is of the collection {manifest['collection']!r}, and {store.collection!r} is asked "
            "for: a server's snapshot keeps its name, so set MEDLEY_COLLECTION to it."
        )
    for name, expected in manifest["sha256"].items():
        if _hash(folder / name) != expected:
            raise StoreError(f"The file {folder / name} is damaged or missing: take an older backup.")
    for name in reversed(manifest["sha256"]):  # the collection itself last, so that it is not there without its models
        snapshots.recover(name.removesuffix(".snapshot"), folder / name)
    found = store.count()
    if found != manifest["points"]:
        raise StoreError(
            f"The collection {store.collection!r} in {store.location} has {found:,} points and the backup {folder} "
            f"{manifest['points']:,}: it was written while it was backed up, or the server took a part; run "
            "`medley store check`."
        )
    return found


def _write(file: Path, chunks: Iterator[bytes]) -> str:
    digest = sha256()
    with file.open("xb") as opened:
        for chunk in chunks:
            digest.update(chunk)
            opened.write(chunk)
    return digest.hexdigest()


def _hash(file: Path) -> str:
    digest = sha256()
    try:
        with file.open("rb") as opened:
            while chunk := opened.read(_CHUNK):
                digest.update(chunk)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()
