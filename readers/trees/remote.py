"""A tree on an object store, a web server, or whatever else fsspec knows: listed there, fetched to be read."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, unquote

from readers.crawl import Crawled, CrawlRules
from readers.crawl import Entry as AnyEntry
from readers.hash import again, content_hash
from readers.ignore import IGNORE_FILE
from readers.trees.base import Here, Wanted
from readers.trees.faults import asking, reason
from readers.trees.landing import Landing
from readers.trees.scratch import scratch
from readers.trees.stamps import stamp
from readers.trees.walk import NAMELESS, Entry, RemoteWalk
from schemas import (
    FileChangedError,
    FoundFile,
    MedleyError,
    ReadError,
    SourceUnavailableError,
    TransientReadError,
    UsageError,
)
from schemas.payload import payload_path
from schemas.scope import Scope

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from fsspec.callbacks import Callback

T = TypeVar("T")

WEB = ("http", "https")
AT_ONCE = 16  # requests: each waits for the network, and not for this machine
WHOLE = 8_000_000  # bytes that are asked for with one request to be hashed
PIECE = 4_000_000
LONGEST, SUFFIX = 200, 20  # bytes of a name that every disk takes, and of one of its ends
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
}
PACKAGES |= {"http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol"}


class RemoteTree:
    """The tree below a URL.

    Credentials are fsspec's business: its configuration, its environment variables, and those of its file systems.

    Args:
        address: the URL, as `readers.trees.address_of` gives it.

    Raises:
        UsageError: what is needed to reach it is not installed, or not set up.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._protocol = address.partition("://")[0]
        self._web = self._protocol in WEB
        self._files = _file_system(self._protocol, address)
        self._root = address if self._web else str(self._files._strip_protocol(address)).rstrip("/")
        # One that is no set of coroutines was not made for threads, and is asked one question at a time.
        self._requests = ThreadPoolExecutor(self.threads, thread_name_prefix="ask")

    def __str__(self) -> str:
        return self._address

    @property
    def name(self) -> str:
        """The last part of the address."""
        return unquote(self._address.rpartition("/")[2]) if self._web else self._address.rpartition("/")[2]

    @property
    def threads(self) -> int:
        """How many requests may be under way."""
        return AT_ONCE if self._files.async_impl else 1

    def check(self) -> None:
        """See that there is something, and that it can be listed.

        Raises:
            UsageError: there is nothing, or it is a file.
            SourceUnavailableError: nobody answers, or the store does not let us in.
        """
        try:
            found = self._ask(lambda: self._files.ls(self._root, detail=True))
        except FileChangedError as error:
            raise UsageError(f"There is nothing at {self._address}.") from error
        except TransientReadError as error:
            why = reason(error.__cause__ or error, self._files.storage_options)
            raise SourceUnavailableError(f"{self._address} cannot be reached ({why}).") from error
        if [(entry["name"], entry["type"]) for entry in found] == [(self._root, "file")]:
            raise UsageError(f"{self._address} is a file: give the folder that it lies in.")

    def crawl(self, rules: CrawlRules, scope: Scope | None = None) -> Iterator[Crawled]:
        """Every file, as `readers.crawl.crawl` gives them.

        Raises:
            UsageError: a pattern is not valid.
            SourceUnavailableError: nobody answers.
        """
        rules = replace(rules, follow_links=False, other_disks=True)  # there are none
        yield from RemoteWalk(self._listing, self._rules, rules, scope).files()

    def scope(self, paths: Iterable[str]) -> Scope:
        """The part of the tree that changes concern."""
        inside = [path.removeprefix(self._address).strip("/") for path in paths]
        return Scope.within((path for path in inside if "://" not in path), self._is_file)

    def hash(self, found: FoundFile) -> str:
        """The content hash of a file, which is not kept on this machine.

        Raises:
            ReadError: it cannot be had.
            SourceUnavailableError: nor can any other.
        """
        return self._patiently(partial(self._hash, found))

    def bring(self, groups: Iterable[Sequence[Wanted]], stopped: Event | None = None) -> Landing:
        """Groups of files, fetched into a folder for temporary files before they are asked for."""
        return Landing(partial(self._fetch, stopped or Event()), groups, self.threads)

    @contextmanager
    def fetched(self, path: str) -> Iterator[Path]:
        """One file, here until the context ends.

        Raises:
            ReadError: it cannot be had.
        """
        with scratch() as folder:
            (folder / "one").mkdir()
            yield self._get(path, folder / "one", Event())

    def size(self, path: str) -> int:
        """Bytes of a file.

        Raises:
            ReadError: it cannot be had.
        """
        size = self._ask(lambda: self._files.info(self._at(path))).get("size")
        if size is None:
            raise TransientReadError("Its server does not tell its size.")
        return int(size)

    def part(self, path: str, start: int, end: int) -> bytes:
        """The bytes of a file from one place to before another; all that follow, if its server gives no parts.

        Raises:
            ReadError: they cannot be had.
        """
        data = bytes(self._ask(lambda: self._files.cat_file(self._at(path), start=start, end=end)))
        return data if len(data) <= end - start else data[start:]

    # -- requests

    def _ask(self, call: Callable[[], T]) -> T:
        if self._files.async_impl:
            return asking(call, self._files.storage_options)
        return self._requests.submit(asking, call, self._files.storage_options).result()

    def _patiently(self, call: Callable[[], T]) -> T:
        """What a call gives, tried a few times; where it fails for good, it is asked whether anything answers."""
        try:
            return again(call)
        except FileChangedError:
            raise
        except TransientReadError:
            self.check()
            raise

    def _at(self, path: str) -> str:
        """What fsspec calls a path in the tree."""
        if not path:
            return self._root
        return f"{self._root}/{quote(path, safe='/') if self._web else path}"

    # -- listing

    def _listing(self, path: str) -> dict[str, AnyEntry]:
        """The entries of a folder; a file and a folder of the same name are two, which no disk has."""
        base = self._at(path[:-1])
        found = self._patiently(lambda: self._ask(lambda: self._files.ls(base, detail=True)))
        told = [(name, info) for info in found if (name := self._name_in(base, info)) is not None]
        if self._web:  # its listing is a page of links
            files = [info["name"] for name, info in told if info["type"] == "file"]
            more = dict(zip(files, self._requests.map(self._told, files), strict=True))
            told = [(name, {**info, **more.get(info["name"], {})}) for name, info in told]
        entries: dict[str, AnyEntry] = {}
        for name, info in sorted(told, key=lambda one: one[1]["type"] != "file"):
            if info["type"] == "directory":
                entries[f"{name}/" if name in entries else name] = Entry(name, folder=True)
            else:
                size = -1 if info.get("size") is None else int(info["size"])
                entries[name] = Entry(name, folder=False, size=size, mtime_ns=stamp(info))
        return entries

    def _told(self, url: str) -> Mapping[str, Any]:
        try:
            info: Mapping[str, Any] = self._patiently(lambda: asking(lambda: self._files.info(url), {}))
        except FileChangedError:  # a link that leads nowhere, or what has gone since
            return {}
        return info

    def _name_in(self, base: str, info: Mapping[str, Any]) -> str | None:
        """The name of an entry of a folder; None for what is none: the folder itself, a link to elsewhere."""
        whole = str(info["name"])
        if not whole.startswith(f"{base}/"):
            return None
        name = whole.removeprefix(f"{base}/").removesuffix("/")
        if self._web:
            name = "" if re.search(r"[?#]", name) else unquote(name)
            return None if "/" in name or name in NAMELESS else name
        return None if not name and info["type"] == "file" and not info.get("size") else name

    def _rules(self, path: str) -> str:
        data = self._patiently(lambda: self._ask(lambda: self._files.cat_file(self._at(path + IGNORE_FILE))))
        return bytes(data).decode("utf-8-sig", "surrogateescape")

    def _is_file(self, path: str) -> bool:
        if self._web:  # whatever answers is a file to fsspec: a folder that is none has nothing in it
            return False
        try:
            return bool(self._ask(lambda: self._files.isfile(self._at(path))))
        except TransientReadError:
            return False

    # -- contents

    def _hash(self, found: FoundFile) -> str:
        from blake3 import blake3

        at = self._at(found.path)
        if found.size <= WHOLE:
            return blake3(self._ask(lambda: self._files.cat_file(at))).hexdigest()

        def streamed() -> str:
            hasher = blake3()
            with self._files.open(at, "rb", block_size=PIECE) as file:
                while piece := file.read(PIECE):
                    hasher.update(piece)
            return hasher.hexdigest()

        return self._ask(streamed)

    def _fetch(self, stopped: Event, wanted: Wanted, folder: Path) -> Here:
        """A file with its sidecars, as it was found.

        What it holds is what the store gave with one answer; it may be newer than what was found, and then the next
        run sees another stamp. Where a hash was taken before, it must still be that.
        """
        found, digest = wanted
        local = self._patiently(partial(self._get, found.path, folder, stopped))
        there = local.stat()
        if there.st_size != found.size or (digest and content_hash(local) != digest):
            raise FileChangedError("The file changed while it was read: the next run takes it.")
        beside = [self._patiently(partial(self._get, path, folder, stopped)).name for path in found.sidecars]
        return Here(str(local), replace(found, mtime_ns=there.st_mtime_ns, sidecars=tuple(beside)))

    def _get(self, path: str, folder: Path, stopped: Event) -> Path:
        local, stop = folder / _local_name(path), _stopping(stopped)
        try:
            self._ask(lambda: self._files.get_file(self._at(path), str(local), callback=stop))
        except ReadError as error:
            if isinstance(error.__cause__, OSError) and error.__cause__.errno in FULL:
                raise UsageError(
                    f"The folder for temporary files, {folder}, takes no more: free some space, or set TMPDIR."
                ) from error
            raise
        return local


