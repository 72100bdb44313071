from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest

from encoders import registry
from encoders.base import Encoder
from encoders.hub import on_this_machine
from schemas import EncodeError, EncoderSpec, UnknownNameError


@pytest.fixture
def plugins(monkeypatch):
    """Makes entry points known for the time of a test."""

    def install(**values):
        points = [EntryPoint(name, value, registry.GROUP) for name, value in values.items()]
        monkeypatch.setattr(registry, "entry_points", lambda group: points if group == registry.GROUP else [])
        registry._plugins.cache_clear()

    yield install
    registry._plugins.cache_clear()


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_every_built_in_is_found_under_the_name_it_bears(name):
    made = registry.create(name, threads=1)
    assert isinstance(made, Encoder)
    assert made.spec.name == name
    assert made.spec.dim > 0
    assert made.threads == 1


def test_fingerprints_are_all_different():
    specs = registry.specs().values()
    assert all(isinstance(spec, EncoderSpec) for spec in specs)
    assert len({spec.fingerprint for spec in specs}) == len(specs)


def test_specs_load_neither_weights_nor_heavy_packages():
    code = (
        "import sys; from encoders import registry; assert 'minilm' in registry.specs();"
        "heavy = {'torch', 'skimage', 'scipy', 'sentence_transformers', 'rapidocr', 'tokenizers', 'PIL'};"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no encoder named 'minlm'. Did you mean 'minilm'\?"):
        registry.create("minlm")


def test_plugin_is_found_by_its_entry_point(plugins):
    plugins(mine="encoders.thumbnail:ThumbnailEncoder")
    assert "mine" in registry.names()
    assert registry.get("mine").__name__ == "ThumbnailEncoder"


def test_plugin_cannot_take_a_built_in_name(plugins):
    plugins(hashing="encoders.thumbnail:ThumbnailEncoder")
    assert registry.get("hashing").__name__ == "HashingEncoder"


@pytest.mark.parametrize(
    ("value", "reason"),
    [("no_such_package:Thing", "cannot be imported"), ("encoders.base:Content", "not a subclass")],
)
def test_broken_plugin_is_named(plugins, value, reason):
    plugins(broken=value)
    with pytest.raises(EncodeError, match=f"'broken' .*{reason}"):
        registry.create("broken")


def test_the_encoder_of_a_vector_is_found_by_its_fingerprint():
    assert registry.made_by(registry.spec("thumbnail").fingerprint) == "thumbnail"
    assert registry.made_by("thumbnail-00000000") is None
    assert registry.made_by("gone-00000000") is None


def test_fingerprint_does_not_fetch_the_model_that_it_names(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr("encoders.spelling.fetch", lambda _source: pytest.fail("it asks the hub"))
    assert registry.made_by("sentence:my-own-00000000") is None
    assert registry.made_by("sentence:nobody/nothing-00000000") is None


def test_model_is_here_wherever_the_hubs_cache_is_said_to_be(monkeypatch, tmp_path):
    source = registry.source("clip")
    for variable, under in (("HF_HUB_CACHE", ""), ("HF_HOME", "hub"), ("XDG_CACHE_HOME", "huggingface/hub")):
        for other in ("HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
            monkeypatch.delenv(other, raising=False)
        monkeypatch.setenv(variable, str(tmp_path / variable))
        assert not on_this_machine(source)
        snapshot = tmp_path / variable / under / "models--openai--clip-vit-base-patch32" / "snapshots" / source.revision
        snapshot.mkdir(parents=True)
        (snapshot / "config.json").write_text("{}")
        assert on_this_machine(source)
