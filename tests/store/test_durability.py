"""What the embedded store promises: what it acknowledged is there, and what is lost is told."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qdrant_client import models

from schemas.errors import StoreError
from schemas.vectors import VectorSpec
from store import Store, open_store
from store.embedded import EmbeddedStore

from .conftest import SPECS, clone, make_points, quick_folder, uid

ROOT = Path(__file__).parents[2]
KILLS = int(os.environ.get("MEDLEY_KILLS", "30"))
BATCH = 16
# Forks a writer for each number that it reads, so that the modules are imported once.
NURSERY = """
import os, sys
from pathlib import Path
import store.embedded
from tests.store import test_durability
for line in sys.stdin:
    child = os.fork()
    if not child:
        getattr(test_durability, sys.argv[2])(Path(sys.argv[1]), int(line))
    print("child", child, flush=True)
    os.waitpid(child, 0)
    print("dead", flush=True)
"""


def batch_of(number: int) -> list[models.PointStruct]:
    rng = np.random.default_rng(number)
    return [
        models.PointStruct.model_construct(
            id=uid(1 + number * BATCH + place),
            vector={"image": rng.normal(size=32).astype(np.float32), "text": rng.normal(size=8).astype(np.float32)},
            payload={"path": f"{number}/{place}", "segment": place, "info": {"long": "x" * int(rng.integers(0, 3000))}},
        )
        for place in range(BATCH)
    ]


def change(folder: Path, number: int) -> None:
    """Replace and add vectors for ever."""
    with open_store(folder) as store:
        while True:
            text = VectorSpec("text", 8 + number % 3, "dot", f"mini-{number}")
            if number % 2:
                store.replace_vector(text)
            else:
                store.drop_vector("text")
                store.ensure([text])
            sys.stdout.write(f"done {number}\n")
            sys.stdout.flush()
            number += 1


def write(folder: Path, number: int) -> None:
    """Write batches for ever, and say which are done."""
    with open_store(folder) as store:
        while True:
            write_one(store, number)
            number += 1


def write_one(store: Store, number: int) -> None:
    """A batch, as the flows write: points, then what is changed and deleted of them."""
    store.upsert(batch_of(number))
    store.set_payload({"state": "indexed"}, [uid(1 + number * BATCH)])
    store.delete([uid(2 + number * BATCH)])
    store.set_metadata({"written": number})
    sys.stdout.write(f"done {number}\n")
    sys.stdout.flush()


class Mortal:
    """An engine that dies before or after one of its writes and syncs: between the halves of what the store does."""

    def __init__(self, shard: Any, step: int) -> None:
        self._shard, self._left = shard, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._shard, name)

    def update(self, operation: Any) -> None:
        self._live()
        self._shard.update(operation)
        self._live()

    def flush(self) -> None:
        self._live()
        self._shard.flush()
        self._live()

    def _live(self) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


STEPS = 12  # of a batch: three writes with their syncs, each with a before and an after


def write_and_die(folder: Path, step: int) -> None:
    """Write three batches, and die in the step so many steps later."""
    with EmbeddedStore(folder, "medley") as store:
        engine = store._engine
        engine._shard = Mortal(engine._shard, STEPS + step)
        for number in range(3):
            write_one(store, number)


def check(store: Store, acknowledged: int, since: int = 0) -> int:
    """Compare every point of the batches that were acknowledged, from one on; gives how many there are."""
    seen = 0
    for number in range(since, acknowledged + 1):
        expected = [point for place, point in enumerate(batch_of(number)) if place != 1]
        expected[0].payload["state"] = "indexed"
        found = store.retrieve([point.id for point in batch_of(number)], with_vectors=True)
        assert [record.id for record in found] == [point.id for point in expected]
        for record, point in zip(found, expected, strict=True):
            assert record.payload == point.payload
            assert isinstance(record.vector, dict)
            for name, vector in point.vector.items():
                np.testing.assert_array_equal(np.array(record.vector[name], np.float32), vector)
        seen += len(found)
    for record in store.scroll_all(with_vectors=True):  # what was not acknowledged is there whole, or not at all
        assert isinstance(record.vector, dict)
        assert record.vector.keys() == {"image", "text"}
        assert "path" in (record.payload or {})
    return seen


class Nursery:
    """A process that forks another for each piece of work, so that the modules are imported once."""

    def __init__(self, store: Path, work: str) -> None:
        self._chance = random.Random(5)
        self._process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, str(store), work],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill(self, number: int) -> int:
        """Let it work from a number on, kill it soon after its first word, and give its last number."""
        self._begin(number)
        writer, done = 0, None
        while not writer or done is None:
            word, value = self._line().split()
            if word == "child":
                writer = int(value)
            else:
                done = int(value)
        time.sleep(self._chance.uniform(0, 0.1))
        os.kill(writer, signal.SIGKILL)
        return self._until_dead(done)

    def let_die(self, number: int) -> int:
        """Let it work until it dies of itself, and give its last number."""
        self._begin(number)
        return self._until_dead(-1)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _begin(self, number: int) -> None:
        assert self._process.stdin is not None
        print(number, file=self._process.stdin, flush=True)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def _until_dead(self, done: int) -> int:
        while (line := self._line()) != "dead\n":
            assert line
            word, value = line.split()
            done = int(value) if word == "done" else done
        return done


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Callable[[str], Nursery]]:
    """Makes nurseries for the functions of this module that work on a store."""
    made: list[Nursery] = []

    def make(work: str) -> Nursery:
        made.append(Nursery(tmp_path / "store", work))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_everything_acknowledged_survives_kill_9(tmp_path: Path, nursery: Callable[[str], Nursery]) -> None:
    writers, acknowledged = nursery("write"), -1
    make_store(tmp_path / "store")
    for _ in range(KILLS):
        since, acknowledged = acknowledged + 1, writers.kill(acknowledged + 1)
        with open_store(tmp_path / "store") as store:
            check(store, acknowledged, since)  # what is lost stays lost: all of it is compared at the end
            assert store.metadata()["written"] >= acknowledged
    with open_store(tmp_path / "store") as store:
        assert check(store, acknowledged) == (acknowledged + 1) * (BATCH - 1)
    assert acknowledged >= KILLS - 1


def make_store(folder: Path) -> None:
    with open_store(folder) as store:
        store.ensure([VectorSpec("image", 32, "dot", "clip-1"), VectorSpec("text", 8, "dot", "mini-1")])


def test_a_death_between_the_halves_of_a_batch_costs_nothing_that_was_acknowledged(
    tmp_path: Path, nursery: Callable[[str], Nursery]
) -> None:
    """Before and after each write and each sync of one batch; the next writer does the batch again."""
    writers = nursery("write_and_die")
    make_store(tmp_path / "store")
    for step in range(STEPS):
        assert writers.let_die(step) == 0
        with open_store(tmp_path / "store") as store:
            check(store, 0)
            half = store.retrieve([point.id for point in batch_of(1)], with_vectors=True)
            assert len(half) in {0, BATCH, BATCH - 1}
            assert len(half) > 0 or step == 0  # from its first write on, it is there
            write_one(store, 1)
            check(store, 1)
            store.delete([point.id for point in batch_of(1)])


def test_kill_9_while_vectors_are_replaced_and_dropped_loses_nothing_else(
    tmp_path: Path, nursery: Callable[[str], Nursery]
) -> None:
    workers, done = nursery("change"), 0
    make_store(tmp_path / "store")
    with open_store(tmp_path / "store") as store:
        store.upsert(batch_of(0))
    for _ in range(KILLS // 3):
        done = workers.kill(done + 1)
        with open_store(tmp_path / "store") as store:
            now = store.vectors().get("text")
            assert now is None or int(now.fingerprint.removeprefix("mini-")) >= done
            for record, point in zip(store.scroll_all(with_vectors=True), batch_of(0), strict=True):
                assert isinstance(record.vector, dict)
                assert record.vector.keys() == {"image"}
                np.testing.assert_array_equal(np.array(record.vector["image"], np.float32), point.vector["image"])


def test_the_engines_list_of_vectors_is_made_again_after_an_interrupted_change(template: Path, tmp_path: Path) -> None:
    """A kill between its two writes leaves a list that its segments do not know."""
    folder = clone(template, tmp_path / "store")
    listed, sidecar = only(folder, "edge_config.json"), folder / "medley" / "collection.json"
    config, record = json.loads(listed.read_text()), json.loads(sidecar.read_text())
    config["vectors"]["new"] = {"size": 2, "distance": "Dot"}
    listed.write_text(json.dumps(config))
    with pytest.raises(StoreError, match="damaged"):
        open_store(folder)
    sidecar.write_text(json.dumps({**record, "changing": "new"}))
    request = models.QueryRequest(query=models.SparseVector(indices=[1, 101], values=[1.0, 2.0]), using="words")
    with open_store(template) as store:
        expected = [(hit.id, hit.score) for hit in store.query(request)]
    with open_store(folder) as store:
        assert store.count() == 40
        assert sorted((hit.id, hit.score) for hit in store.query(request)) == sorted(expected)
        store.ensure([*SPECS, VectorSpec("new", 2, "dot", "n-1")])
        store.update_vectors([models.PointVectors(id=uid(1), vector={"new": [1.0, 2.0]})])
    with open_store(folder) as store:
        assert store.query(models.QueryRequest(query=[1.0, 0.0], using="new"))[0].id == uid(1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


FILLER = """
import os
import sys
from pathlib import Path
from qdrant_client import models
from schemas.errors import StoreError
from store import open_store
with open_store(Path(sys.argv[1])) as store:
    number = store.count()
    try:
        while number < 60_000:
            vector, words = {"text": [1.0, 2.0, 3.0, 4.0]}, os.urandom(10_000).hex()  # the engine compresses payloads
            ids = range(number, number + 200)
            store.upsert([models.PointStruct(id=id, vector=vector, payload={"words": words}) for id in ids])
            number += 200
    except StoreError as error:
        print(error)
    print(number, store.count())
