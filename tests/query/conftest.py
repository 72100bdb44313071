"""A collection of pictures, sounds, a clip and a text, to ask questions of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import medley
from medley.library import Library
from tests.media import clip, picture, tone


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    home = tmp_path_factory.mktemp("search")
    media = home / "media"
    for colour in ("red", "green", "blue", "yellow"):
        for shape in ("circle", "square"):
            picture(media / shape / f"{colour}.png", colour, (96, 64), shape)
            (media / shape / f"{colour}.txt").write_text(f"one {colour} {shape}")
    picture(media / "nameless.png", "red", (90, 60), "circle")
    for hertz in (220, 440, 3000):
        tone(media / f"tone-{hertz}.wav", hertz=hertz)
    clip(media / "walk.mp4", subtitles=[(0.2, 1.5, "first the gate"), (2.4, 3.8, "then the lighthouse")])
    (media / "long.txt").write_text(" ".join(f"harbour{n} boat" for n in range(2000)))
    with medley.open(home / "store", encoders={"preset": "tiny", "ocr": "off"}) as opened:
        opened.ingest(media)
        yield opened


def paths(library: Library, **question: Any) -> list[str]:
    return [hit.path for hit in library.search(**question).hits]
