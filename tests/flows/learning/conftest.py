"""What several tests learn from, indexed once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.indexed import indexed
from tests.store.conftest import quick_folder

COLOURS = {"red": (200, 30, 30), "green": (30, 180, 40), "blue": (30, 40, 200), "grey": (120, 120, 120)}
SHAPES = ("boat", "tower", "meadow", "tiger", "violin")


def captioned(media: Path, numbers: range) -> None:
    media.mkdir(exist_ok=True)
    for n in numbers:
        colour, shape = list(COLOURS)[n % 4], SHAPES[n // 4 % 5]
        rng = np.random.default_rng(n)
        pixels = np.full((32, 32, 3), COLOURS[colour], np.int16)
        pixels[: 6 + 5 * SHAPES.index(shape)] += 50
        pixels = np.clip(pixels + rng.integers(-20, 20, pixels.shape), 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(media / f"{n}.png")
        (media / f"{n}.txt").write_text(f"a {colour} {shape} number{n}")


@pytest.fixture(scope="session")
def hundred() -> Iterator[Path]:
    """A hundred captioned pictures, indexed: `tests.indexed.copy_of` makes what a test may change."""
    with quick_folder() as home:
        captioned(home / "media", range(100))
        yield indexed(home)
