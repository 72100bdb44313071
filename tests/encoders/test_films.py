"""A model that takes films, on a tiny one with Qwen3-VL's own architecture and processor."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from encoders import Clip, EncoderSet, registry, spread
from encoders.catalogue import MODELS
from encoders.hub import Source
from encoders.loading import load_shared
from encoders.running import Running
from schemas import EncodeError, Modality, Segment
from tests.encoders.conftest import picture
from tests.encoders.tiny import DIGITS

TEXT, IMAGE, VIDEO = Modality.TEXT, Modality.IMAGE, Modality.VIDEO


def clip(*kinds, times=(0.0, 3.5, 7.0), height=96, width=128):
    return Clip(tuple(picture(kind, height, width) for kind in kinds), times[: len(kinds)])


@pytest.fixture(scope="module")
def sees_films(tiny_model):
    pytest.importorskip("torchvision", reason="the processor of Qwen3-VL needs torchvision", exc_type=Exception)
    return registry.create(f"image:{tiny_model('film_language')}", threads=1)


def test_scene_is_given_to_the_model_as_one_film_with_its_times(sees_films, tiny_model):
    import torch
    from transformers import AutoProcessor, Qwen3VLModel

    folder = tiny_model("film_language")
    model, processor = Qwen3VLModel.from_pretrained(folder).eval(), AutoProcessor.from_pretrained(folder)
    scene = clip("stripes", "rings", "gradient")
    # Two frames make one patch in time, whose time is the mean of theirs; the last one is repeated.
    assert processor._calculate_timestamps([0, 3500, 7000], 1000) == [1.75, 7.0]
    given = processor(
        text=["user: <|vision_start|><|video_pad|><|vision_end|> <|im_end|>\n<|im_start|>assistant\n"],
        videos=[np.stack(scene.frames)],
        video_metadata=[{"fps": 1000, "frames_indices": [0, 3500, 7000], "total_num_frames": 3}],
        do_sample_frames=False,
        return_tensors="pt",
    )
    shown = processor.tokenizer.convert_ids_to_tokens(given["input_ids"][0])
    assert [token for token in shown if token in DIGITS] == [*"1.8", *"7.0"]
    with torch.no_grad():
        last = model(**given).last_hidden_state[0, -1].numpy()
    np.testing.assert_allclose(sees_films.encode([scene], VIDEO)[0], last / np.linalg.norm(last), atol=1e-5)


def test_order_and_times_of_the_frames_are_seen(sees_films):
    forth, back = clip("stripes", "rings", "gradient"), clip("gradient", "rings", "stripes")
    fast = clip("stripes", "rings", "gradient", times=(0.0, 0.5, 1.0))
    made = sees_films.encode([forth, back, fast], VIDEO)
    assert np.abs(made[0] - made[1]).max() > 1e-4
    assert np.abs(made[0] - made[2]).max() > 1e-5
    mean = sees_films.pool(sees_films.encode(list(forth.frames), IMAGE))
    assert np.abs(made[0] - mean).max() > 1e-3


def test_vector_of_a_scene_does_not_depend_on_the_others(sees_films):
    scenes = [clip("rings"), clip("stripes", "rings", "white"), clip("gradient", "white", height=64, width=64)]
    scenes.append(Clip((picture("rings", 64, 96), picture("white", 96, 64)), (0.0, 1.0)))  # it turns midway
    alone = np.concatenate([sees_films.encode([scene], VIDEO) for scene in scenes])
    np.testing.assert_allclose(sees_films.encode(scenes, VIDEO), alone, atol=1e-4)


def test_spec_and_fingerprint_say_whether_scenes_are_seen_whole(sees_films, tiny_model):
    spec = sees_films.spec
    assert spec.stored == (IMAGE, VIDEO)
    frames = replace(spec, modalities=(IMAGE, TEXT), documents=(IMAGE,))
    assert frames.fingerprint != spec.fingerprint
    assert registry.spec(f"image:{tiny_model('vision_language')}").stored == (IMAGE,)


def test_model_that_lacks_torchvision_says_how_to_get_it(tmp_path):
    def make(*_):
        raise ImportError("Qwen3VLVideoProcessor requires the Torchvision library")

    with pytest.raises(EncodeError, match=r"owner/sees needs torchvision\. Run: pip install 'medley\[films\]'$"):
        load_shared(Source("sees", "owner/sees", folder=tmp_path), Running(), make, kind="SentenceTransformer")


def test_known_embedder_of_vision_and_language_sees_scenes_whole():
    assert MODELS["qwen3-vl"][1].stored == (IMAGE, VIDEO)
    assert MODELS["siglip2"][1].stored == (IMAGE,)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (picture("rings"), "a scene is a Clip of frames, not uint8"),
        (Clip((), ()), "not 0 for 0"),
        (clip("rings", times=()), "not 0 for 1"),
        (Clip((np.zeros((4, 4), np.uint8),), (0.0,)), "a picture is an array"),
    ],
)
def test_what_is_no_scene_is_named(counting, content, reason):
    counting.spec = replace(counting.spec, modalities=(VIDEO,))
    with pytest.raises(EncodeError, match=reason):
        counting.encode([content], VIDEO)


def test_times_of_a_scene_count_from_its_start():
    frames = (picture("rings"), picture("white"))
    assert Clip.of(Segment(3, frames=frames, start=20.0, end=30.0, times=(20.5, 27.25))).times == (0.5, 7.25)
    assert Clip.of(Segment(0, frames=frames)) is None


def test_more_frames_are_read_where_scenes_are_seen_whole():
    assert (EncoderSet({"image": "siglip2"}).frames, EncoderSet({"image": "qwen3-vl", "pages": "colqwen2"}).frames) == (
        3,
        8,
    )
    frames = tuple(np.full((2, 2, 3), n, np.uint8) for n in range(8))
    assert [int(frame[0, 0, 0]) for frame in spread(frames)] == [1, 4, 6]
    assert spread(frames[:2]) == frames[:2]
