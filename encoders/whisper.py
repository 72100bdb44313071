"""What is said in sounds and clips, with its times, heard by Whisper through transformers.

Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", ICML 2023. A recording is heard in
stretches of at most thirty seconds, however its segments are cut: a stretch that ends within a phrase is heard again
from where that phrase begins. Each word then goes to every segment that holds its middle.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from encoders.contents import resampled
from encoders.enrichers import Enriching
from encoders.finding import ModelSpec, found_model
from encoders.generating import ModelEnricher
from encoders.running import Running
from schemas import EncodeError, Modality, Segment, WordKind

RATE = 16_000  # hertz that Whisper hears
STRETCH = 30.0  # seconds that it hears at once
SHORTEST = 0.4  # seconds; in less, nothing is said
SILENCE = 1e-3  # amplitude of the loudest sample: what is quieter is nothing, in which Whisper hears things
LOOP = 2.4  # times a text shrinks when compressed: more, and it is one phrase over and over (the paper's own bound)
PROOF = 60  # bytes of a text, fewer of which prove nothing
ROUNDING = 0.05  # seconds by which the times of neighbouring segments may miss each other

WHISPERS: dict[str, ModelSpec] = {
    spec.name: spec
    for spec in (
        ModelSpec(
            "whisper-base",
            "openai/whisper-base",
            "e37978b90ca9030d5170a5c07aadb050351a65bb",
            "Apache-2.0",
            290_403_936,
        ),
        ModelSpec(
            "whisper-turbo",
            "openai/whisper-large-v3-turbo",
            "41f01f3fe87f28c78e2fbf8b568835947dd65ed9",
            "MIT",
            1_617_824_864,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that were said, from and to which second of the stretch they were heard in."""

    start: float
    end: float
    text: str


