"""What an encoder makes and what the store keeps of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from schemas.media import Modality

LEXICAL = "words"
"""The sparse named vector that holds a segment's words as words, the file's name among them."""


PRESET = "preset"
"""Key of the collection's metadata: the preset that it was made for, so that a question needs not name it."""

ENRICHERS = "enrichers"
"""Key of the collection's metadata: the enrichers that were chosen by hand, so that the next run goes on with them."""

BRIDGE = "bridge-"
"""What the names of fitted bridges begin with, among what the store keeps beside the points."""

CALIBRATION = "calibration"
"""The name of what the store keeps of how scores are distributed where nothing is meant: see `fusion.calibration`."""

ANSWERS = "answers"
"""What is kept beside the points of the questions that have no answer in them: see `fusion.answers`."""

WEIGHTS = "weights"
"""The name of what the store keeps of weights fitted on judged questions: see `fusion.weights`."""

RANKER = "ranker"
"""The name of what the store keeps of the order of hits that was learnt from judged questions: see `fusion.rank`."""

FUSED = "fused"
"""The named vector that holds what a fitted fusion makes of the others, and the key of the collection's metadata that
tells which: ``{"version": "attention-0003", "fingerprint": …, "inputs": {named vector: fingerprint}, "asked": bool}``,
`asked` being whether questions use it without being told to."""

INFERRING = "inferring"
"""Key of the collection's metadata: the named vector that neighbours tell where it lacks (`flows.learning.infer`)."""

FIT = "fit-"
"""What the names of fitted fusions begin with, among what the store keeps beside the points: every version is kept."""

SOURCES = "sources"
"""Key of the collection's metadata: where the folder of each source lies, by the source's name."""

RUNS = "runs"
"""Key of the collection's metadata: the figures of each source's last run, by the source's name."""

DEFAULT_PRESET = "offline"
"""Of a new collection: needs no network, ever."""


INDEX = "index"
"""Key of the collection's metadata: what `store.recall` found when the vector index was last built.

``{"points": indexed segments then, "vectors": {name: {"hnsw_ef": …, "recall": …, "encoder": fingerprint}}}``
"""


LEASE = "lease"
"""Key of a server's collection's metadata: the run that has it, and until when (see `flows.ingestion.lease`)."""

MIGRATIONS = "migrations"
"""Key of the collection's metadata: named vectors whose encoder is being changed or added (`flows.reconciliation`).

``{name: {"to": fingerprint, "into": named vector, "switched": bool, "done": [sources]}}``
"""

