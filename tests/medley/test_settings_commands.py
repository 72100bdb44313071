"""`medley init` and `medley config`: every setting in a file, and in force with its origin."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from medley.cli import app
from medley.settings_file import settings_file
from schemas.origins import leaves, variable
from schemas.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def medley(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def in_force(*words: str) -> dict[str, tuple[Any, str, str]]:
    done = medley("config", *words, "--json")
    assert done.exit_code == 0, done.output
    return {one["name"]: (one["value"], one["origin"], one["where"]) for one in json.loads(done.stdout)["settings"]}


def test_file_that_is_written_leaves_all_at_the_defaults(folder: Path) -> None:
    done = medley("init")

    assert done.exit_code == 0, done.output
    assert load_settings().model_dump(exclude={"vectors"}) == Settings.model_construct().model_dump(exclude={"vectors"})
    assert load_settings().vectors["image"].model_dump(exclude_none=True) == {}


def test_file_tells_every_setting_with_its_variable_and_what_it_is_for() -> None:
    text = settings_file()

    for steps in leaves(Settings):
        assert variable(steps) in text, steps
        assert re.search(rf"^# {steps[-1]} = |^\[{steps[-1]}", text, re.MULTILINE), steps
    assert not re.search(r"^# \. ", text, re.MULTILINE), "a setting without a description"


def test_what_is_commented_out_can_be_taken_as_it_stands(folder: Path) -> None:
    text = re.sub(r"^# (\w+ = )", r"\1", settings_file(), flags=re.MULTILINE)
    (folder / "medley.toml").write_text(text.replace('"a secret"', '"a long secret"'))

    settings = load_settings()

    assert settings.crawl == Settings.model_construct().crawl
    assert settings.read == Settings.model_construct().read
    assert (settings.encoders.ocr, settings.vectors["image"].hnsw_m) == ("auto", 16)


def test_given_settings_are_written_into_the_file(folder: Path) -> None:
    medley("init", "--store", "/data/über", "--preset", "standard")

    written = tomllib.loads((folder / "medley.toml").read_text("utf-8"))

    assert (written["store"], written["encoders"]) == ("/data/über", {"preset": "standard"})


def test_file_that_is_here_is_only_written_over_by_force(folder: Path) -> None:
    (folder / "medley.toml").write_text("timeout = 5")

    refused = medley("init")
    assert (refused.exit_code, (folder / "medley.toml").read_text()) == (2, "timeout = 5")
    assert "is here already: edit it, or write it anew with --force." in refused.stderr

    assert json.loads(medley("init", "--force", "--json").stdout) == {"file": str(folder / "medley.toml")}
    assert "# timeout = 30" in (folder / "medley.toml").read_text()


def test_each_setting_tells_where_it_is_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "medley.toml").write_text(
        'store = "file"\ntimeout = 5\n[crawl]\nhidden = true\n[vectors.image]\nhnsw_m = 8'
    )
    monkeypatch.setenv("MEDLEY_TIMEOUT", "6")
    monkeypatch.setenv("MEDLEY_ENCODERS", '{"threads": 3}')

    found = in_force("--store", "argument")

    assert found["store"] == ("argument", "argument", "")
    assert found["timeout"] == (6, "environment", "MEDLEY_TIMEOUT")
    assert found["encoders.threads"] == (3, "environment", "MEDLEY_ENCODERS")
    assert found["crawl.hidden"] == (True, "file", "medley.toml")
    assert found["vectors.image.hnsw_m"] == (8, "file", "medley.toml")
    assert found["http.port"] == (8707, "default", "")
    assert {".".join(steps) for steps in leaves(Settings)} - found.keys() == {"vectors"}
    assert str(folder / "medley.toml") in medley("config").stdout


def test_variables_that_are_no_settings_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_QUUX", "s3cret")

    assert json.loads(medley("config", "--json").stdout)["ignored"] == ["MEDLEY_QUUX"]
    assert "No settings, and ignored: MEDLEY_QUUX." in medley("config").stdout


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_API_KEY", "s3cret-one")
    monkeypatch.setenv("MEDLEY_HTTP__API_KEY", "s3cret-two")
    monkeypatch.setenv("MEDLEY_STORE", "https://me:s3cret-three@example.org")

    for done in (medley("config"), medley("config", "--json")):
        assert "s3cret" not in done.output
        assert "MEDLEY_API_KEY" in done.output
    assert in_force("http")["http.api_key"][0] == "**********"
    assert in_force("store")["store"][0] == "https://example.org"


def test_one_setting_or_section_is_shown_by_name() -> None:
    assert in_force("http.port").keys() == {"http.port"}
    assert in_force("read").keys() == {"read.seconds", "read.memory"}

    wrong = medley("config", "htpp")

    assert (wrong.exit_code, "Did you mean 'http'?" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[encoder]", "There is no setting 'encoder' (medley.toml). Did you mean 'encoders'?"),
        (
            "[vectors.imag]\nhnsw_m = 8",
            "The setting 'vectors.imag' is for a vector that there is not. Did you mean 'image'?",
        ),
        ('[encoders]\npreset = "standart"', "There is no preset named 'standart'. Did you mean 'standard'?"),
        ('[encoders]\npreset = "text=minilm,mine=clip"\n[vectors.mine]\nhnsw_m = 8', ""),
    ],
)
def test_mistakes_in_the_file_are_told(text: str, sentence: str, folder: Path) -> None:
    (folder / "medley.toml").write_text(text)

    done = medley("config")

    assert (done.exit_code, done.stderr.strip()) == (2 if sentence else 0, sentence)
