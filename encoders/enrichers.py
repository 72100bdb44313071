"""Enrichers: what turns media into words.

An enricher is added as an encoder is: a module, a line in `BUILT_IN`, a test; another package adds its own with an
entry point of the group `medley.enrichers` that names a subclass of `Enricher`.

Words are added to segments as these pass, in their order. Most enrichers look at one segment and let it go; one that
needs to hear more at once keeps a few back (see `Enriching`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from encoders.contents import SAMPLE_RATE, spread
from encoders.running import Running
from schemas import EncodeError, Modality, Segment, UnknownNameError, WordKind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from schemas.settings import EncoderSettings

GROUP = "medley.enrichers"
MODES = ("auto", "always", "off")
OFF = "off"


class Enriching:
    """The words of one file's segments in the making; segments come out in the order in which they went in."""

    def take(self, segment: Segment) -> list[Segment]:
        """Takes in the next segment; returns those whose words are complete by it."""
        return [segment]

    def end(self) -> list[Segment]:
        """The file has no more segments; returns those that were kept back."""
        return []


class Enricher(ABC):
    """Finds words in media.

    Attributes:
        name: under which the payload keeps the fingerprint.
        kind: of the words it finds.
        modalities: of the files it looks at.
        fingerprint: equal fingerprints find the same words in the same file.
        rate: hertz of the sounds it is given.
    """

    name: str
    kind: WordKind
    modalities: tuple[Modality, ...] = (Modality.IMAGE,)
    fingerprint: str
    rate: int = SAMPLE_RATE

    def load(self) -> object:
        """Loads what it needs, once: before its first file, because what is missing is no file's fault.

        Raises:
            EncodeError: it is not installed, or not what it should be.
        """
        return None

    def begin(self) -> Enriching:
        """Begins with a file."""
        return _EachAlone(self)

    @abstractmethod
    def words(self, frames: Sequence[NDArray[np.uint8]]) -> list[str]:
        """The words in each picture, RGB uint8 (height, width, 3); "" where there are none.

        Raises:
            EncodeError: a picture cannot be read.
        """


class _EachAlone(Enriching):
    """Words of a segment from its own frames."""

    def __init__(self, enricher: Enricher) -> None:
        self._enricher = enricher

    def take(self, segment: Segment) -> list[Segment]:
        if segment.frames:
            found = dict.fromkeys(text for text in self._enricher.words(spread(segment.frames)) if text)
            if found:
                segment.words[self._enricher.kind] = "\n".join(found)
        return [segment]


class _Chain(Enriching):
    """Several enrichers, one after the other."""

    def __init__(self, links: Sequence[Enriching]) -> None:
        self._links = links

    def take(self, segment: Segment) -> list[Segment]:
        return self._through(self._links, [segment])

    def end(self) -> list[Segment]:
        done: list[Segment] = []
        for n, link in enumerate(self._links):
            done += self._through(self._links[n + 1 :], link.end())
        return done

    def _through(self, links: Sequence[Enriching], segments: list[Segment]) -> list[Segment]:
        for link in links:
            segments = [ready for segment in segments for ready in link.take(segment)]
        return segments


def begin(enrichers: Iterable[Enricher], modality: Modality) -> Enriching:
    """All enrichers that look at files of a modality, at work on one file.

    Draw every segment of the file through `take`, and those kept back from `end`. What they raise is the fault of the
    file.

    Raises:
        EncodeError: one of them cannot be loaded.
    """
    wanted = [enricher for enricher in enrichers if modality in enricher.modalities]
    for enricher in wanted:
        enricher.load()
    return _Chain([enricher.begin() for enricher in wanted]) if wanted else Enriching()


def fingerprints(enrichers: Iterable[Enricher], modality: Modality) -> dict[str, str]:
    """What the payload of a file of this modality keeps, so that an enricher switched on later finds it."""
    return {enricher.name: enricher.fingerprint for enricher in enrichers if modality in enricher.modalities}


BUILT_IN: dict[str, str] = {
    "ocr": "encoders.ocr:from_setting",
    "transcript": "encoders.whisper:from_setting",
    "caption": "encoders.captioner:from_setting",
}
"""Enrichers by name: functions that make one for a setting, or say that none runs."""


def load_enrichers(
    settings: EncoderSettings | None = None, preset: Mapping[str, str] | None = None, *, rate: int = SAMPLE_RATE
) -> list[Enricher]:
    """The enrichers that run, none of them loaded yet.

    Args:
        settings: what is switched on or off by hand, and how models run.
        preset: the model of each enricher that runs unless a setting says otherwise (`Preset.enrichers`).
        rate: hertz of the sounds they are given.

    Raises:
        UnknownNameError: a setting names a model or mode that there is not.
        EncodeError: an enricher that is asked for is not installed.
    """
    running = Running() if settings is None else Running.of(settings)
    wanted = dict(preset or {})
    for name in BUILT_IN:
        asked = getattr(settings, name, None)
        if asked is not None:
            wanted[name] = asked
    wanted.setdefault("ocr", "auto")
    for name in _plugins():
        wanted.setdefault(name, "auto")
    found = [_load(name, setting, running) for name, setting in wanted.items() if setting != OFF]
    enrichers = [enricher for enricher in found if enricher is not None]
    for enricher in enrichers:
        enricher.rate = rate
    return enrichers


def _load(name: str, setting: str, running: Running) -> Enricher | None:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        made: Enricher | None = getattr(import_module(module), attribute)(setting, running)
        return made
    if name not in _plugins():
        raise UnknownNameError("enricher", name, [*BUILT_IN, *_plugins()])
    return _load_plugin(_plugins()[name])


@cache
def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP) if point.name not in BUILT_IN}


def _load_plugin(point: EntryPoint) -> Enricher:
    try:
        found: Any = point.load()
    except (ImportError, AttributeError) as error:
        raise EncodeError(f"The enricher {point.name!r} ({point.value}) cannot be imported: {error}.") from error
    if not (isinstance(found, type) and issubclass(found, Enricher)):
        raise EncodeError(f"The enricher {point.name!r} ({point.value}) is not a subclass of encoders.Enricher.")
    return found()
