"""What is found, read and encoded: files, items and their segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Modality(StrEnum):
    """What a thing is to a person: words, a picture, a sound or a clip."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


class WordKind(StrEnum):
    """Where words of a segment come from. Each kind is kept apart in the payload.

    The order is that of trust: text is put together in this order. The words of the name are searched as words only
    (see `Segment.text`), so that a renamed file keeps its vectors.
    """

    DOCUMENT = "document"
    SIDECAR = "sidecar"
    SUBTITLE = "subtitle"
    EMBEDDED = "embedded"
    TRANSCRIPT = "transcript"  # what is said, heard by a model
    OCR = "ocr"
    CAPTION = "caption"  # what is seen, in the words of a model
    NAME = "name"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that the crawl found and the rules let pass.

    `path` is relative to the source, with "/" between its parts, as the operating system spells it (undecodable bytes
    are surrogate escapes). `sidecars` are paths of the same kind; `sidecar_stamp` changes when any of them does
    (empty without sidecars).
    """

    path: str
    size: int  # bytes
    mtime_ns: int
    sidecars: tuple[str, ...] = ()
    sidecar_stamp: str = ""

    def __reduce__(self) -> tuple[type[FoundFile], tuple[Any, ...]]:
        """To be made from its fields, which is three times as fast as by the way of dataclasses."""
        return FoundFile, (self.path, self.size, self.mtime_ns, self.sidecars, self.sidecar_stamp)


@dataclass(frozen=True, slots=True)
class ExcludedFile:
    """A file that a rule keeps out, with the rule in words.

    A folder that is kept out is one entry, whose `path` ends in "/": nobody looks at what it holds.
    """

    path: str
    rule: str


_ALL_KINDS = tuple(WordKind)
_CONTENT_KINDS = tuple(kind for kind in WordKind if kind is not WordKind.NAME)


def join_words(words: Mapping[WordKind, str] | Mapping[str, str], *, named: bool) -> str:
    """The words of all kinds, a line each in the order of `WordKind`; those of the name only if `named`."""
    return "\n".join([words[kind] for kind in (_ALL_KINDS if named else _CONTENT_KINDS) if words.get(kind)])


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file or folder that could not even be looked at, with the reason: it is quarantined.

    A folder's `path` ends in "/"; its files are unknown. A `transient` fault is that of the disk or the network, and
    may pass: the next run looks again.
    """

    path: str
    reason: str
    transient: bool = False


@dataclass(slots=True)
class Segment:
    """The searchable part of an item: a picture, a window of sound, a scene, a passage.

    `frames` are RGB uint8 (height, width, 3); `sound` is mono float32 (samples,) in [-1, 1] at
    `ReadOptions.sample_rate`. `start` and `end` are seconds, and so are the `times` at which the frames of a film are
    shown, one each; they are empty where frames have no time. `page` counts from 1; `characters` are the offsets of a
    passage's first character and of the one after its last in the text of the document, or of its page if it has any.
    """

    number: int
    words: dict[WordKind, str] = field(default_factory=dict)
    frames: tuple[NDArray[np.uint8], ...] = ()
    sound: NDArray[np.float32] | None = None
    start: float | None = None
    end: float | None = None
    page: int | None = None
    characters: tuple[int, int] | None = None
    times: tuple[float, ...] = ()

    def __reduce__(self) -> tuple[type[Segment], tuple[Any, ...]]:
        """To be made from its fields, as it is by whoever reads: segments pass between processes in great numbers."""
        return Segment, _fields_of(self)

    @property
    def text(self) -> str:
        """What the segment says, in the order of `WordKind`, a line each kind; empty if there is nothing.

        The file's name is left out: it is not content, and a rename must not change what was encoded.
        """
        return join_words(self.words, named=False)

    @property
    def nbytes(self) -> int:
        """Bytes of the decoded media."""
        sound = 0 if self.sound is None else self.sound.nbytes
        return sound + sum(frame.nbytes for frame in self.frames)


_fields_of = attrgetter(*Segment.__slots__)  # all of them, in their order


@dataclass(slots=True)
class Reading:
    """A file opened: what it is at once, and its segments as a stream that decodes as it is drawn.

    `info` holds plain JSON values worth keeping in the payload (width, height, duration, title, tags, taken …).
    Drawing `segments` raises `ReadError` where the file turns out to be broken.
    """

    modality: Modality
    mime: str
    segments: Iterator[Segment]
    info: dict[str, Any] = field(default_factory=dict)


def share_read(info: Mapping[str, Any], segment: Segment) -> float | None:
    """How much of a file is read once `segment` is drawn, from 0 to 1; None where `Reading.info` does not tell."""
    if segment.page is not None and "pages" in info:
        share = segment.page / info["pages"]
    elif segment.end is not None and "duration" in info:
        share = segment.end / info["duration"]
    elif segment.characters is not None and "characters" in info:
        share = segment.characters[1] / info["characters"]
    else:
        return None
    return min(1.0, float(share))


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How media are decoded. Changing a value changes what the encoders see."""

    image_side: int = 512  # longest side of a decoded picture or frame, pixels
    sample_rate: int = 16_000  # of decoded sound, hertz
    window: float = 6.0  # length of a window of sound, seconds
    hop: float = 3.0  # from one window's start to the next, seconds
    scene: float = 10.0  # longest scene, seconds
    frames: int = 3  # frames kept of a scene
    page_side: int = 1024  # longest side of a page of a document as a picture, pixels
    scan_side: int = 1600  # of a page without words, which can only be read in its picture
    passage: int = 160  # words in a passage of a document, at most
    overlap: int = 30  # words shared by neighbouring passages
    max_pixels: int = 200_000_000  # a picture that claims more is taken for a decompression bomb
    max_pages: int = 10_000  # a document or scan that claims more is taken for a bomb
    max_document: int = 64_000_000  # bytes of a text document read at most
    max_duration: float = 172_800.0  # seconds; a recording that goes on for longer is taken for a decompression bomb