def _stopping(stopped: Event) -> Callback:
    """What fsspec calls after each piece of a file: a film need not be fetched to its end when a run is stopped."""
    from fsspec.callbacks import Callback

    def look(*_: object, **__: object) -> None:
        if stopped.is_set():
            raise MedleyError("The run was stopped while a file was fetched.")

    return Callback(hooks={"look": look})


def _local_name(path: str) -> str:
    """The name of a file, as every disk takes it; readers go by its suffix."""
    name = payload_path(path.rpartition("/")[2])
    if len(name.encode()) <= LONGEST:
        return name
    suffix = Path(name).suffix
    short = suffix if len(suffix.encode()) <= SUFFIX else ""
    return blake2b(name.encode(), digest_size=16).hexdigest() + short


def _for_web(protocol: str) -> dict[str, Any]:
    """How long a server may be silent, however long a film takes; proxies and ~/.netrc as everywhere else."""
    from aiohttp import ClientTimeout
    from fsspec.config import conf

    ours = {"timeout": ClientTimeout(total=None, sock_connect=30, sock_read=60), "trust_env": True}
    return {"client_kwargs": ours | conf.get(protocol, {}).get("client_kwargs", {})}


def _file_system(protocol: str, address: str) -> AbstractFileSystem:
    try:
        from fsspec import get_filesystem_class
    except ImportError as error:
        raise UsageError(f"To read {address}, run: pip install 'medley[remote]'.") from error
    try:
        kind = get_filesystem_class(protocol)
    except ImportError as error:
        package = PACKAGES.get(protocol)
        how = f"run: pip install {package}" if package else str(error).rstrip(".")
        raise UsageError(f"To read {address}, {how}.") from error
    except ValueError as error:
        raise UsageError(f"Nothing here knows {protocol}:// addresses: {address} cannot be read.") from error
    try:
        options = kind._get_kwargs_from_urls(address) | (_for_web(protocol) if protocol in WEB else {})
        return kind(**options, use_listings_cache=False, skip_instance_cache=True)
    except Exception as error:  # each has its own way to say that it lacks something
        if isinstance(error, ImportError) and (package := PACKAGES.get(protocol)):
            raise UsageError(f"To read {address}, run: pip install {package}.") from error
        raise UsageError(f"{address} cannot be reached: {reason(error, {})}.") from error
