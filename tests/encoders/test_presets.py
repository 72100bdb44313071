from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from encoders import registry
from encoders.presets import PRESETS, EncoderSet, Route, load_preset
from schemas import Modality, UnknownNameError, UsageError

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_covers_words_pictures_and_sounds(name):
    encoders = load_preset(name)
    for modality in (TEXT, IMAGE, AUDIO):
        assert modality.value in encoders.vectors_for(modality)
        assert modality.value in encoders.holding(modality)


@pytest.mark.parametrize(("name", "reached"), [("offline", ["text"]), ("standard", ["text", "image", "audio"])])
def test_text_reaches_what_shares_its_space(name, reached):
    assert load_preset(name).vectors_for(TEXT) == reached


def test_best_preset_encodes_a_question_once_for_texts_and_pictures():
    assert Route("text", ("text", "image")) in load_preset("best").routes(TEXT)


@pytest.fixture
def towers(monkeypatch):
    """Encoders of which two share a space, and one has a second modality for questions."""
    text = registry.spec("hashing")
    known = {
        "text": replace(text, name="text", space="words"),
        "clip": replace(text, name="clip", space="clip", modalities=(IMAGE, TEXT), documents=(IMAGE,)),
        "frames": replace(text, name="frames", space="clip", modalities=(IMAGE,)),
        "clap": replace(
            text, name="clap", space="clap", modalities=(AUDIO, TEXT), documents=(AUDIO,), sample_rate=48_000
        ),
    }
    monkeypatch.setattr(registry, "spec", lambda name, _running: known[name])
    return EncoderSet({"text": "text", "image": "clip", "frames": "frames", "audio": "clap"})


def test_question_is_encoded_once_for_all_vectors_of_a_space(towers):
    assert towers.routes(TEXT) == [
        Route("text", ("text",)),
        Route("image", ("image", "frames")),
        Route("audio", ("audio",)),
    ]
    assert towers.routes(IMAGE) == [Route("image", ("image", "frames"))]
    assert towers.vectors_for(TEXT) == ["text", "image", "frames", "audio"]
    assert towers.vectors_for(Modality.VIDEO) == ["image", "frames", "audio"]


def test_vector_that_is_asked_by_text_does_not_hold_texts(towers):
    assert towers.holding(TEXT) == ["text"]
    assert towers.holding(IMAGE) == ["image", "frames"]
    assert towers.holding(AUDIO) == ["audio"]


def test_sounds_are_read_at_the_rate_of_the_keenest_ear(towers):
    assert towers.sample_rate == 48_000


def test_sounds_are_read_at_16_khz_where_nobody_hears_more():
    assert load_preset("tiny").sample_rate == 16_000


def test_vector_specs_tell_what_the_collection_needs():
    encoders = load_preset("tiny")
    specs = {spec.name: spec for spec in encoders.vector_specs()}
    assert list(specs)[:3] == ["text", "image", "audio"]
    assert [spec.sparse for spec in specs.values()] == [False, False, False, True]
    assert specs["text"].dim == 256
    assert specs["text"].distance == "cosine"
    assert specs["text"].fingerprint == encoders.specs["text"].fingerprint


def test_encoders_are_built_when_first_asked_for_and_shared():
    encoders = load_preset("tiny", threads=2)
    assert "text" in encoders
    assert "words" not in encoders
    assert not encoders._built
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda _: encoders["text"], range(8)))
    assert len({id(one) for one in got}) == 1
    assert list(encoders._built) == ["text"]
    assert encoders["text"].threads == 2


def test_set_is_a_mapping():
    encoders = load_preset("tiny")
    assert len(encoders) == 3
    assert dict(encoders).keys() == {"text", "image", "audio"}
    with pytest.raises(KeyError):
        encoders["smell"]


def test_encoders_can_be_spelled_out():
    encoders = load_preset("text=hashing, picture=thumbnail")
    assert {vector: spec.name for vector, spec in encoders.specs.items()} == {
        "text": "hashing",
        "picture": "thumbnail",
    }


@pytest.mark.parametrize("text", ["text=", "=hashing", "text=hashing,text=minilm", "text=hashing,"])
def test_encoders_spelled_wrongly_are_refused(text):
    with pytest.raises(UsageError, match="write VECTOR=ENCODER"):
        load_preset(text)


def test_unknown_names_are_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no preset named 'ofline'\. Did you mean 'offline'"):
        load_preset("ofline")
    with pytest.raises(UnknownNameError, match=r"no encoder named 'hashin'\. Did you mean 'hashing'"):
        load_preset("text=hashin")
