# ruff: noqa: E501  # a table reads best with a row a line
"""Which sounds are made: two of each kind, some with a title inside, some with a caption beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mediakit import synth, write
from mediakit.synth import Rng, Sound


@dataclass(frozen=True)
class Recording:
    """A sound to make. `title` goes inside the file, `caption` beside it."""

    path: str
    sound: Callable[..., Sound]
    options: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    caption: str = ""


BELL_AT = 21.0
"""The second at which the church bell begins in the long recording."""

EVENING = (0, 4, 7, 12, 11, 7, 4, 7, 5, 9, 12, 17, 16, 12, 9, 5, 2, 5, 9, 14, 12, 9, 7, 4, 0, 4, 7, 12)
LULLABY = (7, 7, 10, 7, 7, 10, 7, 10, 15, 14, 12, 12, 10, 5, 7, 8, 5, 5, 7, 8, 5, 8, 14, 12, 10, 14, 15)
GROOVE = (0, 0, 12, 0, 3, 5, 7, 10) * 4
WALK = (0, 4, 7, 9, 10, 9, 7, 4, 5, 9, 12, 14, 12, 9, 5, 4) * 2


def an_evening_outdoors(rng: Rng) -> Sound:
    """Half a minute by the village: crickets and wind, and at `BELL_AT` the church bell."""
    track = 0.04 * synth.crickets(rng, 32) + 0.02 * synth.wind(rng, 32)
    synth.put(track, 0.8 * synth.bell(rng, 392, 3, 1.7), BELL_AT)
    return synth.loud(track)


RECORDINGS: tuple[Recording, ...] = (
    Recording("sounds/town/church-bell.ogg", synth.bell, {"pitch": 392, "strokes": 4}, caption="A church bell rings four times."),
    Recording("sounds/town/track_07.flac", synth.bell, {"pitch": 494, "strokes": 3, "gap": 1.3}),
    Recording("sounds/town/ambulance.ogg", synth.siren, title="Ambulance siren passing"),
    Recording("sounds/town/track_08.wav", synth.siren, {"low": 500, "high": 1050, "cycle": 2.1}),
    Recording("sounds/town/tractor.m4a", synth.engine, caption="An old tractor engine runs idle in the yard."),
    Recording("sounds/town/motor.opus", synth.engine, {"idle": 52, "rev": 1.9}, title="Motorcycle revving up"),
    Recording("sounds/nature/blackbird.ogg", synth.birdsong, {"pitch": 2900}, caption="A blackbird sings in the garden at dawn."),
    Recording("sounds/nature/chirps.flac", synth.birdsong, {"pitch": 4100, "seconds": 6}, title="Small birds chirping"),
    Recording("sounds/nature/beach.m4a", synth.waves, caption="Waves break on the beach."),
    Recording("sounds/nature/track_03.ogg", synth.waves, {"period": 3.6, "seconds": 11}),
    Recording("sounds/nature/roof-rain.ogg", synth.rain, title="Rain on the roof"),
    Recording("sounds/nature/track_04.flac", synth.rain, {"heavy": 2.2, "seconds": 8}),
    Recording("sounds/nature/thunderclap.ogg", synth.thunder, caption="Thunder: a loud clap and a long rumble."),
    Recording("sounds/nature/far-storm.m4a", synth.thunder, {"crack": 1.4, "seconds": 11}, title="Distant thunderstorm"),
    Recording("sounds/nature/summer-night.opus", synth.crickets, caption="Crickets on a warm summer night."),
    Recording("sounds/nature/track_05.ogg", synth.crickets, {"pitch": 4900, "seconds": 7}),
    Recording("sounds/nature/evening-in-the-village.m4a", an_evening_outdoors, title="Evening in the village, field recording"),
    Recording("sounds/home/wall-clock.wav", synth.ticking, caption="A clock ticks on the wall."),
    Recording("sounds/home/pocket-watch.ogg", synth.ticking, {"rate": 4.5, "seconds": 6}, title="Pocket watch, close up"),
    Recording("sounds/home/old-telephone.flac", synth.telephone, title="Old telephone ringing"),
    Recording("sounds/home/phone.ogg", synth.telephone, {"pitch": 520, "warble": 17, "rings": 2}, caption="The phone rings and nobody answers."),
    Recording("sounds/home/heart-at-rest.wav", synth.heartbeat, caption="A human heart beats at rest, 66 beats a minute."),
    Recording("sounds/home/heart-after-a-run.ogg", synth.heartbeat, {"rate": 128, "seconds": 7}, title="Fast heartbeat after a run"),
    Recording("sounds/music/drum-loop.ogg", synth.drums, caption="A drum loop with kick, snare and hi-hat."),
    Recording("sounds/music/take_2.wav", synth.drums, {"tempo": 128, "bars": 3}),
    Recording("sounds/music/evening-piano.m4a", synth.melody, {"steps": EVENING}, title="Evening, for piano"),
    Recording("sounds/music/lullaby.ogg", synth.melody, {"steps": LULLABY, "tempo": 76, "root": 220.0}, caption="A slow piano lullaby."),
    Recording("sounds/music/bass-groove.flac", synth.bass, {"steps": GROOVE}, title="Bass groove in A"),
    Recording("sounds/music/walking-bass.ogg", synth.bass, {"steps": WALK, "tempo": 132, "root": 65.4}, caption="A walking bass line."),
)  # fmt: skip


def save(recording: Recording, folder: Path) -> None:
    """Makes one sound and puts it, with its words, below `folder`."""
    file = folder / recording.path
    file.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(recording.path) * 101 + sum(recording.path.encode()))
    tags = {"title": recording.title} if recording.title else None
    write.sound(file, recording.sound(rng, **recording.options), tags)
    if recording.caption:
        file.with_suffix(".txt").write_text(recording.caption + "\n", encoding="utf-8")
