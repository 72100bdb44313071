from __future__ import annotations

import shutil
import socket
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from encoders.listing import listing
from encoders.reranker import SIDE, Reranker, Shown, load_reranker
from encoders.running import Running
from schemas import EncodeError, UnknownNameError
from tests.encoders.conftest import picture

TEXTS = ["the dog plays in snow", "rain falls", "a red boat at sunset on the roof of the engine", ""]


@pytest.fixture(scope="module")
def reranker(tiny_model):
    return load_reranker(str(tiny_model("cross_encoder")))


def test_scores_are_those_of_the_plain_model(reranker, tiny_model):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = tiny_model("cross_encoder")
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)
    scores = reranker.score("dog in snow", TEXTS)
    assert scores.dtype == np.float32
    for text, score in zip(TEXTS[:3], scores, strict=False):
        with torch.no_grad():
            logit = model(**tokens("dog in snow", text, return_tensors="pt")).logits[0, 0]
        assert score == pytest.approx(float(torch.sigmoid(logit)), abs=1e-5)


def test_score_does_not_depend_on_the_others(reranker):
    alone = [float(reranker.score("dog", [text])[0]) for text in TEXTS]
    np.testing.assert_allclose(reranker.score("dog", TEXTS), alone, atol=1e-4)


def test_nothing_to_score_gives_no_scores(reranker):
    assert reranker.score("dog", []).shape == (0,)


def test_pairs_that_do_not_fit_are_scored_in_smaller_batches(reranker, monkeypatch):
    expected = reranker.score("dog", TEXTS)
    model = reranker._load().model
    sizes, predict = [], model.predict

    def narrow(pairs, *, batch_size, **given):
        sizes.append(batch_size)
        if batch_size > 8:
            raise RuntimeError("MPS backend out of memory")
        return predict(pairs, batch_size=batch_size, **given)

    monkeypatch.setattr(model, "predict", narrow)
    other = Reranker(reranker.spec, reranker.source)
    np.testing.assert_allclose(other.score("dog", TEXTS), expected, atol=1e-5)
    assert sizes == [32, 16, 8]
    monkeypatch.setattr(model, "predict", lambda *_a, **_k: (_ for _ in ()).throw(RuntimeError("out of memory")))
    with pytest.raises(EncodeError, match="more memory for one pair than there is"):
        other.score("dog", TEXTS)


def test_model_without_a_trained_head_is_refused(tiny_model, tmp_path):
    folder = shutil.copytree(tiny_model("splade"), tmp_path / "splade")
    with pytest.raises(EncodeError, match=r"not whole|scores for a pair"):
        load_reranker(str(folder)).score("dog", TEXTS)


def test_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no reranker named 'bge-rerank'. Did you mean 'bge-reranker'"):
        load_reranker("bge-rerank")


def test_one_named_by_its_hub_id_takes_its_weights_from_a_folder_too(tiny_model):
    running = Running(models={"owner/reads": str(tiny_model("cross_encoder"))})
    assert load_reranker("owner/reads", running).score("dog", TEXTS).shape == (4,)


@pytest.fixture(scope="module")
def seeing(tiny_model):
    return load_reranker(str(tiny_model("seeing_reranker")))


def shown():
    """Words alone, a picture alone, and both, in one batch."""
    return ["the dog plays", Shown(pictures=(picture("stripes"),)), Shown("rain falls", (picture("rings"),))]


def test_pair_with_pictures_is_scored_as_by_the_plain_model(seeing, tiny_model):
    import torch
    from transformers import AutoProcessor, Idefics3ForConditionalGeneration

    folder = tiny_model("seeing_reranker")
    model = Idefics3ForConditionalGeneration.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    yes, no = processor.tokenizer.convert_tokens_to_ids(["red", "dog"])

    def plain(text, *pictures):
        images = [Image.fromarray(one) for one in pictures] or None
        with torch.no_grad():
            logits = model(**processor(text=text, images=images, return_tensors="pt")).logits[0, -1]
        return float(torch.sigmoid(logits[yes] - logits[no]))

    scores = seeing.score("a red boat", shown())
    assert scores == pytest.approx(
        [
            plain("query: a red boat document: the dog plays page:"),
            plain("query: a red boat document: <image> page:", picture("stripes")),
            plain("query: a red boat document: <image>rain falls page:", picture("rings")),
        ],
        abs=1e-5,
    )
    asked = Shown("two", (picture("gradient"),))
    expected = plain("query: <image>two document: <image> page:", picture("gradient"), picture("stripes"))
    assert seeing.score(asked, shown())[1] == pytest.approx(expected, abs=1e-5)


