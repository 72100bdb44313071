"""Searches for a folder that nobody knows beforehand: what is asked is picked from the collection itself."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from searches import Ask

import medley
from schemas import payload
from schemas.media import join_words

LONGEST = 8  # words of a question


def own_searches(library: medley.Library, media: Path) -> tuple[list[Ask], list[str]]:
    """As many of the five searches as the folder has media for, and a sentence for each that it has not."""
    segments = [record.payload or {} for record in library.store.scroll_all()]
    segments = [fields for fields in segments if fields[payload.STATE] == payload.State.INDEXED]
    segments.sort(key=lambda fields: (fields[payload.PATH], fields[payload.SEGMENT]))
    dice = random.Random(4)  # the same questions every time
    pick = {
        "picture": draw(dice, segments, "image"),
        "sound": draw(dice, segments, "audio"),
        "words": draw(dice, segments, "image", worded=True) or draw(dice, segments, "text", worded=True),
        "spoken": draw(dice, segments, "video", worded=True),
    }
    picture, sound = ((pick[kind] or {}).get(payload.PATH, "") for kind in ("picture", "sound"))
    words, spoken = question(pick["words"]), question(pick["spoken"])
    clips, pictures = (("where", "modality = video"),), (("where", "modality = image"),)
    wanted = (
        (Ask("Words find pictures", words, options=pictures), words and picture, "no pictures, or no words"),
        (Ask("A picture finds pictures", media=media, path=picture), picture, "no pictures"),
        (Ask("A sound finds sounds", media=media, path=sound, modality="audio"), sound, "no sounds"),
        (Ask("Words find the second in a clip", spoken, options=clips), spoken, "no clips with words"),
        (Ask("Words and a picture together", words, media, picture), words and picture, "no pictures, or no words"),
    )
    skipped = [f"{ask.title} (the folder has {lacking})." for ask, there, lacking in wanted if not there]
    return [ask for ask, there, _ in wanted if there], skipped


def draw(
    dice: random.Random, segments: list[dict[str, Any]], modality: str, *, worded: bool = False
) -> dict[str, Any] | None:
    """One segment of this modality, with words if that is asked for; None if there is none."""
    fit = [s for s in segments if s[payload.MODALITY] == modality and (not worded or question(s))]
    return dice.choice(fit) if fit else None


def question(segment: dict[str, Any] | None) -> str:
    """The first words of a segment, but for those of its name."""
    if segment is None:
        return ""
    words = re.findall(r"[^\W\d_][\w'’-]*", join_words(segment.get(payload.WORDS, {}), named=False))
    return " ".join(words[:LONGEST])
