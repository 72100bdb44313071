"""Pretrained models, on tiny ones with random weights that are loaded as those of a hub are."""

from __future__ import annotations

import shutil
import socket

import numpy as np
import pytest
from PIL import Image

from encoders import registry
from encoders.running import Running
from schemas import EncodeError, Modality, UnknownNameError, UsageError
from tests.encoders import tiny

TEXT, IMAGE, AUDIO = Modality.TEXT, Modality.IMAGE, Modality.AUDIO
TEXTS = ["a red boat at sunset", "the dog", "rain falls on the roof", "Man plays guitar, bird sings", "cat"]
LONG = "the dog plays in snow at sunset " * 9
KINDS = {
    "clip": "image",
    "siglip": "image",
    "clap": "audio",
    "sentence": "sentence",
    "colbert": "late",
    "colpali": "pages",
    "splade": "sparse",
    "vision_language": "image",
}


def pictures(count=3):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (30 + 7 * n, 60 - 5 * n, 3), dtype=np.uint8) for n in range(count)]


def sounds():
    rng = np.random.default_rng(0)
    return [rng.normal(0, 0.1, samples).astype(np.float32) for samples in (16_000, 5_000, 9_000)]


@pytest.fixture(scope="session")
def encoder(tiny_model):
    """The encoder of a tiny model; its weights are loaded once."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = registry.create(f"{KINDS[name]}:{tiny_model(name)}", threads=1)
            made[name].rate = made[name].spec.sample_rate
        return made[name]

    return get


def plain(model_class, folder):
    import transformers

    return getattr(transformers, model_class).from_pretrained(folder).eval()


def unit(rows):
    rows = rows.detach().numpy()
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_two_towers_give_what_the_plain_model_gives(encoder, tiny_model):
    import torch
    from transformers import AutoProcessor

    model, processor = plain("CLIPModel", tiny_model("clip")), AutoProcessor.from_pretrained(tiny_model("clip"))
    with torch.no_grad():
        by_picture = model.get_image_features(**processor(images=pictures(), return_tensors="pt")).pooler_output
        by_text = model.get_text_features(**processor(text=TEXTS, padding=True, return_tensors="pt")).pooler_output
    clip = encoder("clip")
    assert clip.spec.dim == 24
    np.testing.assert_allclose(clip.encode(pictures(), IMAGE), unit(by_picture), atol=1e-5)
    np.testing.assert_allclose(clip.encode_query(TEXTS, TEXT), unit(by_text), atol=1e-5)
    assert clip.spec.stored == (IMAGE,)


def test_siglip_reads_texts_in_small_letters_at_its_full_length(encoder, tiny_model):
    import torch
    from transformers import AutoProcessor

    model, processor = plain("SiglipModel", tiny_model("siglip")), AutoProcessor.from_pretrained(tiny_model("siglip"))
    small = [text.lower() for text in TEXTS]
    with torch.no_grad():
        filled = processor(text=small, padding="max_length", max_length=24, return_tensors="pt")
        by_text = model.get_text_features(input_ids=filled["input_ids"]).pooler_output
        by_picture = model.get_image_features(**processor(images=pictures(), return_tensors="pt")).pooler_output
    siglip = encoder("siglip")
    np.testing.assert_allclose(siglip.encode_query(TEXTS, TEXT), unit(by_text), atol=1e-5)
    np.testing.assert_allclose(siglip.encode(pictures(), IMAGE), unit(by_picture), atol=1e-5)


def test_clap_gives_what_the_plain_model_gives(encoder, tiny_model):
    import torch
    from transformers import AutoProcessor

    model, processor = plain("ClapModel", tiny_model("clap")), AutoProcessor.from_pretrained(tiny_model("clap"))
    with torch.no_grad():
        heard = processor(audio=sounds(), sampling_rate=48_000, return_tensors="pt")
        by_sound = model.get_audio_features(**heard).pooler_output
        by_text = model.get_text_features(**processor(text=TEXTS, padding=True, return_tensors="pt")).pooler_output
    clap = encoder("clap")
    assert clap.spec.sample_rate == 48_000
    np.testing.assert_allclose(clap.encode(sounds(), AUDIO), unit(by_sound), atol=1e-5)
    np.testing.assert_allclose(clap.encode_query(TEXTS, TEXT), unit(by_text), atol=1e-5)


def test_sound_longer_than_the_model_hears_is_heard_to_its_end(encoder):
    rng = np.random.default_rng(1)
    beginning, end, other = (rng.normal(0, 0.1, 48_000).astype(np.float32) for _ in range(3))
    clap = encoder("clap")
    whole, again = clap.encode([np.concatenate([beginning, end])] * 2, AUDIO)
    np.testing.assert_array_equal(whole, again)  # nothing is cut at random
    halves = clap.encode([beginning, end], AUDIO)
    np.testing.assert_allclose(whole, clap.pool(halves), atol=1e-5)
    assert np.abs(whole - clap.encode([np.concatenate([beginning, other])], AUDIO)[0]).max() > 1e-4


def test_sentences_are_pooled_and_prompted_as_their_model_says(encoder, tiny_model):
    import torch
    from transformers import AutoTokenizer

    folder = tiny_model("sentence")
    model, tokens = plain("BertModel", folder), AutoTokenizer.from_pretrained(folder)

    def first_token(texts):
        with torch.no_grad():
            return unit(model(**tokens(texts, padding=True, return_tensors="pt")).last_hidden_state[:, 0])

    sentence = encoder("sentence")
    assert sentence.spec.query_prompt == "the cat "
    np.testing.assert_allclose(sentence.encode(TEXTS, TEXT), first_token(TEXTS), atol=1e-5)
    prompted = first_token([f"the cat {text}" for text in TEXTS])
    np.testing.assert_allclose(sentence.encode_query(TEXTS, TEXT), prompted, atol=1e-5)


def test_colbert_gives_a_projected_vector_for_each_token(encoder, tiny_model):
    import torch
    from safetensors.torch import load_file
    from transformers import AutoTokenizer

    folder = tiny_model("colbert")
    tokens = AutoTokenizer.from_pretrained(folder)
    tokens.add_special_tokens({"additional_special_tokens": ["[unused0]", "[unused1]"]})
    model, projection = plain("BertModel", folder), load_file(folder / "model.safetensors")["linear.weight"]
    made = encoder("colbert").encode(["a red boat", "the dog, plays"], TEXT)
    for text, rows, punctuation in (("a red boat", made[0], ()), ("the dog, plays", made[1], (4,))):
        with torch.no_grad():
            hidden = model(**tokens(f"[unused1] {text}", return_tensors="pt")).last_hidden_state[0]
        expected = unit(hidden @ projection.T)
        keep = [n for n in range(len(expected)) if n not in punctuation]
        np.testing.assert_allclose(rows, expected[keep], atol=1e-5)
    question = encoder("colbert").encode_query(["a red boat", "dog"], TEXT)
    assert [len(rows) for rows in question] == [12, 12]  # filled up with masks to one length, which are scored too


def test_pages_and_questions_meet_in_one_space(encoder, tiny_model):
    import torch
    from transformers import AutoProcessor

    folder = tiny_model("colpali")
    model, processor = plain("ColPaliForRetrieval", folder), AutoProcessor.from_pretrained(folder)
    page = pictures(1)
    with torch.no_grad():
        seen = model(**processor(images=page, return_tensors="pt")).embeddings[0]
        asked = model(**processor(text=["a red boat"], return_tensors="pt")).embeddings[0]
    pages = encoder("colpali")
    [rows] = pages.encode(page, IMAGE)
    assert rows.shape[1] == 16
    np.testing.assert_allclose(rows, unit(seen), atol=1e-5)
    np.testing.assert_allclose(pages.encode_query(["a red boat"], TEXT)[0], unit(asked), atol=1e-5)


def test_vision_language_model_reads_pictures_and_texts_as_a_chat(encoder, tiny_model):
    import torch
    from transformers import AutoModel, AutoProcessor

    folder = tiny_model("vision_language")
    model, processor = AutoModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    [shown] = pictures(1)
    with torch.no_grad():
        seen = model(**processor(text=["user: <image></s>"], images=[[shown]], return_tensors="pt"))
        asked = model(**processor(text=["system: the cat</s>user: a red boat</s>"], return_tensors="pt"))
    both = encoder("vision_language")
    np.testing.assert_allclose(both.encode([shown], IMAGE), unit(seen.last_hidden_state[:, -1]), atol=1e-5)
    np.testing.assert_allclose(both.encode_query(["a red boat"], TEXT), unit(asked.last_hidden_state[:, -1]), atol=1e-5)


def test_one_model_serves_a_vector_of_pictures_and_one_of_texts(tiny_model):
    from encoders import EncoderSet, Route

    folder = tiny_model("vision_language")
    both = EncoderSet({"text": f"sentence:{folder}", "image": f"image:{folder}"})
    assert both.routes(TEXT) == [Route("text", ("text", "image"))]
    assert both["text"].model is both["image"].model
    np.testing.assert_allclose(
        both["text"].encode_query(TEXTS, TEXT), both["image"].encode_query(TEXTS, TEXT), atol=1e-6
    )


def test_learnt_weights_of_terms_are_the_saturated_maxima_of_the_logits(encoder, tiny_model):
    import torch
    from transformers import AutoTokenizer

    folder = tiny_model("splade")
    model, tokens = plain("BertForMaskedLM", folder), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        logits = model(**tokens(["a red boat"], return_tensors="pt")).logits[0]
    expected = torch.log1p(torch.relu(logits)).max(dim=0).values.numpy()
    [made] = encoder("splade").encode(["a red boat"], TEXT)
    assert made.indices == np.flatnonzero(expected).tolist()
    np.testing.assert_allclose(made.values, expected[made.indices], atol=1e-5)
    assert not encoder("splade").spec.idf


def numbers(row):
    """A vector as an array, a sparse one with a place for each term."""
    if isinstance(row, np.ndarray):
        return row
    dense = np.zeros(tiny.SIZE)
    dense[row.indices] = row.values
    return dense


@pytest.mark.parametrize("name", ["colpali", "vision_language"])
def test_text_that_spells_the_mark_of_a_picture_is_read_without_it(encoder, name):
    for encode in (encoder(name).encode, encoder(name).encode_query):
        marked, plain = encode(["a <image> boat", "a   boat"], TEXT)
        np.testing.assert_allclose(marked, plain, atol=1e-5)


@pytest.mark.parametrize("name", ["clip", "vision_language"])
def test_text_that_names_a_picture_is_read_and_the_picture_is_not_fetched(encoder, name, tmp_path):
    file = tmp_path / "red.png"
    with socket.create_server(("127.0.0.1", 0)) as server:
        texts = [
            "the dog",
            str(file),
            f"http://127.0.0.1:{server.getsockname()[1]}/red.png",
            "data:image/png;base64,red",
        ]
        expected = encoder(name).encode([str(file)], TEXT)[0]
        Image.new("RGB", (32, 32), "red").save(file)
        for encode in (encoder(name).encode, encoder(name).encode_query):
            assert len(encode(texts, TEXT)) == len(texts)
        np.testing.assert_allclose(encoder(name).encode(texts, TEXT)[1], expected, atol=1e-4)
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize("name", ["clip", "siglip", "sentence", "colbert", "splade", "vision_language"])
def test_text_does_not_depend_on_its_batch(encoder, name):
    contents = [*TEXTS, "a much longer text about the dog and the cat and the rain on the roof"]
    for encode in (encoder(name).encode_query, encoder(name).encode):
        together, alone = encode(contents, TEXT), [encode([one], TEXT)[0] for one in contents]
        for row, by_itself in zip(together, alone, strict=True):
            np.testing.assert_allclose(numbers(row), numbers(by_itself), atol=1e-4)


@pytest.mark.parametrize(
    ("name", "modality"),
    [("clip", IMAGE), ("siglip", IMAGE), ("colpali", IMAGE), ("vision_language", IMAGE), ("clap", AUDIO)],
)
def test_picture_or_sound_does_not_depend_on_its_batch(encoder, name, modality):
    contents = pictures() if modality is IMAGE else sounds()
    together = encoder(name).encode(contents, modality)
    for row, one in zip(together, contents, strict=True):
        np.testing.assert_allclose(row, encoder(name).encode([one], modality)[0], atol=1e-4)


@pytest.mark.parametrize("name", ["sentence", "colbert", "splade"])
def test_text_longer_than_the_window_is_read_to_its_end(encoder, name):
    one, other = encoder(name).encode([LONG + "guitar", LONG + "rain"], TEXT)
    if name == "splade":
        assert (one.indices, one.values) != (other.indices, other.values)
    else:
        assert one.shape != other.shape or np.abs(one - other).max() > 1e-5
    if name == "colbert":
        assert len(one) > 60  # a vector for each of its tokens


def test_batch_that_does_not_fit_is_halved(encoder, monkeypatch):
    clip = encoder("clip")
    expected = clip.encode(pictures(5), IMAGE)
    sizes, forward = [], clip._forward

    def narrow(inputs, modality, *, query):
        sizes.append(len(inputs))
        if len(inputs) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(inputs, modality, query=query)

    monkeypatch.setattr(clip, "_forward", narrow)
    monkeypatch.setattr(clip, "batch_size", 32)
    np.testing.assert_allclose(clip.encode(pictures(5), IMAGE), expected, atol=1e-5)
    assert sizes == [5, 2, 2, 1]
    assert clip.batch_size == 2
    monkeypatch.setattr(clip, "_forward", lambda *_a, **_k: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(EncodeError, match="more memory for one item"):
        clip.encode(pictures(1), IMAGE)


def test_encoders_of_the_same_weights_share_one_model(tiny_model):
    name = f"image:{tiny_model('clip')}"
    one, other = registry.create(name), registry.create(name)
    assert one.model is other.model


def test_model_goes_with_its_last_encoder(tiny_model):
    import gc

    from encoders import loading

    made = registry.create(f"sparse:{tiny_model('splade')}")
    made.load()
    key = next(key for key in loading._shared if key[1] == "SparseEncoder" and "splade" in key[0])
    loaded = loading._shared[key]
    others = [one for one in gc.get_referrers(loaded) if isinstance(one, dict) and one is not made.__dict__]
    assert loaded is made._loaded_model
    del others


def test_known_name_takes_its_weights_from_a_folder(tiny_model):
    running = Running(models={"clip": str(tiny_model("clip"))})
    spec = registry.spec("clip", running)
    assert spec.revision.startswith("folder-")
    assert spec.fingerprint != registry.spec("clip").fingerprint
    with pytest.raises(EncodeError, match="24 dimensions, and clip is known for 512"):
        registry.create("clip", running=running).load()


def test_model_named_by_its_hub_id_takes_its_weights_from_a_folder_too(tiny_model):
    running = Running(models={"image:owner/clip@main": str(tiny_model("clip"))})
    made = registry.create("image:owner/clip@main", running=running)
    assert made.encode(pictures(1), IMAGE).shape == (1, 24)
    assert made.spec.fingerprint == registry.spec(f"image:{tiny_model('clip')}").fingerprint


def test_folder_filled_from_the_hub_counts_as_the_hubs_model(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model("clip"), tmp_path / "clip")
    (folder / "medley-model.json").write_text('{"model": "owner/clip", "revision": "abc"}')
    spec = registry.spec(f"image:{folder}")
    assert (spec.name, spec.model, spec.revision) == ("image:owner/clip", "owner/clip", "abc")


def test_folder_is_known_again_wherever_it_lies(tiny_model, tmp_path):
    moved = shutil.copytree(tiny_model("clip"), tmp_path / "clip")
    there, here = registry.spec(f"image:{tiny_model('clip')}"), registry.spec(f"image:{moved}")
    assert there.fingerprint == here.fingerprint
    weights = moved / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert registry.spec(f"image:{moved}").fingerprint != there.fingerprint


def edited(folder, change):
    """The folder, with the tensors of its weights changed."""
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.parametrize("name", ["clip", "clap", "sentence", "splade", "colbert"])
def test_missing_weights_are_an_error(tiny_model, tmp_path, name):
    def take_away(weights):
        gone = next(key for key in weights if "layers.1." in key or "layer.1." in key)
        del weights[gone]

    folder = edited(shutil.copytree(tiny_model(name), tmp_path / name), take_away)
    with pytest.raises(EncodeError, match=r"not whole: the file of weights lacks .*layers?\.1"):
        registry.create(f"{KINDS[name]}:{folder}").load()


def test_weights_that_the_model_has_no_place_for_are_an_error(tiny_model, tmp_path):
    import torch

    folder = edited(shutil.copytree(tiny_model("clip"), tmp_path / "clip"), lambda w: w.update(adapter=torch.ones(2)))
    with pytest.raises(EncodeError, match="CLIPModel has no place for adapter"):
        registry.create(f"image:{folder}").load()


def test_loading_leaves_the_library_as_it_was(tiny_model, tmp_path):
    from transformers import PreTrainedModel

    before = PreTrainedModel.__dict__["from_pretrained"]
    registry.create(f"image:{tiny_model('clip')}").load()
    assert PreTrainedModel.__dict__["from_pretrained"] is before


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("splade", "late", "not trained for late interaction"),
        ("cross_encoder", "sparse", "not trained for weights of terms"),
        ("sentence", "image", "does not take image: it is of another kind"),
    ],
)
def test_model_of_another_kind_is_refused(tiny_model, name, kind, reason):
    with pytest.raises(EncodeError, match=reason):
        registry.create(f"{kind}:{tiny_model(name)}").load()


def test_misspelt_kind_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(UnknownNameError, match=r"no kind of encoder named 'sentense'. Did you mean 'sentence'"):
        registry.spec("sentense:a/b")
    with pytest.raises(UsageError, match="is no folder with a model"):
        registry.spec(f"image:{tmp_path}")
    with pytest.raises(UsageError, match="names no model: write KIND:MODEL"):
        registry.spec("image:")


def test_model_that_is_not_here_is_told_with_three_ways_out(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(EncodeError) as caught:
        registry.create("siglip2").encode(pictures(1), IMAGE)
    said = str(caught.value)
    assert "google/siglip2-base-patch16-224 (revision 75de2d55ec2d) is not on this machine" in said
    assert "medley models pull siglip2" in said
    assert 'MEDLEY_ENCODERS__MODELS=\'{"siglip2": "FOLDER"}\'' in said
    assert "--preset offline" in said


def test_device_that_is_not_here_is_refused(tiny_model):
    with pytest.raises(UsageError, match=r"no device 'cuda:7' here: set encoders.device to auto or one of cpu"):
        registry.create(f"image:{tiny_model('clip')}", running=Running(device="cuda:7")).load()


def test_a_models_own_code_does_not_run_unless_it_is_trusted(tiny_model, tmp_path):
    import json

    folder = shutil.copytree(tiny_model("clip"), tmp_path / "clip")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "ours", "auto_map": {"AutoConfig": "ours.Config", "AutoModel": "ours.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "ours.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Config: pass\nclass Model: pass\n")
    with pytest.raises(EncodeError, match="cannot be loaded"):
        registry.create(f"image:{folder}").load()
    assert not (tmp_path / "ran").exists()
    with pytest.raises(EncodeError):  # it is no model, but it was allowed to try
        registry.create(f"image:{folder}", running=Running(trust=(str(folder),))).load()
    assert (tmp_path / "ran").exists()