def test_known_model_that_sees_scores_as_its_plain_architecture_does(tiny_model):
    pytest.importorskip("torchvision", reason="the processor of Qwen3-VL needs torchvision")
    import torch
    from transformers import AutoProcessor, Qwen3VLForConditionalGeneration

    folder = tiny_model("qwen3_vl_reranker")
    known = load_reranker("qwen3-vl-reranker", Running(models={"qwen3-vl-reranker": str(folder)}))
    model = Qwen3VLForConditionalGeneration.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder)
    yes, no = processor.tokenizer.convert_tokens_to_ids(["red", "dog"])
    mark = "<|vision_start|><|image_pad|><|vision_end|>"

    def plain(document, *pictures):
        text = (
            "<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\n"
            f"system: {known.spec.prompt} query: a red boat document: {document} <|im_end|>\n<|im_start|>assistant\n"
        )
        images = [Image.fromarray(one) for one in pictures] or None
        with torch.no_grad():
            logits = model(**processor(text=[text], images=images, return_tensors="pt")).logits[0, -1]
        return float(torch.sigmoid(logits[yes] - logits[no]))

    expected = [
        plain("the dog plays"),
        plain(mark, picture("stripes")),
        plain(f"{mark}rain falls", picture("rings")),
    ]
    assert known.score("a red boat", shown()) == pytest.approx(expected, abs=1e-5)


def test_what_a_model_takes_is_known_from_the_model(reranker, seeing):
    assert seeing.sees
    assert not reranker.sees
    blind = reranker.score("dog", [Shown("rain falls", (picture("rings"),))])
    assert blind == pytest.approx(reranker.score("dog", ["rain falls"]), abs=1e-6)


def test_score_of_a_picture_does_not_depend_on_the_others(seeing):
    alone = [float(seeing.score("dog", [content])[0]) for content in shown()]
    np.testing.assert_allclose(seeing.score("dog", shown()), alone, atol=1e-4)


def test_pictures_that_do_not_fit_are_scored_in_smaller_batches(seeing, monkeypatch):
    expected = seeing.score("dog", shown())
    model, sizes = seeing._load().model, []
    predict = model.predict

    def narrow(pairs, *, batch_size, **given):
        sizes.append(batch_size)
        if batch_size > 1:
            raise RuntimeError("CUDA out of memory")
        return predict(pairs, batch_size=batch_size, **given)

    monkeypatch.setattr(model, "predict", narrow)
    np.testing.assert_allclose(Reranker(seeing.spec, seeing.source).score("dog", shown()), expected, atol=1e-4)
    assert sizes[-1] == 1


def test_words_can_neither_name_a_picture_nor_hold_the_marks_of_one(seeing, tmp_path):
    file = tmp_path / "red.png"
    with socket.create_server(("127.0.0.1", 0)) as server:
        link = f"http://127.0.0.1:{server.getsockname()[1]}/red.png"
        before = seeing.score("a cat", [str(file), link, "data:image/png;base64,red"])
        Image.new("RGB", (32, 32), "red").save(file)
        after = seeing.score("a cat", [str(file), link, "data:image/png;base64,red"])
        assert len(seeing.score(link, ["a cat", Shown(pictures=(picture("rings"),))])) == 2
        server.settimeout(0.05)
        with pytest.raises(TimeoutError):
            server.accept()
    np.testing.assert_allclose(after, before, atol=1e-6)
    marked = Shown("rain <image> falls", (picture("rings"),))
    assert seeing.score("a <image> cat", [marked]) == pytest.approx(
        seeing.score("a   cat", [Shown("rain   falls", (picture("rings"),))]), abs=1e-5
    )


def test_long_words_and_large_pictures_are_cut_to_what_the_model_takes(tiny_model):
    small = load_reranker(str(tiny_model("seeing_reranker")))
    small.spec = replace(small.spec, max_tokens=6)
    words = "the dog plays in snow at sunset and rain falls on the roof of the man"
    cut = small.score("a cat", [Shown(words, (picture("rings"),))])
    assert cut == pytest.approx(
        small.score("a cat", [Shown("the dog plays in snow at", (picture("rings"),))]), abs=1e-6
    )
    given = []
    small._load().model.predict = lambda pairs, **_: (given.extend(pairs), np.full(len(pairs), 0.5))[1]
    small.score("a cat", [Shown("", (np.zeros((3000, 1500, 3), np.uint8),))])
    del small._load().model.predict
    assert given[0][1]["image"][0].size == (SIDE // 2, SIDE)
    assert "text" not in given[0][1]


def test_known_model_that_sees_is_listed_as_such():
    [row] = [row for row in listing() if row.name == "qwen3-vl-reranker"]
    assert (row.kind, row.modalities, row.license) == ("reranker", ("text", "image"), "Apache-2.0")