class TranscriptEnricher(ModelEnricher):
    """Writes down what is said."""

    name = "transcript"
    kind = WordKind.TRANSCRIPT
    modalities = (Modality.AUDIO, Modality.VIDEO)
    auto: ClassVar[str] = "WhisperForConditionalGeneration"
    version: ClassVar[int] = 1

    def begin(self) -> Enriching:
        """Begins with a file: its segments wait until the stretch that holds them was heard."""
        return Transcribing(self)

    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """Nothing is said in a picture."""
        return [""] * len(frames)

    def hear(self, sound: NDArray[np.float32]) -> list[Phrase]:
        """The phrases said in a stretch of sound (samples,) of at most thirty seconds at 16 kHz.

        Raises:
            EncodeError: the model cannot be loaded, or fails.
        """
        import torch

        if len(sound) < SHORTEST * RATE or float(np.abs(sound).max()) < SILENCE:
            return []
        loaded = self.load()
        model, processor = loaded.model
        asked = {"task": "transcribe"} if getattr(model.generation_config, "is_multilingual", False) else {}
        with loaded.lock, torch.inference_mode():
            try:
                given = processor(sound, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
                given = given.to(loaded.device, model.dtype)
                tokens = model.generate(**given, return_timestamps=True, do_sample=False, **asked)
            except (RuntimeError, ValueError, IndexError) as error:
                raise EncodeError(
                    f"{self.spec.name} cannot hear a sound of {len(sound) / RATE:.1f} s: {error}."
                ) from error
            decoded = processor.tokenizer.decode(tokens[0], skip_special_tokens=True, output_offsets=True)
        return _phrases(decoded.get("offsets") or [], len(sound) / RATE)


def _phrases(offsets: Iterable[dict[str, Any]], length: float) -> list[Phrase]:
    phrases = []
    for part in offsets:
        text = str(part["text"]).strip()
        begin, end = part["timestamp"]  # the second is None where it was cut off
        start = float(begin or 0.0)
        if text and start < length and not _is_loop(text):  # what begins later was heard in the silence filled in
            phrases.append(Phrase(start, min(float(length if end is None else end), length), text))
    return phrases


def _is_loop(text: str) -> bool:
    raw = text.encode()
    return len(raw) > PROOF and len(raw) / len(zlib.compress(raw)) > LOOP


class Transcribing(Enriching):
    """The transcript of one file."""

    def __init__(self, enricher: TranscriptEnricher) -> None:
        self._enricher = enricher
        self._waiting: list[Segment] = []
        self._said: list[tuple[float, str]] = []  # words with their seconds, which segments to come may hold too
        self._sound: list[NDArray[np.float32]] = []  # of the stretch, at 16 kHz
        self._from = 0.0  # second of the file at which the stretch begins
        self._until = 0.0  # and up to which it is there

    def take(self, segment: Segment) -> list[Segment]:
        """Takes in the next segment; returns those that were heard to their end."""
        if segment.sound is None or segment.start is None or segment.end is None:
            if not self._waiting:
                return [segment]
            self._waiting.append(segment)
            return []
        done: list[Segment] = []
        if segment.start > self._until + ROUNDING:  # a gap: what was heard before it is complete
            done = self.end()
            self._from = self._until = segment.start
        self._waiting.append(segment)
        heard_before = max(0, round((self._until - segment.start) * self._enricher.rate))
        fresh = segment.sound[heard_before:]
        if len(fresh):
            self._sound.append(resampled(fresh, self._enricher.rate, RATE))
            self._until = max(self._until, segment.end)
        while self._seconds() >= STRETCH:
            self._hear(last=False)
        return done + self._release(self._from)

    def end(self) -> list[Segment]:
        """Hears what is left; returns the segments that were kept back."""
        while self._seconds() >= SHORTEST:
            self._hear(last=True)
        self._sound = []
        return self._release(float("inf"))

    def _seconds(self) -> float:
        return sum(map(len, self._sound)) / RATE

    def _hear(self, *, last: bool) -> None:
        """Hears at most thirty seconds, and shares out what was said."""
        sound = np.concatenate(self._sound)
        stretch, rest = sound[: int(STRETCH * RATE)], sound[int(STRETCH * RATE) :]
        length = len(stretch) / RATE
        phrases = self._enricher.hear(stretch)
        heard = length
        is_cut = len(phrases) > 1 and phrases[-1].end >= length - 1.0 and phrases[-1].start > length / 2
        if is_cut and not (last and not len(rest)):
            heard = phrases.pop().start  # it may go on: it is heard again, whole
        for phrase in phrases:
            for second, word in spread(phrase):
                self._said.append((self._from + min(second, length - 1e-3), word))
        self._from += heard
        left = sound[round(heard * RATE) :]
        self._sound = [left] if len(left) else []

    def _release(self, heard: float) -> list[Segment]:
        """The segments, from the first on, that end before a second up to which all was heard."""
        done = []
        while self._waiting and (self._waiting[0].end is None or self._waiting[0].end <= heard + ROUNDING):
            segment = self._waiting.pop(0)
            done.append(segment)
            if segment.start is None or segment.end is None:
                continue
            start, end = segment.start, segment.end
            self._said = [one for one in self._said if one[0] >= start]  # no later segment begins before this one
            words = [word for second, word in sorted(self._said, key=itemgetter(0)) if second < end]
            if words:
                segment.words[WordKind.TRANSCRIPT] = " ".join(words)
        return done


def spread(phrase: Phrase) -> list[tuple[float, str]]:
    """The words of a phrase, each with the second of its middle: as if all letters took the same time."""
    words = phrase.text.split()
    lengths = np.array([len(word) + 1 for word in words], float)
    middles = (np.cumsum(lengths) - lengths / 2) / lengths.sum()
    return [
        (phrase.start + float(part) * (phrase.end - phrase.start), word)
        for part, word in zip(middles, words, strict=True)
    ]


def from_setting(asked: str, running: Running) -> TranscriptEnricher:
    """A transcript for a setting: "auto", a name of `WHISPERS`, a hub id or a folder."""
    return TranscriptEnricher(*found_model("speech model", asked, WHISPERS, running, usual="whisper-base"), running)
