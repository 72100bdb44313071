"""Settings: a mistake in one is a sentence that names the setting, where it is from, and what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas import UsageError
from schemas.origins import check_environment
from schemas.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MEDLEY_COLLECTION", "a/b", "The setting 'collection' (MEDLEY_COLLECTION): a name has 1 to 64 letters"),
        ("MEDLEY_ENCODERS__THREADS", "-1", "The setting 'encoders.threads' (MEDLEY_ENCODERS__THREADS) must be 0 or "),
        ("MEDLEY_ENCODERS__OCR", "of", "The setting 'encoders.ocr' (MEDLEY_ENCODERS__OCR) must be 'auto', 'always' or"),
        ("MEDLEY_CRAWL__INCLUDE", "*.png", "The environment variable MEDLEY_CRAWL__INCLUDE must be a JSON list, not '"),
        (
            "MEDLEY_ENCODERS",
            "x",
            "The environment variable MEDLEY_ENCODERS must be a JSON object: set one setting of it",
        ),
        ("MEDLEY_ENCODERS__MODELS", "[]", "The environment variable MEDLEY_ENCODERS__MODELS must be a JSON object: "),
        ("MEDLEY_ENCODERS", '{"thread": 1}', "There is no setting 'encoders.thread' (MEDLEY_ENCODERS). Did you mean '"),
        ("MEDLEY_STOR", "x", "The environment variable MEDLEY_STOR stands for no setting. Did you mean MEDLEY_STORE?"),
        ("MEDLEY_PRESET", "x", "The environment variable MEDLEY_PRESET stands for no setting. Did you mean MEDLEY_ENC"),
        ("MEDLEY_STORE__X", "x", "The environment variable MEDLEY_STORE__X stands for no setting: `medley config` lis"),
        ("MEDLEY_ENCODER__PRESET", "x", "The environment variable MEDLEY_ENCODER__PRESET stands for no setting. Did "),
        ("MEDLEY_VECTORS__IMAGE__DISK", "1", "The environment variable MEDLEY_VECTORS__IMAGE__DISK stands for no set"),
        ("MEDLEY_VECTORS__X__Y__Z", "1", "The environment variable MEDLEY_VECTORS__X__Y__Z stands for no setting"),
        (
            "MEDLEY_ENCODERS__QUUX",
            "1",
            "The environment variable MEDLEY_ENCODERS__QUUX stands for no setting: `",
        ),
        (
            "MEDLEY_PORT",
            "9000",
            "The environment variable MEDLEY_PORT stands for no setting. Did you mean MEDLEY_",
        ),
        (
            "MEDLEY_COLECTION",
            "x",
            "The environment variable MEDLEY_COLECTION stands for no setting. Did you mean",
        ),
    ],
)
def test_wrong_variable_is_named(name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError) as caught:
        load_settings()

    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("store = ", "medley.toml is not valid TOML: "),
        ('stor = "x"', "There is no setting 'stor' (medley.toml). Did you mean 'store'?"),
        (
            '[encoders]\npresett = "x"',
            "There is no setting 'encoders.presett' (medley.toml). Did you mean 'encoders.pre",
        ),
        (
            '[vectors.image]\nquantization = "scalr"',
            "The setting 'vectors.image.quantization' (medley.toml) must be 'n",
        ),
        ('[crawl]\ninclude = "*.png"', "The setting 'crawl.include' (medley.toml) must be a list, not '*.png'."),
        ("encoders = 5", "The setting 'encoders' (medley.toml) must be an object of names and values"),
        ("timeout = 0.5", "The setting 'timeout' (medley.toml) must be a whole number, not 0.5."),
    ],
)
def test_mistake_in_the_file_is_told(text: str, sentence: str, folder: Path) -> None:
    (folder / "medley.toml").write_text(text)

    with pytest.raises(UsageError) as caught:
        load_settings()

    assert str(caught.value).startswith(sentence)


def test_file_that_is_no_text_is_told(folder: Path) -> None:
    (folder / "medley.toml").write_bytes(b"\xff")

    with pytest.raises(UsageError, match=r"^medley\.toml cannot be read"):
        load_settings()


def test_argument_goes_first_and_is_named_without_a_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "medley.toml").write_text('store = "file"\ntimeout = 7\n[encoders]\npreset = "tiny"')
    monkeypatch.setenv("MEDLEY_STORE", "environment")
    monkeypatch.setenv("MEDLEY_TIMEOUT", "8")

    settings = load_settings(store="argument")

    assert (settings.store, settings.timeout, settings.encoders.preset) == ("argument", 8, "tiny")
    with pytest.raises(UsageError, match=r"^The setting 'timeout' must be 1 or more, not 0\.$"):
        load_settings(timeout=0)


@pytest.mark.parametrize("name", ["MEDLEY_SERVICE_HOST", "MEDLEY_PORT", "MEDLEY_PORT_8707_TCP_ADDR", "MEDLEY_STORE"])
def test_variables_of_a_container_are_no_mistakes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "" if name == "MEDLEY_STORE" else "tcp://10.0.0.1:8707")  # compose passes empty ones on

    assert load_settings().store == ".medley"


@pytest.mark.parametrize("name", ["MEDLEY_MEDIA", "MEDLEY_CHECKOUT", "MEDLEY_KILLS", "MEDLEY_QUUX", "MEDLEY_IMAGE"])
def test_variables_that_resemble_no_setting_are_somebody_elses(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "x")

    assert load_settings().store == ".medley"
    assert check_environment(Settings, {name: "x", "MEDLEY_STORE": "y", "OTHER": "z"}) == [name]


def test_key_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDLEY_API_KEY", "s3cret")

    settings = load_settings()

    assert settings.api_key is not None
    assert settings.api_key.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"), [("MEDLEY_HTTP__API_KEY", "s3cret"), ("MEDLEY_HTTP", '{"api_key": "s3cret"')]
)
def test_wrong_key_is_not_shown_either(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(UsageError, match=name) as caught:
        load_settings()

    assert "s3cret" not in str(caught.value)
