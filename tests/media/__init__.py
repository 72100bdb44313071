"""Small media of every kind that Medley reads, made in the test: nothing is downloaded and nothing is committed.

`make_media(folder)` makes one file of each kind; `picture`, `tone`, `clip` and `pdf` make single ones.
"""

from __future__ import annotations

from tests.media.colours import COLOURS
from tests.media.documents import TEXTS, make_texts, pdf
from tests.media.films import clip
from tests.media.folders import (
    DRAWINGS,
    FILM_NAMES,
    OLD_FILM_NAMES,
    PICTURES,
    RARE_RECORDINGS,
    RECORDINGS,
    make_broken,
    make_films,
    make_media,
    make_pictures,
    make_recordings,
    symlink_loop,
)
from tests.media.pictures import deep, dng, drawing, picture, pixel_bomb, psd, svg
from tests.media.sounds import BARE_SOUNDS, sine, tone

__all__ = [
    "BARE_SOUNDS",
    "COLOURS",
    "DRAWINGS",
    "FILM_NAMES",
    "OLD_FILM_NAMES",
    "PICTURES",
    "RARE_RECORDINGS",
    "RECORDINGS",
    "TEXTS",
    "clip",
    "deep",
    "dng",
    "drawing",
    "make_broken",
    "make_films",
    "make_media",
    "make_pictures",
    "make_recordings",
    "make_texts",
    "pdf",
    "picture",
    "pixel_bomb",
    "psd",
    "sine",
    "svg",
    "symlink_loop",
    "tone",
]
