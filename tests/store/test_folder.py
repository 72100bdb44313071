"""What may be the folder of a store, and what an interrupted change leaves in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from schemas.errors import StoreError, UsageError
from store import open_store

from .conftest import SPECS, make_points, uid


def test_store_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("hello")
    with pytest.raises(UsageError, match="is a file"):
        open_store(tmp_path / "store")


@pytest.mark.parametrize(
    ("location", "meant"),
    [
        ("htpp://localhost:6333", "http://localhost:6333"),
        ("htpps://key@example.org/qdrant", "https://example.org/qdrant"),
        ("http:/localhost:6333", "http://localhost:6333"),
        ("HTTP://localhost:6333", "http://localhost:6333"),
        ("ftp://example.org", "http://example.org"),
        ("localhost:6333", "http://localhost:6333"),
    ],
)
def test_mistyped_url_is_no_folder(location: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean {meant}\\?") as caught:
        open_store(location)
    assert "key" not in str(caught.value)


def test_folder_may_be_called_like_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with open_store("./localhost:6333") as store:
        assert store.location == "localhost:6333"


def test_collection_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "medley").write_text("hello")
    with pytest.raises(UsageError, match="is a file"):
        open_store(tmp_path)


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "medley").mkdir()
    (tmp_path / "medley" / "photo.jpg").write_bytes(b"precious")
    with pytest.raises(UsageError, match=r"photo\.jpg"):
        open_store(tmp_path)
    assert [file.name for file in (tmp_path / "medley").iterdir()] == ["photo.jpg"]


def test_folder_that_cannot_be_written_is_one_sentence() -> None:
    with open_store("/proc/medley-store") as store, pytest.raises(StoreError, match="/proc/medley-store"):
        store.ensure(SPECS)


def test_interrupted_creation_is_cleared_away(tmp_path: Path) -> None:
    draft = tmp_path / "medley" / "shard.new"
    draft.mkdir(parents=True)
    (draft / "half").write_text("of it")
    with open_store(tmp_path) as store:
        assert not store.exists()
        store.ensure(SPECS)
        store.upsert(make_points())
        assert store.count() == 12


def test_creation_interrupted_before_its_last_step_is_finished(folder: Path) -> None:
    collection = folder / "medley"
    (collection / "shard").rename(collection / "shard.new")
    with open_store(folder) as store:
        assert store.exists()
        assert store.count() == 12


def test_interrupted_replacement_of_a_vector_never_brings_old_vectors_back(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    record = json.loads(sidecar.read_text())
    del record["metadata"]["vectors"]["image"]  # as recorded just before the engine drops it
    sidecar.write_text(json.dumps(record))
    with open_store(folder) as store:
        store.ensure(SPECS)
        vector = store.retrieve([uid(1)], with_vectors=True)[0].vector
        assert isinstance(vector, dict)
        assert sorted(vector) == ["late", "text", "words"]


def test_a_newer_format_is_refused(folder: Path) -> None:
    sidecar = folder / "medley" / "collection.json"
    sidecar.write_text(json.dumps({**json.loads(sidecar.read_text()), "format": 99}))
    with pytest.raises(StoreError, match="newer Medley"):
        open_store(folder)


def test_metadata_survives_a_write_that_fails_halfway(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_store(folder) as store:
        before = sorted(file.name for file in (folder / "medley").iterdir())

        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left on device"):
            store.set_metadata({"sources": {}})
        monkeypatch.undo()
        assert store.metadata() == {"sources": {"holiday": "/photos"}}
        assert sorted(file.name for file in (folder / "medley").iterdir()) == before
    with open_store(folder) as store:
        assert store.metadata() == {"sources": {"holiday": "/photos"}}


def test_damaged_artifact_is_one_sentence(folder: Path) -> None:
    file = folder / "medley" / "artifacts" / "bridge.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    with open_store(folder) as store, pytest.raises(StoreError, match=r"'bridge'.*fit it again"):
        store.load_artifact("bridge")


def test_artifact_of_an_earlier_version_is_read_and_written_anew(folder: Path) -> None:
    kept = folder / "medley" / "artifacts"
    described = np.frombuffer(b'{"n": 1}', np.uint8)
    np.savez(kept / "old.npz", w=np.eye(2), __meta__=described)
    with open_store(folder) as store:
        assert store.artifacts() == ["bridge", "old"]
        arrays, meta = store.load_artifact("old") or ({}, {})
        np.testing.assert_array_equal(arrays["w"], np.eye(2))
        assert meta == {"n": 1}
        store.save_artifact("old", arrays, {"n": 2})
        assert (store.load_artifact("old") or ({}, {}))[1] == {"n": 2}
        assert sorted(file.name for file in kept.iterdir()) == ["bridge.safetensors", "old.safetensors"]
        store.delete_artifact("old")
        assert store.artifacts() == ["bridge"]
