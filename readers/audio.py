"""Recordings: windows of mono sound, and the words in their tags."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from readers.container import av_errors, duration_of, open_container, plain_tags, sound_stream, stream_info
from readers.cutoff import check_end, states_duration
from readers.sidecar import unique_lines
from readers.sniff import MediaType
from readers.sound import check_reached, samples
from readers.subtitles import spoken
from readers.windows import windows
from readers.words import FileWords
from schemas import FoundFile, ReadError, Reading, ReadOptions, Segment

if TYPE_CHECKING:
    from av.container import InputContainer

_SAYING = ("title", "artist", "album", "genre", "comment", "description", "lyrics", "unsyncedlyrics")
_KEPT = ("title", "artist", "album")


def read_recording(path: Path, found: FoundFile, media: MediaType, options: ReadOptions) -> Reading:
    """Open a recording. Its segments are windows of sound, decoded as they are drawn.

    Raises:
        ReadError: It cannot be opened, holds no sound, or its end is missing.
    """
    check_end(path, media.mime)
    container = open_container(path, media.mime, options)
    with av_errors():
        stream = sound_stream(container)
        if stream is None:
            raise ReadError("The file holds no sound that can be decoded.")
        tags = plain_tags(container.metadata, stream.metadata)
        info = stream_info(container, stream)
        stated = duration_of(container, stream) if states_duration(path, media.mime) else None
    words = FileWords(path, found, options)
    # Tags of lyrics bear their language in their name: lyrics-eng.
    lyrics = [text for name, text in tags.items() if name.startswith(("lyrics", "unsyncedlyrics"))]
    embedded = unique_lines([*(tags.get(name, "") for name in _SAYING), *lyrics])
    info |= {name: tags[name] for name in _KEPT if name in tags}
    words.complete(info, [tags["genre"]] if "genre" in tags else [])
    return Reading(media.modality, media.mime, _segments(container, stated, words, embedded, options), info)


def _segments(
    container: InputContainer, stated: float | None, words: FileWords, embedded: str, options: ReadOptions
) -> Iterator[Segment]:
    with container:
        stream = sound_stream(container)
        end = 0.0
        blocks = samples(container, stream, options) if stream is not None else iter(())
        for number, (start, end, sound) in enumerate(windows(blocks, options)):
            said = words.kinds(subtitle=spoken(words.sidecar.cues, start, end), embedded=embedded)
            yield Segment(number, said, sound=sound, start=round(start, 3), end=round(end, 3))
        if end == 0.0:
            raise ReadError("The file holds no sound that can be decoded, or less than a thousandth of a second.")
        check_reached(end, stated)