NEXT = "_next"
"""What is added to the name of a vector for the one that is filled to replace it."""


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """All that can be known of an encoder without loading it.

    `modalities` are those it encodes; `documents` are those of them that its named vector holds, the others are for
    questions only: with both towers of one CLIP, a vector of pictures is asked by text. Encoders of the same `space`
    make vectors that can be compared with each other. `preprocessing` is raised whenever the same input would give
    another vector (a change of code, not of model). One that takes `video` sees a scene as a whole: its frames with
    their times; of any other, the vector of a scene is the mean of those of its frames.
    """

    name: str
    model: str  # hub id, or what it is in words
    revision: str  # commit of the hub, or hash of the weights
    modalities: tuple[Modality, ...]
    dim: int
    space: str
    license: str
    size: int = 0  # bytes of weights
    distance: str = "cosine"  # cosine, dot, euclid or manhattan
    multivector: bool = False  # several vectors of dim numbers for each content, compared by MaxSim: late interaction
    sparse: bool = False  # weights of terms instead of dim numbers; dim is then 0
    preprocessing: int = 1
    documents: tuple[Modality, ...] = ()  # empty: all modalities
    document_prompt: str = ""  # stands before every text that is stored
    query_prompt: str = ""  # and before every text that is asked
    max_tokens: int = 0  # of a text or of its windows; 0: no limit
    sample_rate: int = 16_000  # hertz of the sounds it hears
    idf: bool = True  # sparse: the engine adds the rarity of terms; False where the weights have learnt it
    fingerprint: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the fingerprint, which every search compares: equal ones mean comparable vectors, `NAME-xxxxxxxx`."""
        object.__setattr__(self, "fingerprint", _fingerprint(self))

    @property
    def stored(self) -> tuple[Modality, ...]:
        """The modalities that its named vector holds."""
        return self.documents or self.modalities


def _fingerprint(spec: EncoderSpec) -> str:
    made_of: tuple[object, ...] = (spec.name, spec.model, spec.revision, spec.dim, spec.distance, spec.preprocessing)
    if spec.document_prompt:
        made_of += (spec.document_prompt,)
    if Modality.VIDEO in spec.stored:  # scenes have other vectors than the mean of their frames
        made_of += (Modality.VIDEO.value,)
    return f"{spec.name}-{sha256(repr(made_of).encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class VectorSpec:
    """A named vector of a collection, and the encoder whose vectors it holds.

    `multivector`: several vectors a point, compared by MaxSim; without an index, for they rerank what others found.
    `sparse`: weights of terms instead; `dim` and `distance` say nothing then, and the engine weighs the score of each
    term by how rare it is if `idf`.

    The rest says how the engine keeps it; all but `datatype` can be changed in place, and takes effect when the index
    is next built. `datatype`: "float32" or "float16" (half the space; scores change in the fourth digit). `on_disk`:
    read from disk when needed, instead of being kept in memory. `quantization`: a smaller copy that is searched first:
    "scalar" (a quarter of the space), "product" (a sixteenth) or "binary" (a thirty-second). `hnsw_m`: edges of a
    node of the index, None for the engine's own choice, 0 for no index at all: for vectors that only rescore what
    others found. `ef_construct`: candidates while the index is built; more take longer and find more.
    """

    name: str
    dim: int
    distance: str
    fingerprint: str
    multivector: bool = False
    sparse: bool = False
    idf: bool = True
    datatype: str = "float32"
    on_disk: bool = False
    quantization: str | None = None
    hnsw_m: int | None = None
    ef_construct: int | None = None

    @property
    def indexed(self) -> bool:
        """Whether it has an index (HNSW) once it is large enough; what only reranks needs none."""
        return not self.sparse and (not self.multivector if self.hnsw_m is None else self.hnsw_m > 0)

    @classmethod
    def of(cls, name: str, encoder: EncoderSpec) -> VectorSpec:
        """The named vector `name` that holds what `encoder` makes.

        A dense one is quantized: its index is built in a fifth of the time and searched in a third, and finds the same,
        because the candidates are scored anew with the whole vectors.
        """
        return cls(
            name,
            encoder.dim,
            encoder.distance,
            encoder.fingerprint,
            encoder.multivector,
            encoder.sparse,
            encoder.idf,
            quantization=None if encoder.multivector or encoder.sparse else "scalar",
        )


def vectors_in_use(vectors: Mapping[str, VectorSpec], metadata: Mapping[str, Any]) -> dict[str, VectorSpec]:
    """By the name that a person uses, the named vector that answers for it now.

    While the encoder of `image` is being changed, `image` answers with the old fingerprint until the vector that is
    filled beside it is complete; from the switch on, that one answers under its own name. A question must be encoded by
    the encoder whose fingerprint the spec tells (`encoders.registry.made_by`), and sent to the vector that it names.

    Args:
        vectors: `Store.vectors()`.
        metadata: `Store.metadata()`.
    """
    migrations: Mapping[str, Any] = metadata.get(MIGRATIONS, {})
    found = {name: spec for name, spec in vectors.items() if not name.endswith(NEXT)}
    for name, migration in migrations.items():
        if migration["switched"] and migration["into"] in vectors:
            found[name] = vectors[migration["into"]]
    return found


def bridge_name(source: str, target: str) -> str:
    """The name under which the store keeps the bridge from one named vector to another."""
    return f"{BRIDGE}{source}-{target}"
