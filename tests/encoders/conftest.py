from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.base import Encoder
from encoders.contents import Content
from schemas import EncoderSpec, Modality

RATE = 16_000


def picture(kind: str, height: int = 120, width: int = 160) -> NDArray[np.uint8]:
    """A picture made by arithmetic, the same on every machine."""
    y, x = np.mgrid[:height, :width]
    if kind == "gradient":
        planes = x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 255 // (width + height - 2)
    elif kind == "stripes":
        planes = (x // 10 % 2) * 255, (x // 10 % 2) * 200, (x // 10 % 2) * 30
    elif kind == "rings":
        ring = (np.hypot(x - width // 2, y - height // 2) // 8 % 2).astype(int)
        planes = ring * 240, 255 - ring * 180, ring * 90
    else:
        planes = np.full_like(x, 255), np.full_like(x, 255), np.full_like(x, 255)
    return np.stack(planes, axis=-1).astype(np.uint8)


def sound(kind: str, seconds: float = 1.0) -> NDArray[np.float32]:
    """A sound made by arithmetic, the same on every machine."""
    t = np.arange(int(RATE * seconds)) / RATE
    if kind == "tone":
        wave = 0.5 * np.sin(2 * np.pi * 440 * t)
    elif kind == "sweep":
        wave = 0.5 * np.sin(2 * np.pi * (200 * t + 1500 * t**2))
    elif kind == "pulses":
        wave = 0.8 * np.sin(2 * np.pi * 900 * t) * (t * 8 % 1 < 0.2)
    else:
        wave = np.zeros_like(t)
    return wave.astype(np.float32)


class CountingEncoder(Encoder):
    """Encodes a text as its length and its first letter's number, notes each batch, and refuses what says so."""

    spec = EncoderSpec(
        name="counting",
        model="none",
        revision="1",
        modalities=(Modality.TEXT,),
        dim=2,
        space="counting",
        license="Apache-2.0",
    )
    batch_size = 4

    def __init__(self, *, threads: int = 1) -> None:
        super().__init__(threads=threads)
        self.batches: list[list[str]] = []
        self.loads = 0

    def _load(self) -> None:
        self.loads += 1

    def _encode(self, contents: Sequence[Content], modality: Modality) -> NDArray[np.floating]:
        texts = [str(content) for content in contents]
        self.batches.append(texts)
        if "poison" in texts:
            raise RuntimeError("cannot\nswallow this")
        values = {"nan": [np.nan, 1.0], "zero": [0.0, 0.0]}
        return np.array([values.get(text, [len(text), ord(text[0])]) for text in texts])


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The folder of a tiny model by the name of its function in `tests.encoders.tiny`; each is made once."""
    pytest.importorskip("sentence_transformers", reason="pretrained models need sentence-transformers")
    from tests.encoders import tiny

    root = tmp_path_factory.mktemp("models")
    made = {}

    def folder(name):
        if name not in made:
            made[name] = getattr(tiny, name)(root / name)
        return made[name]

    return folder


@pytest.fixture
def counting() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def pictures() -> dict[str, NDArray[np.uint8]]:
    return {kind: picture(kind) for kind in ("gradient", "stripes", "rings", "white")}


@pytest.fixture
def sounds() -> dict[str, NDArray[np.float32]]:
    return {kind: sound(kind) for kind in ("tone", "sweep", "pulses", "silence")}
