"""The command line while a server holds the store: it asks there, and says the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import medley
from medley.cli import app
from medley.http import remote
from medley.http.remote import Remote, served_at
from schemas.errors import StoreUnavailableError, UsageError
from schemas.search import SearchRequest
from schemas.settings import load_settings
from tests.media import picture, tone
from tests.serving import serving
from tests.store.conftest import quick_folder

KEY = "a-long-secret"


@pytest.fixture(scope="module")
def library() -> Iterator[medley.Library]:
    """Held by this process, and served by it."""
    with quick_folder() as folder:
        for colour in ("red", "green", "blue"):
            picture(folder / "media" / f"{colour}.png", colour, (120, 80), "square")
            (folder / "media" / f"{colour}.txt").write_text(f"a {colour} square")
        tone(folder / "media" / "bell.wav", seconds=1)
        (folder / "media" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        settings = load_settings(
            store=str(folder / "store"), encoders={"preset": "tiny", "ocr": "off"}, http={"api_key": KEY}
        )
        with medley.Library(settings) as library, serving(library) as url:
            library.ingest(folder / "media")
            library.store.announce(url)
            yield library


@pytest.fixture(autouse=True)
def environment(library: medley.Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_STORE", library.settings.store)
    monkeypatch.setenv("MEDLEY_HTTP__API_KEY", KEY)


def says(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_misspelt_settings_are_told_though_a_server_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDLEY_STOR", "elsewhere")
    assert "Did you mean MEDLEY_STORE?" in says("search", "square").stderr
    monkeypatch.delenv("MEDLEY_STOR")
    for text, meant in (('collecton = "other"', "collection"), ('encoders.presett = "best"', "encoders.preset")):
        (tmp_path / "medley.toml").write_text(text)
        assert f"Did you mean {meant!r}?" in says("search", "square").stderr


def test_a_search_is_answered_as_by_the_library(library: medley.Library) -> None:
    media, away = Path(library.settings.store).parent / "media", {"text": "red", "weight": -1}
    for words, expected in (
        (["a", "green", "square"], library.search("a green square")),
        (["--image", media / "red.png", "-n", "2"], library.search(image=media / "red.png", limit=2)),
        (
            ["--like", "blue.png", "--without", "red"],
            library.search(item="blue.png", parts=[away]),
        ),
        (["square", "--where", "modality = picture"], library.search("square", where="modality = picture")),
    ):
        done = says("search", *words, "--json")
        assert done.exit_code == 0, done.output
        told, own = json.loads(done.stdout), expected.model_dump(mode="json")
        assert told["notes"] == own["notes"]
        assert told["fusion"] == own["fusion"]
        assert {hit["path"]: (hit["file"], hit["words"]) for hit in told["hits"]} == {
            hit["path"]: (hit["file"], hit["words"]) for hit in own["hits"]
        }
        assert [hit["score"] for hit in told["hits"]] == pytest.approx([hit["score"] for hit in own["hits"]])


def test_an_explanation_too(library: medley.Library) -> None:
    done = says("explain", "green", "square", "--item", "green.png", "--json")
    assert done.exit_code == 0, done.output
    own = library.explain("green square", item="green.png").model_dump(mode="json")
    told = json.loads(done.stdout)
    assert told["hit"]["vectors"].keys() == own["hit"]["vectors"].keys()
    assert told["hit"]["passages"] == own["hit"]["passages"]


def test_status_quarantine_and_show_too(library: medley.Library) -> None:
    assert json.loads(says("status", "--json").stdout) == library.status().model_dump(mode="json")
    assert json.loads(says("show", "red.png", "--json").stdout) == {"segments": library.show("red.png")}
    assert "broken.png" in says("quarantine").stdout
    assert "a red square" in says("show", "red.png").stdout


WRONG: list[tuple[list[str], Callable[[medley.Library], object]]] = [
    (["search", "x", "--using", "imag"], lambda library: library.search("x", using="imag")),
    (["search", "--image", "nothing.png"], lambda library: library.search(image="nothing.png")),
    (["search", "x", "--where", "modality ="], lambda library: library.search("x", where="modality =")),
    (["show", "nowhere.png"], lambda library: library.show("nowhere.png")),
]


@pytest.mark.parametrize(("words", "ask"), WRONG)
def test_errors_are_the_same_sentences(
    library: medley.Library, words: list[str], ask: Callable[[medley.Library], object]
) -> None:
    done = says(*words)
    with pytest.raises(UsageError) as caught:
        ask(library)
    assert (done.exit_code, done.stderr) == (2, f"{caught.value}\n")


def test_a_server_with_a_key_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDLEY_HTTP__API_KEY")
    done = says("status")
    assert done.exit_code == 2
    assert "set MEDLEY_HTTP__API_KEY" in done.stderr


def test_a_server_that_went_away_is_told() -> None:
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        Remote("http://127.0.0.1:1", None).search(SearchRequest.of(text="x"))


def test_nobody_is_asked_where_no_server_holds_the_store(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    with medley.open(store) as library:
        assert served_at(store) is None  # nothing was written yet: there is no lock
        library.store.announce("http://127.0.0.1:1")
        assert served_at(store) is not None
    assert served_at(store) is None  # let go
    assert served_at("http://localhost:6333") is None


SETTINGS: dict[str, tuple[dict[str, str], str | None, str | None]] = {
    "nothing": ({}, None, None),
    "the environment": ({"MEDLEY_STORE": "a", "medley_collection": "b", "MEDLEY_HTTP__API_KEY": "c" * 9}, None, None),
    "a file": ({}, 'store = "d"\ncollection = "e"\n[http]\napi_key = "fffffffff"\n', None),
    "both": ({"MEDLEY_STORE": "a"}, 'store = "d"\ncollection = "e"\n', None),
    "more": ({}, 'store = "d"\n[http]\nport = 1\n', None),
    "an argument": ({"MEDLEY_STORE": "a"}, 'store = "d"\n', "g"),
    "in one": ({"MEDLEY_HTTP": '{"api_key": "hhhhhhhhh"}'}, None, None),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_plain_settings_are_read_as_the_library_reads_them(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment, file, store = SETTINGS[name]
    monkeypatch.chdir(tmp_path)
    for variable in ("MEDLEY_STORE", "MEDLEY_HTTP__API_KEY"):
        monkeypatch.delenv(variable)
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    if file:
        (tmp_path / "medley.toml").write_text(file)
    expected = remote._of(load_settings(**({"store": store} if store else {})))
    assert (remote._plainly(store) or expected) == expected
    assert (remote._plainly(store) is None) == (name in ("more", "in one"))


def test_settings_that_are_wrong_are_said_to_be(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "medley.toml").write_text("store = ")
    done = says("status")
    assert done.exit_code == 2
    assert "medley.toml is not valid TOML" in done.stderr


def test_asking_loads_nothing_heavy() -> None:
    heavy = ["numpy", "qdrant_client", "qdrant_edge", "httpx", "fastapi", "prefect", "av", "PIL", "torch"]
    heavy += ["pydantic_settings", "schemas.report", "schemas.plan"]
    code = "import sys, medley.cli, medley.http.remote, medley.show, medley.bar"
    code += f"; print([n for n in {heavy} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
