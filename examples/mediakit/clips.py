"""Short clips: painted scenes that the camera moves over, with sound and with spoken words at known seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mediakit import synth, write
from mediakit.canvas import Array, finish
from mediakit.indoors import still_life, volcano
from mediakit.land import dunes, meadow, mountains
from mediakit.night import city, stars
from mediakit.synth import Sound
from mediakit.water import sunset, underwater
from mediakit.woods import forest
from mediakit.write import Cue, Film

FRAME = (320, 180)
RATE = 6  # frames a second: enough for a slow pan


@dataclass(frozen=True)
class Shot:
    """One scene, shown for `seconds` while the view moves from one crop to another.

    A crop is its centre (shares of width and height) and its width (share of the picture's).
    """

    image: Image.Image
    seconds: float
    start: tuple[float, float, float] = (0.4, 0.5, 0.8)
    end: tuple[float, float, float] = (0.6, 0.5, 0.8)
    caption: str = ""


def painted(scene: Callable[..., Array], seed: int, **options: object) -> Image.Image:
    """One scene as a picture."""
    rng = np.random.default_rng(seed)
    return finish(scene(rng, **options), rng)


def frames(shots: Sequence[Shot]) -> Iterator[Image.Image]:
    """The shots one after another, with hard cuts."""
    for shot in shots:
        count = round(shot.seconds * RATE)
        for number in range(count):
            share = number / max(1, count - 1)
            at = [a + (b - a) * share for a, b in zip(shot.start, shot.end, strict=True)]
            yield titled(crop(shot.image, *at), shot.caption)


def crop(image: Image.Image, x: float, y: float, wide: float) -> Image.Image:
    """The part of `image` around `x`, `y` at the size of a frame."""
    width = wide * image.width
    height = width * FRAME[1] / FRAME[0]
    left = min(max(0, x * image.width - width / 2), image.width - width)
    top = min(max(0, y * image.height - height / 2), image.height - height)
    return image.resize(FRAME, Image.Resampling.BILINEAR, (left, top, left + width, top + height))


def titled(frame: Image.Image, caption: str) -> Image.Image:
    """The frame with a line of print at its foot, as slides have it."""
    if caption:
        shade = Image.new("RGB", (FRAME[0], 34), (12, 12, 18))
        frame.paste(Image.blend(frame.crop((0, 146, FRAME[0], 180)), shade, 0.72), (0, 146))
        ImageDraw.Draw(frame).text((12, 163), caption, "#ffffff", ImageFont.load_default(17), anchor="lm")
    return frame


def mixed(seconds: float, *parts: tuple[Sound, float, float]) -> Sound:
    """Sounds laid over one another: each with its second and its strength."""
    track = np.zeros(int(seconds * synth.RATE), np.float32)
    for sound, at, strength in parts:
        synth.put(track, sound * np.float32(strength), at)
    return synth.loud(track)


LECTURE = (
    Cue(0.5, 5.0, "Welcome to the geology course. Today we talk about volcanoes."),
    Cue(6.0, 11.0, "Deep below the mountain lies a chamber of molten rock."),
    Cue(12.0, 17.0, "Magma rises through the vent because it is lighter than the rock around it."),
    Cue(18.5, 23.0, "When the gas escapes, the pressure drops and the eruption begins."),
    Cue(24.0, 29.0, "Lava flows down the flanks, and ash rises many kilometres into the air."),
    Cue(30.0, 35.0, "Centuries later the soil is fertile, and farmers come back to the slopes."),
)
TRAVEL = (
    Cue(0.5, 4.5, "Day one. We walk through the forest, it smells of moss and rain."),
    Cue(6.0, 9.5, "A woodpecker somewhere above us."),
    Cue(11.0, 15.0, "Day two. At last, the sea! We wait on the beach until the sun has gone."),
    Cue(17.0, 20.0, "The water is still warm."),
    Cue(21.5, 26.0, "Day three. We reach the city by night train, all the windows are lit."),
    Cue(27.0, 30.0, "Tomorrow we fly home."),
)
DIVE = (
    Cue(1.0, 5.0, "We are at twelve metres now, the reef begins below us."),
    Cue(7.0, 11.0, "Look at the clownfish, they hide between the weeds."),
    Cue(13.5, 18.0, "A whole school of blue fish passes right in front of the camera."),
)
KITCHEN = (
    Cue(0.5, 5.0, "For the marmalade you need a kilo of oranges and two lemons."),
    Cue(6.0, 11.0, "Cut the peel into thin strips and boil it until it is soft."),
    Cue(12.0, 17.0, "Now the sugar: stir until it has dissolved, then let it set."),
)


def lecture(rng: np.random.Generator) -> Film:
    """A lecture on volcanoes with slides."""
    section = painted(volcano, 2, inside=True, night=False, eruption=0.0)
    smoking = painted(volcano, 3, inside=True, eruption=0.6)
    shots = (
        Shot(painted(meadow, 9, trees=4), 6, (0.4, 0.5, 0.9), (0.6, 0.5, 0.8), "Volcanoes: an introduction"),
        Shot(section, 6, (0.5, 0.55, 1.0), (0.5, 0.8, 0.6), "The magma chamber"),
        Shot(smoking, 6, (0.5, 0.5, 1.0), (0.5, 0.4, 0.6), "Magma rises through the vent"),
        Shot(painted(volcano, 5), 6, (0.5, 0.4, 0.7), (0.5, 0.45, 1.0), "The eruption"),
        Shot(painted(volcano, 6, eruption=0.8), 6, (0.45, 0.35, 0.6), (0.55, 0.6, 0.7), "Lava and ash"),
        Shot(painted(meadow, 10, flowers="#f2c230", rows=True), 6, (0.4, 0.6, 0.8), (0.6, 0.6, 0.8), "Fertile soil"),
    )
    sound = mixed(36, (synth.wind(rng, 36), 0, 0.25), (synth.thunder(rng, 11), 18, 0.9))
    return Film(frames(shots), sound, RATE, "Lecture 4: how volcanoes work")


def travel(rng: np.random.Generator) -> Film:
    """A diary of three days: forest, sea, city."""
    shots = (
        Shot(painted(forest, 21), 10, (0.3, 0.5, 0.7), (0.7, 0.5, 0.7)),
        Shot(painted(sunset, 22, boat=True, gulls=4), 10.5, (0.5, 0.6, 1.0), (0.5, 0.55, 0.6)),
        Shot(painted(city, 23), 10, (0.35, 0.5, 0.65), (0.65, 0.6, 0.65)),
    )
    sound = mixed(
        30.5, (synth.birdsong(rng, 10), 0, 0.5), (synth.waves(rng, 11), 10, 0.8), (synth.siren(rng, 5), 23, 0.3),
        (synth.engine(rng, 10), 20.5, 0.35),
    )  # fmt: skip
    return Film(frames(shots), sound, RATE, "Three days on the road", TRAVEL)


def dive(rng: np.random.Generator) -> Film:
    """A dive at a reef."""
    weeds = painted(underwater, 32, kelp=8, fish="#ff7f3f", water=("#a8e6c9", "#0b4a4f"))
    blue = painted(underwater, 33, fish="#5ec8ff", water=("#6db8ff", "#0a1f5c"), school=44)
    shots = (
        Shot(painted(underwater, 31), 6.5, (0.4, 0.4, 0.8), (0.55, 0.6, 0.7)),
        Shot(weeds, 6, (0.6, 0.5, 0.7), (0.4, 0.55, 0.6)),
        Shot(blue, 6.5, (0.3, 0.4, 0.7), (0.7, 0.4, 0.7)),
    )
    return Film(frames(shots), mixed(19, (synth.bubbles(rng, 19), 0, 1.0)), RATE, "Dive 112")


def marmalade(rng: np.random.Generator) -> Film:
    """A recipe in a kitchen."""
    lemons = (("#f3cf2f", 50), ("#f08a24", 60), ("#f0c52a", 52))
    shots = (
        Shot(painted(still_life, 41), 9, (0.45, 0.65, 0.6), (0.55, 0.7, 0.5), "Orange marmalade"),
        Shot(
            painted(still_life, 42, fruit=lemons, bowl="#7a9a6a"),
            9,
            (0.5, 0.6, 0.9),
            (0.5, 0.6, 0.6),
            "Boil, stir, let it set",
        ),
    )
    sound = mixed(18, (synth.ticking(rng, 18), 0, 0.35), (synth.melody(rng, tuple(range(0, 24, 2)), 90), 2, 0.4))
    return Film(frames(shots), sound, RATE, "Grandmother's marmalade")


def desert_storm(rng: np.random.Generator) -> Film:
    """Mountains, dunes and stars without a word."""
    shots = (
        Shot(painted(mountains, 51), 6, (0.35, 0.4, 0.7), (0.65, 0.4, 0.7)),
        Shot(painted(dunes, 52, low=0.26), 6, (0.35, 0.6, 0.7), (0.65, 0.6, 0.7)),
        Shot(painted(stars, 53), 6, (0.5, 0.6, 0.7), (0.5, 0.4, 0.7)),
    )
    sound = mixed(18, (synth.wind(rng, 12), 0, 0.9), (synth.crickets(rng, 6), 12, 0.4))
    return Film(frames(shots), sound, RATE)


CLIPS: tuple[tuple[str, Callable[[np.random.Generator], Film], str, tuple[Cue, ...]], ...] = (
    # path, maker, kind of the words beside it, those words
    ("clips/lecture-volcanoes.mp4", lecture, "srt", LECTURE),
    ("clips/travel-diary.mkv", travel, "", ()),
    ("clips/reef-dive.webm", dive, "vtt", DIVE),
    ("clips/marmalade.mov", marmalade, "srt", KITCHEN),
    ("clips/mvi_0093.mp4", desert_storm, "", ()),
)


def save(number: int, folder: Path) -> None:
    """Makes clip `number` of `CLIPS` and puts it, with its words, below `folder`."""
    path, maker, kind, cues = CLIPS[number]
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    write.clip(file, maker(np.random.default_rng(700 + number)))
    if kind:
        words = write.srt(cues) if kind == "srt" else write.vtt(cues)
        file.with_suffix(f".{kind}").write_text(words, encoding="utf-8")
