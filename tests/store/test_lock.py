"""A store on disk is one process's at a time, and the others are told whose."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from schemas.errors import StoreError, StoreLockedError
from store import open_store

from .conftest import SPECS, make_points

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from store import Store, open_store
with open_store(Path(sys.argv[1])) as store:
    print("held", flush=True)
    sys.stdin.read()
    print(store.count(), flush=True)
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_second_process_is_told_who_holds_the_store_and_harms_nothing(folder: Path) -> None:
    with holder(folder) as process:
        for _ in range(50):
            with pytest.raises(StoreLockedError) as caught:
                open_store(folder)
        said = str(caught.value)
        assert f"process {process.pid}" in said
        assert "-c" in said
        assert str(folder) in said
        assert "Qdrant server" in said
        assert process.communicate("", timeout=60)[0] == "12\n"
    with open_store(folder) as store:
        assert store.count() == 12
        store.upsert(make_points(20))
        assert store.count() == 20


WRITER = """
import sys, threading
from pathlib import Path
from qdrant_client import models
from store import Store, open_store
told = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), told.set()), daemon=True).start()
with open_store(Path(sys.argv[1])) as store:
    number = 100
    while not told.is_set():
        vectors = [{"image": [float(number), 1.0, float(n)]} for n in range(8)]
        store.upsert([models.PointStruct(id=number + n, vector=vector) for n, vector in enumerate(vectors)])
        number += 8
        if number == 108:
            print("writing", flush=True)
    print(number, flush=True)
"""


def test_fifty_attempts_while_a_process_writes_harm_nothing(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        for _ in range(50):
            with pytest.raises(StoreLockedError, match=f"process {writer.pid} .*stop it"):
                open_store(folder)
        end = int(writer.communicate("", timeout=60)[0])
    assert end > 108
    with open_store(folder) as store:
        written = {
            record.id: record.vector for record in store.scroll_all(with_vectors=True) if record.id in range(100, end)
        }
        assert written == {
            number: {"image": [float(100 + (number - 100) // 8 * 8), 1.0, float((number - 100) % 8)]}
            for number in range(100, end)
        }
        assert store.count() == 12 + end - 100


def test_lock_of_a_killed_process_is_free(folder: Path) -> None:
    with holder(folder) as process:
        process.kill()
        process.wait()
        with open_store(folder) as store:
            assert store.count() == 12


def test_same_process_twice_is_told_so(folder: Path) -> None:
    with open_store(folder) as store:
        with pytest.raises(StoreLockedError, match="already open in this process"):
            open_store(folder)
        assert store.count() == 12
    open_store(folder).close()


def test_one_of_two_that_create_at_once_wins(tmp_path: Path) -> None:
    first, second = open_store(tmp_path / "store"), open_store(tmp_path / "store")
    first.ensure(SPECS)
    with pytest.raises(StoreLockedError):
        second.ensure(SPECS)
    first.close()
    second.ensure(SPECS)
    second.upsert(make_points(1))
    assert second.count() == 1
    second.close()


def test_damaged_lock_file_still_says_that_the_store_is_in_use(folder: Path) -> None:
    with open_store(folder):
        (folder / "medley" / "lock").write_text("{")
        with pytest.raises(StoreLockedError, match="in use by another process"):
            open_store(folder)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_a_fork_cannot_use_its_parents_store(folder: Path) -> None:
    with open_store(folder) as store:
        child = os.fork()
        if not child:  # the child: its exit status is the answer
            status = 1
            try:
                store.count()
            except StoreError as error:
                status = 0 if "before a fork" in str(error) else 2
            finally:
                store.close()
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        with pytest.raises(StoreLockedError):
            open_store(folder)
        store.upsert(make_points(13))
        assert store.count() == 13


def test_refused_opening_releases_the_lock(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    sound = sidecar.read_text()
    sidecar.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        open_store(folder)
    sidecar.write_text(sound)
    with open_store(folder) as store:
        assert store.count() == 12
