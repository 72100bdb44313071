from __future__ import annotations

import numpy as np
import pytest

from encoders.bert import PACK, Bert


@pytest.fixture(scope="module")
def reference():
    """A small BERT with random weights, in torch."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=50,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=40,
        max_position_embeddings=300,
        initializer_range=0.5,
    )
    return transformers.BertModel(config).eval()


@pytest.fixture(scope="module")
def ours(reference):
    return Bert({name: weight.numpy() for name, weight in reference.state_dict().items()}, heads=4)


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 50, length).tolist() for length in (3, 17, 3, 1, 300, 17, 250, 190) for _ in range(3)]


def test_vectors_are_those_of_torch(reference, ours, texts):
    import torch

    with torch.inference_mode():
        expected = np.stack([reference(torch.tensor([ids])).last_hidden_state[0].mean(0).numpy() for ids in texts])
    np.testing.assert_allclose(ours(texts), expected, atol=2e-5)


def test_vector_does_not_depend_on_what_it_is_run_with(ours, texts):
    assert sum(map(len, texts)) > PACK  # so that more than one pack is run
    np.testing.assert_allclose(ours(texts), np.vstack([ours([ids]) for ids in texts]), atol=1e-5)
    np.testing.assert_allclose(ours(texts[::-1]), ours(texts)[::-1], atol=1e-5)


def test_sizes_are_told_by_the_weights(ours):
    assert (ours.dim, ours.longest, len(ours.layers)) == (24, 300, 3)
    assert ours([]).shape == (0, 24)


def test_missing_weight_is_named(reference):
    weights = {name: weight.numpy() for name, weight in reference.state_dict().items()}
    del weights["encoder.layer.1.output.dense.bias"]
    with pytest.raises(KeyError, match=r"encoder\.layer\.1\.output\.dense\.bias"):
        Bert(weights, heads=4)
