"""Presets: which encoder makes which named vector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

from encoders import registry
from encoders.base import Encoder
from encoders.contents import FILM_FRAMES, FRAMES, SAMPLE_RATE
from encoders.lexical import Lexical
from encoders.reranker import Reranker, load_reranker
from encoders.running import Running
from schemas import EncoderSpec, Modality, UnknownNameError, UsageError, VectorSpec
from schemas.vectors import LEXICAL

if TYPE_CHECKING:
    from schemas.settings import EncoderSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """What goes together.

    Attributes:
        encoders: the encoder of each named vector.
        enrichers: the model of each enricher that runs unless a setting says otherwise, by the enricher's name.
        reranker: the model that puts the first hits in order, where one does.
    """

    encoders: Mapping[str, str]
    enrichers: Mapping[str, str] = field(default_factory=dict)
    reranker: str | None = None


PRESETS: dict[str, Preset] = {
    # Good answers without any network: the weights come as Python packages, or there are none.
    "offline": Preset({"text": "minilm", "image": "visual", "audio": "logmel"}),
    # Words find pictures and sounds without captions; runs on a processor.
    "standard": Preset({"text": "bge-small", "image": "siglip2", "audio": "clap"}, {"transcript": "whisper-base"}),
    # What is best today; wants a GPU. Late interaction reranks, learnt weights find terms that were only meant.
    "best": Preset(
        {
            "text": "qwen3-vl-text",
            "image": "qwen3-vl",
            "audio": "clap",
            "passages": "colbert",
            "pages": "colqwen2",
            "terms": "granite-sparse",
        },
        {"transcript": "whisper-turbo", "caption": "blip"},
        "bge-reranker",
    ),
    # Nothing to load and next to nothing to compute: for trying things out, tests and measuring everything else.
    "tiny": Preset({"text": "hashing", "image": "thumbnail", "audio": "logmel"}),
}


@dataclass(frozen=True, slots=True)
class Route:
    """How a question of one modality reaches named vectors: encoded once, compared with all of one space.

    Attributes:
        encoder: the named vector whose encoder encodes the question.
        vectors: the named vectors that the result can be compared with.
    """

    encoder: str
    vectors: tuple[str, ...]


class EncoderSet(Mapping[str, Encoder[Any]]):
    """Encoders by the named vector they make; each is built when it is first asked for.

    Args:
        encoders: names of encoders by named vector.
        threads: threads a model may use; 0: chosen for the machine.
        running: how models run; goes before `threads`.
    """

    def __init__(self, encoders: Mapping[str, str], *, threads: int = 0, running: Running | None = None) -> None:
        self._names = dict(encoders)
        self.running = running or Running(threads=threads)
        self._built: dict[str, Encoder[Any]] = {}
        self._rerankers: dict[str, Reranker] = {}
        self._building = Lock()
        self._original: tuple[EncoderSet, dict[str, str]] | None = None  # see `under`
        self._routes: dict[Modality, list[Route]] = {}  # every question goes by them
        self.lexical = Lexical()
        self.specs: dict[str, EncoderSpec] = {
            vector: registry.spec(name, self.running) for vector, name in self._names.items()
        }

    def __getitem__(self, vector: str) -> Encoder[Any]:
        if self._original is not None:
            original, names = self._original
            return original[names[vector]]
        with self._building:  # a question and a run must share one model, not load two
            if vector not in self._built:
                encoder = registry.create(self._names[vector], running=self.running)
                encoder.rate = self.sample_rate
                self._built[vector] = encoder
            return self._built[vector]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, vector: object) -> bool:
        # Mapping's own asks __getitem__, which would build the encoder.
        return vector in self._names

    def __repr__(self) -> str:
        return f"EncoderSet({self._names})"

    def under(self, names: Mapping[str, str]) -> EncoderSet:
        """Some of these encoders under other named vectors: the same objects, not others like them.

        Args:
            names: the other name of each named vector that is wanted.
        """
        found = EncoderSet({new: self._names[old] for old, new in names.items()}, running=self.running)
        found._original = self, {new: old for old, new in names.items()}
        return found

    def reranker(self, name: str) -> Reranker:
        """A reranker by name, hub id or folder; one of each for the set, loaded when it is first used.

        Raises:
            UnknownNameError: there is none of this name.
        """
        with self._building:
            if name not in self._rerankers:
                self._rerankers[name] = load_reranker(name, self.running)
            return self._rerankers[name]

    def vector_specs(self) -> list[VectorSpec]:
        """The named vectors of a collection for these encoders, the sparse one of its words last."""
        dense = [VectorSpec.of(vector, spec) for vector, spec in self.specs.items()]
        return [*dense, VectorSpec.of(LEXICAL, self.lexical.spec)]

    @property
    def sample_rate(self) -> int:
        """Hertz at which sounds are read for these encoders: what the keenest of them hears."""
        if self._original is not None:
            return self._original[0].sample_rate
        heard = [spec.sample_rate for spec in self.specs.values() if Modality.AUDIO in spec.modalities]
        return max([SAMPLE_RATE, *heard])

    @property
    def frames(self) -> int:
        """Frames of a scene that are read for these encoders: more where one of them sees it as a film."""
        return FILM_FRAMES if any(Modality.VIDEO in spec.stored for spec in self.specs.values()) else FRAMES

    def routes(self, modality: Modality) -> list[Route]:
        """How contents of this modality, asked as a question, reach named vectors: one route for each space.

        Encode once for each route, with `encode_query` of the encoder it names. What no route leads to needs a bridge.
        A clip is asked by its scenes, or by its pictures where an encoder takes no scenes, and by its sounds: ask for
        theirs.
        """
        if (known := self._routes.get(modality)) is not None:
            return known
        routes: dict[str, Route] = {}
        for vector, spec in self.specs.items():
            if modality in spec.modalities and spec.space not in routes:
                alike = tuple(name for name, other in self.specs.items() if other.space == spec.space)
                routes[spec.space] = Route(vector, alike)
        self._routes[modality] = found = list(routes.values())
        return found

    def vectors_for(self, modality: Modality) -> list[str]:
        """Named vectors that questions of this modality reach directly, without a bridge.

        A clip reaches those of its scenes, its pictures and its sound.
        """
        wanted = (Modality.VIDEO, Modality.IMAGE, Modality.AUDIO) if modality is Modality.VIDEO else (modality,)
        reached = {vector for one in wanted for route in self.routes(one) for vector in route.vectors}
        return [vector for vector in self.specs if vector in reached]

    def holding(self, modality: Modality) -> list[str]:
        """Named vectors in which contents of this modality are stored."""
        return [vector for vector, spec in self.specs.items() if modality in spec.stored]


def load_preset(name: str, *, threads: int = 0, settings: EncoderSettings | None = None) -> EncoderSet:
    """The encoders of a preset, none of them loaded yet.

    Args:
        name: a key of `PRESETS`, or encoders spelled out: `text=minilm,image=clip`.
        threads: threads a model may use; 0: chosen for the machine.
        settings: how models run and where their weights are; goes before `threads`.

    Raises:
        UnknownNameError: there is no such preset or encoder.
        UsageError: the encoders are not spelled as `VECTOR=ENCODER,VECTOR=ENCODER`, or a model is named that is none.
    """
    running = Running(threads=threads) if settings is None else Running.of(settings)
    return EncoderSet(preset_named(name).encoders, running=running)


def preset_named(name: str) -> Preset:
    """A preset by its name, or one with the encoders that are spelled out.

    Raises:
        UnknownNameError: there is no such preset.
        UsageError: the encoders are not spelled as `VECTOR=ENCODER,VECTOR=ENCODER`.
    """
    if "=" in name:
        return Preset(_spelled_out(name))
    if name not in PRESETS:
        raise UnknownNameError("preset", name, PRESETS)
    return PRESETS[name]


def _spelled_out(text: str) -> dict[str, str]:
    encoders: dict[str, str] = {}
    for part in text.split(","):
        vector, _, encoder = (word.strip() for word in part.partition("="))
        if not vector or not encoder or vector in encoders:
            raise UsageError(
                f"The preset {text!r} is not understood at {part.strip()!r}: "
                "name a preset, or write VECTOR=ENCODER,VECTOR=ENCODER with each vector once."
            )
        encoders[vector] = encoder
    return encoders
