"""Sources elsewhere: listed by the rules of a folder, fetched to be read, told of in a sentence where they fail."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from readers import CrawlRules, crawl
from readers.trees import Here, Wanted, address_of, is_remote, landing, open_tree
from readers.trees.faults import reason
from readers.trees.scratch import Scratch
from readers.trees.stamps import stamp
from schemas import (
    ExcludedFile,
    FileChangedError,
    FoundFile,
    MedleyError,
    SourceUnavailableError,
    TransientReadError,
    UsageError,
)
from tests.elsewhere import Place, in_memory, on_s3, on_the_web

FILES = {
    "a.png": b"no picture",
    "a.txt": b"what a.png shows",
    "deep/b c#d?.txt": "Bücher".encode(),
    "deep/er/ü%41.txt": b"e",
    "deep/er/.hidden": b"",
    "left/out.txt": b"o",
    "left/.medleyignore": b"out.*\n",
}


@pytest.fixture(params=["memory", "web", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    kinds: Any = {"memory": in_memory, "web": lambda: on_the_web(tmp_path / "web"), "s3": on_s3}
    with kinds[request.param]() as there:
        yield there


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readers.hash.WAITS", (0.01,))


def folder_of(root: Path) -> Path:
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def plain(found: Any) -> tuple[Any, ...]:
    """What was found, without times: those of two places are never the same."""
    if isinstance(found, FoundFile):
        return found.path, found.size, found.sidecars, bool(found.sidecar_stamp)
    return found.path, getattr(found, "rule", "")


def test_rules_find_elsewhere_what_they_find_in_a_folder(place: Place, tmp_path: Path) -> None:
    root = folder_of(tmp_path / "here")
    place.fill(root)
    tree = open_tree(place.address)

    there = list(tree.crawl(CrawlRules()))

    assert [plain(one) for one in there] == [plain(one) for one in crawl(root)]
    assert tree.name == "media"
    assert str(tree) == place.address
    scope = tree.scope([f"{place.address}/deep/er/ü%41.txt", "left"])
    assert {one.path for one in tree.crawl(CrawlRules(), scope)} >= {"deep/er/ü%41.txt", "left/out.txt"}
    assert "deep/b c#d?.txt" not in {one.path for one in tree.crawl(CrawlRules(), scope)}


def test_stamp_stands_until_the_bytes_change(place: Place, tmp_path: Path) -> None:
    place.put("a.txt", b"one")
    tree = open_tree(place.address)
    [first], [again] = list(tree.crawl(CrawlRules())), list(tree.crawl(CrawlRules()))
    assert first == again
    if "127.0.0.1" in place.address:  # a web server tells no more than seconds
        os.utime(tmp_path / "web" / "media" / "a.txt", (0, 0))
    place.put("a.txt", b"two")
    if "127.0.0.1" in place.address:
        os.utime(tmp_path / "web" / "media" / "a.txt", (9, 9))
    [after] = tree.crawl(CrawlRules())
    assert isinstance(first, FoundFile)
    assert isinstance(after, FoundFile)
    assert after.size == first.size
    assert after.mtime_ns != first.mtime_ns


def test_what_is_brought_is_here_until_it_is_read_and_its_sidecars_beside_it(place: Place, tmp_path: Path) -> None:
    place.fill(folder_of(tmp_path / "here"))
    tree = open_tree(place.address)
    found = [one for one in tree.crawl(CrawlRules()) if isinstance(one, FoundFile)]
    groups = tree.bring([[Wanted(one)] for one in found])
    kept: list[Path] = []
    for one, group in zip(found, groups, strict=True):
        with group as [here]:
            assert isinstance(here, Here)
            path = Path(here.path)
            assert path.read_bytes() == FILES[one.path]
            assert (path.stat().st_size, path.stat().st_mtime_ns) == (here.found.size, here.found.mtime_ns)
            for sidecar in here.found.sidecars:
                assert path.with_name(sidecar).read_bytes() == FILES[sidecar]
            kept.append(path)
        assert not path.exists()
    groups.close()
    assert len({path.parent.parent.parent for path in kept}) == 1
    assert not kept[0].parent.parent.parent.exists()
    assert tree.hash(found[0]) == blake3(FILES[found[0].path]).hexdigest()
    with tree.fetched("deep/b c#d?.txt") as file:
        assert file.read_bytes() == FILES["deep/b c#d?.txt"]
        assert file.suffix == ".txt"
    assert not file.exists()


def test_file_that_is_another_one_by_now_is_left_to_the_next_run(place: Place, impatient: None) -> None:
    for path in ("gone.txt", "longer.txt", "other.txt", "same.txt"):
        place.put(path, b"as found")
    tree = open_tree(place.address)
    found = [one for one in tree.crawl(CrawlRules()) if isinstance(one, FoundFile)]
    place.delete("gone.txt")
    place.put("longer.txt", b"longer than found")
    place.put("other.txt", b"AS FOUND")
    digest = blake3(b"as found").hexdigest()
    with closing(tree.bring([[Wanted(one, digest) for one in found]])) as groups, next(groups) as here:
        gone, longer, other, same = here
        assert [type(one) for one in (gone, longer, other, same)] == [*[FileChangedError] * 3, Here]


def test_no_more_is_fetched_ahead_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(landing, "BYTES", 25)
    fetched: list[str] = []

    def get(wanted: Wanted, folder: Path) -> Here:
        fetched.append(wanted.found.path)
        return Here(str(folder), wanted.found)

    wanted = [[Wanted(FoundFile(str(n), size, 0))] for n, size in enumerate((10, 10, 10, 10, 99, 1))]
    with closing(landing.Landing(get, wanted, threads=1)) as groups:
        for n in range(6):
            with next(groups) as [here]:
                assert isinstance(here, Here)
                assert here.found.path == str(n)
                assert len(fetched) <= n + 3
        assert next(groups, None) is None
    assert fetched == list("012345")


def test_what_a_killed_process_has_left_is_deleted_and_nothing_that_another_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ours = Scratch()
    made = "import os; from readers.trees.scratch import Scratch; Scratch(); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", made], env={**os.environ, "TMPDIR": str(tmp_path)}, check=False)
    [left] = [folder for folder in tmp_path.iterdir() if folder != ours.path]
    (left / "film.mp4").write_bytes(b"long")
    Scratch().close()
    assert left.exists(), "it may be one that is just being made"
    for folder in (left, ours.path):
        os.utime(folder, (0, 0))
    Scratch().close()
    assert list(tmp_path.iterdir()) == [ours.path]
    ours.close()
    assert not list(tmp_path.iterdir())


def test_film_is_not_fetched_to_its_end_when_the_run_is_stopped(place: Place) -> None:
    place.put("film.mp4", b"long" * 3_000_000)
    place.put("note.txt", b"n")
    tree, stopped = open_tree(place.address), threading.Event()
    found = [one for one in tree.crawl(CrawlRules()) if isinstance(one, FoundFile)]
    stopped.set()
    with (
        closing(tree.bring([[Wanted(one) for one in found]], stopped)) as groups,
        pytest.raises(MedleyError, match="stopped while a file was fetched"),
        next(groups),
    ):
        pass


def test_server_that_is_away_is_told_from_a_file_that_is(tmp_path: Path, impatient: None) -> None:
    with on_the_web(tmp_path / "web") as place:
        place.put("a.txt", b"one")
        tree = open_tree(place.address)
        [found] = tree.crawl(CrawlRules())
        assert isinstance(found, FoundFile)
        with pytest.raises(FileChangedError):
            tree.hash(FoundFile("nothing.txt", 1, 1))
        place.stop()
        with pytest.raises(SourceUnavailableError, match=r"http://127.*/media cannot be reached \(Client"):
            tree.hash(found)
        with pytest.raises(SourceUnavailableError):
            list(tree.crawl(CrawlRules()))
        with closing(tree.bring([[Wanted(found)]])) as groups, pytest.raises(SourceUnavailableError), next(groups):
            pass


def test_keys_that_no_folder_could_hold_are_told_and_not_lost() -> None:
    with on_s3() as place:
        for key in ("a", "a/b.txt", "../up.txt", "/empty.txt", "", f"{'long' * 60}.txt"):
            place.put(key, b"" if not key else key.encode())
        tree = open_tree(place.address)
        found = list(tree.crawl(CrawlRules()))
        excluded = [one for one in found if isinstance(one, ExcludedFile)]
        assert [one.rule for one in excluded] == ["a key with a part that is no name"] * 2
        files = [one.path for one in found if isinstance(one, FoundFile)]
        assert files == ["a", f"{'long' * 60}.txt", "a/b.txt"]
        with tree.fetched(files[1]) as file:
            assert (file.read_text(), file.suffix) == (files[1], ".txt")


def test_addresses() -> None:
    assert address_of("s3://bucket/a/b/") == "s3://bucket/a/b"
    assert address_of("S3://bucket") == "s3://bucket"
    assert address_of("file:///tmp/a%20b") == str(Path("/tmp/a b").resolve())
    assert address_of("local:///tmp") == str(Path("/tmp").resolve())
    assert address_of("abfs://container@account.dfs.core.windows.net/a").startswith("abfs://container@account")
    assert not is_remote("a/b")
    assert not is_remote("file:///a")
    assert is_remote("gs://bucket")
    assert open_tree("s3://bucket").name == "bucket"
    assert open_tree("https://host/My%20Pictures").name == "My Pictures"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://someone:a-secret@host/media", "holds a password.*leave it out.*FSSPEC_HTTP_"),
        ("https://host/media?signature=a-secret", "goes on after a '\\?'"),
        ("s3://", "names no place: write s3://BUCKET/FOLDER"),
        ("nonsense://a/b", "Nothing here knows nonsense:// addresses"),
        ("memory://there/is/nothing", "There is nothing at memory://there/is/nothing"),
    ],
)
def test_address_that_cannot_be_used_is_told_in_one_sentence_without_its_secrets(address: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        open_tree(address).check()
    assert "a-secret" not in str(caught.value)


def test_file_in_the_place_of_a_folder_is_told() -> None:
    with in_memory() as place:
        place.put("a.txt", b"a")
        with pytest.raises(UsageError, match=r"a\.txt is a file: give the folder"):
            open_tree(f"{place.address}/a.txt").check()


def test_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] in ("gcsfs", "fsspec"):
            raise ImportError(f"No module named {name}")
        return load(name, *rest, **more)

    with pytest.raises(UsageError, match=r"To read az://box/a, run: pip install adlfs\."):
        open_tree("az://box/a")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(UsageError, match=r"To read gs://bucket/a, run: pip install 'medley\[remote\]'\."):
        open_tree("gs://bucket/a")


def test_reason_tells_no_secret() -> None:
    said = "403, message='Forbidden', url='https://me:pass@host/a.png?X-Signature=abcdef' for token-of-mine\nand more"
    told = reason(OSError(said), {"client_kwargs": {"headers": {"Authorization": "token-of-mine"}}})
    assert told == "OSError: 403, message='Forbidden', url='https://host/a.png' for …"


def test_stamp_is_the_time_to_the_second_and_the_tag_below_it() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
    second = int(moment.timestamp())
    one, other = stamp({"LastModified": moment, "ETag": '"a"'}), stamp({"LastModified": moment, "ETag": '"b"'})
    assert one // 10**9 == other // 10**9 == second
    assert one != other
    assert stamp({"Last-Modified": "Sun, 01 Mar 2026 12:00:05 GMT"}) == second * 10**9
    assert stamp({"mtime": second + 0.5}) == second * 10**9 + 500_000_000
    assert stamp({"created": moment.replace(tzinfo=None, microsecond=7)}) == second * 10**9 + 7000
    assert stamp({"etag": "a"}) == stamp({"etag": "a"}) < 10**9
    assert stamp({}) != stamp({}), "nothing is known of it: it is looked at in each run"


def test_object_that_cannot_be_fetched_is_not_to_blame(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    with in_memory() as place, ExitStack() as held:
        place.put("a.txt", b"a")
        tree = open_tree(place.address)
        [found] = tree.crawl(CrawlRules())
        assert isinstance(found, FoundFile)

        def refuse(*_: Any, **__: Any) -> None:
            raise PermissionError("the object is in an archive")

        monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.get_file", refuse)
        [fault] = held.enter_context(next(held.enter_context(closing(tree.bring([[Wanted(found)]])))))
        assert isinstance(fault, TransientReadError)
        assert str(fault) == "It cannot be fetched: PermissionError: the object is in an archive."
