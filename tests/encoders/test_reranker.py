from __future__ import annotations

import shutil

import numpy as np
import pytest

from encoders.reranker import Reranker, load_reranker
from encoders.running import Running
from schemas import EncodeError, UnknownNameError

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