"""


def test_a_full_disk_is_one_sentence_and_loses_nothing(small_disk: Path) -> None:
    """In a process of its own, which the engine would take down with it."""
    with open_store(small_disk / "store") as store:
        store.ensure(SPECS)
    command = [sys.executable, "-c", FILLER, str(small_disk / "store")]
    said, counts = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    written, counted = map(int, counts.split())
    assert "is nearly full" in said
    assert written == counted > 0
    subprocess.run(["mount", "-o", "remount,size=600m", str(small_disk)], check=True)
    with open_store(small_disk / "store") as store:
        assert store.count() == written
        store.upsert(make_points(3))
        assert store.count() == written + 3


# -- the index that takes the place of the shard ---------------------------------------------------------------------


def aside(folder: Path, name: str) -> Path:
    return (folder / "medley" / "shard").rename(folder / "medley" / name)


INTERRUPTED: dict[str, Callable[[Path], Any]] = {
    "while it is built": lambda folder: clone(folder / "medley" / "shard", folder / "medley" / "shard.index"),
    "before it is there": lambda folder: clone(aside(folder, "shard.old"), folder / "medley" / "shard.index"),
    "before the other is gone": lambda folder: clone(folder / "medley" / "shard", folder / "medley" / "shard.old"),
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_a_death_while_the_index_takes_its_place_costs_nothing(template: Path, tmp_path: Path, name: str) -> None:
    folder = clone(template, tmp_path / "store")
    INTERRUPTED[name](folder)
    for _ in range(2):
        with open_store(folder) as store:
            assert store.count() == 40
            assert not list((folder / "medley").glob("shard.*"))
            store.upsert(make_points(40))


# -- damage --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """The folder of a closed store with forty points."""
    with quick_folder() as folder:
        with open_store(folder / "store") as store:
            store.ensure(SPECS)
            store.upsert(make_points(40))
        yield folder / "store"


def only(folder: Path, pattern: str) -> Path:
    found = [file for file in sorted((folder / "medley").rglob(pattern)) if "payload_index" not in file.parts]
    assert found, pattern
    return found[0]


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def junk(file: Path) -> None:
    file.write_bytes(b"\x00" * 10)


INDEX_FILES = ("page_0.dat", "status.dat", "flags_a.dat", "tracker.dat", "config.json")


@pytest.mark.parametrize("harm", [cut, Path.unlink])
@pytest.mark.parametrize("name", INDEX_FILES)
def test_index_of_payload_fields_that_lost_something_is_made_again(
    template: Path, tmp_path: Path, name: str, harm: Callable[[Path], Any]
) -> None:
    folder = clone(template, tmp_path / "store")
    harmed = [file for file in sorted(folder.rglob(name)) if "payload_index" in file.parts]
    for file in harmed:
        harm(file)
    assert harmed
    for _ in range(2):
        with open_store(folder) as store:
            assert store.facet("modality") == {"audio": 13, "image": 14, "text": 13}
            assert store.count() == 40


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "shard gone": lambda folder: shutil.rmtree(folder / "medley" / "shard"),
    "record gone": lambda folder: (folder / "medley" / "collection.json").unlink(),
    "record junk": lambda folder: junk(folder / "medley" / "collection.json"),
    "record without vectors": lambda folder: (folder / "medley" / "collection.json").write_text('{"format": 1}'),
    "all segments gone": lambda folder: shutil.rmtree(folder / "medley" / "shard" / "segments"),
    "a segment gone": lambda folder: shutil.rmtree(next((folder / "medley" / "shard" / "segments").iterdir())),
    "segment state gone": lambda folder: only(folder, "segment.json").unlink(),
    "segment state junk": lambda folder: junk(only(folder, "segment.json")),
    "version gone": lambda folder: only(folder, "version.info").unlink(),
    "ids gone": lambda folder: only(folder, "*id_tracker.mappings").unlink(),
    "ids cut": lambda folder: cut(only(folder, "*id_tracker.mappings")),
    "versions cut": lambda folder: cut(only(folder, "*id_tracker.versions")),
    "vectors gone": lambda folder: only(folder, "vector_storage-text/vectors/chunk_0.mmap").unlink(),
    "vectors cut": lambda folder: cut(only(folder, "vector_storage-image/vectors/chunk_0.mmap")),
    "late vectors gone": lambda folder: only(folder, "vector_storage-late/**/chunk_0.mmap").unlink(),
    "sparse vectors gone": lambda folder: only(folder, "vector_storage-words/**/page_0.dat").unlink(),
    "payloads gone": lambda folder: only(folder, "payload_storage/page_0.dat").unlink(),
    "payloads cut": lambda folder: cut(only(folder, "payload_storage/page_0.dat")),
    "log gone": lambda folder: shutil.rmtree(folder / "medley" / "shard" / "wal"),
    "log emptied": lambda folder: [file.unlink() for file in (folder / "medley" / "shard" / "wal").iterdir()],
    "part of the log gone": lambda folder: only(folder, "wal/open-*").unlink(),
    "log cut": lambda folder: [os.truncate(file, 100) for file in (folder / "medley" / "shard" / "wal").iterdir()],
    "configuration junk": lambda folder: junk(folder / "medley" / "shard" / "edge_config.json"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_torn_store_is_told_at_opening(template: Path, tmp_path: Path, name: str) -> None:
    folder = clone(template, tmp_path / "store")
    DAMAGE[name](folder)
    with pytest.raises(StoreError, match="damaged") as caught:
        open_store(folder)
    said = str(caught.value)
    assert "restore it from a backup" in said
    assert "\n" not in said


def test_a_torn_store_is_told_again_and_nothing_is_made_worse(template: Path, tmp_path: Path) -> None:
    folder = clone(template, tmp_path / "store")
    ids = only(folder, "*id_tracker.mappings")
    aside = ids.rename(tmp_path / "aside")
    for _ in range(3):
        with pytest.raises(StoreError, match="mappings is missing"):
            open_store(folder)
    aside.rename(ids)
    with open_store(folder) as store:
        assert store.count() == 40


def test_points_that_vanish_from_whole_files_are_missed(template: Path, tmp_path: Path) -> None:
    """A file of the right size from an older state: only the number of points tells."""
    folder = clone(template, tmp_path / "store")
    ids = only(folder, "*id_tracker.mappings")
    whole = ids.read_bytes()
    ids.write_bytes(whole[: len(whole) // 2] + b"\x00" * (len(whole) - len(whole) // 2))
    with pytest.raises(StoreError, match="damaged"):
        open_store(folder)


def test_a_new_store_that_was_not_closed_is_not_taken_for_damaged(tmp_path: Path) -> None:
    """As a kill in the first run leaves it; the state of its segment has become shorter with the first write."""
    with open_store(tmp_path / "new") as store:
        store.ensure([VectorSpec("text", 2, "dot", "t-1")])
        store.upsert([models.PointStruct(id=1, vector={"text": [1.0, 0.0]}, payload={})])
        killed = clone(tmp_path / "new", tmp_path / "killed")

    with open_store(killed) as store:
        assert store.count() == 1


def test_a_store_that_was_not_closed_is_not_taken_for_damaged(template: Path, tmp_path: Path) -> None:
    """As a kill leaves it: copied while it is open, after writes, and after a vector was dropped."""
    folder = clone(template, tmp_path / "store")
    with open_store(folder) as store:
        store.upsert(make_points(60, seed=1))
        store.delete([uid(3)])
        first = clone(folder, tmp_path / "first")
        store.replace_vector(VectorSpec("text", 9, "dot", "other-1"))
        store.ensure([VectorSpec("new", 2, "dot", "n-1")])
        second = clone(folder, tmp_path / "second")
        store.optimize()
        third = clone(folder, tmp_path / "third")
    for copy, names in ((first, 4), (second, 5), (third, 5), (folder, 5)):
        with open_store(copy) as store:
            assert (store.count(), len(store.vectors())) == (59, names)
        with open_store(copy) as store:
            assert (store.count(), len(store.vectors())) == (59, names)
