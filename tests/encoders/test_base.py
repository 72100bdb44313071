from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest

from encoders.threads import thread_count
from schemas import EncodeError, Modality

TEXT = Modality.TEXT


def test_rows_are_float32_of_length_one_in_the_order_given(counting):
    texts = ["a", "bbb", "cc", "dddddd", "e", "ff"]
    vectors = counting.encode(texts, TEXT)
    assert vectors.dtype == np.float32
    assert vectors.shape == (6, 2)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(vectors[:, 0] / vectors[:, 1], [len(t) / ord(t[0]) for t in texts], rtol=1e-5)


def test_contents_come_in_batches(counting):
    counting.encode(list("abcdefghij"), TEXT)
    assert [len(batch) for batch in counting.batches] == [4, 4, 2]


def test_contents_of_like_cost_share_a_batch(counting, monkeypatch):
    monkeypatch.setattr(type(counting), "_cost", lambda _self, content: len(content))
    vectors = counting.encode(["dddd", "a", "ccc", "bb", "eeeee"], TEXT)
    assert counting.batches == [["a", "bb", "ccc", "dddd"], ["eeeee"]]
    np.testing.assert_allclose(vectors[0], counting.encode(["dddd"], TEXT)[0])


def test_nothing_gives_no_rows(counting):
    assert counting.encode([], TEXT).shape == (0, 2)
    vectors, reasons = counting.encode_each([], TEXT)
    assert vectors.shape == (0, 2)
    assert reasons == {}


def test_loading_happens_once_however_many_ask_at_once(counting):
    barrier = Barrier(8)

    def ask(text):
        barrier.wait()
        return counting.encode([text], TEXT)[0]

    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(ask, "abcdefgh"))
    assert counting.loads == 1
    np.testing.assert_allclose(rows, counting.encode(list("abcdefgh"), TEXT))


def test_batches_side_by_side_give_the_same_rows(counting, monkeypatch):
    texts = [letter * n for n in range(1, 7) for letter in "abcde"]
    alone = counting.encode(texts, TEXT)
    monkeypatch.setattr(type(counting), "parallel", True)
    counting.threads = 4
    np.testing.assert_array_equal(counting.encode(texts, TEXT), alone)
    with pytest.raises(RuntimeError, match="swallow"):
        counting.encode([*texts, "poison"], TEXT)


def test_bad_item_spoils_only_itself(counting):
    texts = ["a", "bb", "poison", "cc", "d", "e"]
    vectors, reasons = counting.encode_each(texts, TEXT)
    assert reasons == {2: "RuntimeError: cannot swallow this"}
    assert not vectors[2].any()
    good = [0, 1, 3, 4, 5]
    np.testing.assert_allclose(vectors[good], counting.encode([texts[i] for i in good], TEXT))


def test_only_the_batch_that_failed_is_encoded_again(counting):
    counting.encode_each(["a", "b", "poison", "c", "d", "e"], TEXT)
    assert [len(batch) for batch in counting.batches] == [4, 1, 1, 1, 1, 2]


def test_item_of_the_wrong_type_never_reaches_a_batch(counting):
    vectors, reasons = counting.encode_each(["a", 7, "", "b"], TEXT)
    assert reasons == {1: "a text is a str, not int", 2: "the text is empty"}
    assert counting.batches == [["a", "b"]]
    assert not vectors[1:3].any()


@pytest.mark.parametrize(("text", "reason"), [("nan", "not finite"), ("zero", "vector of zeros")])
def test_vector_that_cannot_be_compared_is_an_error(counting, text, reason):
    with pytest.raises(EncodeError, match=reason):
        counting.encode(["a", text], TEXT)
    vectors, reasons = counting.encode_each(["a", text], TEXT)
    assert list(reasons) == [1]
    assert reason in reasons[1]
    assert vectors[0].any()


def test_array_that_the_spec_does_not_describe_is_an_error(counting, monkeypatch):
    monkeypatch.setattr(type(counting), "_encode", lambda _self, contents, _modality: np.ones((len(contents), 3)))
    with pytest.raises(EncodeError, match=r"shape \(2, 3\), not \(2, 2\)"):
        counting.encode(["a", "b"], TEXT)


def test_modality_that_is_not_taken_is_an_error_even_for_no_items(counting):
    for ask in (counting.encode, counting.encode_each):
        with pytest.raises(EncodeError, match="counting encodes text, not image"):
            ask([], Modality.IMAGE)


def test_what_cannot_be_loaded_is_no_items_fault(counting, monkeypatch):
    def fail(_self):
        raise EncodeError("The weights are missing.")

    monkeypatch.setattr(type(counting), "_load", fail)
    with pytest.raises(EncodeError, match="weights are missing"):
        counting.encode_each(["a"], TEXT)


def test_distance_other_than_cosine_keeps_lengths(counting, monkeypatch):
    from dataclasses import replace

    monkeypatch.setattr(type(counting), "spec", replace(counting.spec, distance="dot"))
    np.testing.assert_array_equal(counting.encode(["abc"], TEXT), [[3, 97]])


def test_threads_are_those_asked_for_or_some_of_the_machine():
    assert thread_count(3) == 3
    assert thread_count(0) >= 1
