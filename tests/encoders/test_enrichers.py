from __future__ import annotations

from importlib.metadata import EntryPoint

import numpy as np
import pytest

from encoders import begin, enrichers, fingerprints, load_enrichers
from encoders.captioner import from_setting as captions
from encoders.enrichers import Enricher
from encoders.presets import PRESETS
from encoders.running import Running
from encoders.whisper import RATE, Phrase, TranscriptEnricher, spread
from encoders.whisper import from_setting as transcripts
from schemas import EncodeError, Modality, Segment, UnknownNameError, UsageError, WordKind
from schemas.settings import EncoderSettings

IMAGE, AUDIO, VIDEO = Modality.IMAGE, Modality.AUDIO, Modality.VIDEO


class Colours(Enricher):
    """Says whether a picture is dark or light."""

    name = "colours"
    kind = WordKind.CAPTION
    fingerprint = "colours-1"

    def words(self, frames):
        return ["light" if frame.mean() > 127 else "dark" for frame in frames]


class Listener(TranscriptEnricher):
    """Hears the words that a list says are spoken, in whole seconds of the file; notes what it was asked."""

    def __init__(self, spoken, rate=RATE):
        self.spoken, self.rate = spoken, rate
        self.fingerprint = "listener-1"
        self.asked = []

    def load(self):
        """There is no model."""

    def hear(self, sound):
        """A sample's value is the number of its second, so that a stretch tells where it begins."""
        first, length = float(sound[0]), len(sound) / RATE
        self.asked.append((first, length))
        heard = [Phrase(at - first, min(to - first, length), text) for at, to, text in self.spoken]
        return [phrase for phrase in heard if 0 <= phrase.start < length]


