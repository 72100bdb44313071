from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from encoders.base import Encoder
from encoders.contents import Content, resampled
from encoders.forms import sparse_vector
from schemas import EncodeError, EncoderSpec, Modality

TEXT = Modality.TEXT


class Late(Encoder[list[np.ndarray]]):
    """One vector for each letter: its number, and 1."""

    spec = EncoderSpec(
        name="late",
        model="none",
        revision="1",
        modalities=(TEXT,),
        dim=2,
        space="late",
        license="Apache-2.0",
        multivector=True,
    )
    batch_size = 2

    def _encode(self, contents: Sequence[Content], modality: Modality):
        return [np.array([[ord(letter), 1.0] for letter in text if letter != "_"]) for text in map(str, contents)]

    def _encode_query(self, contents: Sequence[Content], modality: Modality):
        return [rows[:1] for rows in self._encode(contents, modality)]


class Terms(Encoder[list]):
    """The count of each letter."""

    spec = replace(Late.spec, name="terms", multivector=False, sparse=True, dim=0, distance="dot")
    batch_size = 2

    def _encode(self, contents: Sequence[Content], modality: Modality):
        made = []
        for text in map(str, contents):
            letters = sorted(set(text))
            weights = [np.nan if one == "!" else text.count(one) for one in letters]
            made.append(sparse_vector([ord(one) for one in letters], weights))
        return made


def test_late_interaction_gives_as_many_vectors_as_there_are_tokens():
    made = Late().encode(["abc", "d", "ef"], TEXT)
    assert [rows.shape for rows in made] == [(3, 2), (1, 2), (2, 2)]
    assert {rows.dtype for rows in made} == {np.dtype(np.float32)}
    np.testing.assert_allclose(np.linalg.norm(made[0], axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(made[2][:, 0] / made[2][:, 1], [ord("e"), ord("f")])


def test_question_is_encoded_in_its_own_way():
    assert [len(rows) for rows in Late().encode_query(["abc", "d"], TEXT)] == [1, 1]


def test_text_without_tokens_spoils_only_itself():
    made, reasons = Late().encode_each(["ab", "_", "c"], TEXT)
    assert [len(rows) for rows in made] == [2, 0, 1]
    assert list(reasons) == [1]
    assert "shape (0,), not (tokens, 2)" in reasons[1]


def test_several_contents_of_one_segment_keep_all_their_vectors():
    late = Late()
    made = late.encode(["ab", "c"], TEXT)
    np.testing.assert_array_equal(late.pool(made), np.vstack(made))


def test_sparse_weights_come_as_the_store_takes_them():
    made = Terms().encode(["aab", "c"], TEXT)
    assert [(one.indices, one.values) for one in made] == [([97, 98], [2, 1]), ([99], [1])]
    assert Terms().pool(made).indices == [97, 98, 99]
    assert Terms().pool(Terms().encode(["aab", "abb"], TEXT)).values == [2, 2]


def test_weight_that_is_not_finite_spoils_only_its_text():
    made, reasons = Terms().encode_each(["ab", "!"], TEXT)
    assert list(reasons) == [1]
    assert "not finite" in reasons[1]
    assert [len(one.indices) for one in made] == [2, 0]
    with pytest.raises(EncodeError, match="not finite"):
        Terms().encode(["!"], TEXT)


def test_frames_of_a_scene_share_the_mean_of_their_vectors(counting):
    vectors = counting.encode(["a", "zzzzzz"], TEXT)
    pooled = counting.pool(vectors)
    mean = vectors.mean(axis=0)
    np.testing.assert_allclose(pooled, mean / np.linalg.norm(mean), rtol=1e-6)
    np.testing.assert_array_equal(counting.pool(vectors[:1]), vectors[0])


class Ear(Encoder):
    """Hears at 48 kHz: how long a sound is and how often it passes zero."""

    spec = replace(Late.spec, name="ear", modalities=(Modality.AUDIO,), multivector=False, sample_rate=48_000)

    def _encode(self, contents: Sequence[Content], modality: Modality):
        return [[len(sound), np.count_nonzero(np.diff(np.sign(sound)))] for sound in contents]


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_encoder_hears_sounds_at_its_own_rate(rate):
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate + 0.1).astype(np.float32)
    ear = Ear()
    ear.rate = rate
    length, crossings = ear.encode([tone], Modality.AUDIO)[0]
    assert crossings / length == pytest.approx(880 / 48_000, rel=0.01)


def test_resampling_keeps_length_and_pitch():
    tone = np.sin(2 * np.pi * 1000 * np.arange(16_000) / 16_000).astype(np.float32)
    heard = resampled(tone, 16_000, 48_000)
    assert heard.dtype == np.float32
    assert len(heard) == 48_000
    assert np.abs(np.fft.rfft(heard)).argmax() == 1000
    assert resampled(tone, 16_000, 16_000) is tone
