from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from medley.cli import app


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder, with an empty cache of the hub and no network."""
    import huggingface_hub.constants

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub" / "hub"))
    return lambda *words: CliRunner().invoke(app, list(words))


def test_encoders_are_listed_with_what_a_choice_needs(run):
    lines = run("encoders").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines}
    assert "image, text" in rows["siglip2"]
    assert "google/siglip2-base-patch16-224" in rows["siglip2"]
    assert " 768 " in rows["siglip2"]
    assert " no " in rows["siglip2"]
    assert " yes " in rows["minilm"]
    assert "n x 128" in rows["colbert"]
    assert "transcript" in rows["whisper-base"]
    assert "reranker" in rows["bge-reranker"]


def test_list_is_one_json_document_on_request(run):
    found = {one["name"]: one for one in json.loads(run("encoders", "--json").stdout)}
    assert found["clap"]["modalities"] == ["audio", "text"]
    assert found["clap"]["presets"] == ["standard", "best"]
    assert found["granite-sparse"]["form"] == "sparse"
    assert found["bge-small"]["revision"] == "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"
    standard = json.loads(run("encoders", "--preset", "standard", "--json").stdout)
    assert {one["name"] for one in standard} == {"bge-small", "siglip2", "clap", "whisper-base"}


def test_misspelt_names_are_answered_with_the_nearest(run):
    answer = run("encoders", "--preset", "standart")
    assert (answer.exit_code, "Did you mean 'standard'?" in answer.stderr) == (2, True)
    answer = run("models", "pull", "siglip")
    assert (answer.exit_code, "Did you mean 'siglip2'?" in answer.stderr) == (2, True)
    answer = run("models", "pull", "nope")
    assert (answer.exit_code, "standard" in answer.stderr, "tiny" in answer.stderr) == (2, True, False)


def test_pulling_without_a_network_is_told_in_one_sentence(run):
    answer = run("models", "pull", "standard")
    assert answer.exit_code == 1
    assert answer.stdout == ""
    assert "BAAI/bge-small-en-v1.5 (revision 5c38ec7c405e) is not on this machine" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_model_is_pulled_by_its_hub_id_as_the_errors_say(run):
    answer = run("models", "pull", "openai/whisper-small")
    assert answer.exit_code == 1
    assert "The model openai/whisper-small is not on this machine" in answer.stderr
    assert "medley models pull openai/whisper-small" in answer.stderr
    assert '{"openai/whisper-small": "FOLDER"}' in answer.stderr


def test_preset_that_needs_no_model_says_so(run):
    assert run("models", "pull", "offline").stdout == "offline needs no model from a hub.\n"
    assert run("models", "pull", "offline", "--json").stdout.strip() == "{}"


def test_models_given_by_folder_are_not_fetched(run, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    monkeypatch.setenv("MEDLEY_ENCODERS__MODELS", json.dumps({"siglip2": str(folder)}))
    assert json.loads(run("models", "pull", "siglip2", "--json").stdout) == {"siglip2": str(folder)}
    found = {one["name"]: one for one in json.loads(run("encoders", "--json").stdout)}
    assert found["siglip2"]["here"]
    assert found["siglip2"]["revision"].startswith("folder-")
