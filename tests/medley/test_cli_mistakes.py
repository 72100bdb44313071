"""What is wrong on the command line or in the settings is told in one sentence, with an exit code."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from tests.media import picture
from tests.medley.conftest import medley

pytestmark = pytest.mark.usefixtures("environment")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("ingest", "nowhere"), "There is no folder 'nowhere'."),
        (("search",), "A question needs words, a picture, a sound, a clip, an item or a vector."),
        (("search", "anything"), "There is nothing in"),
        (("search", "x", "--limit", "0"), "limit"),
        (("show", "thing"), "There is nothing in"),
        (
            ("status", "--store", "nowhere"),
            "There is nothing in nowhere yet: run `medley ingest FOLDER` first, or name",
        ),
        (("quarantine", "--store", "nowhere"), "There is nothing in nowhere yet"),
        (("status", "--store", "htpp://localhost:6333"), "did you mean http://localhost:6333?"),
        (("store", "copy", "localhost:6333", "here"), "did you mean http://localhost:6333?"),
        (("status", "--store", ""), "The setting 'store' must not be empty."),
        (("serve", "--port", "99999"), "The setting 'http.port' must be at most 65,535, not 99999."),
        (("search", "--request", "gone.json"), "The request 'gone.json' cannot be read: No such file or directory."),
        (("status", "--store", __file__), "is a file: name a folder with --store."),
    ],
)
def test_wrong_usage_is_told_in_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    done = medley(*words)

    assert done.exit_code == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--using", "images"), "There is no vector named 'images'. Did you mean 'image'?"),
        (("--fusion", "rff"), "Did you mean 'rrf'?"),
        (("--where", "modality is video"), "is not understood at 'is'"),
        (("--image", "gone.png"), "There is no file 'gone.png'."),
        (("--weight", "image=much"), "write VECTOR=NUMBER"),
        (("--weight", "imgae=1"), "Did you mean 'image'?"),
        (("--where", "foldr = x"), "Did you mean 'folder'?"),
        (("--confidence", "2"), "--confidence must be at most 1, not 2.0."),
        (("--threshold", "nan"), "--threshold must be a finite number, not nan."),
        (("--rerank", "late", "--top", "0"), "--top must be 1 or more, not 0."),
        (("--weight", "image=-1"), "--weight must be 0 or more, not -1.0."),
        (("--group-size", "0"), "--group-size must be 1 or more, not 0."),
        (("--without", " "), "What is looked for: there are no words in it."),
    ],
)
def test_wrong_question_is_told_in_one_sentence(library: Path, words: tuple[str, ...], sentence: str) -> None:
    done = medley("search", "square", *words, "--store", library / "store")

    assert done.exit_code == 2, done.output
    assert sentence in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("search", "x", "--limt", "3"), "No such option: --limt"),
        (("search", "x", "--limit", "many"), "Invalid value for '--limit'"),
        (("ingest",), "Missing argument 'folder'. See `medley ingest --help`."),
        (("serach", "x"), "No such command 'serach'. Did you mean 'search'"),
        (("serve", "--every", "0"), "Invalid value for '--every'"),
        (("store", "copy", "one"), "See `medley store copy --help`."),
    ],
)
def test_wrong_option_is_one_sentence_too(words: tuple[str, ...], sentence: str) -> None:
    done = medley(*words)
    document = medley(*words, "--json")

    assert (done.exit_code, done.stdout, document.exit_code) == (2, "", 2)
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr
    if words[0] not in {"serve", "serach"}:  # which take no --json
        assert json.loads(document.stdout) == {"error": done.stderr.strip()}


def test_help_is_shown_where_nothing_is_asked() -> None:
    assert "ingest" in medley().output
    assert "optimize" in medley("store").output
    assert medley("search", "--help").exit_code == medley("--version").exit_code == 0


def test_server_that_is_not_there_is_asked_no_more_than_twice() -> None:
    asked = []

    def hang_up(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                asked.append(listener.accept()[0].close())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=hang_up, args=[listener], daemon=True)
        thread.start()
        done = medley("search", "boat", "--store", f"http://127.0.0.1:{port}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)

    assert done.exit_code == 1
    assert "does not answer" in done.stderr
    assert len(asked) == 2


def test_error_in_json_is_a_document_too() -> None:
    done = medley("ingest", "nowhere", "--json")

    assert done.exit_code == 2
    assert json.loads(done.stdout) == {"error": "There is no folder 'nowhere'."}


def test_wrong_setting_names_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_ENCODERS__OCR", "sometimes")

    done = medley("status")

    assert done.exit_code == 2
    assert "encoders.ocr" in done.stderr


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "MEDLEY_VECTORS__IMAG__QUANTIZATION",
            "none",
            "The setting 'vectors.imag' is for a vector that there is not.",
        ),
        (
            "MEDLEY_ENCODERS__MODELS",
            '{"siglp2": "x"}',
            "'siglp2', and nothing of that name runs a model. Did you mean",
        ),
        ("MEDLEY_ENCODERS__DEVICE", "cdua", "There is no device named 'cdua'. Did you mean 'cuda'?"),
        ("MEDLEY_CRAWL__INCLUDE", "*.png", "must be a JSON list, not '*.png'"),
        ("MEDLEY_STOR", "x", "Did you mean MEDLEY_STORE?"),
    ],
)
def test_setting_for_what_there_is_not_is_told(
    library: Path, name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    for command in ("search", "ingest"):
        done = medley(command, library / "media", "--store", library / "store")

        assert done.exit_code == 2
        assert sentence in done.stderr


def test_settings_file_is_read_and_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture(tmp_path / "media" / "a.png")
    (tmp_path / "medley.toml").write_text('store = "from-toml"\n[encoders]\npreset = "tiny"\n')
    monkeypatch.delenv("MEDLEY_STORE")

    medley("ingest", tmp_path / "media")

    assert (tmp_path / "from-toml").is_dir()


def test_file_that_cannot_be_written_is_told(library: Path, tmp_path: Path) -> None:
    store, nowhere = ("--store", library / "store"), tmp_path / "no" / "file"

    for words in (("search", "--talk"), ("explain", "--out")):
        done = medley(words[0], "square", *store, words[1], nowhere)

        assert (done.exit_code, done.stderr) == (2, f"'{nowhere}' cannot be written: No such file or directory.\n")