def clock(seconds, rate=RATE):
    """A sound whose samples are the number of their second."""
    return (np.arange(round(seconds * rate)) // rate).astype(np.float32)


def windows(length, window=6.0, hop=3.0, rate=RATE):
    """Overlapping windows of a recording, as a reader makes them."""
    sound = clock(length, rate)
    starts = np.arange(0, max(length - window, 0) + hop, hop)
    return [
        Segment(n, sound=sound[int(at * rate) : int((at + window) * rate)], start=at, end=min(at + window, length))
        for n, at in enumerate(map(float, starts))
    ]


def through(enriching, segments):
    """All segments, and the most that were kept back at once."""
    out, most = [], 0
    for n, segment in enumerate(segments, start=1):
        out += enriching.take(segment)
        most = max(most, n - len(out))
    return out + enriching.end(), most


def said(segments):
    return [segment.words.get(WordKind.TRANSCRIPT, "") for segment in segments]


def test_words_of_a_picture_are_added_as_it_passes():
    light = np.full((4, 4, 3), 255, np.uint8)
    segment = Segment(0, {WordKind.NAME: "a"}, frames=(light, light, light // 4))
    assert begin([Colours()], IMAGE).take(segment) == [segment]
    assert segment.words == {WordKind.NAME: "a", WordKind.CAPTION: "light\ndark"}


def test_enricher_looks_only_at_its_modalities():
    segment = Segment(0, frames=(np.zeros((4, 4, 3), np.uint8),))
    assert begin([Colours()], VIDEO).take(segment) == [segment]
    assert segment.words == {}
    assert fingerprints([Colours(), Listener([])], IMAGE) == {"colours": "colours-1"}
    assert fingerprints([Colours(), Listener([])], AUDIO) == {"transcript": "listener-1"}


def test_each_word_goes_to_every_window_that_holds_it():
    listener = Listener([(0, 2, "one two"), (4, 5, "three"), (7, 9, "four five")])
    segments, _ = through(begin([listener], AUDIO), windows(12))
    assert [segment.number for segment in segments] == [0, 1, 2]
    assert said(segments) == ["one two three", "three four five", "four five"]
    assert listener.asked == [(0.0, 12.0)]


def test_long_recording_is_heard_in_stretches_and_kept_back_no_longer_than_that():
    listener = Listener([(at, at + 1, f"w{at}") for at in range(0, 300, 2)])
    segments, most = through(begin([listener], AUDIO), windows(300))
    assert [segment.number for segment in segments] == list(range(len(segments)))
    assert max(length for _, length in listener.asked) <= 30.0
    assert most <= 12
    for segment in segments:
        first = int(segment.start) + int(segment.start) % 2
        assert segment.words[WordKind.TRANSCRIPT] == " ".join(f"w{at}" for at in range(first, int(segment.end), 2))


def test_word_heard_before_a_window_that_holds_it_has_come_is_kept_for_it():
    listener = Listener([(27, 28, "both"), (40, 41, "after")])
    segments, _ = through(begin([listener], AUDIO), windows(45))
    assert [(segment.start, segment.end) for segment in segments if "both" in said([segment])[0]] == [
        (24.0, 30.0),
        (27.0, 33.0),
    ]


def test_phrase_cut_off_by_the_end_of_a_stretch_is_heard_again_whole():
    listener = Listener([(2, 4, "before"), (27, 33, "across the border"), (40, 41, "after")])
    segments, _ = through(begin([listener], AUDIO), windows(45))
    assert listener.asked[:2] == [(0.0, 30.0), (27.0, 18.0)]
    together = " ".join(said(segments)[8:11])
    assert "across" in together and "border" in together
    assert said(segments)[9] == "across the border"


def test_scenes_without_sound_pass_and_gaps_are_no_speech():
    scenes = [
        Segment(0, sound=clock(5), start=0.0, end=5.0),
        Segment(1, start=5.0, end=9.0),
        Segment(2, sound=clock(20)[9 * RATE : 14 * RATE], start=9.0, end=14.0),
    ]
    listener = Listener([(1, 2, "hello"), (10, 11, "again")])
    segments, _ = through(begin([listener], VIDEO), scenes)
    assert [segment.number for segment in segments] == [0, 1, 2]
    assert said(segments) == ["hello", "", "again"]


def test_sounds_of_another_rate_are_heard_at_sixteen_kilohertz():
    listener = Listener([(0, 2, "one two")], rate=48_000)
    segments, _ = through(begin([listener], AUDIO), windows(9, rate=48_000))
    assert said(segments)[0] == "one two"
    assert [length for _, length in listener.asked] == pytest.approx([9.0])


def test_several_enrichers_work_one_after_the_other():
    frames = (np.zeros((4, 4, 3), np.uint8),)
    scenes = [Segment(n, frames=frames, sound=clock(5), start=5.0 * n, end=5.0 * n + 5) for n in range(3)]

    class Dark(Colours):
        modalities = (IMAGE, VIDEO)

    segments, _ = through(begin([Listener([(1, 2, "hello")]), Dark()], VIDEO), scenes)
    assert segments[0].words == {WordKind.TRANSCRIPT: "hello", WordKind.CAPTION: "dark"}
    assert [segment.words[WordKind.CAPTION] for segment in segments] == ["dark"] * 3


def test_words_of_a_phrase_share_its_time_by_their_length():
    assert [word for _, word in spread(Phrase(2, 4, "a longer word"))] == ["a", "longer", "word"]
    seconds = [at for at, _ in spread(Phrase(2, 4, "aaa bbb"))]
    assert seconds == pytest.approx([2.5, 3.5])


def test_transcript_is_what_the_plain_model_writes(tiny_model):
    import torch
    from transformers import AutoProcessor, WhisperForConditionalGeneration

    folder = tiny_model("whisper")
    model, processor = (
        WhisperForConditionalGeneration.from_pretrained(folder).eval(),
        AutoProcessor.from_pretrained(folder),
    )
    sound = np.random.default_rng(0).normal(0, 0.1, 30 * RATE).astype(np.float32)
    with torch.no_grad():
        given = processor(sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
        tokens = model.generate(**given, return_timestamps=True, do_sample=False)
    offsets = processor.tokenizer.decode(tokens[0], skip_special_tokens=True, output_offsets=True)["offsets"]
    enricher = transcripts(str(folder), Running(threads=1))
    heard = enricher.hear(sound)
    expected = [part["text"].strip() for part in offsets if part["timestamp"][0] < 30.0 and part["text"].strip()]
    assert [phrase.text for phrase in heard] == expected
    assert all(0 <= phrase.start <= phrase.end <= 30.0 for phrase in heard)
    assert enricher.hear(np.zeros(10 * RATE, np.float32)) == []  # in silence Whisper hears things
    assert enricher.hear(sound[:100]) == []


def test_caption_is_what_the_plain_model_writes(tiny_model):
    import torch
    from transformers import AutoProcessor, BlipForConditionalGeneration

    folder = tiny_model("captioner")
    model, processor = (
        BlipForConditionalGeneration.from_pretrained(folder).eval(),
        AutoProcessor.from_pretrained(folder),
    )
    frames = [np.random.default_rng(n).integers(0, 256, (40, 60, 3), dtype=np.uint8) for n in range(3)]
    with torch.no_grad():
        tokens = model.generate(**processor(images=frames[1], return_tensors="pt"), max_new_tokens=30, do_sample=False)
    expected = processor.batch_decode(tokens, skip_special_tokens=True)[0].strip()
    assert expected
    assert captions(str(folder), Running(threads=1)).words(frames) == ["", expected, ""]


def test_whisper_that_lacks_weights_is_refused(tiny_model, tmp_path):
    import shutil

    from safetensors.torch import load_file, save_file

    folder = shutil.copytree(tiny_model("whisper"), tmp_path / "whisper")
    weights = load_file(folder / "model.safetensors")
    del weights[next(name for name in weights if "decoder.layers.0.fc1" in name)]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncodeError, match=r"not whole: the file of weights lacks .*fc1"):
        transcripts(str(folder), Running()).load()


def names(settings, preset):
    return {one.name: getattr(one, "spec", None) and one.spec.name for one in load_enrichers(settings, preset)}


def test_preset_says_which_run_and_a_setting_goes_before_it():
    off = EncoderSettings(ocr="off")
    assert names(off, PRESETS["offline"].enrichers) == {}
    assert names(off, PRESETS["standard"].enrichers) == {"transcript": "whisper-base"}
    assert names(off, PRESETS["best"].enrichers) == {"transcript": "whisper-turbo", "caption": "blip"}
    quiet = EncoderSettings(ocr="off", transcript="off", caption="auto")
    assert names(quiet, PRESETS["standard"].enrichers) == {"caption": "blip"}
    assert load_enrichers(EncoderSettings(ocr="off", transcript="auto"), {}, rate=48_000)[0].rate == 48_000


def test_fingerprint_tells_the_model_and_not_where_it_lies(tiny_model, tmp_path):
    import shutil

    running = Running(models={"whisper-base": str(tiny_model("whisper"))})
    pinned, local = transcripts("whisper-base", Running()), transcripts("whisper-base", running)
    assert pinned.fingerprint.startswith("transcript-whisper-base-")
    assert pinned.fingerprint != local.fingerprint
    moved = shutil.copytree(tiny_model("whisper"), tmp_path / "whisper")
    assert transcripts("whisper-base", Running(models={"whisper-base": str(moved)})).fingerprint == local.fingerprint


def test_misspelt_model_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no speech model named 'wisper-base'\. Did you mean 'whisper-base'"):
        load_enrichers(EncoderSettings(transcript="wisper-base"))
    with pytest.raises(UsageError, match="is no folder with a model"):
        load_enrichers(EncoderSettings(caption="./nowhere"))


@pytest.fixture
def plugins(monkeypatch):
    def install(**values):
        points = [EntryPoint(name, value, enrichers.GROUP) for name, value in values.items()]
        monkeypatch.setattr(enrichers, "entry_points", lambda group: points if group == enrichers.GROUP else [])
        enrichers._plugins.cache_clear()

    yield install
    enrichers._plugins.cache_clear()


def test_enricher_of_another_package_runs_when_it_is_installed(plugins):
    plugins(colours=f"{__name__}:Colours")
    [found] = load_enrichers(EncoderSettings(ocr="off"), rate=48_000)
    segment = Segment(0, frames=(np.zeros((4, 4, 3), np.uint8),))
    assert begin([found], IMAGE).take(segment)[0].words == {WordKind.CAPTION: "dark"}
    assert found.rate == 48_000


def test_enricher_of_another_package_that_cannot_run_is_named(plugins):
    plugins(broken="encoders.enrichers:Enriching")
    with pytest.raises(EncodeError, match=r"'broken' .*not a subclass"):
        load_enrichers(EncoderSettings(ocr="off"))
    plugins(absent="no_such_package:Thing")
    with pytest.raises(EncodeError, match=r"'absent' .*cannot be imported"):
        load_enrichers(EncoderSettings(ocr="off"))
