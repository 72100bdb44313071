"""Films: scenes with a few frames, their sound, and the words that are said in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from av.stream import Discard

from readers.container import (
    av_errors,
    duration_of,
    film_stream,
    open_container,
    plain_tags,
    sound_stream,
    stream_info,
    when_and_where,
)
from readers.cutoff import check_end, states_duration
from readers.film import Film
from readers.scenes import Scene, cut
from readers.sidecar import unique_lines
from readers.sniff import MediaType
from readers.sound import SoundTrack, check_reached
from readers.subtitles import Cue, spoken
from readers.words import FileWords
from schemas import FoundFile, ReadError, Reading, ReadOptions, Segment

if TYPE_CHECKING:
    from av.container import InputContainer

_SAYING = ("title", "artist", "show", "comment", "description", "synopsis", "keywords")
_KEPT = ("title", "artist")


@dataclass(slots=True)
class _Open:
    """A film that was opened, until its scenes are drawn."""

    container: InputContainer
    path: Path
    mime: str
    duration: float | None  # seconds, as the file states
    trusted: bool  # whether that is the file's word, and no guess
    words: FileWords
    embedded: list[str]
    chapters: list[Cue]


def read_film(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Open a film. Its segments are scenes, decoded as they are drawn, in memory that does not grow with its length.

    Raises:
        ReadError: It cannot be opened, or its pictures are larger than `options.max_pixels`.
    """
    check_end(path, media.mime)
    container = open_container(path, media.mime, options)
    with av_errors():
        stream = film_stream(container)
        if stream is None:
            raise ReadError("The film holds no pictures that can be decoded.")
        if stream.width * stream.height > options.max_pixels:
            raise ReadError(
                f"The film claims {stream.width} × {stream.height} pixels, "
                f"more than the {options.max_pixels:,} allowed."
            )
        tags = plain_tags(container.metadata, stream.metadata)
        info = {"width": stream.width, "height": stream.height} | stream_info(container, sound_stream(container))
        chapters = _chapters(container)
        duration = duration_of(container)
        trusted = states_duration(path, media.mime)
    words = FileWords(path, found, options)
    info |= {name: tags[name] for name in _KEPT if name in tags} | when_and_where(tags)
    words.complete(info, [tags["genre"]] if "genre" in tags else [])
    embedded = [tags.get(name, "") for name in _SAYING]
    opened = _Open(container, path, media.mime, duration, trusted, words, embedded, chapters)
    return Reading(media.modality, media.mime, _segments(opened, options), info)


def _chapters(container: InputContainer) -> list[Cue]:
    chapters = []
    for chapter in container.chapters():
        title = plain_tags(chapter["metadata"]).get("title", "")
        base = float(chapter["time_base"] or 0)
        if title:
            chapters.append(Cue(chapter["start"] * base, chapter["end"] * base, title))
    return chapters


def _segments(opened: _Open, options: ReadOptions) -> Iterator[Segment]:
    with opened.container as container, open_container(opened.path, opened.mime, options) as second:
        stream = film_stream(container)
        if stream is None:
            raise ReadError("The film holds no pictures that can be decoded.")
        film = Film(container, stream, opened.duration or 0.0, options)
        sound = _sound(second, opened.duration or 0.0, options)
        number = 0
        for number, scene in enumerate(cut(film.looks(sound), options.scene), 1):
            yield _segment(number - 1, opened, film, scene, sound)
        if not number:
            raise ReadError("The film holds no pictures that can be decoded.")
        check_reached(max(film.reached, sound.reached if sound else 0.0), opened.duration if opened.trusted else None)


def _segment(number: int, opened: _Open, film: Film, scene: Scene, sound: SoundTrack | None) -> Segment:
    start, end = scene.start, scene.end
    said = spoken(sorted([*film.cues, *opened.words.sidecar.cues], key=lambda cue: cue.start), start, end)
    chapters = [cue.text for cue in opened.chapters if cue.start < end and cue.end > start]
    words = opened.words.kinds(subtitle=said, embedded=unique_lines([*opened.embedded, *chapters]))
    heard = sound.between(start, end) if sound else None
    chosen = scene.chosen(film.options.frames)
    return Segment(
        number,
        words,
        tuple(look.pixels for look in chosen),
        heard,
        round(start, 3),
        round(end, 3),
        times=tuple(round(max(start, look.time), 3) for look in chosen),  # one may have been in view before
    )


def _sound(container: InputContainer, duration: float, options: ReadOptions) -> SoundTrack | None:
    stream = sound_stream(container)
    if stream is None:
        return None
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all  # the pictures are drawn from another container
    return SoundTrack(container, stream, options, duration)
