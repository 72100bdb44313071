"""Media for the benchmarks, made by this script: the same each time, and the same for the floor and for Medley."""

from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KINDS = ("images", "texts", "sounds", "videos")
SMALL, LARGE = (1024, 768), (4000, 3000)  # pixels; of a hundred pictures two are large
RATE = 22_050  # hertz
WORDS = (
    *("harbour", "lantern", "winter", "orchard", "copper", "violin", "glacier"),
    *("market", "thunder", "pepper", "meadow", "engine", "velvet", "canyon"),
)


def make(folder: Path, kind: str, count: int) -> Path:
    """Make `count` media of a kind in a sub-folder, once; returns it."""
    home = folder / f"{kind}-{count}"
    done = home.with_suffix(".done")
    if done.exists():
        return home
    home.mkdir(parents=True, exist_ok=True)
    maker = {"images": _image, "texts": _text, "sounds": _sound, "videos": _video}[kind]
    for n in range(count):
        maker(home, n)
    done.touch()
    return home


def _image(home: Path, n: int) -> None:
    from PIL import Image

    rng = np.random.default_rng(n)
    width, height = LARGE if n % 50 == 7 else SMALL
    coarse = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    picture.save(home / f"picture-{n:05}.jpg", quality=87)


def _text(home: Path, n: int) -> None:
    rng = random.Random(n)
    words = " ".join(rng.choice(WORDS) for _ in range(rng.randint(40, 140)))
    (home / f"text-{n:05}.txt").write_text(f"{words.capitalize()} {n}.\n", encoding="utf-8")


def _sound(home: Path, n: int) -> None:
    import av

    with av.open(str(home / f"sound-{n:05}.flac"), "w") as container:
        stream = container.add_stream("flac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(_tone(n, 6.0)[None], format="s16", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _video(home: Path, n: int) -> None:
    import av

    rng = np.random.default_rng(n)
    with av.open(str(home / f"video-{n:05}.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "veryfast", "g": "50"})
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        audio = container.add_stream("aac", rate=RATE, layout="mono")
        for _ in range(4):  # scenes of five seconds
            scene = np.kron(rng.integers(0, 255, (9, 16, 3), dtype=np.uint8), np.ones((40, 40, 1), np.uint8))
            for shift in range(125):
                frame = av.VideoFrame.from_ndarray(np.roll(scene, shift, axis=1), format="rgb24")
                container.mux(video.encode(frame))
        container.mux(video.encode(None))
        samples = _tone(n, 20.0)
        for start in range(0, len(samples), 1024):
            piece = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], format="s16", layout="mono")
            piece.sample_rate, piece.pts, piece.time_base = RATE, start, Fraction(1, RATE)
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))


def _tone(n: int, seconds: float) -> NDArray[np.int16]:
    rng = np.random.default_rng(n)
    time = np.arange(int(seconds * RATE)) / RATE
    wave = sum(np.sin(2 * np.pi * rng.uniform(80, 4000) * time) for _ in range(4)) / 4
    return np.asarray(wave * 12_000 + rng.normal(0, 300, len(time)), np.int16)
