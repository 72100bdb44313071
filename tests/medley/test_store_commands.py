"""`medley store …` on real stores: what it does, what it prints, and what it exits with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from medley.cli import app
from schemas.settings import load_settings
from store import open_store
from tests.collection import contents
from tests.media import picture, tone
from tests.store.conftest import clone, quick_folder

COMMANDS = ("check", "backup", "restore", "copy", "drop", "optimize")


def medley(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def answer(*words: str | Path, code: int = 0) -> Any:
    done = medley(*words, "--json")
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Replaces pytest's own: in memory, where syncing costs nothing."""
    with quick_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A store with pictures, a sound and texts; copied by each test."""
    with quick_folder() as home:
        yield fill(home)


def fill(home: Path) -> Path:
    for colour in ("red", "green", "blue"):
        picture(home / "media" / f"{colour}.png", colour)
        (home / "media" / f"{colour}.txt").write_text(f"a {colour} circle on paper")
    tone(home / "media" / "high.wav", hertz=1500)
    (home / "media" / "empty.png").touch()
    done = medley(
        "ingest", home / "media", "--store", home / "store", "--preset", "tiny", "--ocr", "off", "--no-prefect"
    )
    assert done.exit_code == 0, done.output
    return home / "store"


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = clone(made, tmp_path / "store")
    monkeypatch.setenv("MEDLEY_STORE", str(folder))
    return folder


def equal(one: Path, other: Path) -> bool:
    """Whether two stores hold the same points, vectors, metadata and artifacts."""
    with open_store(one) as first, open_store(other) as second:
        same = first.metadata() == second.metadata() and first.vectors() == second.vectors()
        same = same and first.artifacts() == second.artifacts()
    points = contents(load_settings(store=str(one)))
    assert len(points) > 4
    return same and points == contents(load_settings(store=str(other)))


def test_a_sound_store_is_said_to_be_sound(store: Path) -> None:
    found = answer("store", "check")
    assert found["sound"]
    assert found["problems"] == []
    assert found["points"] == len(contents(load_settings(store=str(store))))
    assert found["vectors"]["image"] == 3
    done = medley("store", "check", "--store", store)
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Sound: {found['points']} points read")


def test_a_planted_fault_is_found_and_is_an_exit_code(store: Path) -> None:
    with open_store(store) as opened:
        spoilt = next(iter(opened.scroll_all())).id
        opened.set_payload({"path": "elsewhere.png"}, [spoilt])
    found = answer("store", "check", code=1)
    assert not found["sound"]
    assert found["faults"] == 1
    assert str(spoilt) in found["problems"][0]
    assert "elsewhere.png" in found["problems"][0]
    done = medley("store", "check")
    assert done.exit_code == 1
    assert "1 faults" in done.stdout
    assert str(spoilt) in done.stdout


def test_a_backup_is_a_store_and_comes_back(store: Path, tmp_path: Path) -> None:
    made = answer("store", "backup", "kept")
    assert made == {"points": len(contents(load_settings(store=str(store)))), "from": str(store), "to": "kept"}
    assert equal(store, tmp_path / "kept")
    assert medley("search", "circle", "--store", "kept").exit_code == 0

    shutil.rmtree(store)
    done = medley("store", "restore", "kept")

    assert done.exit_code == 0, done.output
    assert f"{made['points']} points copied from kept to" in done.stdout
    assert equal(store, tmp_path / "kept")


def test_a_copy_is_the_same_point_by_point(store: Path, tmp_path: Path) -> None:
    done = medley("store", "copy", store, tmp_path / "other")
    assert done.exit_code == 0, done.output
    assert equal(store, tmp_path / "other")


def test_an_interrupted_copy_goes_on(store: Path, tmp_path: Path) -> None:
    points = list(contents(load_settings(store=str(store))))
    with open_store(store) as old, open_store(tmp_path / "other") as new:
        new.ensure(list(old.vectors().values()))
        new.set_metadata({"copying": {"from": f"{store} medley", "next": points[0]}})
    assert answer("store", "check", "--store", "other", code=1)["problems"][0].startswith("The collection is a copy")
    assert answer("store", "copy", "./store", "other")["points"] == len(points)
    assert equal(store, tmp_path / "other")


def test_a_small_store_needs_no_index(store: Path) -> None:
    found = answer("store", "optimize")
    assert found["vectors"] == []
    assert "need no index" in medley("store", "optimize").stdout
    with open_store(store) as opened:
        assert opened.metadata()["index"]["vectors"] == {}


def test_how_vectors_are_kept_is_a_setting_that_the_next_index_takes_up(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(store) as opened:
        before = opened.vectors()
    assert (before["text"].quantization, before["words"].quantization) == ("scalar", None)
    monkeypatch.setenv("MEDLEY_VECTORS__TEXT__QUANTIZATION", "none")
    monkeypatch.setenv("MEDLEY_VECTORS__TEXT__HNSW_M", "32")
    assert answer("store", "optimize")["vectors"] == []
    with open_store(store) as opened:
        assert opened.vectors() == before | {"text": replace(before["text"], quantization=None, hnsw_m=32)}
    monkeypatch.setenv("MEDLEY_VECTORS__TEXT__QUANTIZATION", "ternary")
    done = medley("store", "optimize")
    assert (done.exit_code, "vectors.text.quantization" in done.stderr) == (2, True)
    monkeypatch.setenv("MEDLEY_VECTORS__TEXT__QUANTIZATION", "binary")
    monkeypatch.setenv("MEDLEY_VECTORS__TEXT__HNSW_M", "1")
    done = medley("store", "optimize")
    assert (done.exit_code, "1 edges a node" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["check", "--store", "nothing"], "ingest a folder first", 1),
        (["optimize", "--store", "nothing"], "ingest a folder first", 1),
        (["backup", "kept", "--store", "nothing"], "to copy", 1),
        (["restore", "nothing"], "no backup", 2),
        (["backup", "store"], "cannot be copied to itself", 2),
        (["restore", "./store"], "cannot be copied to itself", 2),
        (["copy", "store", "store/../store"], "cannot be copied to itself", 2),
        (["copy", "http://name:hidden@host", "http://name:hidden@host/"], "http://host cannot be copied", 2),
        (["copy", "nothing", "other"], "no collection 'medley' in", 1),
        (["copy", "store", "file"], "is a file", 2),
    ],
)
def test_a_mistake_is_one_sentence(store: Path, tmp_path: Path, words: list[str], said: str, code: int) -> None:
    (tmp_path / "file").touch()
    done = medley("store", *words)
    assert done.exit_code == code
    assert done.stdout == ""
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "hidden" not in done.output
    assert said in answer("store", *words, code=code)["error"]
    assert not (tmp_path / "nothing").exists()
    assert not (tmp_path / "other").exists()


def test_nothing_is_restored_over_what_is_there(store: Path) -> None:
    assert medley("store", "backup", "kept").exit_code == 0
    done = medley("store", "restore", "kept")
    assert done.exit_code == 1
    assert "is not empty" in done.stderr


def test_a_damaged_store_is_one_sentence(store: Path) -> None:
    shutil.rmtree(store / "medley" / "shard" / "segments")
    done = medley("store", "check")
    assert done.exit_code == 1
    assert "restore it from a backup" in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_tells_what_it_does(command: str) -> None:
    done = medley("store", command, "--help")
    assert done.exit_code == 0
    assert "--json" in done.stdout
    assert command in medley("store", "--help").stdout


def test_dropped_vector_is_gone_and_comes_back_only_if_the_encoders_make_it(made: Path, store: Path) -> None:
    media = made.parent / "media"
    assert answer("store", "drop", "audio") == {"dropped": "audio"}
    assert set(answer("status")["vectors"]) == {"text", "image", "words"}
    assert answer("store", "check")["sound"]
    assert "Did you mean 'image'?" in answer("store", "drop", "imgae", code=2)["error"]

    run = ("ingest", media, "--no-prefect", "--ocr", "off")
    without = answer(*run, "--preset", "text=hashing,image=thumbnail")
    again = answer(*run, "--preset", "tiny")

    assert without["notes"] == [note for note in without["notes"] if "audio" not in note]
    assert again["encoded"] == {"text": 0, "image": 0, "audio": 1}
    assert set(answer("status")["vectors"]) == {"text", "image", "audio", "words"}
